"""Read the facts of a month-end sheet. Changes nothing and calls no vendor.

The ledger is keyed by entry, not by day. The company's whole partition is therefore read once, page by page; only the
month's rows are kept in memory. The facts about the month's expenses are then read in batches.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from itertools import islice

from rich.progress import track

from ops.context import CommandContext
from ops.month_end.facts import MadeVoucher, Month, MonthFacts, Payment
from shared.aws import rows
from shared.aws.connections import Connection
from shared.aws.table import Table
from shared.aws.vouchers import VoucherRecord
from shared.domain.feeding.ledger import BEFORE_START, Row, RowSums, State
from shared.domain.lookup.expense_facts import ExpenseFacts
from shared.domain.lookup.expense_halves import needs_voucher
from shared.domain.lookup.expense_state import decide
from shared.domain.times import moment
from shared.flows.lookup.expense_facts import ExpenseFactsReader, VoucherIndex, hold_reason

_PAYMENT = "invoice_payment"
_SHOWN = frozenset(State) - {State.PENDING, State.VOID}
_BATCH = 100


def facts_of(context: CommandContext, connection: Connection, month: Month, now: datetime) -> MonthFacts:
    """Return all facts about one company and month. Raise StoreUnavailable if AWS fails."""
    connection_id = connection.connection_id
    reader = ExpenseFactsReader(context.stores)
    month_rows, before, within = _read_ledger(context, connection_id, month)
    ids = {row.entry_id for row in month_rows}
    invoices = _read_invoices(context, connection_id, {row.entry_id for row in month_rows if row.kind == _PAYMENT})
    vouchers = _read_vouchers(context, connection_id, month, ids | set(invoices.values()))
    index = VoucherIndex(vouchers, reader.matches_of(connection_id, vouchers.values()), invoices)
    expenses = [row for row in month_rows if _is_expense(row)]
    found = _with_progress(context, reader.of_rows(connection, expenses, index), "Reading expenses", len(expenses))
    facts = {each.entry_id: each for each in found}
    of_month = [record for record in vouchers.values() if record.voucher_id and _is_of(record, month, ids)]
    first_rows = _first_rows(context, connection_id, month_rows, [record.entry_id for record in of_month])
    return MonthFacts(
        company=connection.company_name,
        organisation=connection.organisation_name,
        hold=hold_reason(connection),
        month=month,
        now=now,
        start=connection.start.day,
        opening=connection.opening_minor,
        caught_up_to=moment(connection.caught_up_to),
        before=before,
        within=within,
        payments=[_payment(row, facts) for row in month_rows],
        vouchers=[
            MadeVoucher(
                record=record,
                row=first_rows.get(record.entry_id),
                match=match.state if (match := index.matches.get(record.entry_id)) else None,
            )
            for record in of_month
        ],
        has_matches=any(match.looked_at for match in index.matches.values()),
        is_nameless=bool(connection.deleted_at),
        proof=context.stores.proofs.get(connection_id).proof,
    )


def _is_expense(row: Row) -> bool:
    """Return True if a row is an expense of its own. Corrections and wallet movements are not."""
    return row.revision == 1 and (row.state is State.NONE or row.kind == _PAYMENT or needs_voucher(row.kind))


def _payment(row: Row, facts: dict[str, ExpenseFacts]) -> Payment:
    own = facts[row.entry_id] if _is_expense(row) else ExpenseFacts(entry_id=row.entry_id, rows=[row])
    return Payment(row, decide(own))


def _read_ledger(context: CommandContext, connection_id: str, month: Month) -> tuple[list[Row], RowSums, RowSums]:
    """Return the month's rows, and the sums before the month and in it. Rows without a day count as the month's."""
    table = Table(context.stack["LedgerTable"])
    found = table.query(
        condition="#connection_id = :company AND begins_with(#row, :entries)",
        values={"company": connection_id, "entries": rows.ENTRIES},
    )
    kept: list[Row] = []
    before, within = RowSums(), RowSums()
    for item in _with_progress(context, found, "Reading the ledger"):
        row = rows.row_of(item)
        if row.state not in _SHOWN or row.reason == BEFORE_START:
            continue
        if row.day is not None and row.day < month.first:
            before = before.with_row(row)
        elif row.day is None or row.day in month:
            within = within.with_row(row)
            kept.append(row)
    return kept, before, within


def _read_invoices(context: CommandContext, connection_id: str, payments: Collection[str]) -> dict[str, str]:
    """Return the invoices' entry ids by the entry id of their payment."""
    if not payments:
        return {}
    found = _with_progress(context, context.stores.vouchers.invoices(connection_id), "Reading invoices")
    return {link.payment_entry: link.invoice_entry for link in found if link.payment_entry in payments}


def _read_vouchers(
    context: CommandContext, connection_id: str, month: Month, ids: Collection[str]
) -> dict[str, VoucherRecord]:
    """Return the vouchers of these entries and those dated in the month, by entry id."""
    found = _with_progress(context, context.stores.vouchers.all(connection_id), "Reading vouchers")
    return {record.entry_id: record for record in found if record.entry_id in ids or _is_of(record, month, ())}


def _first_rows(
    context: CommandContext, connection_id: str, month_rows: Iterable[Row], entry_ids: Iterable[str]
) -> dict[str, Row]:
    """Return the first row of each entry, of any month, by entry id."""
    known = {row.entry_id: row for row in month_rows if row.revision == 1}
    missing = iter([entry_id for entry_id in entry_ids if entry_id not in known])
    while batch := list(islice(missing, _BATCH)):
        known |= context.stores.ledger.first_rows(connection_id, batch)
    return known


def _is_of(record: VoucherRecord, month: Month, ids: Collection[str]) -> bool:
    """Return True if a voucher belongs to the month.

    Its date decides; if that is unknown, whether its entry is in `ids`.
    """
    return record.booked.day in month if record.booked else record.entry_id in ids


def _with_progress[T](context: CommandContext, things: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """Yield the same things, and show the operator the progress."""
    console = context.progress
    return iter(track(things, what, total, console=console, transient=True, disable=not console.is_interactive))
