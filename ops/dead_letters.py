"""Reading the dead-letter queues without consuming them, and why their messages are there.

A receive hides messages from others, so a look receives them and makes them visible again within seconds. SQS shows at
most ten messages of one FIFO group (a company) at a time. More are not needed: all wake-ups of a company say the same.
"""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from itertools import batched, takewhile
from typing import Any

from ops.context import CommandContext
from shared.aws.clients import client, translate_errors
from shared.aws.connections import Connection, Status
from shared.aws.failures import EXPORT, FEED, SYNC, Failure, Failures
from shared.aws.queues import PoisonError, WakeUp
from shared.domain.syncing.requests import SyncRequest
from shared.errors import StoreUnavailable

QUEUES = {FEED: "FeedQueue", EXPORT: "ExportQueue", SYNC: "SyncQueue"}
_HIDDEN_SECONDS = 20
_LOOK_SECONDS = 15
_MOST = 10  # messages in one call
_GLANCE = 500
EVERY = 1_000_000
MOVING = ("RUNNING", "CANCELLING")
UNKNOWN = "unknown: the worker left no note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message of a dead-letter queue.

    - `wake`: the parsed message; None if it is unreadable, and `poison` says why
    - `received`: receives since it was last sent, looks of operators included
    - `gave_up`: receives after which the queue moved it here; 0 if an operator put it here
    - `sent_at`: UTC
    """

    queue: str
    message_id: str
    receipt_handle: str = field(repr=False)
    body: str
    sent_at: datetime
    received: int
    gave_up: int
    wake: WakeUp | None
    poison: str = ""

    @property
    def connection_id(self) -> str:
        """The company it wakes, "" if unreadable."""
        return self.wake.connection_id if self.wake else ""

    @property
    def requests(self) -> tuple[SyncRequest, ...]:
        """What is requested of the sync beyond its schedule."""
        return tuple(sorted(self.wake.requests)) if self.wake else ()


@dataclass(frozen=True, slots=True)
class Count:
    """Number of messages as SQS estimates it, up to a minute late."""

    visible: int
    in_flight: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.visible + self.in_flight


class DeadLetters:
    """The dead-letter queue of one queue. Every method raises StoreUnavailable if AWS fails."""

    def __init__(self, context: CommandContext, queue: str) -> None:
        name = QUEUES[queue]
        self.queue = queue
        self.url = context.stack[name.replace("Queue", "DeadLetterQueue")]
        self.source_url = context.stack[name]
        self._sqs = client("sqs")

    def count(self) -> Count:
        """How many messages there are."""
        found = self._attributes(self.url, "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return Count(int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"]))

    def newest_move(self) -> Mapping[str, Any]:
        """The newest of SQS's tasks that move this queue's messages, whoever started it; empty without one."""
        with translate_errors("ListMessageMoveTasks"):
            tasks: list[Mapping[str, Any]] = self._sqs.list_message_move_tasks(SourceArn=self._arn)["Results"]
        return tasks[0] if tasks else {}

    def running_move(self) -> Mapping[str, Any]:
        """The task that is moving this queue's messages now; empty without one."""
        task = self.newest_move()
        return task if task.get("Status") in MOVING else {}

    def start_move(self, rate: int) -> str:
        """Start SQS's task that moves all messages back to their queue, at most `rate` per second; its handle."""
        with translate_errors("StartMessageMoveTask"):
            # With a destination, because SQS does not know the source of a message that an operator put here.
            started = self._sqs.start_message_move_task(
                SourceArn=self._arn, DestinationArn=self._source["QueueArn"], MaxNumberOfMessagesPerSecond=rate
            )
        return str(started["TaskHandle"])

    def cancel_move(self, handle: str) -> None:
        """Cancel a task of ours. It may have ended already."""
        with suppress(StoreUnavailable), translate_errors("CancelMessageMoveTask"):
            self._sqs.cancel_message_move_task(TaskHandle=handle)

    @contextmanager
    def receive(self, most: int, seconds: int = _HIDDEN_SECONDS) -> Iterator[Iterator[Letter]]:
        """Receive up to `most` messages; those that are not deleted are made visible again, also after an error.

        If the process is killed, SQS makes them visible after `seconds`.
        """
        held: dict[str, Letter] = {}
        try:
            yield self._received(held, most, seconds)
        finally:
            self._show(held.values())

    def look(self, most: int) -> list[Letter]:
        """Return up to `most` messages, oldest first, as many as can be read in 15 seconds.

        Empty while a task moves them: the task would take hidden messages for gone and end too early.
        """
        if self.running_move():
            return []
        deadline = time.monotonic() + _LOOK_SECONDS
        with self.receive(most) as letters:
            seen = takewhile(lambda _: time.monotonic() < deadline, letters)
            return sorted(seen, key=lambda letter: letter.sent_at)

    def delete(self, letter: Letter) -> None:
        """Delete a message for good."""
        with translate_errors("DeleteMessage"):
            self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=letter.receipt_handle)

    def _received(self, held: dict[str, Letter], most: int, seconds: int) -> Iterator[Letter]:
        expected = self.count().visible
        while len(held) < most:
            with translate_errors("ReceiveMessage"):
                answer = self._sqs.receive_message(
                    QueueUrl=self.url,
                    MaxNumberOfMessages=min(_MOST, most - len(held)),
                    VisibilityTimeout=seconds,
                    # Only a call that waits asks every server of SQS.
                    WaitTimeSeconds=int(len(held) < expected),
                    MessageSystemAttributeNames=["All"],
                )
            received = [self._letter(message) for message in answer.get("Messages", [])]
            if not received:
                return
            fresh = [letter for letter in received if letter.message_id not in held]
            held |= {letter.message_id: letter for letter in received}
            yield from fresh

    def _letter(self, message: Mapping[str, Any]) -> Letter:
        attributes = message["Attributes"]
        wake, poison = None, ""
        try:
            wake = WakeUp.of(message["Body"])
        except PoisonError as error:
            poison = str(error)
        by_queue = "DeadLetterQueueSourceArn" in attributes
        return Letter(
            queue=self.queue,
            message_id=message["MessageId"],
            receipt_handle=message["ReceiptHandle"],
            body=message["Body"],
            sent_at=datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC),
            received=int(attributes["ApproximateReceiveCount"]),
            gave_up=self._tries if by_queue else 0,
            wake=wake,
            poison=poison,
        )

    def _show(self, letters: Iterable[Letter]) -> None:
        """Make messages visible again. If that fails, SQS does it after the visibility timeout."""
        for some in batched(letters, _MOST):
            entries = [
                {"Id": str(number), "ReceiptHandle": letter.receipt_handle, "VisibilityTimeout": 0}
                for number, letter in enumerate(some)
            ]
            with suppress(StoreUnavailable), translate_errors("ChangeMessageVisibility"):
                self._sqs.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)

    @cached_property
    def _arn(self) -> str:
        return self._attributes(self.url, "QueueArn")["QueueArn"]

    @cached_property
    def _source(self) -> Mapping[str, str]:
        return self._attributes(self.source_url, "QueueArn", "RedrivePolicy")

    @cached_property
    def _tries(self) -> int:
        policy = json.loads(self._source.get("RedrivePolicy", "{}"))
        return int(policy.get("maxReceiveCount", 0))

    def _attributes(self, url: str, *names: str) -> Mapping[str, str]:
        with translate_errors("GetQueueAttributes"):
            found: Mapping[str, str] = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))[
                "Attributes"
            ]
        return found


