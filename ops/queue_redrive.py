"""Redrive of one dead-letter queue: SQS's own task for all of it, a new wake-up for chosen companies.

A dead letter says only which company to wake. For chosen letters the company's wake-up is sent first and the letters
are deleted after it. After a crash in between, the next redrive sends the wake-up again: a FIFO queue drops it within
five minutes, later it wakes a worker that finds nothing to do. SQS runs one task per queue and goes on if we crash.
"""

import time
from collections.abc import Callable, Sequence
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


class QueueRedrive:
    """One queue's redrive, at most `rate` messages per second; its counts are true also after an interruption.

    - `expected`: messages seen before; `left`: messages that are still there
    - `moved`: by us; `by_others`: by a task that another operator started at `running_since`
    - `quarantined`: unreadable messages
    - `failed`: why SQS stopped, "" if it did not
    """

    def __init__(self, dead: DeadLetters, letters: Sequence[Letter], *, rate: int) -> None:
        self._dead = dead
        self._letters = letters
        self._rate = rate
        self._on_progress: OnProgress = lambda _done, _all: None
        self.queue = dead.queue
        self.expected = self.left = len(letters)
        self.moved = self.by_others = self.quarantined = 0
        self.running_since: datetime | None = None
        self.failed = ""

    @property
    def done(self) -> int:
        """Messages that are no longer in the queue."""
        return self.moved + self.by_others + self.quarantined

    def run(self, context: CommandContext, is_chosen: Callable[[Letter], bool] | None, on_progress: OnProgress) -> None:
        """Redrive the chosen letters, or all of them if none are chosen. Raises StoreUnavailable."""
        self._on_progress = on_progress
        there, running = self._dead.count(), self._dead.running_move()
        if running:
            self.running_since = datetime.fromtimestamp(running["StartedTimestamp"] / 1000, UTC)
        if is_chosen is None and not self._letters:
            # Messages that a look does not show are being looked at or moved by another operator.
            self.expected = self.left = there.in_flight
        if self._letters and not running and (is_chosen or any(letter.poison for letter in self._letters)):
            self._wake(context, is_chosen or bool)
        elif is_chosen is None and (running or self._letters or there.total):
            self._move_all()
        if self.done < self.expected or running:
            seen = filter(is_chosen, self._dead.look(EVERY))
            self.left = self._dead.count().total if self._dead.running_move() else len(list(seen))

    def _count(self, total: int) -> None:
        self.left = max(0, self.expected - self.done)
        self._on_progress(self.done, total)

    def _wake(self, context: CommandContext, is_chosen: Callable[[Letter], bool]) -> None:
        """Wake the companies of the chosen letters, then delete the letters; quarantine unreadable ones."""
        quarantine, woken = Quarantine(context.stack["LedgerTable"]), set()
        with self._dead.receive(EVERY, _HIDDEN_SECONDS) as letters:
            for letter in filter(is_chosen, letters):
                began = time.monotonic()
                if letter.wake is None:
                    quarantine.store(letter.queue, letter.message_id, letter.body, letter.poison, letter.received)
                elif letter.wake not in woken:
                    wake(context, letter)
                    woken.add(letter.wake)
                self._dead.delete(letter)
                self.moved += letter.wake is not None
                self.quarantined += letter.wake is None
                self._count(self.expected)
                time.sleep(max(0.0, 1 / self._rate - (time.monotonic() - began)))

    def _move_all(self) -> None:
        """Have SQS move all messages; a running task of another operator is left alone and followed instead.

        Repeat until all expected messages are moved or none is left: another operator's look hides some for a moment.
        """
        refused, started = 0, False
        deadline = time.monotonic() + _HIDDEN_BY_OTHERS_SECONDS
        while time.monotonic() < deadline:
            done = self.done
            if other := self._dead.running_move():
                self.running_since = datetime.fromtimestamp(other["StartedTimestamp"] / 1000, UTC)
                self._follow(other["StartedTimestamp"], ours=False)
            elif self._dead.count().visible or not started:
                try:
                    self._move()
                    started = True
                except StoreUnavailable:  # another operator was faster, or SQS refuses
                    refused += 1
                    if refused == _STARTS:
                        raise
            if self.failed or self.done >= self.expected or not self._dead.count().total:
                return
            if self.done > done:
                deadline = time.monotonic() + _HIDDEN_BY_OTHERS_SECONDS
            time.sleep(_POLL_SECONDS)

    def _move(self) -> None:
        """Start a task and follow it to its end; cancel it if the operator interrupts."""
        earlier, moved = self._dead.newest_move().get("StartedTimestamp"), self.moved
        handle = self._dead.start_move(self._rate)
        try:
            self._follow(earlier, ours=True)
        except KeyboardInterrupt:
            self._dead.cancel_move(handle)
            self.moved = moved
            self._follow(earlier, ours=True)
            raise

    def _follow(self, started: Any, *, ours: bool) -> None:
        """Count what a task moves until it has ended: another operator's that `started` then, or ours that came after.

        SQS may list a task of ours late.
        """
        moved, by_others = self.moved, self.by_others
        while True:
            task = self._dead.newest_move()
            if (task.get("StartedTimestamp") == started) is not ours:
                count = int(task.get("ApproximateNumberOfMessagesMoved", 0))
                self.moved, self.by_others = (moved + count, by_others) if ours else (moved, by_others + count)
                self._count(int(task.get("ApproximateNumberOfMessagesToMove", count)))
                if task["Status"] not in MOVING:
                    break
            elif not ours:
                return  # it has ended, and another task began
            time.sleep(_POLL_SECONDS)
        if task["Status"] == "FAILED":
            self.failed = str(task.get("FailureReason", "unknown"))
        if task["Status"] == "CANCELLED":
            self.failed = "cancelled by an operator"


def wake(context: CommandContext, letter: Letter) -> None:
    """Send the company's wake-up, with the requests of a sync, to the queue of its worker."""
    if letter.queue == FEED:
        context.feed_queue.wake(letter.connection_id, f"redrive.{letter.message_id}")
    elif letter.queue == EXPORT:
        context.export_queue.wake(letter.connection_id, f"redrive.{letter.message_id}")
    else:
        context.sync_queue.request_sync(letter.connection_id, *letter.requests)
