"""Moving dead letters back to their queues: SQS's own move task for all of them, one by one where only some should.

What if this dies right here? A move task is SQS's and goes on. A message that was sent back and not deleted yet is sent
again by the next redrive, which in a FIFO queue is dropped within five minutes and later wakes a company that has
nothing to do. Two operators at once: SQS runs one task per queue, and shows a message to one of them.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ops.dead_letters import MOVING, DeadLetters, Letter
from shared.aws.clients import client, translate_errors
from shared.aws.quarantine import Quarantine
from shared.errors import StoreUnavailable

# Longer than the slowest pace needs for the messages of one call.
_HIDDEN_SECONDS = 120
# Whoever looks at messages hides them for 20 seconds.
_PATIENCE = 25.0
_POLL_SECONDS = 0.3
_STARTS = 3
EVERY = 1_000_000

type Told = Callable[[int, int], None]
"""Is told how many of how many messages were moved."""


@dataclass(slots=True)
class Tally:
    """What became of one queue's dead letters, counted as it happens: it is right whenever somebody interrupts.

    `expected` messages were seen before; `moved` by us, `by_others` by a task that another operator had started (at
    `running_since`), `quarantined` poison; `left` are still there. `failed` is why SQS stopped, if it did.
    """

    queue: str
    expected: int = 0
    moved: int = 0
    by_others: int = 0
    quarantined: int = 0
    left: int = 0
    running_since: datetime | None = None
    failed: str = ""

    @property
    def touched(self) -> int:
        """How many messages are no longer where they were."""
        return self.moved + self.by_others + self.quarantined

    @property
    def missing(self) -> int:
        """How many of the expected messages we know nothing of yet."""
        return max(0, self.expected - self.touched)


class Mover:
    """Moves the messages of one dead-letter queue, at most `rate` a second. Methods raise StoreUnavailable."""

    def __init__(self, dead: DeadLetters, tally: Tally, *, rate: int, told: Told) -> None:
        self._dead = dead
        self._tally = tally
        self._rate = rate
        self._told = told
        self._sqs = client("sqs")

    def some(self, wanted: Callable[[Letter], bool], quarantine: Quarantine) -> None:
        """Send back the messages that are wanted, one by one; poison among them goes into quarantine instead."""
        tally = self._tally
        with self._dead.taken(EVERY, _HIDDEN_SECONDS) as letters:
            for letter in letters:
                if not wanted(letter):
                    continue
                began = time.monotonic()
                if letter.poison:
                    quarantine.store(letter.queue, letter.message_id, letter.body, letter.poison, letter.received)
                    self._dead.delete(letter)
                    tally.quarantined += 1
                else:
                    self._dead.send_back(letter)
                    self._dead.delete(letter)
                    tally.moved += 1
                self._told(tally.touched, tally.expected)
                time.sleep(max(0.0, 1 / self._rate - (time.monotonic() - began)))

    def all(self) -> None:
        """Have SQS move everything; a task that is running already is watched to its end instead.

        Until all that are expected were moved or nothing is left: whoever looks at messages hides them for a moment.
        """
        deadline = time.monotonic() + _PATIENCE
        tally, refused, started = self._tally, 0, False
        while time.monotonic() < deadline and refused < _STARTS:
            before = tally.touched
            if task := self._dead.move_under_way():
                self._watch(task, ours=False)
            elif self._dead.count().visible or not started:
                try:
                    self._watch(self._start(), ours=True)
                    started = True
                except StoreUnavailable:
                    # Somebody was faster, or it must not be.
                    refused += 1
                    if refused == _STARTS:
                        raise
            if tally.failed or not tally.missing or not self._dead.count().total:
                return
            if tally.touched > before:
                deadline = time.monotonic() + _PATIENCE
            time.sleep(_POLL_SECONDS)

    def _start(self) -> Mapping[str, Any]:
        before = self._dead.newest_move() or {}
        source, destination = self._dead.arns
        with translate_errors("StartMessageMoveTask"):
            # The destination by name: SQS does not know where a message came from that somebody put here.
            handle = self._sqs.start_message_move_task(
                SourceArn=source, DestinationArn=destination, MaxNumberOfMessagesPerSecond=self._rate
            )["TaskHandle"]
        return {"TaskHandle": handle, "Status": "RUNNING", "after": before.get("StartedTimestamp")}

    def _watch(self, task: Mapping[str, Any], *, ours: bool) -> None:
        """Follow a task to its end and count what it moved. Interrupted, our own is cancelled."""
        tally, started = self._tally, task.get("StartedTimestamp")
        if started:
            tally.running_since = datetime.fromtimestamp(started / 1000, UTC)
        earlier = tally.moved if ours else tally.by_others
        try:
            seen = self._followed(task, earlier, ours=ours)
        except KeyboardInterrupt:
            if ours:
                with suppress(StoreUnavailable), translate_errors("CancelMessageMoveTask"):  # it may be over already
                    self._sqs.cancel_message_move_task(TaskHandle=task["TaskHandle"])
                self._followed(task, earlier, ours=True)
            raise
        if seen["Status"] == "FAILED":
            tally.failed = str(seen.get("FailureReason", "unknown"))
        if seen["Status"] == "CANCELLED":
            tally.failed = "cancelled by somebody"

    def _followed(self, task: Mapping[str, Any], earlier: int, *, ours: bool) -> Mapping[str, Any]:
        """The task as it was when it ended; what it has moved is counted all the while, onto what was `earlier`."""
        seen = task
        while seen["Status"] in MOVING:
            newest = self._dead.newest_move() or task
            if not ours and newest.get("StartedTimestamp") != task["StartedTimestamp"]:
                return {"Status": "COMPLETED"}  # and somebody has begun another one
            # What SQS does not list yet has not moved anything yet.
            seen = newest if not ours or newest.get("StartedTimestamp") != task["after"] else task
            moved = int(seen.get("ApproximateNumberOfMessagesMoved", 0))
            self._count(earlier + moved, ours=ours)
            self._told(self._tally.touched, int(seen.get("ApproximateNumberOfMessagesToMove", moved)))
            if seen["Status"] in MOVING:
                time.sleep(_POLL_SECONDS)
        return seen

    def _count(self, moved: int, *, ours: bool) -> None:
        if ours:
            self._tally.moved = moved
        else:
            self._tally.by_others = moved
