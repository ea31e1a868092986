"""Usual libraries of a Python function behind a webhook, imported and set up at the top of the module."""

import boto3
import httpx
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig
from pydantic import BaseModel

logger = Logger()
metrics = Metrics()
dynamodb = boto3.client("dynamodb")
sqs = boto3.client("sqs")
kms = boto3.client("kms")
http = httpx.Client()
store = DynamoDBPersistenceLayer(table_name="idempotency")
config = IdempotencyConfig(event_key_jmespath="body")


class Event(BaseModel):
    """A webhook's body."""

    type: str
    data: dict[str, object]


def handler(_event: dict[str, object], _context: object) -> dict[str, object]:
    """Do nothing."""
    return {}
