"""The product's tables, queues, key and secret in memory, made from template.yaml, so that drift shows up in tests."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml
from botocore.client import BaseClient

from local.emulator import in_process
from shared.aws import clients, credentials

ROOT = Path(__file__).resolve().parents[1]
REGION = "eu-central-1"
KEY_ALIAS = "alias/product"
KEY_ARN = f"arn:aws:kms:{REGION}:000000000000:{KEY_ALIAS}"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "POWERTOOLS_SERVICE_NAME": "pleo-lexoffice",
    "POWERTOOLS_METRICS_NAMESPACE": "PleoLexoffice",
}
# The one that events/lexoffice_webhook.json is signed with; its private half was thrown away.
LEXOFFICE_KEY = (ROOT / "events" / "lexoffice_public_key.pem").read_text("utf-8").strip()
CREDENTIALS = {
    "pleo_client_id": "pleo-client",
    "pleo_client_secret": "not-a-real-secret",
    "lexoffice_client_id": "2b1f7a34-6f0e-4a53-8f5c-0f6d5b0a9e11",
    "lexoffice_client_secret": "not-a-real-secret",
}

type Document = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short tags as the long form: `!Ref Key` as {"Ref": "Key"}."""


def _tagged(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Document:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _tagged)


@cache
def load_template() -> Document:
    """template.yaml with its tags as dictionaries."""
    document: Document = yaml.load((ROOT / "template.yaml").read_text("utf-8"), _Loader)  # noqa: S506 - a safe loader
    return document


@dataclass(slots=True)
class Cloud:
    """What was created. Tables are named by their logical ids."""

    queues: dict[str, str] = field(default_factory=dict)
    secret_arn: str = ""
    ledger_table: str = "LedgerTable"
    connection_table: str = "ConnectionTable"
    token_table: str = "TokenTable"
    key_arn: str = KEY_ARN

    def client(self, service: str) -> Any:
        """An AWS client of the tests' own."""
        return clients.client(service)

    def dump(self, table: str) -> list[Document]:
        """Every item of a table, in DynamoDB's own notation."""
        items: list[Document] = self.client("dynamodb").scan(TableName=table)["Items"]
        return items

    def items(self, table: str, prefix: str, key: str) -> list[Document]:
        """The items whose attribute `key` begins with a prefix."""
        return [item for item in self.dump(table) if item[key]["S"].startswith(prefix)]

    def messages(self, queue: str) -> list[Document]:
        """Take what waits in a queue, at most ten messages; their bodies."""
        sqs, url = self.client("sqs"), self.queues[queue]
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in found]

    @contextmanager
    def failing(self, service: str, operation: str, code: str = "ThrottlingException") -> Iterator[None]:
        """While this lasts, a service refuses an operation (or all: `*`) without carrying it out."""
        call = BaseClient._make_api_call  # type: ignore[attr-defined]

        def refusing(client: BaseClient, name: str, arguments: Document) -> Any:
            if client.meta.service_model.service_name == service and operation in {name, "*"}:
                raise in_process.client_error(client, name, code, "by order of the test")
            return call(client, name, arguments)

        with patch.object(BaseClient, "_make_api_call", refusing):
            yield

    @contextmanager
    def watched(self, service: str) -> Iterator[list[tuple[str, Document]]]:
        """The calls to a service meanwhile: operation and parameters."""
        seen: list[tuple[str, Document]] = []
        call = BaseClient._make_api_call  # type: ignore[attr-defined]

        def watching(client: BaseClient, name: str, arguments: Document) -> Any:
            if client.meta.service_model.service_name == service:
                seen.append((name, arguments))
            return call(client, name, arguments)

        with patch.object(BaseClient, "_make_api_call", watching):
            yield seen

    def environment(self, **changes: str) -> dict[str, str]:
        """Every variable that some door needs."""
        return {
            "CONNECTION_TABLE": self.connection_table,
            "LEDGER_TABLE": self.ledger_table,
            "TOKEN_TABLE": self.token_table,
            "FEED_QUEUE_URL": self.queues["FeedQueue"],
            "EXPORT_QUEUE_URL": self.queues["ExportQueue"],
            "SYNC_QUEUE_URL": self.queues["SyncQueue"],
            "KEY_ARN": self.key_arn,
            "VENDOR_SECRET_ARN": self.secret_arn,
            "PLEO_API_URL": "https://pleo.test",
            "PLEO_AUTH_URL": "https://auth.pleo.test",
            "PLEO_APP_URL": "https://app.pleo.test",
            "LEXOFFICE_API_URL": "https://api.lexware.test",
            "LEXOFFICE_APP_URL": "https://app.lexware.test",
            "LEXOFFICE_LIMIT": "organisation",
            "LEXOFFICE_ACCOUNT_SYSTEM": "PaymentProvider",
            "LEXOFFICE_WEBHOOK_KEY": LEXOFFICE_KEY,
            "FEED_RETRY_SECONDS": "60",
            "EXPORT_RETRY_SECONDS": "60",
            "REVERSE_CHARGE": "true",
            "CONTRA_REQUIRED": "true",
            "INPUT_TAX_WITHOUT_RECEIPT": "false",
            "PLEO_SCOPES": load_template()["Parameters"]["PleoScopes"]["Default"],
            "PUBLIC_URL": "",
            "DELETION_DELAY_DAYS": "30",
            **changes,
        }


