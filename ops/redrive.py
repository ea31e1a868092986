"""`ops redrive`: move dead letters back to their queues, and report the outcome per company.

- All messages: SQS moves them, one task per queue.
- Chosen messages: wake the company, then delete the messages. A dead letter says only which company to wake. Crash in
  between → the next redrive wakes it again, and the worker finds no work.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer

from ops.answer import Answer, AnswerTable, moment, plural
from ops.app import Wait, command
from ops.context import CommandContext
from ops.dead_letters import EVERY, Causes, DeadLetters, Letter, Which, look_into, queues_of
from ops.dlq import messages
from ops.errors import CommandRefused
from ops.redrive_outcome import RedriveWatch
from shared.aws.failures import FEED, SYNC
from shared.aws.queues import WakeUp
from shared.errors import StoreUnavailable

_FASTEST = 50
_COUNTS = ("expected", "moved", "left", "gone", "failed")

_HIDDEN = "SQS shows ten of a company, none that another command reads, none during a redrive; repeat in a minute"

type IsChosen = Callable[[Letter], bool]


@dataclass(slots=True)
class QueueRedrive:
    """Redrive of one queue.

    - `letters`: the messages to move that were found
    - `unreadable`: number of unreadable messages found; they are moved with the whole queue only
    - `others`: number of readable messages that are not chosen
    - `total`, `expected`: number of all messages before, and of those to move
    - `left`: number of messages that are still there, without `others`
    - `gone`: number of messages that were to be moved and are neither moved nor there
    - `failed`: why SQS stopped, "" if it did not
    """

    dead: DeadLetters
    is_whole: bool
    letters: Sequence[Letter]
    unreadable: int
    others: int
    total: int
    expected: int
    moved: int = 0
    left: int = 0
    gone: int = 0
    failed: str = ""

    def count_left(self) -> None:
        """Count what is still there. SQS's estimate may still include what was moved."""
        self.left = max(0, min(self.dead.count().total, self.total - self.moved) - self.others)
        self.gone = max(0, self.expected - self.moved - self.left)

    def hidden(self) -> int:
        """Return how many of the messages left nobody could look at."""
        return max(0, self.left - (0 if self.is_whole else self.unreadable))

    def __rich__(self) -> str:
        return f"{self.dead.queue}: {self.moved:,} of {self.expected:,} messages moved (Ctrl-C stops)"


@command(changes=True)
def redrive(
    context: CommandContext,
    queue: Annotated[Which, typer.Option(help="Only this queue's dead letters.")] = "all",
    company: Annotated[str | None, typer.Option(help="Only this company's.")] = None,
    cause: Annotated[str | None, typer.Option(help="Only those whose cause (`ops dlq`) contains this text.")] = None,
    max_rate: Annotated[
        int,
        typer.Option(
            min=1, max=_FASTEST, help="Wake-ups a second. Calls to the vendors keep the vendors' pace at any rate."
        ),
    ] = 10,
    wait: Wait = 30,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be moved.")] = False,
) -> Answer:
    """Move dead letters back to their queue: all, or those of one company or cause. Safe to repeat.

    --cause selects messages. --reason is for the audit log. Exit status 1 if messages are left.
    """
    # An empty choice is an unset variable of the shell, not a choice of everything.
    only = context.company(company) if company is not None else None
    if cause is not None and not cause.strip():
        raise CommandRefused("--cause is empty: name a part of the cause (`ops dlq`), or leave the option out.")
    causes, is_whole = Causes(context), company is None and cause is None

    def is_chosen(letter: Letter) -> bool:
        if letter.wake is None or is_whole:
            return is_whole
        of_company = only is None or letter.connection_id == only.connection_id
        return of_company and (cause or "").lower() in causes.of(letter)[0].lower()

    queues = queues_of(context, queue)
    if dry_run:
        return _would_move(_look(queues, is_chosen, is_whole=is_whole), causes)
    arguments = {"queue": queue, "cause": cause or "", "max_rate": max_rate}
    with context.audited_action("redrive", only, arguments=arguments) as action:
        redrives, watch = _look(queues, is_chosen, is_whole=is_whole), RedriveWatch(context)
        _refuse_while_moving(queues)
        interrupted = _run(context, redrives, is_chosen, max_rate, watch)
        counts = {key: sum(getattr(each, key) for each in redrives) for key in ("moved", "left", "gone")}
        action.result = _sentence(redrives, **counts, interrupted=interrupted)
    stopped = interrupted or any(each.failed for each in redrives)
    return Answer(
        {"dry_run": False, "result": action.result, **counts, "interrupted": interrupted},
        {"queues": [{"queue": each.dead.queue} | {key: getattr(each, key) for key in _COUNTS} for each in redrives]},
        # Nobody knows which messages a task had moved when it stopped.
        AnswerTable("companies", watch.wait(wait) if counts["moved"] and not stopped else []),
        action.result,
        failed=stopped or counts["left"] > 0,
    )


