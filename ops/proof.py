"""`ops proof`: whether every company's balance is proven, and a proof on demand."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from ops.answer import NOTHING, Answer, euro, facts, moment, plain, plural, table
from ops.app import command
from ops.desk import Desk
from ops.options import Wait
from ops.patience import awaited, setback
from ops.refusal import Refusal
from shared.aws.connections import Connection, Status
from shared.aws.proofs import StoredProof
from shared.domain.syncing.requests import SyncRequest
from shared.domain.times import utc_text

_AT_ONCE = 10
_TAKEN = frozenset({Status.ACTIVE, Status.HELD})
_NO_PLEO = frozenset({"pleo_access_gone", "pleo_scope"})


@command(changes=True)
def proof(
    desk: Desk,
    company: Annotated[str, typer.Option(help="This company's proof in full.")] = "",
    now: Annotated[bool, typer.Option("--now", help="Have a new one made, from the start date on.")] = False,
    wait: Wait = 90,
) -> Answer:
    """Whether wallet and lexoffice agree, and why not; --now reads every entry of Pleo again and makes good what lacks.

    Making good changes the ledger, so --now takes a --reason.
    """
    if not company:
        if now:
            raise Refusal("Name the company whose balance is to be proven: --company NAME.")
        return _everybody(desk)
    connection = desk.company(company)
    stored = desk.proofs.get(connection.connection_id)
    return _proven_now(desk, connection, stored, wait) if now else _told(connection, stored)


def _everybody(desk: Desk) -> Answer:
    found = [each for each in desk.companies() if each.status in _TAKEN]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        stored = pool.map(lambda each: desk.proofs.get(each.connection_id), found)
    rows = sorted(zip(found, stored, strict=True), key=lambda row: _worst_first(row[1]))
    unexplained = sum(bool(each.proof and each.proof.unexplained) for _, each in rows)
    return Answer(
        {"companies": [_data(connection, each) for connection, each in rows]},
        table(
            *("company", "connection", "proven", ">wallet", ">unexplained", ">held"),
            rows=[
                [
                    plain(connection.company_name),
                    connection.connection_id,
                    moment(each.proof.proved_at) if each.proof else "never",
                    euro(each.proof.wallet) if each.proof else NOTHING,
                    f"[red]{euro(each.proof.unexplained)}[/red]" if each.proof and each.proof.unexplained else NOTHING,
                    str(each.proof.sums.held) if each.proof and each.proof.sums.held else NOTHING,
                ]
                for connection, each in rows
            ],
        ),
        f"{plural(len(rows), 'company', 'companies')}, {unexplained} not explained.",
    )


def _worst_first(stored: StoredProof) -> tuple[bool, int, str]:
    last = stored.proof
    if last is None:
        return True, 0, ""
    return not last.unexplained, -abs(last.unexplained), last.proved_at.isoformat()


def _proven_now(desk: Desk, connection: Connection, before: StoredProof, wait: int) -> Answer:
    if connection.status not in _TAKEN or connection.hold in _NO_PLEO:
        raise Refusal(
            f"{connection.company_name} is {connection.hold or connection.status.value}: its entries cannot be read "
            "from Pleo until its admin connects it again."
        )
    connection_id = connection.connection_id
    with desk.deed("proof", connection) as deed:
        # Of a held company nobody else can ask, so nothing needs to be kept apart.
        asked = connection.status is Status.HELD or desk.connections.record_request(
            connection_id, SyncRequest.PROVE_BALANCE, datetime.now(UTC)
        )
        if asked:
            desk.sync_queue.request_sync(connection_id, SyncRequest.PROVE_BALANCE)
        elif before.proof and utc_text(before.proof.proved_at) > connection.prove_balance_requested_at:
            deed.says("made less than a minute ago already")
            return _told(connection, before, outcome="made less than a minute ago already")
        awaited(desk, "Waiting for the proof", lambda: _outcome(desk, connection, before), seconds=wait)
        outcome = _outcome(desk, connection, before) or f"not made within {wait} seconds; it goes on by itself"
        deed.says(("" if asked else "asked for a moment ago already; ") + outcome)
    stored = desk.proofs.get(connection_id)
    return _told(connection, stored, outcome=outcome, proven=_is_new(stored, before))


def _outcome(desk: Desk, connection: Connection, before: StoredProof) -> str:
    """What became of the proof that was asked for, in words; "" as long as nothing did."""
    stored = desk.proofs.get(connection.connection_id)
    if _is_new(stored, before):
        last = stored.proof
        return f"proven, {euro(last.unexplained)} unexplained" if last and last.unexplained else "proven"
    if stored.tried_at and stored.tried_at != before.tried_at:
        return "not made: lines are being recorded, or one turn cannot read enough; it is tried again in an hour"
    return setback(connection, desk.connections.get(connection.connection_id))


def _is_new(stored: StoredProof, before: StoredProof) -> bool:
    return stored.proof is not None and (before.proof is None or stored.proof.proved_at != before.proof.proved_at)


def _told(connection: Connection, stored: StoredProof, *, outcome: str = "", proven: bool = True) -> Answer:
    asked = [("now", plain(outcome))] if outcome else []
    shown = facts(("company", f"[bold]{plain(connection.company_name)}[/bold]"), *asked, *_facts(connection, stored))
    return Answer({**_data(connection, stored), **({"outcome": outcome} if outcome else {})}, shown, failed=not proven)


def _facts(connection: Connection, stored: StoredProof) -> list[tuple[str, str]]:
    last = stored.proof
    told = [("proven", moment(last.proved_at) if last else "never")]
    if last is not None:
        sums, opening, unexplained = last.sums, f"opening {euro(last.opening)}", euro(last.unexplained)
        booked = f"lines {euro(sums.lines)}, by hand {euro(sums.by_hand)}"
        told += [
            ("wallet at Pleo", f"{euro(last.wallet)} ({opening}, entries {euro(sums.effect)})"),
            ("in lexoffice", f"{euro(last.opening + last.total)} ({opening}, {booked})"),
            ("waiting", euro(sums.waiting)),
            ("refused", euro(sums.failed)),
            ("unexplained", f"[red]{unexplained}[/red]" if last.unexplained else unexplained),
            ("held", f"{plural(sums.held, 'entry', 'entries')} of unknown effect, in neither" if sums.held else ""),
        ]
        if pending := last.pending:
            unknown = f", {pending.unknown} of them without an amount in euros" if pending.unknown else ""
            told.append(
                ("not settled", f"{euro(pending.cents)} reserved by {plural(pending.count, 'payment')}{unknown}")
            )
    told += [
        ("since", str(connection.start.day) if connection.connected_at else NOTHING),
        ("proven for good", f"up to {stored.frozen.until}" if stored.frozen.until else ""),
        ("tried in vain", moment(stored.tried_at) if stored.tried_at else ""),
        ("under way", f"read up to {stored.in_progress.frozen.until or 'nothing yet'}" if stored.in_progress else ""),
    ]
    return told


def _data(connection: Connection, stored: StoredProof) -> dict[str, object]:
    last = stored.proof
    return {
        "connection_id": connection.connection_id,
        "company": connection.company_name,
        "status": connection.status.value,
        "proved_at": last.proved_at if last else None,
        "wallet_cents": last.wallet if last else None,
        "opening_cents": last.opening if last else None,
        "lexoffice_cents": last.opening + last.total if last else None,
        "unexplained_cents": last.unexplained if last else None,
        "sums": asdict(last.sums) if last else None,
        "pending": asdict(last.pending) if last and last.pending else None,
        "proven_until": stored.frozen.until,
        "tried_at": stored.tried_at,
        "in_progress": asdict(stored.in_progress) if stored.in_progress else None,
    }