_TABLE_PARTS = (
    "BillingMode",
    "AttributeDefinitions",
    "KeySchema",
    "LocalSecondaryIndexes",
    "GlobalSecondaryIndexes",
)


# Per process: what was made first in the emulator's services, and their state right after that.
_made: list[tuple[Cloud, Document]] = []


@contextmanager
def in_memory(services: Callable[[], AbstractContextManager[object]] = in_process.in_process) -> Iterator[Cloud]:
    """Create everything in these services, by default the emulator's; ENVIRONMENT must be set."""
    with services():
        credentials._read.cache_clear()
        if services is not in_process.in_process:
            yield _create(with_logs=False)
            return
        if not _made:
            cloud = _create(with_logs=True)
            _made.append((cloud, in_process.state()))
        cloud, state = _made[0]
        in_process.restore(state)
        yield replace(cloud)


def _create(*, with_logs: bool) -> Cloud:
    cloud = Cloud()
    resources: Document = load_template()["Resources"]
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::DynamoDB::Table":
            parts = {part: properties[part] for part in _TABLE_PARTS if part in properties}
            cloud.client("dynamodb").create_table(TableName=name, **parts)
        elif resource["Type"] == "AWS::SQS::Queue":
            cloud.queues[name] = _queue(cloud, name, properties)
        elif with_logs and resource["Type"] == "AWS::Logs::LogGroup":
            cloud.client("logs").create_log_group(logGroupName=name)
    key = cloud.client("kms").create_key()["KeyMetadata"]
    cloud.client("kms").create_alias(AliasName=KEY_ALIAS, TargetKeyId=key["KeyId"])
    cloud.key_arn = key["Arn"].replace(f"key/{key['KeyId']}", KEY_ALIAS)
    secret = cloud.client("secretsmanager").create_secret(Name="vendors", SecretString=json.dumps(CREDENTIALS))
    cloud.secret_arn = secret["ARN"]
    return cloud


def _queue(cloud: Cloud, name: str, properties: Document) -> str:
    fifo = properties.get("FifoQueue", False)
    attributes = {"VisibilityTimeout": str(properties.get("VisibilityTimeout", 30))}
    if fifo:
        attributes["FifoQueue"] = "true"
    url: str = cloud.client("sqs").create_queue(QueueName=name + (".fifo" if fifo else ""), Attributes=attributes)[
        "QueueUrl"
    ]
    return url
