"""`ops redrive`: move dead letters back to their queues, and report the outcome per company.

- All messages: SQS moves them, one task per queue.
- Chosen messages: wake the company, then delete the messages. A dead letter says only which company to wake. Crash in
  between → the next redrive wakes it again, and the worker finds no work.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer

from ops.answer import Answer, AnswerTable, moment, plural, red
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
_COUNTS = ("expected", "moved", "left", "failed")

type IsChosen = Callable[[Letter], bool]


@dataclass(slots=True)
class QueueRedrive:
    """Redrive of one queue: messages that were expected and moved, and why SQS stopped, "" if it did not."""

    dead: DeadLetters
    expected: int
    moved: int = 0
    failed: str = ""

    @property
    def left(self) -> int:
        """Number of messages that were expected and not moved."""
        return max(0, self.expected - self.moved)

    def record(self, moved: int) -> None:
        """Record how many messages have been moved until now."""
        self.moved = moved

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

    --cause selects messages. --reason is for the audit log.
    """
    # An empty choice is an unset variable of the shell, not a choice of everything.
    only = context.company(company) if company is not None else None
    if cause is not None and not cause.strip():
        raise CommandRefused("--cause is empty: name a part of the cause (`ops dlq`), or leave the option out.")
    causes, selects = Causes(context), not (company is None and cause is None)

    def is_chosen(letter: Letter) -> bool:
        if letter.wake is None:
            return not selects
        of_company = only is None or letter.connection_id == only.connection_id
        return of_company and (cause or "").lower() in causes.of(letter)[0].lower()

    queues = queues_of(context, queue)
    if dry_run:
        return _would_move(queues, is_chosen, causes)
    arguments = {"queue": queue, "cause": cause or "", "max_rate": max_rate}
    with context.audited_action("redrive", only, arguments=arguments) as action:
        looks = look_into(queues, EVERY)
        unseen = _count_unseen(queues, looks) if selects else 0
        watch = RedriveWatch(context, (letter for found in looks for letter in found if is_chosen(letter)))
        redrives = []
        for dead, found in zip(queues, looks, strict=True):
            expected = sum(map(is_chosen, found)) if selects else max(len(found), dead.count().total)
            redrives.append(QueueRedrive(dead, expected))
        _refuse_while_moving(queues)
        interrupted = _run(context, redrives, is_chosen if selects else None, max_rate)
        action.result = (
            _sentence(redrives, selects=selects, interrupted=interrupted)
            + _hidden(unseen)
            + _unreadable(looks, is_chosen)
        )
    moved, left = sum(each.moved for each in redrives), sum(each.left for each in redrives)
    return Answer(
        {"dry_run": False, "result": action.result, "moved": moved, "left": left, "interrupted": interrupted},
        {"queues": [{"queue": each.dead.queue} | {key: getattr(each, key) for key in _COUNTS} for each in redrives]},
        *(red(f"{each.dead.queue}: SQS stopped: {each.failed}") for each in redrives if each.failed),
        AnswerTable("companies", watch.wait(0 if interrupted else wait) if moved else []),
        action.result,
        failed=interrupted or any(each.failed for each in redrives),
    )


def _would_move(queues: Sequence[DeadLetters], is_chosen: IsChosen, causes: Causes) -> Answer:
    looks = look_into(queues, EVERY)
    letters = [letter for found in looks for letter in found if is_chosen(letter)]
    unseen = _count_unseen(queues, looks)
    return Answer(
        {"dry_run": True, "would_move": len(letters), "not_looked_at": unseen},
        *messages(letters, causes),
        f"Would move {plural(len(letters), 'message')}; nothing was changed."
        f"{_hidden(unseen)}{_unreadable(looks, is_chosen)}",
    )


def _count_unseen(queues: Sequence[DeadLetters], looks: Sequence[Sequence[Letter]]) -> int:
    return sum(max(0, dead.count().total - len(found)) for dead, found in zip(queues, looks, strict=True))


def _hidden(unseen: int) -> str:
    if not unseen:
        return ""
    why = "SQS shows ten of a company, none that another command reads, and none during a redrive"
    return f" {unseen:,} more could not be looked at: {why}."


def _sentence(redrives: Sequence[QueueRedrive], *, selects: bool, interrupted: bool) -> str:
    moved, left = sum(each.moved for each in redrives), sum(each.left for each in redrives)
    if not (moved or left or interrupted):
        return f"0 moved: {'no message matches your choice' if selects else 'nothing is there'}."
    return f"{'interrupted: ' if interrupted else ''}{moved:,} moved{f', {left:,} left (`ops dlq`)' if left else ''}."


def _unreadable(looks: Sequence[Sequence[Letter]], is_chosen: IsChosen) -> str:
    count = sum(letter.wake is None and not is_chosen(letter) for found in looks for letter in found)
    return f" Not chosen: {plural(count, 'unreadable message')}, moved with the whole queue only." if count else ""


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


def _run(context: CommandContext, redrives: Sequence[QueueRedrive], is_chosen: IsChosen | None, rate: int) -> bool:
    """Redrive one queue after another. Return True if the operator interrupted it."""
    try:
        for each in redrives:
            with context.progress.status(each):
                if is_chosen:
                    _wake_chosen(context, each, is_chosen, rate)
                elif each.expected:
                    each.failed = each.dead.move(rate, each.record)
    except KeyboardInterrupt:
        return True
    except StoreUnavailable as error:
        moved = sum(each.moved for each in redrives)
        raise StoreUnavailable(f"{error} after {plural(moved, 'message')} had been moved") from error
    return False


def _wake_chosen(context: CommandContext, redrive: QueueRedrive, is_chosen: IsChosen, rate: int) -> None:
    """Wake the companies of the chosen messages, then delete these. Messages that say the same wake once."""
    woken: set[WakeUp | None] = set()

    def move(letter: Letter) -> None:
        if is_chosen(letter):
            if letter.wake not in woken:
                _wake(context, letter)
                woken.add(letter.wake)
                time.sleep(1 / rate)
            redrive.dead.delete(letter)
            redrive.record(redrive.moved + 1)

    redrive.dead.receive(move)


def _wake(context: CommandContext, letter: Letter) -> None:
    """Send the company's wake-up to its worker's queue; for a sync, include the requests."""
    if letter.queue == SYNC:
        context.sync_queue.request_sync(letter.connection_id, *letter.requests)
    else:
        queue = context.feed_queue if letter.queue == FEED else context.export_queue
        queue.wake(letter.connection_id, f"redrive.{letter.message_id}")
