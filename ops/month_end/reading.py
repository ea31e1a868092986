"""Collects the facts of a month-end sheet: reads only, calls no vendor.

The ledger keeps a company's rows by entry, not by day, so its whole partition is read once, page by page; what is kept
in memory is the month. Everything about the month's expenses is then read entry by entry, several at a time.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial

from rich.progress import track

from ops.context import CommandContext
from ops.month_end.facts import Export, Facts, MadeVoucher, Month, Payment, Sums
from ops.month_end.sheet import needs_voucher
from shared.aws import rows
from shared.aws.connections import Connection, Status
from shared.aws.exports import JobState
from shared.aws.matches import MatchRecord
from shared.aws.table import Table
from shared.aws.vouchers import VoucherRecord
from shared.domain.exporting import export_errors
from shared.domain.exporting.match import MatchState
from shared.domain.feeding.ledger import BEFORE_START, Row, State

# As many as AWS's client keeps connections for.
_AT_ONCE = 10
_PAYMENT = "invoice_payment"
_UNKNOWN_AMOUNT = frozenset({State.HELD, State.INCOMPLETE})
_SHOWN = frozenset(State) - {State.PENDING, State.VOID}


def facts_of(desk: CommandContext, connection: Connection, month: Month, now: datetime) -> Facts:
    """Everything about one company and month. Raises StoreUnavailable."""
    ledger_rows, before, within = _ledger(desk, connection, month)
    ids = {row.entry_id for row in ledger_rows}
    invoices = _invoices(desk, connection, {row.entry_id for row in ledger_rows if row.kind == _PAYMENT})
    vouchers = _vouchers(desk, connection, month, ids | set(invoices.values()))
    reader = _Reader(desk, connection.connection_id, vouchers, invoices)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        matched = pool.map(reader.match, vouchers)
        matches = dict(zip(vouchers, _told(desk, matched, "Looking at vouchers", len(vouchers)), strict=True))
        known = pool.map(partial(reader.payment, matches=matches), ledger_rows)
        payments = list(_told(desk, known, "Looking at expenses", len(ledger_rows)))
        made = [record for record in vouchers.values() if record.voucher_id and _is_of(record, month, ids)]
        first_rows = {row.entry_id: row for row in ledger_rows if row.revision == 1}
        others = [record.entry_id for record in made if record.entry_id not in first_rows]
        first_rows |= {row.entry_id: row for row in pool.map(reader.row, others) if row}
    caught_up_to = connection.caught_up_to
    return Facts(
        company=connection.company_name,
        organisation=connection.organisation_name,
        hold=_hold(connection),
        month=month,
        now=now,
        start=connection.start.day,
        opening=connection.opening_minor,
        caught_up_to=datetime.fromisoformat(caught_up_to) if caught_up_to else None,
        before=before,
        within=within,
        payments=payments,
        vouchers=[
            MadeVoucher(record=record, row=first_rows.get(record.entry_id), match=_state(matches[record.entry_id]))
            for record in made
        ],
        looked=any(match is not None and match.looked_at for match in matches.values()),
        nameless=bool(connection.deleted_at),
        proof=desk.proofs.get(connection.connection_id).proof,
    )


def _hold(connection: Connection) -> str:
    if connection.status is Status.ACTIVE:
        return ""
    return connection.hold or connection.status.value


def _state(match: MatchRecord | None) -> MatchState | None:
    return match.state if match else None


# ------------------------------------------------------------------------------------------------ whole partition
def _ledger(desk: CommandContext, connection: Connection, month: Month) -> tuple[list[Row], Sums, Sums]:
    """The month's rows, and the sums before it and in it; rows without a day count to it."""
    table = Table(desk.stack["LedgerTable"])
    found = table.query(
        condition="#connection_id = :company AND begins_with(#row, :entries)",
        names=["connection_id", "row"],
        values={"company": connection.connection_id, "entries": rows.ENTRIES},
    )
    kept: list[Row] = []
    before, within = _Tally(), _Tally()
    for item in _told(desk, found, "Reading the ledger"):
        row = rows.row_of(item)
        if row.state not in _SHOWN or row.reason == BEFORE_START:
            continue
        if row.day is not None and row.day < month.first:
            before.add(row)
        elif row.day is None or row.day in month:
            within.add(row)
            kept.append(row)
    return kept, before.sums(), within.sums()


class _Tally:
    """Adds rows up by their state."""

    def __init__(self) -> None:
        self._cents: Counter[State] = Counter()
        self._count: Counter[State] = Counter()

    def add(self, row: Row) -> None:
        self._cents[row.state] += row.amount
        self._count[row.state] += 1

    def sums(self) -> Sums:
        return Sums(
            lines=self._cents[State.SENT],
            by_hand=self._cents[State.LISTED],
            waiting=self._cents[State.READY],
            refused=self._cents[State.FAILED],
            open=self._count[State.READY] + self._count[State.FAILED],
            unclear=sum(self._count[state] for state in _UNKNOWN_AMOUNT),
        )


