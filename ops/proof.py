"""`ops proof`: show balance proofs, and request a new one."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from ops.answer import NOTHING, Answer, AnswerTable, Fact, as_data, bold, euro, moment, plural, red
from ops.app import Wait, command
from ops.context import CommandContext
from ops.errors import CommandRefused
from ops.wait import blocking_reason, wait_for
from shared.aws.connections import Connection, Status
from shared.aws.proofs import StoredProof
from shared.domain.syncing.proof import BalanceProof, Pending
from shared.domain.syncing.requests import SyncRequest
from shared.domain.times import utc_text

_AT_ONCE = 10
_PROVABLE = frozenset({Status.ACTIVE, Status.HELD})
_NO_PLEO = frozenset({"pleo_access_gone", "pleo_scope"})
_MADE_ALREADY = "made less than a minute ago already"


@command(changes=True)
def proof(
    context: CommandContext,
    company: Annotated[str | None, typer.Option(help="This company's proof in full.")] = None,
    now: Annotated[bool, typer.Option("--now", help="Have a new one made, from the start date on.")] = False,
    wait: Wait = 90,
) -> Answer:
    """Show whether the Pleo wallet and lexoffice agree. --now reads all entries from Pleo again and adds missing ones.

    --now needs a --reason, because it changes the ledger.
    """
    if company is None:
        if now:
            raise CommandRefused("Name the company whose balance is to be proven: --company NAME.")
        return _all_companies(context)
    connection = context.company(company)
    stored = context.stores.proofs.get(connection.connection_id)
    return _prove_now(context, connection, stored, wait) if now else _render(connection, stored)


def _all_companies(context: CommandContext) -> Answer:
    found = [each for each in context.stores.connections.all() if each.status in _PROVABLE]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        stored = pool.map(lambda each: context.stores.proofs.get(each.connection_id), found)
    rows = sorted(zip(found, stored, strict=True), key=lambda row: _worst_first(row[1]))
    unexplained = sum(bool(each.proof and each.proof.unexplained) for _, each in rows)
    return Answer(
        AnswerTable("companies", [_row(*each) for each in rows]),
        f"{plural(len(rows), 'company', 'companies')}, {unexplained} not explained.",
    )


def _row(connection: Connection, stored: StoredProof) -> list[Fact]:
    held = stored.proof.sums.held if stored.proof else 0
    return [
        Fact("company", "company", connection.company_name),
        *_facts(connection, stored),
        Fact("", ">held", held or ""),
    ]


def _facts(connection: Connection, stored: StoredProof) -> list[Fact]:
    last = stored.proof
    return [
        Fact("connection_id", "connection", connection.connection_id),
        Fact("status", "", connection.status.value),
        Fact("proved_at", "proven", last.proved_at if last else None, lambda at: moment(at) if at else "never"),
        Fact("wallet_cents", ">wallet", last.wallet if last else None, euro),
        Fact("opening_cents", "", last.opening if last else None),
        Fact("lexoffice_cents", "", last.opening + last.total if last else None),
        Fact("unexplained_cents", ">unexplained", last.unexplained if last else None, _alarming),
        Fact("sums", "", asdict(last.sums) if last else None),
        Fact("pending", "", asdict(last.pending) if last and last.pending else None),
        Fact("proven_until", "", stored.frozen.until),
        Fact("tried_at", "", stored.tried_at),
        Fact("in_progress", "", asdict(stored.in_progress) if stored.in_progress else None),
    ]


def _worst_first(stored: StoredProof) -> tuple[bool, int, str]:
    last = stored.proof
    if last is None:
        return True, 0, ""
    return not last.unexplained, -abs(last.unexplained), last.proved_at.isoformat()


def _prove_now(context: CommandContext, connection: Connection, before: StoredProof, wait: int) -> Answer:
    if connection.status not in _PROVABLE or connection.hold in _NO_PLEO:
        raise CommandRefused(
            f"{connection.company_name} is {connection.hold or connection.status.value}: its entries cannot be read "
            "from Pleo until its admin connects it again."
        )
    connection_id = connection.connection_id
    with context.audited_action("proof", connection) as action:
        last_requested_at = connection.last_requested_at(SyncRequest.PROVE_BALANCE)
        # Only active companies are limited: a held one can request a proof with this command only.
        requested = connection.status is Status.HELD or context.stores.connections.record_request(
            connection_id, SyncRequest.PROVE_BALANCE, datetime.now(UTC)
        )
        if requested:
            context.sync_queue.request_sync(connection_id, SyncRequest.PROVE_BALANCE)
        elif before.proof and utc_text(before.proof.proved_at) > last_requested_at:
            action.result = _MADE_ALREADY
            return _render(connection, before, outcome=_MADE_ALREADY)
        outcome = wait_for(
            context, "Waiting for the proof", lambda: _outcome(context, connection, before), seconds=wait
        )
        outcome = outcome or f"not made within {wait} seconds; it goes on by itself"
        action.result = ("" if requested else "requested a moment ago already; ") + outcome
    stored = context.stores.proofs.get(connection_id)
    return _render(connection, stored, outcome=outcome, failed=not _is_new(stored, before))


def _outcome(context: CommandContext, connection: Connection, before: StoredProof) -> str:
    """Return the outcome of the requested proof in words, or "" if there is none yet."""
    stored = context.stores.proofs.get(connection.connection_id)
    if _is_new(stored, before):
        last = stored.proof
        return f"proven, {euro(last.unexplained)} unexplained" if last and last.unexplained else "proven"
    if stored.tried_at and stored.tried_at != before.tried_at:
        return "not made: lines are being recorded, or one sync cannot read enough; it is tried again in an hour"
    return blocking_reason(connection, context.stores.connections.get(connection.connection_id))


def _is_new(stored: StoredProof, before: StoredProof) -> bool:
    return stored.proof is not None and (before.proof is None or stored.proof.proved_at != before.proof.proved_at)


def _render(connection: Connection, stored: StoredProof, *, outcome: str = "", failed: bool = False) -> Answer:
    last, reading = stored.proof, stored.in_progress
    return Answer(
        as_data(_facts(connection, stored)),
        Fact("company", "company", connection.company_name, bold),
        *([Fact("outcome", "now", outcome)] if outcome else []),
        Fact("", "proven", moment(last.proved_at) if last else "never"),
        *(_sums(last) if last else []),
        Fact("", "since", connection.start.day if connection.connected_at else NOTHING),
        Fact("", "proven for good", f"up to {stored.frozen.until}" if stored.frozen.until else ""),
        Fact("", "tried without success", moment(stored.tried_at) if stored.tried_at else ""),
        Fact("", "in progress", f"read up to {reading.frozen.until or 'nothing yet'}" if reading else ""),
        failed=failed,
    )


def _sums(last: BalanceProof) -> list[Fact]:
    sums, opening = last.sums, f"opening {euro(last.opening)}"
    booked = f"lines {euro(sums.lines)}, by hand {euro(sums.by_hand)}"
    held = f"{plural(sums.held, 'entry', 'entries')} of unknown effect, in neither" if sums.held else ""
    return [
        Fact("", "wallet at Pleo", f"{euro(last.wallet)} ({opening}, entries {euro(sums.effect)})"),
        Fact("", "in lexoffice", f"{euro(last.opening + last.total)} ({opening}, {booked})"),
        Fact("", "waiting", sums.waiting, euro),
        Fact("", "refused", sums.failed, euro),
        Fact("", "unexplained", last.unexplained, lambda cents: _alarming(cents) or euro(cents)),
        Fact("", "held", held),
        Fact("", "not settled", last.pending, _pending),
    ]


def _alarming(cents: int | None) -> str:
    return red(euro(cents)) if cents else ""


def _pending(pending: Pending | None) -> str:
    if not pending:
        return ""
    unknown = f", {pending.unknown} of them without an amount in euros" if pending.unknown else ""
    return f"{euro(pending.cents)} reserved by {plural(pending.count, 'payment')}{unknown}"
