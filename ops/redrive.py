"""`ops redrive`: dead letters go back to work, all or some, and what came of it."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.progress import Progress

from ops.aftermath import Aftermath, Outcome
from ops.answer import NOTHING, Answer, moment, plain, plural, table
from ops.app import command
from ops.causes import Causes
from ops.dead_letters import DeadLetters, Letter, look_into
from ops.desk import Desk
from ops.dlq import Which, alike, line
from ops.moves import EVERY, Mover, Tally
from ops.options import Wait
from ops.refusal import Refusal
from shared.aws.connections import Connection
from shared.aws.quarantine import Quarantine
from shared.errors import StoreUnavailable

_FASTEST = 50


@command(changes=True)
def redrive(
    desk: Desk,
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
    """Send dead letters back to work: all of a queue, or one company's or cause's. Safe to press twice.

    --cause selects; --reason is why you do it, for the audit trail, as everywhere.
    """
    chosen = desk.company(company) if company else None
    causes = Causes(desk)
    queues = [DeadLetters(desk, name) for name in queue.names]
    wanted = _wanted(chosen, cause, causes)
    if dry_run:
        return _would_move(queues, wanted, causes)
    arguments = {"queue": queue.value, "cause": cause, "max_rate": max_rate}
    with desk.deed("redrive", chosen, arguments=arguments) as deed:
        how = _How(wanted=wanted, selective=bool(company or cause), rate=max_rate)
        looks = [[letter for letter in found if wanted(letter)] for found in look_into(queues, EVERY)]
        aftermath = Aftermath(desk, [letter for letters in looks for letter in letters])
        tallies, interrupted = _moved(desk, list(zip(queues, looks, strict=True)), how)
        says = sentence(tallies, selective=how.selective, interrupted=interrupted)
        deed.says(says)
    moved = any(tally.moved or tally.by_others for tally in tallies)
    outcomes = aftermath.wait(0 if interrupted else wait) if moved else []
    return _answer(tallies, outcomes, says, interrupted=interrupted)


@dataclass(frozen=True, slots=True, kw_only=True)
class _How:
    """Which messages are wanted, whether these are only some of a queue's, and how many go a second."""

    wanted: Callable[[Letter], bool]
    selective: bool
    rate: int


def _wanted(chosen: Connection | None, cause: str, causes: Causes) -> Callable[[Letter], bool]:
    def wanted(letter: Letter) -> bool:
        if chosen and letter.connection_id != chosen.connection_id:
            return False
        return cause.lower() in causes.of(letter).text.lower()

    return wanted


def _would_move(queues: Sequence[DeadLetters], wanted: Callable[[Letter], bool], causes: Causes) -> Answer:
    looks = look_into(queues, EVERY)
    letters = [letter for found in looks for letter in found if wanted(letter)]
    poison = sum(bool(letter.poison) for letter in letters)
    unseen = sum(max(0, dead.count().total - len(found)) for dead, found in zip(queues, looks, strict=True))
    told = f"Would move {plural(len(letters) - poison, 'message')}, would quarantine {poison}; nothing was changed."
    hidden = f" {unseen} more could not be looked at: SQS shows ten of a company." if unseen else ""
    return Answer(
        {
            "dry_run": True,
            "would_move": len(letters) - poison,
            "would_quarantine": poison,
            "not_looked_at": unseen,
            "messages": [line(letter, causes) for letter in letters],
        },
        *alike(letters, causes),
        told + hidden,
    )


def _moved(desk: Desk, looks: Sequence[tuple[DeadLetters, Sequence[Letter]]], how: _How) -> tuple[list[Tally], bool]:
    """Move queue by queue; what was done, and whether the operator interrupted it."""
    tallies = [Tally(dead.queue) for dead, _ in looks]
    try:
        with Progress(console=desk.progress, disable=desk.as_json or not desk.progress.is_interactive) as bars:
            for (dead, letters), tally in zip(looks, tallies, strict=True):
                _move(desk, dead, letters, tally, how, bars)
    except KeyboardInterrupt:
        return tallies, True
    except StoreUnavailable as error:
        if not any(tally.touched for tally in tallies):
            raise
        raise Refusal(f"{sentence(tallies)} Then AWS did not do what was asked ({error}): press again.") from error
    return tallies, False


