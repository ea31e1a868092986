"""`ops redrive`: move dead letters back to their queues, and report the outcome per company."""

from collections.abc import Callable, Sequence
from typing import Annotated

import typer
from rich.progress import Progress, TaskID

from ops.answer import Answer, AnswerTable, Fact, as_data, moment, plural, red
from ops.app import Wait, command
from ops.context import CommandContext
from ops.dead_letters import EVERY, Causes, DeadLetters, Letter, look_into
from ops.dlq import Which, messages
from ops.errors import CommandRefused
from ops.queue_redrive import QueueRedrive
from ops.redrive_outcome import RedriveWatch
from shared.errors import StoreUnavailable

_FASTEST = 50


@command(changes=True)
def redrive(
    context: CommandContext,
    queue: Annotated[Which, typer.Option(help="Only this queue's dead letters.")] = Which.ALL,
    company: Annotated[str, typer.Option(help="Only this company's.")] = "",
    cause: Annotated[str, typer.Option(help="Only those whose cause (`ops dlq`) contains this text.")] = "",
    max_rate: Annotated[
        int,
        typer.Option(
            min=1, max=_FASTEST, help="Messages a second. Calls to the vendors keep the vendors' pace at any rate."
        ),
    ] = 10,
    wait: Wait = 30,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be moved.")] = False,
) -> Answer:
    """Move dead letters back to their queue: all, or those of one company or cause. Safe to repeat.

    --cause selects messages. --reason is for the audit log.
    """
    only = context.company(company) if company else None
    causes = Causes(context)

    def is_chosen(letter: Letter) -> bool:
        of_company = only is None or letter.connection_id == only.connection_id
        return of_company and cause.lower() in causes.of(letter).text.lower()

    queues = [DeadLetters(context, name) for name in queue.names]
    if dry_run:
        return _would_move(queues, is_chosen, causes)
    arguments = {"queue": queue.value, "cause": cause, "max_rate": max_rate}
    with context.audited_action("redrive", only, arguments=arguments) as action:
        looks = [[letter for letter in found if is_chosen(letter)] for found in look_into(queues, EVERY)]
        watch = RedriveWatch(context, (letter for letters in looks for letter in letters))
        redrives = [QueueRedrive(dead, found, rate=max_rate) for dead, found in zip(queues, looks, strict=True)]
        selective = bool(company or cause)
        interrupted = _run(context, redrives, is_chosen if selective else None)
        action.result = _sentence(redrives, selective=selective, interrupted=interrupted)
    moved = any(each.moved or each.by_others for each in redrives)
    outcomes = watch.wait(0 if interrupted else wait) if moved else []
    return _render(redrives, outcomes, action.result, interrupted=interrupted)


def _would_move(queues: Sequence[DeadLetters], is_chosen: Callable[[Letter], bool], causes: Causes) -> Answer:
    looks = look_into(queues, EVERY)
    letters = [letter for found in looks for letter in found if is_chosen(letter)]
    poison = sum(bool(letter.poison) for letter in letters)
    unseen = sum(max(0, dead.count().total - len(found)) for dead, found in zip(queues, looks, strict=True))
    moved = len(letters) - poison
    hidden = f" {unseen} more could not be looked at: SQS shows ten of a company." if unseen else ""
    return Answer(
        Fact("dry_run", "", True),
        Fact("would_move", "", moved),
        Fact("would_quarantine", "", poison),
        Fact("not_looked_at", "", unseen),
        *messages(letters, causes),
        f"Would move {plural(moved, 'message')}, would quarantine {poison}; nothing was changed.{hidden}",
    )


def _run(context: CommandContext, redrives: Sequence[QueueRedrive], is_chosen: Callable[[Letter], bool] | None) -> bool:
    """Redrive one queue after another. Return True if the operator interrupted it."""
    try:
        with Progress(console=context.progress, disable=context.as_json or not context.progress.is_interactive) as bars:
            for each in redrives:
                bar = bars.add_task(f"Moving {each.queue}", total=each.expected or None, visible=each.expected > 0)

                def on_progress(done: int, total: int, bar: TaskID = bar) -> None:
                    bars.update(bar, completed=done, total=total, visible=True)

                each.run(context, is_chosen, on_progress)
    except KeyboardInterrupt:
        return True
    except StoreUnavailable as error:
        if not any(each.done for each in redrives):
            raise
        raise CommandRefused(f"{_sentence(redrives)} Then AWS failed ({error}): repeat the command.") from error
    return False


def _totals(redrives: Sequence[QueueRedrive]) -> list[Fact]:
    return [
        Fact("moved", "moved", sum(each.moved for each in redrives)),
        Fact("moved_by_others", "moved by another operator's redrive", sum(each.by_others for each in redrives)),
        Fact("quarantined", "quarantined", sum(each.quarantined for each in redrives)),
        Fact("left", "left", sum(each.left for each in redrives)),
    ]


def _sentence(redrives: Sequence[QueueRedrive], *, selective: bool = False, interrupted: bool = False) -> str:
    """Return what was done as one sentence."""
    totals = _totals(redrives)
    done = ", ".join(f"{each.value:,} {each.label}" for each in totals if each.value or each.key == "moved")
    if not interrupted and not any(each.value for each in totals):
        empty = "the queue is empty" if len(redrives) == 1 else "the queues are empty"
        done = f"0 moved: {'no message matches your choice' if selective else empty}"
    return f"{'interrupted: ' if interrupted else ''}{done}."


def _render(
    redrives: Sequence[QueueRedrive], outcomes: Sequence[Sequence[Fact]], sentence: str, *, interrupted: bool
) -> Answer:
    counts = ("queue", "expected", "moved", "by_others", "quarantined", "left", "running_since", "failed")
    return Answer(
        {"dry_run": False, **as_data(_totals(redrives)), "interrupted": interrupted},
        {"queues": [{name: getattr(each, name) for name in counts} for each in redrives]},
        *(
            f"{each.queue}: another operator's redrive was running already, since {moment(each.running_since)}."
            for each in redrives
            if each.running_since
        ),
        *(red(f"{each.queue}: SQS stopped: {each.failed}") for each in redrives if each.failed),
        AnswerTable("companies", outcomes),
        sentence,
        failed=interrupted or any(each.failed for each in redrives),
    )
