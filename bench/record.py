"""Record of the doors' AWS requests, from the emulator's CloudTrail. Recording is on only while it is needed.

- Recorded: every request of the doors.
- Not recorded: polls of a queue by Lambda itself, and the content of responses.

Calls are therefore measured. Write and read units are computed from them by DynamoDB's rules:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from local.emulator.process import ADMIN
from local.stack import LocalStack

# Most events per response of the emulator, which has no pagination.
_PAGE = 50


@dataclass(frozen=True, slots=True)
class AwsCall:
    """One request of a door.

    - `at`: when it was answered
    - `resource`: logical id of the table or queue, "" for other resources
    - `request`: parameters as in AWS's API reference
    """

    at: datetime
    service: str
    operation: str
    resource: str
    request: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Operation and resource, as in the figures' names."""
        return " ".join(filter(None, (self.operation, self.resource)))


class Record:
    """The emulator's record of requests, without those of the bench."""

    def __init__(self, stack: LocalStack) -> None:
        self._trail = stack.client("cloudtrail")
        self._switch = f"{stack.emulator.endpoint_url}/_ministack/config"
        self._names = {physical: logical for logical, physical in stack.resources.items()}
        self._names |= {physical.rpartition("/")[2]: logical for physical, logical in self._names.items()}

    @contextmanager
    def recording(self) -> Iterator[list[AwsCall]]:
        """Record while the block runs. The list is filled, in order of time, when the block ends."""
        calls: list[AwsCall] = []
        self._turn("true")
        began = datetime.now(UTC)
        try:
            yield calls
        finally:
            self._turn("false")
        calls += self._between(began, datetime.now(UTC))

    def _turn(self, position: str) -> None:
        answer = httpx.post(self._switch, json={"cloudtrail._recording_enabled": position}, trust_env=False)
        if not answer.raise_for_status().json()["applied"]:
            raise RuntimeError("This release of the emulator cannot record requests.")

    def _between(self, began: datetime, ended: datetime) -> list[AwsCall]:
        events: dict[str, Mapping[str, Any]] = {}
        while True:
            found = self._trail.lookup_events(StartTime=began, EndTime=ended, MaxResults=_PAGE)["Events"]
            fresh = {event["EventId"]: event for event in found if event["EventId"] not in events}
            if not fresh:
                break
            events |= fresh
            ended = min(event["EventTime"] for event in fresh.values())
        calls = (self._call(event) for event in events.values() if event["AccessKeyId"] != ADMIN["aws_access_key_id"])
        return sorted(calls, key=lambda call: call.at)

    def _call(self, event: Mapping[str, Any]) -> AwsCall:
        request = json.loads(event["CloudTrailEvent"])["requestParameters"]
        asked = _asked(request)
        service = event["EventSource"].partition(".")[0]
        resource = self._names.get(asked.rpartition("/")[2], "")
        return AwsCall(event["EventTime"], service, event["EventName"], resource, request)


def _asked(request: Mapping[str, Any]) -> str:
    """Return the table or queue of a request, or "" for another kind of resource. No request here has two."""
    match request:
        case {"TableName": str(name)} | {"QueueUrl": str(name)}:
            return name
        case {"RequestItems": {**tables}}:
            return str(next(iter(tables)))
        case {"TransactItems": [action, *_]}:
            return str(next(iter(action.values()))["TableName"])
        case _:
            return ""


def by_operation(calls: Iterable[AwsCall]) -> Counter[str]:
    """Count calls by operation and resource."""
    return Counter(call.name for call in calls)


def write_units(calls: Iterable[AwsCall], *, refused: bool = False) -> int:
    """Return the write units of calls that write items up to 1 KB.

    - A write costs one unit, in a transaction two.
    - A row that enters or leaves the index `work` costs one more.
    - `refused`: the conditions were not met. The write costs the same, but the index does not change.
    """
    return sum(_write_units(call, refused=refused) for call in calls)


def _write_units(call: AwsCall, *, refused: bool) -> int:
    match call.operation:
        case "PutItem" | "UpdateItem":
            indexed = ":work" in call.request.get("ExpressionAttributeValues", {}) and not refused
            return 1 + indexed
        case "TransactWriteItems":
            updates = [action.get("Update", {}) for action in call.request["TransactItems"]]
            return sum(2 + ("#work" in update.get("UpdateExpression", "")) for update in updates)
        case _:
            return 0


def read_units(calls: Sequence[AwsCall], *, queried_bytes: float = 0) -> float:
    """Return the read units of calls that read items up to 4 KB.

    - A strongly consistent read costs one unit per item, any other half a unit.
    - A query costs one unit per started 4 KB of its result, at least one.
    - `queried_bytes`: size of all queries' results
    """
    queries = sum(call.operation == "Query" for call in calls)
    return sum(_read_units(call) for call in calls) + max(queries, math.ceil(queried_bytes / 4096))


def _read_units(call: AwsCall) -> float:
    match call.operation:
        case "GetItem":
            return 1.0 if call.request.get("ConsistentRead") else 0.5
        case "BatchGetItem":
            asked = call.request["RequestItems"].values()
            return sum(len(part["Keys"]) * (1.0 if part.get("ConsistentRead") else 0.5) for part in asked)
        case _:
            return 0.0


def item_bytes(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Return an item's size in bytes.

    Rules: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    match dict(value):
        case {"S": str(text)}:
            return len(text.encode())
        case {"N": str(digits)}:
            return len(digits) // 2 + 2
        case {"NULL": _} | {"BOOL": _}:
            return 1
        case other:
            raise ValueError(f"the size of {list(other)} is not known here")
