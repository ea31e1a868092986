"""Moving dead letters: SQS's own task for a whole queue, a new wake-up for chosen companies.

A dead letter says only which company to wake. For chosen letters the company's wake-up is sent first and the letters
are deleted after it. After a crash in between, the next redrive sends the wake-up again: a FIFO queue drops it within
five minutes, later it wakes a worker that finds nothing to do. SQS runs one task per queue and goes on if we crash.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ops.context import CommandContext
from ops.dead_letters import EVERY, MOVING, DeadLetters, Letter
from shared.aws.failures import EXPORT, FEED
from shared.aws.quarantine import Quarantine
from shared.errors import StoreUnavailable

# More than the slowest rate needs for the messages of one receive.
_HIDDEN_SECONDS = 120
# A look of another operator hides messages for 20 seconds.
_HIDDEN_BY_OTHERS_SECONDS = 25.0
_POLL_SECONDS = 0.3
_STARTS = 3

type OnProgress = Callable[[int, int], None]
"""Called with the number of messages that are done, and of all."""


@dataclass(slots=True)
class Tally:
    """What became of one queue's dead letters, counted as it happens, so that it is true after an interruption.

    - `expected`: messages seen before; `left`: messages that are still there
    - `moved`: by us; `by_others`: by a task that another operator started at `running_since`
    - `quarantined`: unreadable messages
    - `failed`: why SQS stopped, "" if it did not
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
    def done(self) -> int:
        """Messages that are no longer in the queue."""
        return self.moved + self.by_others + self.quarantined

    @property
    def missing(self) -> int:
        """Expected messages that are not done yet."""
        return max(0, self.expected - self.done)

    def note_other(self, task: Mapping[str, Any]) -> None:
        """Note that another operator's task is running."""
        self.running_since = datetime.fromtimestamp(task["StartedTimestamp"] / 1000, UTC)


class Mover:
    """Moves the messages of one dead-letter queue, at most `rate` per second. Methods raise StoreUnavailable."""

    def __init__(self, dead: DeadLetters, tally: Tally, *, rate: int, on_progress: OnProgress) -> None:
        self._dead = dead
        self._tally = tally
        self._rate = rate
        self._on_progress = on_progress

    def wake_chosen(self, context: CommandContext, is_chosen: Callable[[Letter], bool]) -> None:
        """Wake the companies of the chosen letters, then delete the letters; quarantine unreadable ones."""
        quarantine, tally, woken = Quarantine(context.stack["LedgerTable"]), self._tally, set()
        with self._dead.receive(EVERY, _HIDDEN_SECONDS) as letters:
            for letter in filter(is_chosen, letters):
                began = time.monotonic()
                if letter.wake is None:
                    quarantine.store(letter.queue, letter.message_id, letter.body, letter.poison, letter.received)
                elif letter.wake not in woken:
                    wake(context, letter)
                    woken.add(letter.wake)
                self._dead.delete(letter)
                tally.moved += letter.wake is not None
                tally.quarantined += letter.wake is None
                self._on_progress(tally.done, tally.expected)
                time.sleep(max(0.0, 1 / self._rate - (time.monotonic() - began)))

    def move_all(self) -> None:
        """Have SQS move all messages; a running task of another operator is left alone and followed instead.

        Repeat until all expected messages are moved or none is left: another operator's look hides some for a moment.
        """
        tally, refused, started = self._tally, 0, False
        deadline = time.monotonic() + _HIDDEN_BY_OTHERS_SECONDS
        while time.monotonic() < deadline:
            done = tally.done
            if other := self._dead.running_move():
                tally.note_other(other)
                self._follow(other["StartedTimestamp"], ours=False)
            elif self._dead.count().visible or not started:
                try:
                    self._move()
                    started = True
                except StoreUnavailable:  # another operator was faster, or SQS refuses
                    refused += 1
                    if refused == _STARTS:
                        raise
            if tally.failed or not tally.missing or not self._dead.count().total:
                return
            if tally.done > done:
                deadline = time.monotonic() + _HIDDEN_BY_OTHERS_SECONDS
            time.sleep(_POLL_SECONDS)

    def _move(self) -> None:
        """Start a task and follow it to its end; cancel it if the operator interrupts."""
        earlier = self._dead.newest_move().get("StartedTimestamp")
        handle = self._dead.start_move(self._rate)
        moved = self._tally.moved

        try:
            self._follow(earlier, ours=True)
        except KeyboardInterrupt:
            self._dead.cancel_move(handle)
            self._tally.moved = moved
            self._follow(earlier, ours=True)
            raise

    def _follow(self, started: object, *, ours: bool) -> None:
        """Count what a task moves until it has ended: another operator's that `started` then, or ours that came after.

        SQS may list a task of ours late.
        """
        tally, moved, by_others = self._tally, self._tally.moved, self._tally.by_others
        while True:
            task = self._dead.newest_move()
            if (task.get("StartedTimestamp") == started) is not ours:
                count = int(task.get("ApproximateNumberOfMessagesMoved", 0))
                tally.moved, tally.by_others = (moved + count, by_others) if ours else (moved, by_others + count)
                self._on_progress(tally.done, int(task.get("ApproximateNumberOfMessagesToMove", count)))
                if task["Status"] not in MOVING:
                    break
            elif not ours:
                return  # it has ended, and another task began
            time.sleep(_POLL_SECONDS)
        if task["Status"] == "FAILED":
            tally.failed = str(task.get("FailureReason", "unknown"))
        if task["Status"] == "CANCELLED":
            tally.failed = "cancelled by an operator"


def wake(context: CommandContext, letter: Letter) -> None:
    """Send the company's wake-up, with the requests of a sync, to the queue of its worker."""
    if letter.queue == FEED:
        context.feed_queue.wake(letter.connection_id, f"redrive.{letter.message_id}")
    elif letter.queue == EXPORT:
        context.export_queue.wake(letter.connection_id, f"redrive.{letter.message_id}")
    else:
        context.sync_queue.request_sync(letter.connection_id, *letter.requests)
