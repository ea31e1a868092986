"""Read the dead-letter queues without consuming them, and find the cause of each message.

- Receiving hides a message from other readers, so it is made visible again within seconds.
- SQS returns at most ten messages of a FIFO group (a company) at a time. That is enough: all wake-ups of a company say
  the same.
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
from shared.aws.failures import EXPORT, FEED, SYNC, Failure
from shared.aws.queues import PoisonError, WakeUp
from shared.domain.syncing.requests import SyncRequest
from shared.errors import StoreUnavailable

QUEUES = {FEED: "FeedQueue", EXPORT: "ExportQueue", SYNC: "SyncQueue"}
_HIDDEN_SECONDS = 20
_LOOK_SECONDS = 15
_MOST = 10  # messages per call
_GLANCE = 500
EVERY = 1_000_000
MOVING = ("RUNNING", "CANCELLING")
UNKNOWN = "unknown: the worker left no note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message of a dead-letter queue.

    - `wake`: the parsed message; None if it is unreadable
    - `poison`: why it is unreadable, "" otherwise
    - `received`: receives since it was last sent, including those of operators' commands
    - `gave_up`: receives after which the queue moved it here; 0 if an operator moved it
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
        """The company that it names, "" if unreadable."""
        return self.wake.connection_id if self.wake else ""

    @property
    def requests(self) -> tuple[SyncRequest, ...]:
        """Requests of a sync beyond its schedule."""
        return tuple(sorted(self.wake.requests)) if self.wake else ()


@dataclass(frozen=True, slots=True)
class Count:
    """Number of messages. SQS's estimate is up to a minute old."""

    visible: int
    in_flight: int

    @property
    def total(self) -> int:
        """Visible and hidden messages."""
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
        """Return the number of messages."""
        found = self._attributes(self.url, "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return Count(int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"]))

    def newest_move(self) -> Mapping[str, Any]:
        """Return the newest SQS task that moves this queue's messages, of any operator; empty if there is none."""
        with translate_errors("ListMessageMoveTasks"):
            tasks: list[Mapping[str, Any]] = self._sqs.list_message_move_tasks(SourceArn=self._arn)["Results"]
        return tasks[0] if tasks else {}

    def running_move(self) -> Mapping[str, Any]:
        """Return the task that is moving this queue's messages now; empty if there is none."""
        task = self.newest_move()
        return task if task.get("Status") in MOVING else {}

    def start_move(self, rate: int) -> str:
        """Start the SQS task that moves all messages back to their queue; return its handle.

        `rate`: at most this many messages per second.
        """
        with translate_errors("StartMessageMoveTask"):
            # The destination is required: SQS does not know the source of a message that an operator moved here.
            started = self._sqs.start_message_move_task(
                SourceArn=self._arn, DestinationArn=self._source["QueueArn"], MaxNumberOfMessagesPerSecond=rate
            )
        return str(started["TaskHandle"])

    def cancel_move(self, handle: str) -> None:
        """Cancel a task that this command started. Ignore the error if it has already ended."""
        with suppress(StoreUnavailable), translate_errors("CancelMessageMoveTask"):
            self._sqs.cancel_message_move_task(TaskHandle=handle)

    @contextmanager
    def receive(self, most: int, seconds: int = _HIDDEN_SECONDS) -> Iterator[Iterator[Letter]]:
        """Receive up to `most` messages. On exit, also after an error, make undeleted ones visible again.

        If the process is killed, SQS makes them visible after `seconds`.
        """
        held: dict[str, Letter] = {}
        try:
            yield self._received(held, most, seconds)
        finally:
            self._show(held.values())

    def look(self, most: int) -> list[Letter]:
        """Return up to `most` messages, oldest first. Stop reading after 15 seconds.

        Return nothing while a task moves them: it would not see the hidden messages and end too early.
        """
        if self.running_move():
            return []
        deadline = time.monotonic() + _LOOK_SECONDS
        with self.receive(most) as letters:
            seen = takewhile(lambda _: time.monotonic() < deadline, letters)
            return sorted(seen, key=lambda letter: letter.sent_at)

    def delete(self, letter: Letter) -> None:
        """Delete a message permanently."""
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
                    # Only long polling asks all SQS servers.
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
        """Make messages visible again. If the call fails, SQS does so after the visibility timeout."""
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
    """Read several queues concurrently; return up to `most` messages of each."""
    with ThreadPoolExecutor(len(QUEUES)) as pool:
        return list(pool.map(lambda dead: dead.look(most), queues))


def by_company(context: CommandContext) -> Counter[str]:
    """Return the number of visible dead letters per company.

    Skip queues that SQS counts as empty, because every list of companies calls this.
    """
    filled = [dead for dead in (DeadLetters(context, queue) for queue in QUEUES) if dead.count().visible]
    letters = [letter for found in look_into(filled, _GLANCE) for letter in found]
    return Counter(letter.connection_id for letter in letters if letter.connection_id)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a message is dead.

    `at`: when the worker recorded it (UTC); None for the company's current state.
    """

    text: str
    at: datetime | None = None


class Causes:
    """Find the causes of dead letters. Each company is read once."""

    def __init__(self, context: CommandContext) -> None:
        self.connection = cache(context.stores.connections.get)
        self._last = cache(context.stores.failures.last)

    def name(self, connection_id: str) -> str:
        """Return the company's name, or "" if it is unknown or deleted."""
        connection = self.connection(connection_id) if connection_id else None
        return connection.company_name if connection else ""

    def of(self, letter: Letter) -> Cause:
        """Return why the worker could not process this message."""
        if letter.poison:
            return Cause(f"poisoned: {letter.poison}")
        connection = self.connection(letter.connection_id)
        failure = self._last(letter.connection_id, letter.queue) if connection else None
        return cause_of(letter.queue, connection, failure)


def cause_of(queue: str, connection: Connection | None, failure: Failure | None) -> Cause:
    """Choose the cause. The company's current state takes precedence over an earlier failure."""
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
