"""The deployed template between its two vendors, as the tests of this folder see and steer it."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from cloud import ROOT

from local.stack import LocalStack

DOORS = (
    *("PleoWebhookFunction", "LexofficeWebhookFunction", "OauthFunction", "FeedFunction"),
    *("ExportFunction", "SyncFunction", "ScheduleFunction", "AdminFunction"),
)
QUEUES = ("FeedQueue", "ExportQueue", "SyncQueue")
# As it comes, one delivery at a time per slot, and a failed one again after a quarter of a second.
_MANNER = {
    "mode": "live",
    "copies": 1,
    "shuffle": False,
    "seed": 0,
    "body_shape": "A",
    "retry_scale": 0.05,
    "drop": False,
    "parallel": 8,
}
_LOG_TAIL = 12
_SHORTEST_PAUSE, _LONGEST_PAUSE, _LONGEST_WAIT = 0.02, 0.25, 5  # seconds

type Json = dict[str, Any]


class World:
    """One running stack; every test has companies of its own in it."""

    def __init__(self, stack: LocalStack) -> None:
        self.stack = stack
        self.http = httpx.Client(trust_env=False, timeout=70)
        # Many companies in a minute are not what the tests are about.
        self.pleo("/switches", rate_limit_per_minute=100_000)
        self.pleo("/webhooks", **_MANNER)
        self._pleo_switches = self.pleo("/state", "GET")["switches"]
        self._lexoffice_switches = self.lexoffice("/switches", "GET")
        self._since = 0.0

    def close(self) -> None:
        self.http.close()

    def calm(self) -> None:
        """Withdraws every fault, puts every switch back and forgets what is still queued; companies stay."""
        self.pleo("/faults", "DELETE")
        self.pleo("/webhooks", **_MANNER)
        self.pleo("/switches", **self._pleo_switches)
        self.pleo("/clock", now=datetime.now(UTC).isoformat())
        self.lexoffice("/faults", "DELETE")
        self.lexoffice("/refuse", "DELETE")
        self.lexoffice("/outage", on=False)
        self.lexoffice("/switches", **self._lexoffice_switches)
        self.lexoffice("/categories", action="reset")
        for queue in (*QUEUES, "FeedDeadLetterQueue", "ExportDeadLetterQueue", "SyncDeadLetterQueue"):
            self.stack.client("sqs").purge_queue(QueueUrl=self.stack.resources[queue])
        self._since = time.time()

    # -------------------------------------------------------------------------------------------- vendors
    def pleo(self, path: str, verb: str = "POST", /, **body: Any) -> Any:
        """A control command of Pleo's stand-in."""
        return self._control(self.stack.pleo_url, verb, path, body)

    def lexoffice(self, path: str, verb: str = "POST", /, **body: Any) -> Any:
        """A control command of lexoffice's stand-in; money comes back as Decimal."""
        return self._control(self.stack.lexoffice_url, verb, path, body)

    def _control(self, url: str, verb: str, path: str, body: Json) -> Any:
        content = json.dumps(body, default=float).encode() if body else None
        answer = self.http.request(verb, f"{url}/control{path}", content=content)
        assert answer.is_success, f"{verb} {path}: {answer.text}"
        return json.loads(answer.text, parse_float=Decimal)

    # -------------------------------------------------------------------------------------------- AWS
    def item(self, table: str, **key: str) -> Json | None:
        """One item of a table, read consistently."""
        found = self.stack.client("dynamodb").get_item(
            TableName=self.stack.resources[table], Key=encoded(key), ConsistentRead=True
        )
        return decoded(found["Item"]) if "Item" in found else None

    def put(self, table: str, item: Json) -> None:
        """Writes an item over whatever was there."""
        self.stack.client("dynamodb").put_item(TableName=self.stack.resources[table], Item=encoded(item))

    def scan(self, table: str) -> list[Json]:
        """Everything in a table."""
        pages = self.stack.client("dynamodb").get_paginator("scan").paginate(TableName=self.stack.resources[table])
        return [decoded(item) for page in pages for item in page["Items"]]

    def partition(self, connection_id: str) -> list[Json]:
        """Everything the ledger holds of one connection."""
        pages = (
            self.stack.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self.stack.resources["LedgerTable"],
                KeyConditionExpression="connection_id = :company",
                ExpressionAttributeValues=encoded({":company": connection_id}),
                ConsistentRead=True,
            )
        )
        return [decoded(item) for page in pages for item in page["Items"]]

    def invoke(self, door: str, event: Json) -> Any:
        """Invokes a door directly; its answer."""
        answer = self.stack.client("lambda").invoke(
            FunctionName=self.stack.resources[door], Payload=json.dumps(event).encode()
        )
        return json.load(answer["Payload"])

    def waiting(self, queue: str) -> int:
        """Messages in a queue, visible or in flight."""
        counts = self.stack.client("sqs").get_queue_attributes(
            QueueUrl=self.stack.resources[queue],
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        return sum(int(count) for count in counts["Attributes"].values())

    @contextmanager
    def denied(self, door: str, *actions: str, table: str = "") -> Iterator[None]:
        """Takes permissions from a door (for one table only), as an AWS outage or a wrong deployment would."""
        role = self.stack.resources[f"{door}Role"]
        resource = f"arn:aws:dynamodb:*:*:table/{self.stack.resources[table]}" if table else "*"
        policy = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Deny", "Action": list(actions), "Resource": resource}],
        }
        iam = self.stack.client("iam")
        iam.put_role_policy(RoleName=role, PolicyName="outage", PolicyDocument=json.dumps(policy))
        try:
            yield
        finally:
            iam.delete_role_policy(RoleName=role, PolicyName="outage")

    def visible(self, queue_url: str) -> int:
        """Messages in a queue that a worker could take now."""
        name = "ApproximateNumberOfMessages"
        found = self.stack.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=[name])
        return int(found["Attributes"][name])

    def oldest_sent(self, queue_url: str) -> float | None:
        """When the oldest visible message was sent (Unix seconds), None if there is none; it stays where it is."""
        found = self.stack.client("sqs").receive_message(
            QueueUrl=queue_url, AttributeNames=["SentTimestamp"], VisibilityTimeout=0, MaxNumberOfMessages=10
        )
        sent = [int(message["Attributes"]["SentTimestamp"]) / 1000 for message in found.get("Messages", [])]
        return min(sent, default=None)

    def feed_switched_off(self) -> AbstractContextManager[None]:
        """Lets wake-ups wait in the queue, as when an operator disables the trigger."""
        return self.switched_off("FeedFunctionWake")

    @contextmanager
    def switched_off(self, trigger_id: str) -> Iterator[None]:
        """Lets a queue's messages wait, by the logical id of its function's trigger."""
        lambdas, trigger = self.stack.client("lambda"), self.stack.resources[trigger_id]
        lambdas.update_event_source_mapping(UUID=trigger, Enabled=False)
        try:
            yield
        finally:
            lambdas.update_event_source_mapping(UUID=trigger, Enabled=True)

    # -------------------------------------------------------------------------------------------- waiting
    def eventually[T](self, condition: Callable[[], T], *, what: str, seconds: float = 40) -> T:
        """Returns the condition's first true value; after `seconds` fails with `what`, the last value and the logs."""
        deadline, pause = time.monotonic() + seconds, _SHORTEST_PAUSE
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise AssertionError(f"Not within {seconds:.0f} s: {what}. Last seen: {value!r}\n{self.log_tail()}")
            # Looking costs the doors their time, so what takes long is looked for less often.
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        return value

    def at_rest(self, *, seconds: float = 40) -> None:
        """Waits until no webhook, wake-up or sync is on its way any more: what is missing now stays missing."""

        queues = ",".join(self.stack.resources[queue].rsplit("/", 1)[1] for queue in QUEUES)
        idle = f"{self.stack.emulator.endpoint_url}/_local/idle?queues={queues}&wait={_LONGEST_WAIT}"

        def quiet() -> bool:
            return self.all_delivered(wait=_LONGEST_WAIT) and self.http.get(idle).json()["idle"]

        # Twice: a message may just have been sent by the one that was deleted a moment ago.
        self.eventually(lambda: quiet() and quiet(), what="everything delivered and worked off", seconds=seconds)

    def all_delivered(self, *, wait: float = 0) -> bool:
        """Whether no webhook is on its way, once that is so or after `wait` seconds."""
        return bool(self.pleo(f"/webhooks/idle?wait={wait}", "GET")["idle"])

    def log(self, door: str) -> list[str]:
        """What a door has logged in this test."""
        return self.stack.logs(door, since=self._since)

    def logged(self, door: str, **wanted: object) -> list[Json]:
        """A door's log lines that have these keys with these values."""
        return [line for line in self.lines(door) if all(line.get(key) == value for key, value in wanted.items())]

    def counted(self, door: str, metric: str) -> int:
        """What a door has added to a metric in this test."""
        return sum(int(value) for line in self.lines(door) if "_aws" in line for value in line.get(metric, []))

    def lines(self, door: str) -> Iterator[Json]:
        """What a door has logged in this test that is JSON, metrics as well."""
        for message in self.log(door):
            with suppress(ValueError):
                yield json.loads(message)

    def save_evidence(self, test: str) -> Path:
        """Write every door's log, both tables and both stand-ins' state to build/journeys/<test>; return that."""
        folder = ROOT / "build" / "journeys" / re.sub(r"[^\w-]+", "-", test).strip("-")
        folder.mkdir(parents=True, exist_ok=True)
        for door in DOORS:
            (folder / f"{door}.log").write_text("\n".join(self.log(door)))
        found = {
            "ledger": partial(self.scan, "LedgerTable"),
            "connections": partial(self.scan, "ConnectionTable"),
            "pleo": partial(self.pleo, "/state", "GET"),
            "lexoffice": partial(self.lexoffice, "/state", "GET"),
        }
        for name, read in found.items():
            (folder / f"{name}.json").write_text(json.dumps(read(), indent=1, default=repr))
        return folder

    def log_tail(self) -> str:
        """The last lines of every door that say something."""
        tail = []
        for door in DOORS:
            said = [line for line in self.log(door) if not line.startswith(("START", "END", "REPORT", '{"_aws"'))]
            tail += [f"--- {door}", *said[-_LOG_TAIL:]]
        return "\n".join(tail)


def encoded(item: Mapping[str, Any]) -> Json:
    """A plain dictionary as DynamoDB's typed one."""
    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


def decoded(item: Mapping[str, Any]) -> Json:
    """DynamoDB's typed dictionary as a plain one."""
    return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}
