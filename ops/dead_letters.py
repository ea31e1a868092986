"""The dead-letter queues: look without consuming, find causes, delete messages, have SQS move them back.

- Receiving hides a message from other readers, so it is made visible again within seconds.
- SQS returns at most ten messages of a FIFO group (a company) at a time. That is enough: all wake-ups of a company say
  the same.
"""

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from itertools import batched
from typing import Any, Literal, NamedTuple

from ops.context import CommandContext
from shared.aws.clients import client, translate_errors
from shared.aws.connections import Status
from shared.aws.failures import EXPORT, FEED, SYNC
from shared.aws.queues import PoisonError, WakeUp
from shared.domain.syncing.requests import SyncRequest
from shared.errors import StoreUnavailable

QUEUES = {FEED: "FeedQueue", EXPORT: "ExportQueue", SYNC: "SyncQueue"}
Which = Literal["feed", "export", "sync", "all"]
EVERY = 1_000_000
# Longer than a redrive takes for the messages of one call, and than most take for all.
_HIDDEN_SECONDS = 120
_LOOK_SECONDS = 15
_POLL_SECONDS = 0.3
_PER_CALL = 10
_GLANCE = 500
_MOVING = ("RUNNING", "CANCELLING")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message of a dead-letter queue.

    - `wake`: the parsed message; None if it is unreadable
    - `poison`: why it is unreadable, "" otherwise
    - `received`: receives since it was last sent, including those of operators' commands
    - `gave_up`: receives after which the queue moved it here; 0 if an operator moved it
    """

    queue: str
    message_id: str
    receipt_handle: str = field(repr=False)
    sent_at: datetime
    received: int
    gave_up: int
    wake: WakeUp | None
    poison: str

    @property
    def connection_id(self) -> str:
        """The company that it names, "" if unreadable."""
        return self.wake.connection_id if self.wake else ""

    @property
    def requests(self) -> tuple[SyncRequest, ...]:
        """Requests of a sync beyond its schedule."""
        return tuple(sorted(self.wake.requests)) if self.wake else ()


class Count(NamedTuple):
    """Number of visible messages and of all messages. SQS's estimates are up to a minute old."""

    visible: int
    total: int


