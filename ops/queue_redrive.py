"""Redrive of one dead-letter queue.

- All messages: an SQS task moves them. SQS runs one task per queue. Crash of the command → the task continues.
- Chosen messages: send the company's wake-up, then delete the messages. A dead letter says only which company to wake.
  Crash in between → the next redrive sends the wake-up again. Within five minutes the FIFO queue drops it as a
  duplicate; later it wakes a worker that finds no work.
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

# Longer than the messages of one receive take at the lowest rate.
_HIDDEN_SECONDS = 120
# Another operator's command hides messages for up to 20 seconds.
_HIDDEN_BY_OTHERS_SECONDS = 25.0
_POLL_SECONDS = 0.3
_STARTS = 3

type OnProgress = Callable[[int, int], None]
"""Called with the number of messages that are done, and of all."""


class QueueRedrive:
    """Redrive of one queue, at most `rate` messages per second. The counts stay correct after an interruption.

    - `expected`: messages seen before the redrive
    - `left`: messages that are still in the dead-letter queue
    - `moved`: messages that this command moved
    - `by_others`: messages moved by another operator's task, started at `running_since`
    - `quarantined`: unreadable messages
    - `failed`: why the SQS task stopped, "" if it did not
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
        """Number of messages that are no longer in the dead-letter queue."""
        return self.moved + self.by_others + self.quarantined

    def run(self, context: CommandContext, is_chosen: Callable[[Letter], bool] | None, on_progress: OnProgress) -> None:
        """Redrive the chosen messages, or all messages if `is_chosen` is None. Raise StoreUnavailable if AWS fails."""
        self._on_progress = on_progress
        there, running = self._dead.count(), self._dead.running_move()
        if running:
            self.running_since = datetime.fromtimestamp(running["StartedTimestamp"] / 1000, UTC)
        if is_chosen is None and not self._letters:
            # Messages in flight are being read or moved by another operator's command.
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
        """Wake the companies of the chosen messages, then delete the messages. Quarantine unreadable ones."""
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
        """Let SQS move all messages. If another operator's task is running, follow it instead.

        Repeat until all expected messages are moved or none is left: another operator's command may hide some for up to
        20 seconds.
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
                except StoreUnavailable:  # another operator started a task first, or SQS refuses
                    refused += 1
                    if refused == _STARTS:
                        raise
            if self.failed or self.done >= self.expected or not self._dead.count().total:
                return
            if self.done > done:
                deadline = time.monotonic() + _HIDDEN_BY_OTHERS_SECONDS
            time.sleep(_POLL_SECONDS)

    def _move(self) -> None:
        """Start a task and follow it until it ends. Cancel it if the operator presses Ctrl-C."""
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
        """Count the messages that a task moves until it ends.

        - `ours` is False: follow another operator's task, which started at `started`
        - `ours` is True: follow our task, the first one with another start time; SQS may list it late
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
                return  # it has ended, and another task has started
            time.sleep(_POLL_SECONDS)
        if task["Status"] == "FAILED":
            self.failed = str(task.get("FailureReason", "unknown"))
        if task["Status"] == "CANCELLED":
            self.failed = "cancelled by an operator"


def wake(context: CommandContext, letter: Letter) -> None:
    """Send the company's wake-up to its worker's queue; for a sync, include the requests."""
    if letter.queue == FEED:
        context.feed_queue.wake(letter.connection_id, f"redrive.{letter.message_id}")
    elif letter.queue == EXPORT:
        context.export_queue.wake(letter.connection_id, f"redrive.{letter.message_id}")
    else:
        context.sync_queue.request_sync(letter.connection_id, *letter.requests)
