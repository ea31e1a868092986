"""AWS inside this process: the emulator's services, called without a socket.

DynamoDB and SQS are called in place of botocore, which would take most of a call's time. What botocore checks and
encodes is tested with moto (tests/contract) and on the deployed stack. Other services are called below botocore.
"""

import base64
import copy
import json
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from types import SimpleNamespace
from typing import Any, Protocol
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.compat import HTTPHeaders
from botocore.handlers import BUILTIN_HANDLERS
from ministack.services import cloudwatch_logs, dynamodb, kms, secretsmanager, sqs

type Json = dict[str, Any]
type Answer = tuple[int, dict[str, str], bytes | str]


class Service(Protocol):
    """Interface of an AWS service in the emulator."""

    def handle_request(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, str], /
    ) -> Coroutine[Any, Any, Answer]:
        """Return status, headers and body for a request."""


# Keys: the services' names in botocore's events.
SERVICES: Mapping[str, Service] = {
    "cloudwatch-logs": cloudwatch_logs,
    "dynamodb": dynamodb,
    "kms": kms,
    "secrets-manager": secretsmanager,
    "sqs": sqs,
}
_DIRECT = {"dynamodb": "DynamoDB_20120810", "sqs": "AmazonSQS"}
_serving: dict[str, Service] = {}
# The emulator's functions expect to be called by one event loop; the product calls from several threads.
_one_by_one = threading.Lock()


@contextmanager
def in_process(services: Mapping[str, Service] = SERVICES) -> Iterator[None]:
    """Route all AWS clients to services in this process, which start empty."""
    _serving.update(services)
    _reset()
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def make_api_call(self: BaseClient, operation: str, arguments: Json) -> Any:
        service = self.meta.service_model.service_name
        return _call_directly(self, operation, arguments) if service in _DIRECT else call(self, operation, arguments)

    try:
        with (
            patch.object(BaseClient, "_make_api_call", make_api_call),
            patch.object(dynamodb, "copy", SimpleNamespace(deepcopy=_copied)),
            patch.object(dynamodb, "_tokenize", _tokenize),
            patch.object(dynamodb, "_condition_syntax_error", _condition_syntax_error),
        ):
            yield
    finally:
        _reset()
        _serving.clear()


def state() -> Json:
    """Return a copy of the content of stores and queues."""
    return {name: copy.deepcopy(service.get_state()) for name, service in _stateful()}


def restore(state: Json) -> None:
    """Restore the content of stores and queues that `state` returned earlier."""
    for name, service in _stateful():
        service.reset()
        service.load_persisted_state(copy.deepcopy(state[name]))


def _stateful() -> list[tuple[str, Any]]:
    return [(name, service) for name, service in _serving.items() if hasattr(service, "get_state")]


def client_error(client: BaseClient, operation: str, code: str, message: str, more: Json | None = None) -> Exception:
    """Return the error that a client raises if its service answers with this code, and with `more` in the body."""
    kind: Any = client.exceptions.from_code(code)
    error: Exception = kind({**(more or {}), "Error": {"Code": code, "Message": message}}, operation)
    return error


def _reset() -> None:
    for service in _serving.values():
        if reset := getattr(service, "reset", None):
            reset()


# ------------------------------------------------------------------------------------------------ without botocore
# The product has a few dozen expressions, and each is parsed hundreds of times.
_tokenize = cache(dynamodb._tokenize)
_condition_syntax_error = cache(dynamodb._condition_syntax_error)


def _call_directly(client: BaseClient, operation: str, arguments: Json) -> Any:
    service = client.meta.service_model.service_name
    # A long poll answers at once: nothing arrives while the only process waits.
    given = {name: value for name, value in arguments.items() if name != "WaitTimeSeconds"}
    headers = {"x-amz-target": f"{_DIRECT[service]}.{operation}"}
    status, _, content = _answer(service, headers, json.dumps(given, default=_base64).encode())
    answer: Json = json.loads(content, object_hook=_bytes) if content else {}
    if status < 300:
        return answer
    code = str(answer["__type"]).rpartition("#")[2]
    raise client_error(client, operation, code, str(answer.get("message")), answer)


def _copied(value: Any) -> Any:
    """Return a deep copy, faster than `copy.deepcopy` for JSON, which the emulator copies most."""
    if type(value) is dict:
        return {key: _copied(each) for key, each in value.items()}
    if type(value) is list:
        return [_copied(each) for each in value]
    return value if type(value) is str else copy.deepcopy(value)


def _base64(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(type(value).__name__)


def _bytes(found: Json) -> Json:
    return {"B": base64.b64decode(found["B"])} if found.keys() == {"B"} and isinstance(found["B"], str) else found


# ------------------------------------------------------------------------------------------------ below botocore
class _Body(BytesIO):
    """Response body as botocore reads it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        """Yield the whole body."""
        yield self.read()


def _answer_request(request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse | None:
    """Answer a request of botocore. None: it goes to AWS."""
    name = event_name.split(".")[1]
    if name not in _serving:
        return None
    headers = {key.lower(): _text(value) for key, value in request.headers.items()}
    body = request.body
    if not isinstance(body, bytes):
        raise TypeError("AWS's JSON protocols send bytes")
    status, answered, content = _answer(name, headers, body)
    raw = _Body(content if isinstance(content, bytes) else content.encode())
    return AWSResponse(str(request.url), status, HTTPHeaders.from_dict(answered), raw)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _answer(service: str, headers: dict[str, str], body: bytes) -> Answer:
    """Return a service's answer. Raise RuntimeError if it waits."""
    with _one_by_one:
        call = _serving[service].handle_request("POST", "/", headers, body, {})
        try:
            call.send(None)
        except StopIteration as done:
            answer: Answer = done.value
            return answer
    raise RuntimeError(f"{service} waits for something")


BUILTIN_HANDLERS.append(("before-send", _answer_request))
