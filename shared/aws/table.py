"""A DynamoDB table: plain dictionaries in and out, consistent reads, and conditions.

An expression writes an attribute as `#attribute` and a value as `:name`. Every method here, and so every store of this
package, raises StoreUnavailable if AWS does not execute a call.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from shared.aws.clients import client, translate_errors

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

type Item = dict[str, Any]

_NAME = re.compile(r"#(\w+)")
_CONFLICT_PAUSES = (0.02, 0.05, 0.1)  # seconds


class ConditionFailedError(Exception):
    """The condition of a write did not hold; `old` is the item as it is, empty if there is none."""

    def __init__(self, old: Item) -> None:
        self.old = old
        super().__init__("the condition of a write was not met")


class TransactionRefusedError(Exception):
    """A transaction wrote nothing; `reasons` has DynamoDB's code per action, "None" for an action without fault."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(f"transaction refused: {', '.join(self.reasons)}")


@dataclass(frozen=True, slots=True)
class Update:
    """An update of one item, alone or in a transaction. `expression` and `condition` are DynamoDB's own."""

    key: Mapping[str, str]
    expression: str
    values: Mapping[str, Any] = field(default_factory=dict)
    condition: str | None = None

    @classmethod
    def setting(
        cls,
        key: Mapping[str, str],
        attributes: Mapping[str, Any],
        *,
        add: Mapping[str, int] | None = None,
        remove: Sequence[str] = (),
        condition: str | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> Self:
        """Build an update that sets attributes.

        - `add`: numbers to add to attributes.
        - `remove`: attributes to remove unless `attributes` sets them.
        - `values`: what `condition` names beside the values of the attributes.
        """
        added = add or {}
        clauses = {
            "SET": [f"#{name} = :{name}" for name in attributes],
            "ADD": [f"#{name} :{name}" for name in added],
            "REMOVE": [f"#{name}" for name in remove if name not in attributes],
        }
        expression = " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)
        return cls(key, expression, {**attributes, **added, **(values or {})}, condition)

    def request(self, table: str) -> dict[str, Any]:
        """Return the parameters of UpdateItem, which are also those of an action of a transaction."""
        request = {"TableName": table, "Key": encode(self.key), "UpdateExpression": self.expression}
        if self.condition:
            request["ConditionExpression"] = self.condition
        return request | _placeholders(f"{self.expression} {self.condition}", self.values)


@dataclass(frozen=True, slots=True)
class Insert:
    """A new item, alone or in a transaction: its condition fails if the item exists. `key` is a key attribute."""

    item: Item
    key: str

    def request(self, table: str) -> dict[str, Any]:
        """Return the parameters of PutItem, which are also those of an action of a transaction."""
        condition = f"attribute_not_exists(#{self.key})"
        request = {"TableName": table, "Item": encode(self.item), "ConditionExpression": condition}
        return request | _placeholders(condition, {})


class Table:
    """One table by its name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._dynamodb = client("dynamodb")

    def get(self, key: Mapping[str, str]) -> Item | None:
        """Return one item. Strongly consistent read."""
        with translate_errors("GetItem"):
            answer = self._dynamodb.get_item(TableName=self.name, Key=encode(key), ConsistentRead=True)
        return decode(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Mapping[str, str]]) -> list[Item]:
        """Return up to 100 items in any order. Eventually consistent read."""
        found: list[Item] = []
        request = {self.name: {"Keys": [encode(key) for key in keys]}} if keys else {}
        while request:
            with translate_errors("BatchGetItem"):
                answer = self._dynamodb.batch_get_item(RequestItems=request)
            found += [decode(item) for item in answer["Responses"].get(self.name, [])]
            request = answer.get("UnprocessedKeys", {})
        return found

    def query(
        self,
        condition: str,
        values: Mapping[str, Any],
        *,
        limit: int | None = None,
        **options: Any,
    ) -> Iterator[Item]:
        """Return the items that match, at most `limit`, page by page. `options` are further parameters of Query."""
        if limit is not None:
            options["Limit"] = limit
        expressions = f"{condition} {options.get('FilterExpression')}"
        request = {"KeyConditionExpression": condition, **_placeholders(expressions, values), **options}
        return islice(self._pages("Query", self._dynamodb.query, request), limit)

    def scan(self, condition: str, values: Mapping[str, Any]) -> Iterator[Item]:
        """Return the items that match, page by page. DynamoDB reads, and bills, the whole table."""
        request = {"FilterExpression": condition, **_placeholders(condition, values)}
        return self._pages("Scan", self._dynamodb.scan, request)

    def put(self, item: Item) -> None:
        """Write an item and replace the one with its key."""
        with translate_errors("PutItem"):
            self._dynamodb.put_item(TableName=self.name, Item=encode(item))

    def insert(self, insert: Insert) -> bool:
        """Write a new item; return False if it exists already."""
        try:
            self._write(self._dynamodb.put_item, insert.request(self.name))
        except ConditionFailedError:
            return False
        return True

    def update(self, update: Update) -> Item:
        """Update an item and return all of it as it is now. Raises ConditionFailedError."""
        answer = self._write(self._dynamodb.update_item, update.request(self.name) | {"ReturnValues": "ALL_NEW"})
        return decode(answer.get("Attributes", {}))

    def attempt(self, update: Update) -> bool:
        """Update an item; return False, and write nothing, if the condition does not hold."""
        try:
            self.update(update)
        except ConditionFailedError:
            return False
        return True

    def transact(self, actions: Sequence[Update | Insert]) -> None:
        """Carry out all actions, at most 100, or none. Raises TransactionRefusedError."""
        with translate_errors("TransactWriteItems"):
            try:
                self._dynamodb.transact_write_items(TransactItems=[self._action(action) for action in actions])
            except self._dynamodb.exceptions.TransactionCanceledException as error:
                reasons = error.response.get("CancellationReasons", [])
                raise TransactionRefusedError([reason.get("Code", "None") for reason in reasons]) from error

    def _action(self, action: Update | Insert) -> Mapping[str, Any]:
        return {"Update" if isinstance(action, Update) else "Put": action.request(self.name)}

    def _pages(
        self, operation: str, method: Callable[..., Mapping[str, Any]], request: dict[str, Any]
    ) -> Iterator[Item]:
        while True:
            with translate_errors(operation):
                answer = method(TableName=self.name, **request)
            yield from (decode(item) for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            request = {**request, "ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _write(self, method: Callable[..., Mapping[str, Any]], request: dict[str, Any]) -> Mapping[str, Any]:
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        errors = self._dynamodb.exceptions
        with translate_errors(method.__name__):
            try:
                for pause in _CONFLICT_PAUSES:
                    try:
                        return method(**request)
                    except errors.TransactionConflictException:
                        # A worker's transaction is writing this item. botocore does not retry this error.
                        time.sleep(pause)
                return method(**request)
            except errors.ConditionalCheckFailedException as error:
                raise ConditionFailedError(decode(error.response.get("Item", {}))) from error


def _placeholders(expressions: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Name every `#attribute` and every value of an expression; DynamoDB refuses either parameter if it is empty."""
    names = {f"#{name}": name for name in _NAME.findall(expressions)}
    typed = {f":{name}": _typed(value) for name, value in values.items()}
    parameters = {"ExpressionAttributeNames": names, "ExpressionAttributeValues": typed}
    return {parameter: content for parameter, content in parameters.items() if content}


def to_item(instance: "DataclassInstance") -> Item:
    """Return a dataclass's fields as attributes."""
    return {each.name: getattr(instance, each.name) for each in fields(instance)}


def from_item[T: "DataclassInstance"](cls: type[T], item: Item, /, **converted: Any) -> T:
    """Build a dataclass from the attributes that are named like its fields; `converted` replaces their values.

    A field without attribute keeps its default: older items lack newer fields.
    """
    known = {each.name: item[each.name] for each in fields(cls) if each.name in item}
    return cls(**known | converted)


def encode(item: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a plain dictionary to DynamoDB's typed values."""
    return {key: _typed(value) for key, value in item.items()}


def decode(item: Mapping[str, Any]) -> Item:
    """Convert DynamoDB's typed values to a plain dictionary."""
    return {key: _plain(value) for key, value in item.items()}


# The types that this product stores. boto3's serialiser does the same and costs the receiver a sixth of its start-up
# (docs/decisions/0003). https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
def _typed(value: Any) -> dict[str, Any]:
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": str(value)}  # an enum's member as its value
        case int():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case Mapping():
            return {"M": encode(value)}
        case list() | tuple():
            return {"L": [_typed(part) for part in value]}
    raise TypeError(f"an item cannot hold a {type(value).__name__}")


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
    raise TypeError(f"no item holds DynamoDB's type {kind}")
