"""The operator's command line on in-memory AWS: arguments in, what it printed and its exit code out."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pytest
from cloud import Cloud
from typer.testing import CliRunner

import ops.__main__
import ops.app
from ops.stack import Stack
from shared.aws.connections import Connection, Connections, Status
from shared.aws.failures import Failures
from shared.aws.ledger import Ledger

from .move_tasks import MoveTasks

OPERATOR = "arn:aws:iam::123456789012:user/operator"
CONNECTED_AT = "2026-10-01T08:00:00.000000Z"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    text: str
    complaint: str

    @property
    def data(self) -> Any:
        """The answer of a command with --json."""
        return json.loads(self.text)


type Ops = Callable[..., Ran]
type Connect = Callable[..., Connection]
type Bury = Callable[..., None]


@pytest.fixture
def moves(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[MoveTasks]:
    """The move tasks of the dead-letter queues."""
    monkeypatch.setattr("ops.dead_letters._POLL_SECONDS", 0)
    moves = MoveTasks(aws)
    with moves.known_to_sqs():
        yield moves


@pytest.fixture
def stack(aws: Cloud, moves: MoveTasks) -> Stack:
    """The stack in memory: queues by their addresses, tables and log groups by their logical ids."""
    named = ("LedgerTable", "ConnectionTable", "AuditLogs", "PleoWebhookLogs")
    return Stack(name="in-memory", resources={**{name: name for name in named}, **aws.queues}, who=OPERATOR)


@pytest.fixture
def ops_(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Ops:
    """Runs a command: `ops_("companies", "--json")`; --local is understood."""
    monkeypatch.setattr(ops.app, "find", lambda **_: stack)
    runner = CliRunner()

    def run(*arguments: str, typed: str | None = None) -> Ran:
        result = runner.invoke(ops.app.app, ["--local", *arguments], input=typed)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def connections(aws: Cloud) -> Connections:
    return Connections(aws.connection_table)


@pytest.fixture
def ledger(aws: Cloud) -> Ledger:
    return Ledger(aws.ledger_table)


@pytest.fixture
def connected(connections: Connections) -> Connect:
    """Connects a company: `connected("Muster GmbH")`, any field of Connection by name."""

    def connect(name: str = "Muster GmbH", **fields: Any) -> Connection:
        number = len(list(connections.all())) + 1
        known = {
            "connection_id": f"{number:032x}",
            "company_id": f"00000000-0000-4000-8000-{number:012x}",
            "company_name": name,
            "organisation_id": f"organisation-{number}",
            "organisation_name": f"{name} (lexoffice)",
            "account_id": f"account-{number}",
            "status": Status.ACTIVE,
            "connected_at": CONNECTED_AT,
            "caught_up_to": CONNECTED_AT,
        }
        return connections.get_or_create(Connection(**{**known, **fields}))

    return connect


@pytest.fixture
def bury(aws: Cloud) -> Bury:
    """Puts messages that say the same into a dead-letter queue: a company's wake-up, or any body."""

    def put(company: Connection | str, queue: str = "Feed", *requests: str, times: int = 1) -> None:
        body, group = (company, "poison") if isinstance(company, str) else (None, company.connection_id)
        body = body or json.dumps({"connection_id": group} | ({"requests": requests} if requests else {}))
        for number in islice(numbers, times):
            fifo = {"MessageGroupId": group, "MessageDeduplicationId": str(number)}
            aws.client("sqs").send_message(
                QueueUrl=aws.queues[f"{queue}DeadLetterQueue"], MessageBody=body, **({} if queue == "Sync" else fifo)
            )

    numbers = iter(range(10_000))
    return put


@pytest.fixture
def failures(aws: Cloud) -> Failures:
    return Failures(aws.ledger_table)


def visible(aws: Cloud, queue: str) -> int:
    """How many messages of a queue are visible right now."""
    name = "ApproximateNumberOfMessages"
    counts = aws.client("sqs").get_queue_attributes(QueueUrl=aws.queues[queue], AttributeNames=[name])
    return int(counts["Attributes"][name])
