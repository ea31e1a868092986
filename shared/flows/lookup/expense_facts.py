"""Read the facts of expenses: of one entry, or of many entries of a company. Read-only; calls no vendor."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from shared.aws.connections import Connection
from shared.aws.exports import ExportItem, Job, JobState, LastItem
from shared.aws.matches import MatchRecord
from shared.aws.stores import Stores
from shared.aws.vouchers import VoucherRecord
from shared.domain.exporting import export_errors
from shared.domain.feeding.ledger import WALLET_CURRENCY, Row
from shared.domain.lookup.expense_facts import ExpenseFacts, ExportFacts, ExportOutcome, VoucherFacts
from shared.domain.text import one_line
from shared.domain.times import booking_date, moment
from shared.pleo import export_items

_NAME_LIMIT = 70
# DynamoDB's limit for BatchGetItem.
_BATCH = 100


def hold_reason(connection: Connection) -> str:
    """Return why nothing is written for the company: its hold or its status, or "" while it is active."""
    if connection.status.may_write:
        return ""
    return connection.hold or connection.status.value


@dataclass(frozen=True, slots=True)
class VoucherIndex:
    """Records of a whole company.

    - `vouchers`, `matches`: by the voucher's entry id.
    - `invoices`: the invoice's entry id by its payment's entry id.
    """

    vouchers: Mapping[str, VoucherRecord] = field(default_factory=dict)
    matches: Mapping[str, MatchRecord] = field(default_factory=dict)
    invoices: Mapping[str, str] = field(default_factory=dict)


class ExpenseFactsReader:
    """Reads facts; one instance per process."""

    def __init__(self, stores: Stores) -> None:
        self._ledger = stores.ledger
        self._exports = stores.exports
        self._vouchers = stores.vouchers
        self._matches = stores.matches

    def of_entry(self, connection: Connection, entry_id: str) -> ExpenseFacts:
        """Return the facts of one entry, with at most eight reads. Raises StoreUnavailable."""
        connection_id = connection.connection_id
        last = self._exports.last_item(connection_id, entry_id)
        item = self._exports.item(connection_id, last.job_id, entry_id) if last else None
        voucher = self._voucher(connection_id, entry_id, item)
        return _facts(
            _EntryRecords(
                entry_id=entry_id,
                rows=self._ledger.rows_of(connection_id, entry_id),
                last=last,
                item=item,
                job=self._exports.job(connection_id, last.job_id) if last and item else None,
                voucher=voucher,
                match=self._matches.get(connection_id, voucher.voucher_id) if voucher and voucher.voucher_id else None,
            ),
            hold_reason(connection),
        )

    def _voucher(self, connection_id: str, entry_id: str, item: ExportItem | None) -> VoucherRecord | None:
        """Return the voucher of the entry, or of the invoice that the entry pays."""
        own = self._vouchers.get(connection_id, entry_id)
        if own is not None or item is None or not item.voucher_id:
            return own
        match = self._matches.get(connection_id, item.voucher_id)
        return self._vouchers.get(connection_id, match.entry_id) if match else None

    def of_rows(self, connection: Connection, rows: Iterable[Row], index: VoucherIndex) -> Iterator[ExpenseFacts]:
        """Yield the facts of many entries in the order of their first rows, 100 entries at a time.

        The facts contain no corrections, because a correction may belong to another month. Raises StoreUnavailable.
        """
        connection_id, hold = connection.connection_id, hold_reason(connection)
        jobs: dict[str, Job | None] = {}
        waiting = iter(rows)
        while batch := list(islice(waiting, _BATCH)):
            last = self._exports.last_items(connection_id, [row.entry_id for row in batch])
            items = self._exports.newest_items(connection_id, last.values())
            for job_id in {item.job_id for item in items.values()} - jobs.keys():
                jobs[job_id] = self._exports.job(connection_id, job_id)
            for row in batch:
                item = items.get(row.entry_id)
                owner = index.invoices.get(row.entry_id, row.entry_id)
                found = _EntryRecords(
                    entry_id=row.entry_id,
                    rows=[row],
                    last=last.get(row.entry_id),
                    item=item,
                    job=jobs[item.job_id] if item else None,
                    voucher=index.vouchers.get(owner),
                    match=index.matches.get(owner),
                )
                yield _facts(found, hold)

    def matches_of(self, connection_id: str, vouchers: Collection[VoucherRecord]) -> dict[str, MatchRecord]:
        """Return the matches of vouchers by the voucher's entry id, read 100 at a time. Raises StoreUnavailable."""
        found: dict[str, MatchRecord] = {}
        ids = iter(dict.fromkeys(record.voucher_id for record in vouchers if record.voucher_id))
        while batch := list(islice(ids, _BATCH)):
            found |= self._matches.get_many(connection_id, batch)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _EntryRecords:
    """Stored records of one entry."""

    entry_id: str
    rows: Sequence[Row]
    last: LastItem | None
    item: ExportItem | None
    job: Job | None
    voucher: VoucherRecord | None
    match: MatchRecord | None


def _facts(found: _EntryRecords, hold: str) -> ExpenseFacts:
    facts = ExpenseFacts(
        entry_id=found.entry_id,
        rows=found.rows,
        export=_export(found.item, found.job) if found.last else None,
        voucher=_voucher(found.voucher) if found.voucher else None,
        match=found.match.state if found.match else None,
        matched_at=moment(found.match.looked_at) if found.match else None,
        hold=hold,
        book_id=found.last.book_id if found.last else "",
    )
    return _with_expense(facts, found.item) if found.item else facts


def _export(item: ExportItem | None, job: Job | None) -> ExportFacts:
    if item is None:
        return ExportFacts(outcome=ExportOutcome.FORGOTTEN)
    outcome, code, values = ExportOutcome(item.outcome), item.code, item.values
    if job is not None and job.state is JobState.FINISHED and outcome is ExportOutcome.RUNNING:
        # The job has ended, so its open items will not be exported any more.
        code, values = job.code or export_errors.JOB_ENDED.code, job.values or {"reason": "?"}
        outcome = ExportOutcome.ABANDONED
    return ExportFacts(
        outcome=outcome,
        clicked_at=moment(job.created_at) if job else None,
        code=code,
        values=tuple(sorted(values.items())),
        unmet_criteria=tuple(filter(None, item.text.split(","))) if outcome is ExportOutcome.SUCCESSFUL else (),
    )


def _voucher(record: VoucherRecord) -> VoucherFacts:
    # The voucher's creation time is known while late receipts are watched for; later, only the job's time is.
    made_at = moment(record.watched_since or record.job_at) if record.voucher_id else None
    return VoucherFacts(
        number=record.number,
        voucher_id=record.voucher_id,
        made_at=made_at,
        receipts=len(record.files),
        uploading=bool(record.uploading),
        hinted=record.hinted,
    )


def _with_expense(facts: ExpenseFacts, item: ExportItem) -> ExpenseFacts:
    """Add the expense's data from the export item, if the item is readable."""
    try:
        expense = export_items.parse(item.item)
    except export_items.MalformedExportItemError:
        return facts
    return replace(
        facts,
        pleo_url=expense.link,
        amount=expense.paid.minor if expense.paid.currency == WALLET_CURRENCY else None,
        counterparty=one_line(expense.supplier.name or expense.vendor.name, _NAME_LIMIT),
        day=booking_date(expense.booked_at),
    )
