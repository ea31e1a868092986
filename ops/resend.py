"""`ops resend`: send lines that are missing in lexoffice, and only those."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated, Any

import typer
from rich.prompt import Prompt

from ops.answer import Answer, moment, plain, plural
from ops.app import Wait, command
from ops.context import CommandContext
from ops.errors import CommandRefused
from ops.resend_plan import CannotSend, ResendPlan, describe_plan, obstacle, plan, why_not, within
from ops.wait import wait_for
from shared.aws.connections import Connection, Status
from shared.aws.failures import FEED, Failure
from shared.domain.feeding.ledger import Row, State
from shared.domain.lookup.expense_halves import LineState, line_state
from shared.flows.lookup.expense_facts import hold_reason
from shared.texts.verdicts import VERDICTS

_CONFIRMED_ABOVE = 100  # lines
_SHOWN = 20
_LONGEST_ID = 100
_AT_ONCE = 25  # entries read per poll: as many as the feed sends per call


@dataclass(slots=True)
class _Progress:
    """Outcome of the rows and hints to send.

    - `sent`: number of rows that became lines
    - `refused`: rows that lexoffice refused again
    - `otherwise`: entries that can no longer be sent, with the reason
    - `open`: rows without an outcome yet, by entry id and revision
    - `hints`: voucher ids whose hint is not sent yet; `hints_sent`: number of hints sent
    - `failure`: the feed's last failure since the command began
    """

    sent: int = 0
    refused: list[Row] = field(default_factory=list)
    otherwise: list[CannotSend] = field(default_factory=list)
    open: dict[tuple[str, int], None] = field(default_factory=dict)
    hints: list[str] = field(default_factory=list)
    hints_sent: int = 0
    failure: Failure | None = None


@command(changes=True)
def resend(
    context: CommandContext,
    company: Annotated[str, typer.Option(help="Whose lines: connection id, Pleo company id, or name.")],
    first: Annotated[str, typer.Option("--from", help="Settled on this German day or later: 2026-11-01.")] = "",
    last: Annotated[str, typer.Option("--to", help="Settled on this German day or earlier.")] = "",
    entry: Annotated[list[str] | None, typer.Option(help="Only this entry; may be given several times.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help=f"Do not ask before more than {_CONFIRMED_ABOVE} lines.")] = False,
    wait: Wait = 30,
) -> Answer:
    """Send lines that are missing in lexoffice, and an entry's missing match hint. Safe to repeat.

    With --entry only these entries are read; with days alone, every row of the company.
    """
    connection = context.company(company)
    entries = list(dict.fromkeys(each.strip().lower() for each in entry or [] if each.strip()))
    days = _day(first, "--from"), _day(last, "--to")
    if not entries and days == (None, None):
        raise CommandRefused("Say what to send: --from DAY and --to DAY, or --entry ID.")
    if days[0] and days[1] and days[0] > days[1]:
        raise CommandRefused(f"--from {days[0]} is after --to {days[1]}: exchange them.")
    if too_long := [each for each in entries if len(each) > _LONGEST_ID]:
        raise CommandRefused(f"--entry {too_long[0][:20]!r}… is too long for an entry's id: `ops trace` names it.")
    _must_be_active(connection)
    intended = _plan(context, connection, entries, days)
    hints = _read_missing_hints(context, connection, entries)
    if dry_run:
        return _answer_dry_run(connection, intended, hints)
    if intended.lines > _CONFIRMED_ABOVE and not yes:
        _confirm(context, intended.lines)
    arguments = {"from": first, "to": last, "entries": entries, "lines": intended.lines, "hints": len(hints)}
    with context.audited_action("resend", connection, arguments=arguments) as action:
        began = datetime.now(UTC)
        progress = _begin(context, connection, intended, hints, began)
        if wait:
            look = partial(_update, context, connection.connection_id, progress)
            wait_for(context, "Waiting for the workers", look, seconds=wait)
        progress.failure = _read_failure(context, connection, began) if progress.open else None
        summary = _summarize(intended, progress)
        action.result = summary
    return _answer(connection, intended, progress, summary, waited=wait > 0)


# ------------------------------------------------------------------------------------------------ choice of rows
def _day(text: str, option: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise CommandRefused(f"{option} {text[:20]!r} is no day: write it as 2026-11-30.") from None


def _must_be_active(connection: Connection) -> None:
    if connection.status is Status.ACTIVE:
        return
    name, held = connection.company_name or connection.connection_id, connection.status is Status.HELD
    why = hold_reason(connection)
    verdict = VERDICTS.get(why, VERDICTS["held"])
    resume = f" Once that is so, `ops resume --company {connection.connection_id}` tries again." if held else ""
    raise CommandRefused(
        f"{name} is {'held: ' if held else ''}{why}, so nothing would be sent. {verdict.body.en}{resume}"
    )


def _plan(
    context: CommandContext, connection: Connection, entries: Sequence[str], days: tuple[date | None, date | None]
) -> ResendPlan:
    connection_id = connection.connection_id
    if not entries:
        return plan(within(context.stores.ledger.rows(connection_id), *days))
    rows, absent = [], []
    for entry_id in entries:
        known = context.stores.ledger.rows_of(connection_id, entry_id)
        chosen = within(known, *days)
        rows += chosen
        if not chosen:
            unknown = f"not in our ledger: `ops proof --company {connection_id} --now` looks for it in Pleo"
            absent.append(CannotSend(entry_id, "not settled on these days" if known else unknown))
    return plan(rows, absent)


def _read_missing_hints(context: CommandContext, connection: Connection, entries: Sequence[str]) -> list[str]:
    """Return ids of these entries' vouchers whose hint was never sent.

    Skip invoices: their hint is sent with the export of the payment.
    """
    found = (state for entry_id in entries for state in context.traces.trace(connection.connection_id, entry_id))
    return [state.voucher_id for state in found if state.kind != "invoice" and state.hint_missing]


def _confirm(context: CommandContext, lines: int) -> None:
    if context.progress.is_interactive and not context.as_json:
        typed = Prompt.ask(f"Type {lines} to send {lines:,} lines", console=context.progress)
        if typed.strip() == str(lines):
            return
        raise CommandRefused("Nothing was sent: the number was not confirmed.")
    raise CommandRefused(f"That would send {lines:,} lines: look with --dry-run, then confirm with --yes.")


# ------------------------------------------------------------------------------------------------ sending
def _begin(
    context: CommandContext, connection: Connection, intended: ResendPlan, hints: Sequence[str], now: datetime
) -> _Progress:
    """Make refused lines ready, then wake the workers.

    Crash in between → the company's next sync wakes its workers.
    """
    connection_id = connection.connection_id
    for row in intended.refused:
        # False: another operator made it ready, or Pleo changed the entry. The row is watched in both cases.
        context.stores.ledger.make_ready_again(connection_id, row, now)
    # A new occasion per run, so that the queue does not drop the wake-up as a duplicate.
    occasion = f"resend.{secrets.token_hex(8)}"
    if intended.lines:
        context.feed_queue.wake(connection_id, occasion)
    for voucher_id in hints:
        context.stores.matches.mark_for_review(connection_id, voucher_id, now)
    if hints:
        context.export_queue.wake(connection_id, occasion)
    wanted = dict.fromkeys((row.entry_id, row.revision) for row in (*intended.waiting, *intended.refused))
    return _Progress(open=wanted, hints=list(hints))


def _update(context: CommandContext, connection_id: str, progress: _Progress) -> bool:
    """Read what became of the next open rows and hints. Return True if none is open any more."""
    for entry_id in dict.fromkeys(entry_id for entry_id, _ in list(progress.open)[:_AT_ONCE]):
        for row in context.stores.ledger.rows_of(connection_id, entry_id):
            if (row.entry_id, row.revision) in progress.open and line_state([row]) is not LineState.WAITING:
                del progress.open[row.entry_id, row.revision]
                _add_decision(progress, row)
    for voucher_id in list(progress.hints):
        match = context.stores.matches.get(connection_id, voucher_id)
        record = context.stores.vouchers.get(connection_id, match.entry_id) if match else None
        if record is None or record.hinted:
            progress.hints.remove(voucher_id)
            progress.hints_sent += record is not None
    return not progress.open and not progress.hints


def _add_decision(progress: _Progress, row: Row) -> None:
    if row.state is State.SENT:
        progress.sent += 1
    elif row.state is State.FAILED:
        progress.refused.append(row)
    else:
        progress.otherwise.append(CannotSend(row.entry_id, obstacle(row)))


def _read_failure(context: CommandContext, connection: Connection, began: datetime) -> Failure | None:
    """Return the feed's last failure since the command began, or None."""
    failure = context.stores.failures.last(connection.connection_id, FEED)
    return failure if failure and failure.at >= began else None