class DeadLetters:
    """The dead-letter queue of one queue. Every method raises StoreUnavailable if AWS fails."""

    def __init__(self, context: CommandContext, queue: str) -> None:
        name = QUEUES[queue]
        self.queue = queue
        self._url = context.stack[name.replace("Queue", "DeadLetterQueue")]
        self._source_url = context.stack[name]
        self._sqs = client("sqs")

    def count(self) -> Count:
        """Return the number of messages."""
        found = self._attributes(self._url)
        visible = int(found["ApproximateNumberOfMessages"])
        return Count(visible, visible + int(found["ApproximateNumberOfMessagesNotVisible"]))

    def look(self, most: int) -> list[Letter]:
        """Return up to `most` messages, oldest first. Stop reading after 15 seconds.

        Return nothing while a task moves them: it would not see the hidden messages and end too early.
        """
        seen: list[Letter] = []
        if not self.running_move():
            self.receive(seen.append, most, deadline=time.monotonic() + _LOOK_SECONDS)
        return sorted(seen, key=lambda letter: letter.sent_at)

    def receive(self, act: Callable[[Letter], None], most: int = EVERY, deadline: float = math.inf) -> None:
        """Receive up to `most` messages and act on each. Make them visible again, also after an error.

        If that fails or the process is killed, SQS does it after two minutes.
        """
        held: dict[str, Letter] = {}
        expected = self.count().visible
        try:
            while len(held) < most and time.monotonic() < deadline:
                with translate_errors("ReceiveMessage"):
                    answer = self._sqs.receive_message(
                        QueueUrl=self._url,
                        MaxNumberOfMessages=min(_PER_CALL, most - len(held)),
                        VisibilityTimeout=_HIDDEN_SECONDS,
                        # Only long polling asks all SQS servers.
                        WaitTimeSeconds=int(len(held) < expected),
                        MessageSystemAttributeNames=["All"],
                    )
                received = [self._letter(message) for message in answer.get("Messages", [])]
                fresh = [letter for letter in received if letter.message_id not in held]
                held |= {letter.message_id: letter for letter in received}
                for letter in fresh:
                    act(letter)
                if not fresh:
                    return
        finally:
            for some in batched(held.values(), _PER_CALL):
                entries = [
                    {"Id": str(number), "ReceiptHandle": letter.receipt_handle, "VisibilityTimeout": 0}
                    for number, letter in enumerate(some)
                ]
                with suppress(StoreUnavailable), translate_errors("ChangeMessageVisibility"):
                    self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    def delete(self, letter: Letter) -> None:
        """Delete a message that is being received."""
        with translate_errors("DeleteMessage"):
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=letter.receipt_handle)

    def running_move(self) -> Mapping[str, Any]:
        """Return the task that moves this queue's messages now, of any operator; empty if there is none."""
        task = self._newest_move()
        return task if task.get("Status") in _MOVING else {}

    def move(self, rate: int, on_moved: Callable[[int], None]) -> str:
        """Have SQS move all messages, at most `rate` per second; return why it stopped, "" if it did not.

        Call `on_moved` with SQS's count of moved messages. Ctrl-C cancels the task. If the process is killed, the task
        continues.
        """
        earlier = self._newest_move().get("StartedTimestamp")
        with translate_errors("StartMessageMoveTask"):
            # The destination is required: SQS does not know the source of a message that an operator moved here.
            started = self._sqs.start_message_move_task(
                SourceArn=self._arn, DestinationArn=self._source["QueueArn"], MaxNumberOfMessagesPerSecond=rate
            )
        try:
            return self._follow(earlier, on_moved)
        except KeyboardInterrupt:
            with suppress(StoreUnavailable), translate_errors("CancelMessageMoveTask"):  # it has ended already
                self._sqs.cancel_message_move_task(TaskHandle=started["TaskHandle"])
            self._follow(earlier, on_moved)
            raise

    def _follow(self, earlier: int | None, on_moved: Callable[[int], None]) -> str:
        """Follow the first task that did not start at `earlier` until it ends. SQS may list it late."""
        while True:
            task = self._newest_move()
            if task.get("StartedTimestamp") != earlier:
                on_moved(int(task.get("ApproximateNumberOfMessagesMoved", 0)))
                if task["Status"] not in _MOVING:
                    return (
                        ""
                        if task["Status"] == "COMPLETED"
                        else str(task.get("FailureReason") or task["Status"].lower())
                    )
            time.sleep(_POLL_SECONDS)

    def _newest_move(self) -> Mapping[str, Any]:
        with translate_errors("ListMessageMoveTasks"):
            tasks: list[Mapping[str, Any]] = self._sqs.list_message_move_tasks(SourceArn=self._arn)["Results"]
        return tasks[0] if tasks else {}

    def _letter(self, message: Mapping[str, Any]) -> Letter:
        attributes = message["Attributes"]
        wake, poison = None, ""
        try:
            wake = WakeUp.of(message["Body"])
        except PoisonError as error:
            poison = str(error)
        policy = json.loads(self._source.get("RedrivePolicy", "{}"))
        by_queue = "DeadLetterQueueSourceArn" in attributes
        return Letter(
            queue=self.queue,
            message_id=message["MessageId"],
            receipt_handle=message["ReceiptHandle"],
            sent_at=datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC),
            received=int(attributes["ApproximateReceiveCount"]),
            gave_up=int(policy.get("maxReceiveCount", 0)) if by_queue else 0,
            wake=wake,
            poison=poison,
        )

    @cached_property
    def _arn(self) -> str:
        return self._attributes(self._url)["QueueArn"]

    @cached_property
    def _source(self) -> Mapping[str, str]:
        return self._attributes(self._source_url)

    def _attributes(self, url: str) -> Mapping[str, str]:
        with translate_errors("GetQueueAttributes"):
            answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        attributes: Mapping[str, str] = answer["Attributes"]
        return attributes


def queues_of(context: CommandContext, which: Which) -> list[DeadLetters]:
    """Return one dead-letter queue or all of them."""
    return [DeadLetters(context, queue) for queue in QUEUES if which in {queue, "all"}]


def look_into(queues: Sequence[DeadLetters], most: int) -> list[list[Letter]]:
    """Read several queues concurrently; return up to `most` messages of each."""
    with ThreadPoolExecutor(len(QUEUES)) as pool:
        return list(pool.map(lambda dead: dead.look(most), queues))


def by_company(context: CommandContext) -> Counter[str]:
    """Return the number of visible dead letters per company.

    Skip queues that SQS counts as empty, because every list of companies calls this.
    """
    filled = [dead for dead in queues_of(context, "all") if dead.count().visible]
    return Counter(letter.connection_id for found in look_into(filled, _GLANCE) for letter in found if letter.wake)


class Causes:
    """Find the causes of dead letters. Each company is read once."""

    def __init__(self, context: CommandContext) -> None:
        self._connection = cache(context.stores.connections.get)
        self._last = cache(context.stores.failures.last)

    def name(self, connection_id: str) -> str:
        """Return the company's name, or "" if it is unknown or deleted."""
        connection = self._connection(connection_id) if connection_id else None
        return connection.company_name if connection else ""

    def of(self, letter: Letter) -> tuple[str, datetime | None]:
        """Return why a message is dead, and when the worker recorded that (UTC).

        The company's current state, which has no time, takes precedence over the worker's last failure.
        """
        connection = self._connection(letter.connection_id) if letter.wake else None
        if connection is None:
            return f"poisoned: {letter.poison}" if letter.poison else "company unknown: its data was deleted", None
        if connection.status is Status.DISCONNECTED:
            return "disconnected", None
        if connection.hold:
            return f"held: {connection.hold}", None
        if failure := self._last(letter.connection_id, letter.queue):
            return failure.cause, failure.at
        if letter.queue == SYNC and connection.sync_error:
            since = datetime.fromisoformat(connection.failing_since) if connection.failing_since else None
            return f"syncs fail: {connection.sync_error}", since
        return "unknown: the worker left no note", None