def look_into(queues: Sequence[DeadLetters], most: int) -> list[list[Letter]]:
    """Look into several queues at once: the messages of each, up to `most`."""
    with ThreadPoolExecutor(len(QUEUES)) as pool:
        return list(pool.map(lambda dead: dead.look(most), queues))


def by_company(context: CommandContext) -> Counter[str]:
    """Number of visible dead letters per company.

    Queues that SQS counts as empty are skipped: every list of companies calls this.
    """
    filled = [dead for dead in (DeadLetters(context, queue) for queue in QUEUES) if dead.count().visible]
    letters = [letter for found in look_into(filled, _GLANCE) for letter in found]
    return Counter(letter.connection_id for letter in letters if letter.connection_id)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a message is dead; `at` is when the worker noted it, UTC, None for a present state of the company."""

    text: str
    at: datetime | None = None


class Causes:
    """Finds causes; reads each company once."""

    def __init__(self, context: CommandContext) -> None:
        self.connection = cache(context.connections.get)
        self._last = cache(Failures(context.stack["LedgerTable"]).last)

    def name(self, connection_id: str) -> str:
        """The company's name, "" if unknown or deleted."""
        connection = self.connection(connection_id) if connection_id else None
        return connection.company_name if connection else ""

    def of(self, letter: Letter) -> Cause:
        """Why the worker could not process this message."""
        if letter.poison:
            return Cause(f"poisoned: {letter.poison}")
        connection = self.connection(letter.connection_id)
        failure = self._last(letter.connection_id, letter.queue) if connection else None
        return cause_of(letter.queue, connection, failure)


def cause_of(queue: str, connection: Connection | None, failure: Failure | None) -> Cause:
    """Choose the cause: the company's present state explains more than a failure noted earlier."""
    if connection is None:
        return Cause("company unknown: its data was deleted")
    if connection.status is Status.DISCONNECTED:
        return Cause("disconnected")
    if connection.hold:
        return Cause(f"held: {connection.hold}")
    if failure:
        return Cause(failure.cause, failure.at)
    if queue == SYNC and connection.sync_error:
        since = datetime.fromisoformat(connection.failing_since) if connection.failing_since else None
        return Cause(f"syncs fail: {connection.sync_error}", since)
    return Cause(UNKNOWN)