def _invoices(desk: CommandContext, connection: Connection, payments: Collection[str]) -> dict[str, str]:
    """The entries of the invoices that these payments pay, by the payment's entry."""
    if not payments:
        return {}
    found = _told(desk, desk.vouchers.invoices(connection.connection_id), "Reading invoices")
    return {link.payment_entry: link.invoice_entry for link in found if link.payment_entry in payments}


def _vouchers(
    desk: CommandContext, connection: Connection, month: Month, ids: Collection[str]
) -> dict[str, VoucherRecord]:
    """The vouchers of these entries, and those with a date in the month, by entry."""
    found = _told(desk, desk.vouchers.all(connection.connection_id), "Reading vouchers")
    return {record.entry_id: record for record in found if record.entry_id in ids or _is_of(record, month, ())}


def _is_of(record: VoucherRecord, month: Month, ids: Collection[str]) -> bool:
    """Whether a voucher belongs to the month: by its date, or by its entry's day where nobody remembers the date."""
    return record.booked.day in month if record.booked else record.entry_id in ids


def _told[T](desk: CommandContext, things: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """The same things, with a person being told how far it is."""
    console = desk.progress
    return iter(track(things, what, total, console=console, transient=True, disable=not console.is_interactive))


# ------------------------------------------------------------------------------------------------ entry by entry
class _Reader:
    """Reads what is known of one entry; used by several threads at once."""

    def __init__(
        self, desk: CommandContext, connection_id: str, vouchers: dict[str, VoucherRecord], invoices: dict[str, str]
    ) -> None:
        self._desk = desk
        self._connection_id = connection_id
        self._vouchers = vouchers
        self._invoices = invoices
        # Made here, because the desk would make them once per thread.
        self._exports, self._matches, self._ledger, self._traces = desk.exports, desk.matches, desk.ledger, desk.traces
        self._over: dict[str, str | None] = {}

    def match(self, entry_id: str) -> MatchRecord | None:
        """What became of the suggestion for an entry's voucher."""
        voucher_id = self._vouchers[entry_id].voucher_id
        return self._matches.get(self._connection_id, voucher_id) if voucher_id else None

    def row(self, entry_id: str) -> Row | None:
        """The row of an entry, of whatever month."""
        return self._ledger.first_row(self._connection_id, entry_id)

    def payment(self, row: Row, *, matches: dict[str, MatchRecord | None]) -> Payment:
        """A row with what is known of its expense; a correction and a wallet movement have none."""
        amount = None if row.state in _UNKNOWN_AMOUNT else row.amount
        payment = Payment(row=row, amount=amount, counterparty=row.counterparty)
        if row.revision > 1 or not (row.state is State.NONE or row.kind == _PAYMENT or needs_voucher(row.kind)):
            return payment
        last = self._exports.last_item(self._connection_id, row.entry_id)
        of_voucher = self._invoices.get(row.entry_id, row.entry_id)
        payment = replace(
            payment,
            book_id=last.book_id if last else "",
            export=self._export(row.entry_id, last.job_id) if last else None,
            voucher=self._vouchers.get(of_voucher),
            match=_state(matches.get(of_voucher)),
        )
        return self._as_exported(payment) if row.state is State.NONE and payment.export else payment

    def _export(self, entry_id: str, job_id: str) -> Export:
        item = self._exports.item(self._connection_id, job_id, entry_id)
        if item is None:
            return Export(outcome="forgotten")
        if not item.outcome and (code := self._ended(job_id)) is not None:
            # The job ended without us, so nothing more will become of its items.
            return Export(outcome="abandoned", code=code)
        successful = item.outcome == "successful"
        return Export(
            outcome=item.outcome,
            code=item.code,
            values=tuple(sorted(item.values.items())),
            unmet_criteria=tuple(filter(None, item.text.split(","))) if successful else (),
        )

    def _ended(self, job_id: str) -> str | None:
        """Why a job is over, None while it is not."""
        if job_id not in self._over:
            job = self._exports.job(self._connection_id, job_id)
            over = job is not None and job.state is JobState.FINISHED
            self._over[job_id] = (job.code or export_errors.JOB_ENDED.code) if job and over else None
        return self._over[job_id]

    def _as_exported(self, payment: Payment) -> Payment:
        """What moved no wallet has its amount and its name from Pleo's export, as long as that is remembered."""
        entry_id = payment.row.entry_id
        found = self._traces.trace(self._connection_id, entry_id)
        amount = next((trace.amount for trace in found if trace.entry_id == entry_id), None)
        return replace(payment, amount=None if amount is None else -abs(amount))