def _look(queues: Sequence[DeadLetters], is_chosen: IsChosen, *, is_whole: bool) -> list[QueueRedrive]:
    redrives = []
    for dead, found in zip(queues, look_into(queues, EVERY), strict=True):
        letters, total = [letter for letter in found if is_chosen(letter)], max(len(found), dead.count().total)
        unreadable = sum(letter.wake is None for letter in found)
        others = 0 if is_whole else len(found) - len(letters) - unreadable
        expected = total if is_whole else len(letters)
        redrives.append(QueueRedrive(dead, is_whole, letters, unreadable, others, total, expected))
    return redrives


def _would_move(redrives: Sequence[QueueRedrive], causes: Causes) -> Answer:
    letters = [letter for each in redrives for letter in each.letters]
    for each in redrives:
        each.left = each.total - each.others - len(each.letters)
    return Answer(
        {"dry_run": True, "would_move": len(letters), "not_looked_at": sum(each.hidden() for each in redrives)},
        *messages(letters, causes),
        f"Would move {plural(len(letters), 'message')}; nothing was changed.{_reasons(redrives)}",
    )


def _sentence(redrives: Sequence[QueueRedrive], *, moved: int, left: int, gone: int, interrupted: bool) -> str:
    if not (moved or left or gone or interrupted):
        return f"0 moved: {'nothing is there' if redrives[0].is_whole else 'no message matches your choice'}."
    said = f"{'interrupted: ' if interrupted else ''}{moved:,} moved{f', {left:,} left (`ops dlq`)' if left else ''}."
    return said + _reasons(redrives, interrupted=interrupted)


def _reasons(redrives: Sequence[QueueRedrive], *, interrupted: bool = False) -> str:
    """Say why messages were not moved, and what becomes of those that cannot be read."""
    said = ""
    for each in redrives:
        hidden = 0 if interrupted or each.failed else each.hidden()
        rule = "the worker quarantines what it cannot read" if each.is_whole else "moved with the whole queue only"
        for number, why in (
            (each.failed, f"SQS stopped: {each.failed}"),
            (each.unreadable, f"{each.unreadable:,} cannot be read: {rule} (`ops dlq`)"),
            (hidden, f"{hidden:,} could not be looked at: {_HIDDEN}"),
            (each.gone, f"{each.gone:,} gone: another command may have moved them"),
        ):
            said += f" {each.dead.queue}: {why}." if number else ""
    return said


def _refuse_while_moving(queues: Sequence[DeadLetters]) -> None:
    """Raise CommandRefused while a task of SQS moves a queue's messages, whoever started it."""
    for dead in queues:
        if task := dead.running_move():
            since = moment(datetime.fromtimestamp(task["StartedTimestamp"] / 1000, UTC))
            moved, to_move = (task.get(f"ApproximateNumberOfMessages{each}", 0) for each in ("Moved", "ToMove"))
            raise CommandRefused(
                f"{dead.queue}: a redrive is running already, since {since}, {moved:,} of {to_move:,} messages moved; "
                "`ops dlq` shows what is left; repeat the command when it is over."
            )


def _run(
    context: CommandContext, redrives: Sequence[QueueRedrive], is_chosen: IsChosen, rate: int, watch: RedriveWatch
) -> bool:
    """Redrive one queue after another, then count what is left. Return True if the operator interrupted it."""
    interrupted = True
    try:
        with suppress(KeyboardInterrupt):
            for each in redrives:
                with context.progress.status(each):
                    _move(context, each, is_chosen, rate, watch)
            interrupted = False
        for each in redrives:
            each.count_left()
    except StoreUnavailable as error:
        moved = sum(each.moved for each in redrives)
        raise StoreUnavailable(f"{error} after {plural(moved, 'message')} had been moved") from error
    return interrupted


def _move(context: CommandContext, redrive: QueueRedrive, is_chosen: IsChosen, rate: int, watch: RedriveWatch) -> None:
    """Have SQS move the whole queue, or wake the companies of the chosen messages and delete these."""
    if redrive.is_whole:
        for letter in redrive.letters:
            watch.add(letter)
        redrive.failed = redrive.dead.move(rate, partial(setattr, redrive, "moved")) if redrive.expected else ""
        return
    woken, others = set[WakeUp | None](), list[Letter]()

    def move(letter: Letter) -> None:
        if not is_chosen(letter):
            others.extend([letter] if letter.wake else [])
            return
        watch.add(letter)
        if letter.wake not in woken:  # messages that say the same wake once
            _wake(context, letter)
            woken.add(letter.wake)
            time.sleep(1 / rate)
        redrive.dead.delete(letter)
        redrive.moved += 1

    redrive.dead.receive(move)
    redrive.others = len(others)


def _wake(context: CommandContext, letter: Letter) -> None:
    """Send the company's wake-up to its worker's queue; for a sync, include the requests."""
    if letter.queue == SYNC:
        context.sync_queue.request_sync(letter.connection_id, *letter.requests)
    else:
        queue = context.feed_queue if letter.queue == FEED else context.export_queue
        queue.wake(letter.connection_id, f"redrive.{letter.message_id}")
