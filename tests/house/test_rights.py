"""Permissions of each door as a table, so that a change that widens or narrows a role fails here."""

from collections.abc import Iterator
from typing import Any

import pytest
from cloud import Document, load_template

RESOURCES: Document = load_template()["Resources"]

type Rights = dict[str, set[str]]

TABLES = {"Key via dynamodb": {"kms:Decrypt", "kms:GenerateDataKey*"}}
# Tokens are stored and encrypted, but not decrypted.
VENDORS = {
    "TokenTable": {"dynamodb:GetItem", "dynamodb:UpdateItem"},
    "VendorSecret": {"secretsmanager:GetSecretValue"},
    "Key via secretsmanager": {"kms:Decrypt", "kms:GenerateDataKey*"},
    "Key for tokens": {"kms:GenerateDataKey"},
}
LEDGER = {"dynamodb:Query", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"}
WORKER = (
    TABLES
    | VENDORS
    | {
        "LedgerTable": LEDGER,
        "LedgerTable/index/work": LEDGER,
        "ConnectionTable CONNECTION#* LIMITER#*": {"dynamodb:GetItem", "dynamodb:UpdateItem"},
        "Key for tokens": {"kms:Decrypt", "kms:GenerateDataKey"},
    }
)
# Per resource. Text after the name is a limit: partitions of a table, or the purpose or the service of the key.
RIGHTS: dict[str, Rights] = {
    "PleoWebhookFunction": TABLES
    | {
        "ConnectionTable CONNECTION#*": {"dynamodb:GetItem"},
        "LedgerTable": {"dynamodb:PutItem", "dynamodb:UpdateItem"},
        "FeedQueue": {"sqs:SendMessage"},
        "ExportQueue": {"sqs:SendMessage"},
        "Key for webhook-secret": {"kms:Decrypt"},
    },
    "LexofficeWebhookFunction": TABLES
    | {
        "ConnectionTable CONNECTION#*": {"dynamodb:GetItem"},
        "LedgerTable": {"dynamodb:UpdateItem"},
        "LedgerTable/index/work": {"dynamodb:Query"},
        "ExportQueue": {"sqs:SendMessage"},
        "SyncQueue": {"sqs:SendMessage"},
    },
    "FeedFunction": WORKER | {"FeedQueue": {"sqs:SendMessage", "sqs:ChangeMessageVisibility"}},
    "ExportFunction": WORKER | {"ExportQueue": {"sqs:SendMessage", "sqs:ChangeMessageVisibility"}},
    "OauthFunction": TABLES
    | VENDORS
    | {
        "ConnectionTable": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
        "SyncQueue": {"sqs:SendMessage"},
    },
    "AdminFunction": {
        "LedgerTable": {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchGetItem"},
        "LedgerTable/index/work": {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchGetItem"},
        "ConnectionTable CATALOGUE#* CONNECTION#* LIMITER#* SESSION#*": {"dynamodb:GetItem"},
        "Key via dynamodb": {"kms:Decrypt"},
    },
    "ScheduleFunction": TABLES
    | {
        "ConnectionTable/index/due": {"dynamodb:Query"},
        "ConnectionTable CONNECTION#*": {"dynamodb:UpdateItem"},
        "SyncQueue": {"sqs:SendMessage"},
    },
    "SyncFunction": WORKER
    | {
        "LedgerTable": {*LEDGER, "dynamodb:BatchGetItem"},
        "LedgerTable/index/work": {*LEDGER, "dynamodb:BatchGetItem"},
        "ConnectionTable CATALOGUE#* CONNECTION#* LIMITER#*": {
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
        },
        "FeedQueue": {"sqs:SendMessage"},
        "ExportQueue": {"sqs:SendMessage"},
        "Key for webhook-secret": {"kms:Encrypt"},
    },
}


def rights(function: str) -> Rights:
    """Return what a function's own and shared policies allow, in the notation of the table."""
    found: Rights = {}
    for policy in RESOURCES[function]["Properties"]["Policies"]:
        document = RESOURCES[policy["Ref"]]["Properties"]["PolicyDocument"] if "Ref" in policy else policy
        for statement in document["Statement"]:
            assert set(statement) <= {"Sid", "Effect", "Action", "Resource", "Condition"}
            assert statement["Effect"] == "Allow"
            for resource in listed(statement["Resource"]):
                for limit in limits(statement.get("Condition", {})):
                    found.setdefault(named(resource) + limit, set()).update(listed(statement["Action"]))
    return found


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def named(resource: Document) -> str:
    """Return `LedgerTable` for the ARN of the table, `LedgerTable/index/work` for that of its index."""
    ((function, name),) = resource.items()
    if function == "Fn::Sub":
        assert name.startswith("${"), name
        return str(name[2:].replace(".Arn}", ""))
    assert function in {"Ref", "Fn::GetAtt"}
    return str(name.removesuffix(".Arn"))


def limits(condition: Document) -> Iterator[str]:
    """Yield the limits of a statement, one per alternative value."""
    if not condition:
        yield ""
        return
    ((operator, keys),) = condition.items()
    ((key, values),) = keys.items()
    match operator, key:
        case "ForAllValues:StringLike", "dynamodb:LeadingKeys":
            yield " " + " ".join(sorted(values))
        case "StringEquals", "kms:EncryptionContext:purpose":
            yield from (f" for {value}" for value in listed(values))
        case "StringEquals", "kms:ViaService":
            yield from (f" via {value['Fn::Sub'].partition('.')[0]}" for value in listed(values))
        case _:
            raise AssertionError(f"The table knows no condition {operator} on {key}.")


def test_every_door_is_in_the_table() -> None:
    assert set(RIGHTS) == {name for name, each in RESOURCES.items() if each["Type"] == "AWS::Serverless::Function"}


@pytest.mark.parametrize("name", RIGHTS)
def test_a_door_may_do_what_the_table_says_and_nothing_else(name: str) -> None:
    assert rights(name) == RIGHTS[name]