# ------------------------------------------------------------------------------------------------ answer
def _summarize(intended: ResendPlan, progress: _Progress) -> str:
    parts = [f"{progress.sent:,} sent", f"{intended.there:,} already there"]
    if not_possible := why_not((*intended.cannot, *progress.otherwise)):
        parts.append(f"cannot send {not_possible}")
    if progress.refused:
        parts.append(f"{len(progress.refused):,} refused again")
    if progress.open:
        parts.append(f"{len(progress.open):,} still waiting")
    if progress.hints_sent:
        parts.append(f"{plural(progress.hints_sent, 'hint')} sent")
    if progress.hints:
        parts.append(f"{plural(len(progress.hints), 'hint')} still waiting")
    return ", ".join(parts)


def _answer_dry_run(connection: Connection, intended: ResendPlan, hints: Sequence[str]) -> Answer:
    summary = describe_plan(intended, len(hints))
    return Answer(
        _common(connection, intended.there, intended.cannot),
        {"dry_run": True, "result": summary, "would_send": intended.lines, "would_send_hints": len(hints)},
        {"entries": [row.entry_id for row in (*intended.waiting, *intended.refused)]},
        f"{plain(summary)}.",
    )


def _answer(connection: Connection, intended: ResendPlan, progress: _Progress, summary: str, *, waited: bool) -> Answer:
    still_open = bool(progress.open or progress.hints)
    return Answer(
        _common(connection, intended.there, (*intended.cannot, *progress.otherwise)),
        {"dry_run": False, "result": summary, "sent": progress.sent, "failure": progress.failure},
        {"refused": [{"entry_id": row.entry_id, "why": row.detail} for row in progress.refused]},
        {"waiting": [entry_id for entry_id, _ in progress.open]},
        {"hints_sent": progress.hints_sent, "hints_waiting": len(progress.hints)},
        f"{plain(summary)}.",
        *(plain(f"Refused again: {row.entry_id}: {row.detail}") for row in progress.refused[:_SHOWN]),
        *_what_next(progress.failure, still_open=still_open),
        failed=bool(progress.refused) or (waited and still_open),
    )


def _what_next(failure: Failure | None, *, still_open: bool) -> list[str]:
    if failure:
        failed = f"The feed failed again at {moment(failure.at)}: {failure.cause}."
        return [plain(f"{failed} It is tried again by itself; nothing is lost.")]
    return ["What still waits is worked on by itself; press again to see how far it is."] if still_open else []


def _common(connection: Connection, there: int, cannot: Sequence[CannotSend]) -> dict[str, Any]:
    known = {"connection_id": connection.connection_id, "company": connection.company_name}
    return known | {"already_there": there, "cannot_send": list(cannot)}
