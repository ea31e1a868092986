"""AWS's stores inside this process: the emulator's DynamoDB, KMS and Secrets Manager, called without a socket.

Requests and responses pass through real botocore clients. Tables are created from template.yaml.
"""

import json
import os
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any, Protocol
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.handlers import BUILTIN_HANDLERS
from ministack.services import dynamodb, kms, secretsmanager

from local.package import Template

_REGION = "eu-central-1"
_ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_DEFAULT_REGION": _REGION}
_STORES = {"dynamodb": dynamodb, "kms": kms, "secretsmanager": secretsmanager}
_TABLE_PARTS = (
    *("AttributeDefinitions", "BillingMode", "KeySchema"),
    *("LocalSecondaryIndexes", "GlobalSecondaryIndexes"),
)


class _Body(BytesIO):
    """Response body as botocore reads it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        """Yield the whole body."""
        yield self.read()


class Service(Protocol):
    """Interface of an AWS service in the emulator."""

    def handle_request(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, str], /
    ) -> Coroutine[Any, Any, tuple[int, dict[str, str], bytes | str]]:
        """Return status, headers and body for a request."""


@contextmanager
def in_process(sqs: Service) -> Iterator[None]:
    """Route all AWS clients created in the block to services in this process. The services start empty."""
    services: dict[str, Service] = {**_STORES, "sqs": sqs}
    handler = ("before-send", lambda request, **_: _answered(services, request))
    BUILTIN_HANDLERS.append(handler)
    try:
        with patch.dict(os.environ, _ENVIRONMENT):
            os.environ.pop("AWS_ENDPOINT_URL", None)
            _reset()
            yield
    finally:
        BUILTIN_HANDLERS.remove(handler)
        _reset()


def create(template: Template, credentials: Mapping[str, str]) -> dict[str, str]:
    """Create the tables, the key, and the secret with our credentials at both vendors.

    Return by logical id what `Ref` returns, or an ARN for the key and the secret.
    """
    from shared.aws.clients import client

    made: dict[str, str] = {"Key": client("kms").create_key()["KeyMetadata"]["Arn"]}
    secret = client("secretsmanager").create_secret(Name="vendors", SecretString=json.dumps(dict(credentials)))
    made["VendorSecret"] = secret["ARN"]
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::DynamoDB::Table":
            parts = {part: resource["Properties"][part] for part in _TABLE_PARTS if part in resource["Properties"]}
            client("dynamodb").create_table(TableName=name, **parts)
            made[name] = name
        elif resource["Type"] == "AWS::SQS::Queue":
            made[name] = queue_url(name)
    return made


def queue_url(name: str) -> str:
    """Return a queue's URL by its logical id."""
    return f"https://sqs.{_REGION}.amazonaws.com/{name}"


def _answered(services: Mapping[str, Service], request: AWSPreparedRequest) -> AWSResponse:
    service = services[str(request.url).partition("//")[2].partition(".")[0]]
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    body = request.body
    if not isinstance(body, bytes):
        raise TypeError("AWS's JSON protocols send bytes")
    call = service.handle_request("POST", "/", headers, body, {})
    status, answered, content = _finished(call)
    raw = _Body(content if isinstance(content, bytes) else content.encode())
    return AWSResponse(str(request.url), status, HTTPHeaders.from_dict(answered), raw)


def _finished(call: Coroutine[Any, Any, tuple[int, dict[str, str], bytes | str]]) -> tuple[int, dict[str, str], Any]:
    """Return the result of a coroutine that never waits. Raise RuntimeError if it does."""
    try:
        call.send(None)
    except StopIteration as done:
        answer: tuple[int, dict[str, str], Any] = done.value
        return answer
    raise RuntimeError("the emulated service waits for something")


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _reset() -> None:
    for service in _STORES.values():
        service.reset()
