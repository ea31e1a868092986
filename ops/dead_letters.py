"""What lies in the dead-letter queues, read without consuming it.

SQS shows a message only to who receives it, and hides it meanwhile: a look takes messages for some seconds and gives
them back. Of one group of a FIFO queue (a company) no more than ten are shown to a look, so a company with more dead
wake-ups than that is seen in part, which does no harm: they all say the same.
"""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import batched, takewhile
from typing import Any

from ops.desk import Desk
from shared.aws.clients import client, translated
from shared.aws.failures import EXPORT, FEED, SYNC
from shared.aws.queues import PoisonError, Wake
from shared.errors import StoreUnavailable

QUEUES = {FEED: "FeedQueue", EXPORT: "ExportQueue", SYNC: "SyncQueue"}
_HIDDEN_SECONDS = 20
_LOOK_SECONDS = 15
_MOST = 10  # messages in one call
_GLANCE = 500
MOVING = ("RUNNING", "CANCELLING")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message of a dead-letter queue.

    `wake` is what it says, None with the reason in `poison` if nobody can work on it. `received` counts everybody who
    took it since it was sent last, workers and looks of support. `gave_up` is after how many receives the queue moved
    it here, 0 for one that somebody put here. `sent_at` is UTC.
    """

    queue: str
    message_id: str
    receipt_handle: str = field(repr=False)
    body: str
    group: str
    sent_at: datetime
    received: int
    gave_up: int
    wake: Wake | None
    poison: str = ""

    @property
    def connection_id(self) -> str:
        """Whom it would wake, "" if that cannot be known."""
        return self.wake.connection_id if self.wake else ""

    @property
    def wishes(self) -> tuple[str, ...]:
        """What somebody asked of the company's turn beyond the usual."""
        return tuple(sorted(self.wake.wishes)) if self.wake else ()


@dataclass(frozen=True, slots=True)
class Count:
    """How many messages there are, as SQS estimates it: it may be a minute behind."""

    visible: int
    in_flight: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.visible + self.in_flight


class DeadLetters:
    """One queue's dead-letter queue. Every method raises StoreUnavailable when AWS does not do what was asked."""

    def __init__(self, desk: Desk, queue: str) -> None:
        name = QUEUES[queue]
        self.queue = queue
        self.url = desk.stack[name.replace("Queue", "DeadLetterQueue")]
        self.source_url = desk.stack[name]
        self._sqs = client("sqs")

    @cached_property
    def arns(self) -> tuple[str, str]:
        """The dead-letter queue's ARN and its source queue's."""
        return self._attributes(self.url, "QueueArn")["QueueArn"], self._source["QueueArn"]

    def count(self) -> Count:
        """How many messages there are."""
        found = self._attributes(self.url, "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return Count(int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"]))

    def newest_move(self) -> Mapping[str, Any] | None:
        """The newest of SQS's tasks that move this queue's messages, running or over, whoever started it."""
        with translated("ListMessageMoveTasks"):
            tasks: list[Mapping[str, Any]] = self._sqs.list_message_move_tasks(SourceArn=self.arns[0])["Results"]
        return tasks[0] if tasks else None

    def move_under_way(self) -> Mapping[str, Any] | None:
        """The task that is moving this queue's messages right now."""
        task = self.newest_move()
        return task if task and task["Status"] in MOVING else None

    @contextmanager
    def taken(self, most: int, seconds: int = _HIDDEN_SECONDS) -> Iterator[Iterator[Letter]]:
        """Receive up to `most` messages; whichever is not deleted meanwhile is visible again afterwards.

        Whatever ends the block: an error, Ctrl-C. A killed process gives them back after `seconds`.
        """
        held: dict[str, Letter] = {}
        try:
            yield self._received(held, most, seconds)
        finally:
            self._show(held.values())

    def look(self, most: int) -> list[Letter]:
        """The messages that can be seen, up to `most` and as many as can be read before the first ones come again.

        None are looked at while somebody's task moves them: it would take those for gone and end too early.
        """
        if self.move_under_way():
            return []
        deadline = time.monotonic() + _LOOK_SECONDS
        with self.taken(most) as letters:
            seen = takewhile(lambda _: time.monotonic() < deadline, letters)
            return sorted(seen, key=lambda letter: letter.sent_at)

    def delete(self, letter: Letter) -> None:
        """Take a message out for good."""
        with translated("DeleteMessage"):
            self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=letter.receipt_handle)

    def send_back(self, letter: Letter) -> None:
        """Send a message to the queue it came from, word for word; twice within five minutes is once in a FIFO queue.

        Later than that it is a second wake-up, which finds nothing to do.
        """
        fifo = {"MessageGroupId": letter.group, "MessageDeduplicationId": f"redrive.{letter.message_id}"}
        with translated("SendMessage"):
            self._sqs.send_message(QueueUrl=self.source_url, MessageBody=letter.body, **(fifo if letter.group else {}))

    def _received(self, held: dict[str, Letter], most: int, seconds: int) -> Iterator[Letter]:
        expected = self.count().visible
        while len(held) < most:
            with translated("ReceiveMessage"):
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
            wake = Wake.of(message["Body"])
        except PoisonError as error:
            poison = str(error)
        given_up = "DeadLetterQueueSourceArn" in attributes
        return Letter(
            queue=self.queue,
            message_id=message["MessageId"],
            receipt_handle=message["ReceiptHandle"],
            body=message["Body"],
            group=attributes.get("MessageGroupId", ""),
            sent_at=datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC),
            received=int(attributes["ApproximateReceiveCount"]),
            gave_up=self._tries if given_up else 0,
            wake=wake,
            poison=poison,
        )

    def _show(self, letters: Iterable[Letter]) -> None:
        """Make messages visible again. What fails shows itself after its seconds."""
        for some in batched(letters, _MOST):
            entries = [
                {"Id": str(number), "ReceiptHandle": letter.receipt_handle, "VisibilityTimeout": 0}
                for number, letter in enumerate(some)
            ]
            with suppress(StoreUnavailable), translated("ChangeMessageVisibility"):
                self._sqs.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)

    @cached_property
    def _source(self) -> Mapping[str, str]:
        return self._attributes(self.source_url, "QueueArn", "RedrivePolicy")

    @cached_property
    def _tries(self) -> int:
        policy = json.loads(self._source.get("RedrivePolicy", "{}"))
        return int(policy.get("maxReceiveCount", 0))

    def _attributes(self, url: str, *names: str) -> Mapping[str, str]:
        with translated("GetQueueAttributes"):
            found: Mapping[str, str] = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))[
                "Attributes"
            ]
        return found


def look_into(queues: Sequence[DeadLetters], most: int) -> list[list[Letter]]:
    """Look into several queues at once: the messages of each, up to `most`."""
    with ThreadPoolExecutor(len(QUEUES)) as pool:
        return list(pool.map(lambda dead: dead.look(most), queues))


def by_company(desk: Desk) -> Counter[str]:
    """How many messages of each company lie in dead-letter queues, as far as a look shows them.

    Queues that SQS counts as empty are not looked into: this is asked for with every list of companies.
    """
    filled = [dead for dead in (DeadLetters(desk, queue) for queue in QUEUES) if dead.count().visible]
    letters = [letter for found in look_into(filled, _GLANCE) for letter in found]
    return Counter(letter.connection_id for letter in letters if letter.connection_id)
