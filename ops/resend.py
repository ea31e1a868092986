"""`ops resend`: lines that are missing in lexoffice are sent, and only those."""

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.prompt import Prompt

from ops.answer import Answer, moment, plain, plural
from ops.app import Wait, command
from ops.context import CommandContext
from ops.cures import hint_missing
from ops.errors import CommandRefused
from ops.sending import CannotSend, Plan, is_open, obstacle, plan, why_not, within, would_do
from shared.aws.connections import Connection, Status
from shared.aws.failures import FEED, Failure, Failures
from shared.domain.feeding.ledger import Row, State
from shared.pages.texts_verdicts import VERDICTS

_CONFIRMED_ABOVE = 100  # lines
_SHOWN = 20
_LOOK_EVERY = 0.5  # seconds
_AT_ONCE = 25  # entries read in one look: as many as the feed sends in a call


@dataclass(slots=True)
class _Became:
    """What became of what was to be sent; `failure` is the feed's since then."""

    sent: int = 0
    refused: list[Row] = field(default_factory=list)
    otherwise: list[CannotSend] = field(default_factory=list)
    open: dict[tuple[str, int], None] = field(default_factory=dict)
    hints: list[str] = field(default_factory=list)
    hints_sent: int = 0
    failure: Failure | None = None


@command(changes=True)
def resend(
    desk: CommandContext,
    company: Annotated[str, typer.Option(help="Whose lines: connection id, Pleo company id, or name.")],
    first: Annotated[str, typer.Option("--from", help="Settled on this German day or later: 2026-11-01.")] = "",
    last: Annotated[str, typer.Option("--to", help="Settled on this German day or earlier.")] = "",
    entry: Annotated[list[str] | None, typer.Option(help="Only this entry; may be given several times.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help=f"Do not ask before more than {_CONFIRMED_ABOVE} lines.")] = False,
    wait: Wait = 30,
) -> Answer:
    """Send the lines that are missing in lexoffice, and an entry's missing match hint. Safe to press twice.

    With --entry only those entries are read, with days alone every row of the company.
    """
    connection = desk.company(company)
    entries = list(dict.fromkeys(each.strip().lower() for each in entry or [] if each.strip()))
    days = _day(first, "--from"), _day(last, "--to")
    if not entries and days == (None, None):
        raise CommandRefused("Say what to send: --from DAY and --to DAY, or --entry ID.")
    if days[0] and days[1] and days[0] > days[1]:
        raise CommandRefused(f"--from {days[0]} is after --to {days[1]}: exchange them.")
    _must_be_active(connection)
    made = _planned(desk, connection, entries, days)
    hints = _missing_hints(desk, connection, entries)
    if dry_run:
        return _would(connection, made, hints)
    if made.lines > _CONFIRMED_ABOVE and not yes:
        _confirm(desk, made.lines)
    arguments = {"from": first, "to": last, "entries": entries, "lines": made.lines, "hints": len(hints)}
    with desk.audited_action("resend", connection, arguments=arguments) as action:
        began = datetime.now(UTC)
        became = _begin(desk, connection, made, hints, began)
        _watch(desk, connection, became, wait)
        _note_failure(desk, connection, became, began)
        said = _said(made, became)
        action.result = said
    return _done(connection, made, became, said, waited=wait > 0)


# ------------------------------------------------------------------------------------------------ what is meant
def _day(text: str, option: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise CommandRefused(f"{option} {text!r} is no day: write it as 2026-11-30.") from None


def _must_be_active(connection: Connection) -> None:
    if connection.status is Status.ACTIVE:
        return
    name, held = connection.company_name or connection.connection_id, connection.status is Status.HELD
    why = connection.hold or connection.status.value
    verdict = VERDICTS.get(why, VERDICTS["held"])
    resume = f" Once that is so, `ops resume --company {connection.connection_id}` tries again." if held else ""
    raise CommandRefused(
        f"{name} is {'held: ' if held else ''}{why}, so nothing would be sent. {verdict.body.en}{resume}"
    )


def _planned(
    desk: CommandContext, connection: Connection, entries: Sequence[str], days: tuple[date | None, date | None]
) -> Plan:
    connection_id = connection.connection_id
    if not entries:
        return plan(within(desk.ledger.rows(connection_id), *days))
    rows, absent = [], []
    for entry_id in entries:
        known = desk.ledger.rows_of(connection_id, entry_id)
        chosen = within(known, *days)
        rows += chosen
        if not chosen:
            unknown = f"not in our ledger: `ops proof --company {connection_id} --now` looks for it in Pleo"
            absent.append(CannotSend(entry_id, "not settled on these days" if known else unknown))
    return plan(rows, absent)


def _missing_hints(desk: CommandContext, connection: Connection, entries: Sequence[str]) -> list[str]:
    """The vouchers of these entries whose hint was never sent. An invoice's goes with the export of its payment."""
    found = (trace for entry_id in entries for trace in desk.traces.trace(connection.connection_id, entry_id))
    return [trace.voucher_id for trace in found if trace.kind != "invoice" and hint_missing(trace)]


def _confirm(desk: CommandContext, lines: int) -> None:
    if desk.progress.is_interactive and not desk.as_json:
        typed = Prompt.ask(f"Type {lines} to send {lines:,} lines", console=desk.progress)
        if typed.strip() == str(lines):
            return
        raise CommandRefused("Nothing was sent: the number was not confirmed.")
    raise CommandRefused(f"That would send {lines:,} lines: look with --dry-run, then confirm with --yes.")


# ------------------------------------------------------------------------------------------------ doing it
def _begin(desk: CommandContext, connection: Connection, made: Plan, hints: Sequence[str], now: datetime) -> _Became:
    """Make refused lines ready, then wake. If we die before that, the company's next turn wakes its workers."""
    connection_id = connection.connection_id
    for row in made.refused:
        # False: somebody else has made it ready, or Pleo knows better by now. What becomes of it is watched all the
        # same.
        desk.ledger.make_ready_again(connection_id, row, now)
    # Each press is an occasion of its own, so that no queue takes it for a duplicate of the one before.
    occasion = f"resend.{secrets.token_hex(8)}"
    if made.lines:
        desk.feed_queue.wake(connection_id, occasion)
    for voucher_id in hints:
        desk.matches.mark_for_review(connection_id, voucher_id, now)
    if hints:
        desk.export_queue.wake(connection_id, occasion)
    wanted = dict.fromkeys((row.entry_id, row.revision) for row in (*made.waiting, *made.refused))
    return _Became(open=wanted, hints=list(hints))


def _watch(desk: CommandContext, connection: Connection, became: _Became, seconds: int) -> None:
    """Look until everything is decided or the time is over. Ctrl-C ends the looking: the work goes on by itself."""
    deadline = time.monotonic() + seconds
    with _patient(desk, seconds):
        while became.open or became.hints:
            if time.monotonic() >= deadline:
                return
            before = len(became.open) + len(became.hints)
            _look(desk, connection.connection_id, became)
            if len(became.open) + len(became.hints) == before:
                time.sleep(_LOOK_EVERY)


@contextmanager
def _patient(desk: CommandContext, seconds: int) -> Iterator[None]:
    try:
        if seconds and desk.progress.is_interactive:
            with desk.progress.status("Waiting for the workers (Ctrl-C stops waiting, nothing else)"):
                yield
        else:
            yield
    except KeyboardInterrupt:
        return


def _look(desk: CommandContext, connection_id: str, became: _Became) -> None:
    for entry_id in dict.fromkeys(entry_id for entry_id, _ in list(became.open)[:_AT_ONCE]):
        for row in desk.ledger.rows_of(connection_id, entry_id):
            if (row.entry_id, row.revision) in became.open and not is_open(row):
                del became.open[row.entry_id, row.revision]
                _decided(became, row)
    for voucher_id in list(became.hints):
        match = desk.matches.get(connection_id, voucher_id)
        record = desk.vouchers.get(connection_id, match.entry_id) if match else None
        if record is None or record.hinted:
            became.hints.remove(voucher_id)
            became.hints_sent += record is not None


def _decided(became: _Became, row: Row) -> None:
    if row.state is State.SENT:
        became.sent += 1
    elif row.state is State.FAILED:
        became.refused.append(row)
    else:
        became.otherwise.append(CannotSend(row.entry_id, obstacle(row)))


def _note_failure(desk: CommandContext, connection: Connection, became: _Became, began: datetime) -> None:
    failure = Failures(desk.stack["LedgerTable"]).last(connection.connection_id, FEED) if became.open else None
    became.failure = failure if failure and failure.at >= began else None


# ------------------------------------------------------------------------------------------------ what is told
def _said(made: Plan, became: _Became) -> str:
    parts = [f"{became.sent:,} sent", f"{made.there:,} already there"]
    if not_possible := why_not((*made.cannot, *became.otherwise)):
        parts.append(f"cannot send {not_possible}")
    if became.refused:
        parts.append(f"{len(became.refused):,} refused again")
    if became.open:
        parts.append(f"{len(became.open):,} still waiting")
    if became.hints_sent:
        parts.append(f"{plural(became.hints_sent, 'hint')} sent")
    if became.hints:
        parts.append(f"{plural(len(became.hints), 'hint')} still waiting")
    return ", ".join(parts)


def _would(connection: Connection, made: Plan, hints: Sequence[str]) -> Answer:
    said = would_do(made, len(hints))
    would = [row.entry_id for row in (*made.waiting, *made.refused)]
    data = {
        **_common(connection, made.there, made.cannot),
        "dry_run": True,
        "would_send": made.lines,
        "entries": would,
        "would_send_hints": len(hints),
        "result": said,
    }
    return Answer(data, plain(said) + ".")


def _done(connection: Connection, made: Plan, became: _Became, said: str, *, waited: bool) -> Answer:
    data = {
        **_common(connection, made.there, (*made.cannot, *became.otherwise)),
        "dry_run": False,
        "sent": became.sent,
        "refused": [{"entry_id": row.entry_id, "why": row.detail} for row in became.refused],
        "waiting": [entry_id for entry_id, _ in became.open],
        "hints_sent": became.hints_sent,
        "hints_waiting": len(became.hints),
        "failure": became.failure,
        "result": said,
    }
    shown: list[RenderableType] = [f"{said}."]
    shown += [plain(f"Refused again: {row.entry_id}: {row.detail}") for row in became.refused[:_SHOWN]]
    if became.failure:
        told = f"The feed failed again at {moment(became.failure.at)}: {became.failure.cause}."
        shown.append(plain(f"{told} It is tried again by itself; nothing is lost."))
    elif became.open or became.hints:
        shown.append("What still waits is worked on by itself; press again to see how far it is.")
    return Answer(data, *shown, failed=bool(became.refused) or (waited and bool(became.open or became.hints)))


def _common(connection: Connection, there: int, cannot: Sequence[CannotSend]) -> dict[str, Any]:
    return {
        "connection_id": connection.connection_id,
        "company": connection.company_name,
        "already_there": there,
        "cannot_send": list(cannot),
    }
