"""A DynamoDB table: plain dictionaries in and out, consistent reads, conditions as answers instead of error codes."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.aws.clients import client, translate_errors

type Item = dict[str, Any]


class ConditionFailedError(Exception):
    """A conditional write found something else; `old` is what it found (empty: nothing)."""

    def __init__(self, old: Item) -> None:
        self.old = old
        super().__init__("the condition of a write was not met")


class TransactionRefusedError(Exception):
    """A transaction wrote nothing; `reasons` has DynamoDB's code per action ("None" where the action was fine)."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(f"transaction refused: {', '.join(self.reasons)}")


@dataclass(frozen=True, slots=True)
class Update:
    """An update of one item, in DynamoDB's expressions.

    `names` are the attributes written as `#attribute` in the expressions, `values` go in as `:key`.
    """

    key: Mapping[str, str]
    expression: str
    names: Sequence[str] = ()
    values: Mapping[str, Any] | None = None
    condition: str | None = None

    def request(self, table: str) -> dict[str, Any]:
        """As the API wants it, alone or as an action of a transaction."""
        request: dict[str, Any] = {
            "TableName": table,
            "Key": encode(self.key),
            "UpdateExpression": self.expression,
        }
        if self.names:
            request["ExpressionAttributeNames"] = {f"#{name}": name for name in self.names}
        if self.values:
            request["ExpressionAttributeValues"] = {f":{key}": _typed(v) for key, v in self.values.items()}
        if self.condition:
            request["ConditionExpression"] = self.condition
        return request


class Table:
    """One table by its name. Every method raises StoreUnavailable when AWS does not do what was asked."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._dynamodb = client("dynamodb")

    def get(self, key: Mapping[str, str]) -> Item | None:
        """Read one item consistently."""
        with translate_errors("GetItem"):
            answer = self._dynamodb.get_item(TableName=self.name, Key=encode(key), ConsistentRead=True)
        return decode(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Mapping[str, str]]) -> list[Item]:
        """Read up to 100 items, in any order, without consistency."""
        found: list[Item] = []
        request = {self.name: {"Keys": [encode(key) for key in keys]}} if keys else {}
        while request:
            with translate_errors("BatchGetItem"):
                answer = self._dynamodb.batch_get_item(RequestItems=request)
            found += [decode(item) for item in answer["Responses"].get(self.name, [])]
            request = answer.get("UnprocessedKeys", {})
        return found

    def put_new(self, item: Item, *, key: str) -> None:
        """Write an item that must not exist yet; `key` is its partition key. Raises ConditionFailedError."""
        self._conditional(
            self._dynamodb.put_item,
            TableName=self.name,
            Item=encode(item),
            ConditionExpression="attribute_not_exists(#key)",
            ExpressionAttributeNames={"#key": key},
        )

    def put(self, item: Item) -> None:
        """Write an item over whatever was there."""
        with translate_errors("PutItem"):
            self._dynamodb.put_item(TableName=self.name, Item=encode(item))

    def update(self, update: Update) -> Item:
        """Write and return the whole item as it is now. Raises ConditionFailedError with what was there."""
        answer = self._conditional(self._dynamodb.update_item, **update.request(self.name), ReturnValues="ALL_NEW")
        return decode(answer.get("Attributes", {}))

    def query(
        self, *, condition: str, names: Sequence[str], values: Mapping[str, Any], **options: Any
    ) -> Iterator[Item]:
        """All items that match, page by page."""
        request = {"KeyConditionExpression": condition, **_named(names, values), **options}
        return self._pages("Query", self._dynamodb.query, request)

    def scan(self, condition: str, *, names: Sequence[str], values: Mapping[str, Any]) -> Iterator[Item]:
        """All items of the whole table that match, page by page; every item is read for it."""
        return self._pages("Scan", self._dynamodb.scan, {"FilterExpression": condition, **_named(names, values)})

    def _pages(self, operation: str, method: Any, request: dict[str, Any]) -> Iterator[Item]:
        while True:
            with translate_errors(operation):
                answer = method(TableName=self.name, **request)
            yield from (decode(item) for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            request = {**request, "ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def transact(self, actions: Sequence[Mapping[str, Any]]) -> None:
        """Write all actions (`{"Update": …}`, `{"Put": …}`) or none. Raises TransactionRefusedError."""
        with translate_errors("TransactWriteItems"):
            try:
                self._dynamodb.transact_write_items(TransactItems=list(actions))
            except self._dynamodb.exceptions.TransactionCanceledException as error:
                reasons = error.response.get("CancellationReasons", [])
                raise TransactionRefusedError([reason.get("Code", "None") for reason in reasons]) from error

    def _conditional(self, method: Any, **request: Any) -> Mapping[str, Any]:
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        errors = self._dynamodb.exceptions
        with translate_errors(method.__name__):
            for pause in (0.02, 0.05, 0.1, None):
                try:
                    answer: Mapping[str, Any] = method(**request)
                except errors.ConditionalCheckFailedException as error:
                    raise ConditionFailedError(decode(error.response.get("Item", {}))) from error
                except errors.TransactionConflictException:
                    # A worker is recording this very item; botocore does not repeat that by itself.
                    if pause is None:
                        raise
                    time.sleep(pause)
                else:
                    return answer
        raise AssertionError("unreachable")


def _named(names: Sequence[str], values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ExpressionAttributeNames": {f"#{name}": name for name in names},
        "ExpressionAttributeValues": {f":{key}": _typed(value) for key, value in values.items()},
    }


def encode(item: Mapping[str, Any]) -> dict[str, Any]:
    """A plain dictionary as DynamoDB's typed one."""
    return {key: _typed(value) for key, value in item.items()}


def decode(item: Mapping[str, Any]) -> Item:
    """DynamoDB's typed dictionary as a plain one."""
    return {key: _plain(value) for key, value in item.items()}


# The few types we store. boto3's serialiser does the same and costs the receiver a sixth of its start-up
# (docs/decisions/0003). https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
def _typed(value: Any) -> dict[str, Any]:
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case Mapping():
            return {"M": encode(value)}
        case list() | tuple():
            return {"L": [_typed(part) for part in value]}
    raise TypeError(f"DynamoDB cannot hold a {type(value).__name__} here")


def _plain(typed: Mapping[str, Any]) -> Any:
    ((kind, value),) = typed.items()
    match kind:
        case "NULL":
            return None
        case "BOOL" | "S" | "B":
            return value
        case "N":
            return int(value)
        case "M":
            return decode(value)
        case "L":
            return [_plain(part) for part in value]
    raise TypeError(f"DynamoDB's type {kind} is not one of ours")
