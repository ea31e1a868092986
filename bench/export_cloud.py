"""AWS's stores inside this process, with queues in virtual time. Tables are created from template.yaml."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from unittest.mock import patch

from local.emulator.in_process import SERVICES, Service, in_process
from local.package import Template

_REGION = "eu-central-1"
_ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_DEFAULT_REGION": _REGION}
_TABLE_PARTS = (
    *("AttributeDefinitions", "BillingMode", "KeySchema"),
    *("LocalSecondaryIndexes", "GlobalSecondaryIndexes"),
)


@contextmanager
def stores_with(sqs: Service) -> Iterator[None]:
    """Route all AWS clients to services in this process, with `sqs` for the queues. The stores start empty."""
    with patch.dict(os.environ, _ENVIRONMENT), in_process({**SERVICES, "sqs": sqs}):
        os.environ.pop("AWS_ENDPOINT_URL", None)
        yield


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