def _move(desk: Desk, dead: DeadLetters, letters: Sequence[Letter], tally: Tally, how: _How, bars: Progress) -> None:
    there = dead.count()
    # What nobody can see somebody else may be looking at, or moving.
    tally.expected = tally.left = len(letters) or (0 if how.selective else there.in_flight)
    bar = bars.add_task(f"Moving {dead.queue}", total=tally.expected or None, visible=bool(letters))

    def told(done: int, total: int) -> None:
        tally.left = tally.missing
        bars.update(bar, completed=done, total=total, visible=True)

    mover = Mover(dead, tally, rate=how.rate, told=told)
    other = dead.move_under_way()
    if not how.selective and (other or not any(letter.poison for letter in letters)):
        if other or letters or there.total:
            mover.all()
    elif letters:
        mover.some(how.wanted, Quarantine(desk.stack["LedgerTable"]))
    elif other:  # which moves everything, what was chosen included
        tally.running_since = datetime.fromtimestamp(other["StartedTimestamp"] / 1000, UTC)
    # Another operator's share is known by nobody but the queue.
    seen = dead.look(EVERY) if tally.missing else []
    tally.left = dead.count().total if tally.missing and dead.move_under_way() else sum(map(how.wanted, seen))


def sentence(tallies: Sequence[Tally], *, selective: bool = False, interrupted: bool = False) -> str:
    """What was done, in one sentence."""
    moved, others = sum(tally.moved for tally in tallies), sum(tally.by_others for tally in tallies)
    quarantined, left = sum(tally.quarantined for tally in tallies), sum(tally.left for tally in tallies)
    told = [f"{moved:,} moved"]
    told += [f"{others:,} moved by another operator's redrive"] if others else []
    told += [f"{quarantined} quarantined"] if quarantined else []
    told += [f"{left:,} left"] if left else []
    if not (moved or others or quarantined or left) and not interrupted:
        empty = "the queue is empty" if len(tallies) == 1 else "the queues are empty"
        told = [f"0 moved: {'nothing there is what you chose' if selective else empty}"]
    return ("interrupted: " if interrupted else "") + ", ".join(told) + "."


def _answer(tallies: Sequence[Tally], outcomes: Sequence[Outcome], says: str, *, interrupted: bool) -> Answer:
    data = {
        "dry_run": False,
        "moved": sum(tally.moved for tally in tallies),
        "moved_by_others": sum(tally.by_others for tally in tallies),
        "quarantined": sum(tally.quarantined for tally in tallies),
        "left": sum(tally.left for tally in tallies),
        "interrupted": interrupted,
        "queues": [asdict(tally) for tally in tallies],
        "companies": outcomes,
    }
    failed = interrupted or any(tally.failed for tally in tallies)
    return Answer(data, *_shown(tallies, outcomes), says, failed=failed)


def _shown(tallies: Sequence[Tally], outcomes: Sequence[Outcome]) -> list[RenderableType]:
    shown: list[RenderableType] = [
        f"{tally.queue}: another operator's redrive was running already, since {moment(tally.running_since)}."
        for tally in tallies
        if tally.running_since
    ]
    shown += [f"[red]{tally.queue}: SQS stopped: {plain(tally.failed)}[/red]" for tally in tallies if tally.failed]
    rows = [
        [each.queue, plain(each.company) or NOTHING, each.connection_id, f"{each.messages:,}", plain(each.says)]
        for each in outcomes
    ]
    return [
        *shown,
        *([table("queue", "company", "connection", ">messages", "what came of it", rows=rows)] if rows else []),
    ]
