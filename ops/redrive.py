"""`ops redrive`: work on dead letters again, all or some, and what became of it."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from rich.progress import Progress

from ops.answer import Answer, Fact, Table, moment, plural, red
from ops.app import Wait, command
from ops.context import CommandContext
from ops.dead_letters import EVERY, Causes, DeadLetters, Letter, look_into
from ops.dlq import Which, messages
from ops.errors import CommandRefused
from ops.moves import Mover, Tally
from ops.redrive_outcome import RedriveWatch
from shared.errors import StoreUnavailable

_FASTEST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """Which letters are chosen, whether these are only some of a queue, and how many are moved per second."""

    is_chosen: Callable[[Letter], bool]
    selective: bool
    rate: int


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
    """Send dead letters back to work: all of a queue, or one company's or cause's. Safe to repeat.

    --cause selects; --reason is why you do it, for the audit log, as everywhere.
    """
    only = context.company(company) if company else None
    causes = Causes(context)

    def is_chosen(letter: Letter) -> bool:
        of_company = only is None or letter.connection_id == only.connection_id
        return of_company and cause.lower() in causes.of(letter).text.lower()

    choice = _Choice(is_chosen=is_chosen, selective=bool(company or cause), rate=max_rate)
    queues = [DeadLetters(context, name) for name in queue.names]
    if dry_run:
        return _would_move(queues, choice, causes)
    arguments = {"queue": queue.value, "cause": cause, "max_rate": max_rate}
    with context.audited_action("redrive", only, arguments=arguments) as action:
        looks = [[letter for letter in found if is_chosen(letter)] for found in look_into(queues, EVERY)]
        watch = RedriveWatch(context, (letter for letters in looks for letter in letters))
        tallies = [Tally(dead.queue) for dead in queues]
        interrupted = _redrive(context, list(zip(queues, looks, strict=True)), tallies, choice)
        action.result = _sentence(tallies, selective=choice.selective, interrupted=interrupted)
    moved = any(tally.moved or tally.by_others for tally in tallies)
    outcomes = watch.wait(0 if interrupted else wait) if moved else []
    return _render(tallies, outcomes, action.result, interrupted=interrupted)


def _would_move(queues: Sequence[DeadLetters], choice: _Choice, causes: Causes) -> Answer:
    looks = look_into(queues, EVERY)
    letters = [letter for found in looks for letter in found if choice.is_chosen(letter)]
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


def _redrive(
    context: CommandContext,
    looks: Sequence[tuple[DeadLetters, Sequence[Letter]]],
    tallies: Sequence[Tally],
    choice: _Choice,
) -> bool:
    """Redrive queue by queue; return whether the operator interrupted it."""
    try:
        with Progress(console=context.progress, disable=context.as_json or not context.progress.is_interactive) as bars:
            for (dead, letters), tally in zip(looks, tallies, strict=True):
                _redrive_queue(context, dead, letters, tally, choice, bars)
    except KeyboardInterrupt:
        return True
    except StoreUnavailable as error:
        if not any(tally.done for tally in tallies):
            raise
        raise CommandRefused(f"{_sentence(tallies)} Then AWS failed ({error}): repeat the command.") from error
    return False


def _redrive_queue(
    context: CommandContext, dead: DeadLetters, letters: Sequence[Letter], tally: Tally, choice: _Choice, bars: Progress
) -> None:
    there, running = dead.count(), dead.running_move()
    # Messages that a look does not show are being looked at or moved by another operator.
    tally.expected = tally.left = len(letters) or (0 if choice.selective else there.in_flight)
    bar = bars.add_task(f"Moving {dead.queue}", total=tally.expected or None, visible=bool(letters))

    def on_progress(done: int, total: int) -> None:
        tally.left = tally.missing
        bars.update(bar, completed=done, total=total, visible=True)

    mover = Mover(dead, tally, rate=choice.rate, on_progress=on_progress)
    if choice.selective and running:  # it moves everything, the chosen letters included
        tally.note_other(running)
    elif letters and not running and (choice.selective or any(letter.poison for letter in letters)):
        mover.wake_chosen(context, choice.is_chosen)
    elif not choice.selective and (running or letters or there.total):
        mover.move_all()
    if tally.missing or running:
        tally.left = dead.count().total if dead.running_move() else sum(map(choice.is_chosen, dead.look(EVERY)))


def _sentence(tallies: Sequence[Tally], *, selective: bool = False, interrupted: bool = False) -> str:
    """What was done, in one sentence."""
    counts = {
        "moved": sum(tally.moved for tally in tallies),
        "moved by another operator's redrive": sum(tally.by_others for tally in tallies),
        "quarantined": sum(tally.quarantined for tally in tallies),
        "left": sum(tally.left for tally in tallies),
    }
    done = [f"{count:,} {what}" for what, count in counts.items() if count or what == "moved"]
    if not any(counts.values()) and not interrupted:
        empty = "the queue is empty" if len(tallies) == 1 else "the queues are empty"
        done = [f"0 moved: {'no message matches your choice' if selective else empty}"]
    return ("interrupted: " if interrupted else "") + ", ".join(done) + "."


def _render(
    tallies: Sequence[Tally], outcomes: Sequence[Sequence[Fact]], sentence: str, *, interrupted: bool
) -> Answer:
    return Answer(
        Fact("dry_run", "", False),
        Fact("moved", "", sum(tally.moved for tally in tallies)),
        Fact("moved_by_others", "", sum(tally.by_others for tally in tallies)),
        Fact("quarantined", "", sum(tally.quarantined for tally in tallies)),
        Fact("left", "", sum(tally.left for tally in tallies)),
        Fact("interrupted", "", interrupted),
        Fact("queues", "", [asdict(tally) for tally in tallies]),
        *(
            f"{tally.queue}: another operator's redrive was running already, since {moment(tally.running_since)}."
            for tally in tallies
            if tally.running_since
        ),
        *(red(f"{tally.queue}: SQS stopped: {tally.failed}") for tally in tallies if tally.failed),
        Table("companies", outcomes),
        sentence,
        failed=interrupted or any(tally.failed for tally in tallies),
    )
