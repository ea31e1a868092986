"""Finds an expense by what a person has of it, and tells its life. Changes nothing, calls no vendor."""

import re
from dataclasses import replace
from datetime import datetime

from shared.aws.connections import Connection
from shared.aws.exports import ExportItem, JobState, LastItem
from shared.aws.stores import Stores
from shared.aws.vouchers import VoucherRecord
from shared.domain.exporting import export_errors
from shared.domain.exporting.voucher import book_mark, book_mark_of, is_number_of
from shared.domain.feeding.ledger import WALLET_CURRENCY
from shared.domain.lookup.trace import Branch, Trace, decide
from shared.domain.lookup.trace_facts import Export, Known, VoucherFacts
from shared.domain.text import one_line
from shared.domain.times import booking_date
from shared.pleo import export_items

_LONGEST = 100
_MOST = 10
_NAME_LIMIT = 70
_ID = re.compile(r"[0-9a-z-]{8,64}")


class Traces:
    """Looks expenses up; one per process."""

    def __init__(self, stores: Stores) -> None:
        self._connections = stores.connections
        self._ledger = stores.ledger
        self._exports = stores.exports
        self._vouchers = stores.vouchers
        self._matches = stores.matches

    def trace(self, connection_id: str, asked: str) -> list[Trace]:
        """The expenses of a company that a text names, none if it names none.

        Pleo's book id, a voucher number of ours, the id of the accounting entry, or lexoffice's id of the voucher, all
        of them in any case. Several expenses may share a book id; at most ten are told. Raises StoreUnavailable.
        """
        asked = asked.strip()
        connection = self._connections.get(connection_id)
        if connection is None or not 0 < len(asked) <= _LONGEST or not asked.isprintable():
            return []
        told = (decide(self._known(connection, entry_id)) for entry_id in self._entries(connection_id, asked))
        return [trace for trace in told if trace.branch is not Branch.UNKNOWN]

    def _entries(self, connection_id: str, asked: str) -> list[str]:
        if mark := book_mark_of(asked):
            found = self._exports.of_book_mark(connection_id, mark, _MOST)
            return [entry_id for entry_id in found if is_number_of(asked, entry_id)]
        if (mark := book_mark(asked)) and (found := self._exports.of_book_mark(connection_id, mark, _MOST)):
            return found
        if not _ID.fullmatch(asked.lower()):
            return []
        record = self._matches.get(connection_id, asked)
        return [record.entry_id if record else asked.lower()]

    def _known(self, connection: Connection, entry_id: str) -> Known:
        connection_id = connection.connection_id
        last = self._exports.last_item(connection_id, entry_id)
        item = self._exports.item(connection_id, last.job_id, entry_id) if last else None
        voucher = self._voucher(connection_id, entry_id, item)
        match = self._matches.get(connection_id, voucher.voucher_id) if voucher and voucher.voucher_id else None
        known = Known(
            entry_id=entry_id,
            rows=self._ledger.rows_of(connection_id, entry_id),
            export=self._export(connection_id, last, item) if last and item else None,
            voucher=_facts(voucher) if voucher else None,
            match=match.state if match else None,
            matched_at=_moment(match.looked_at) if match else None,
            hold=_hold(connection),
            book_id=last.book_id if last else "",
        )
        return _with_expense(known, item) if item else known

    def _voucher(self, connection_id: str, entry_id: str, item: ExportItem | None) -> VoucherRecord | None:
        """The voucher of the entry, or the one of the invoice that it pays."""
        own = self._vouchers.get(connection_id, entry_id)
        if own is not None or item is None or not item.voucher_id:
            return own
        match = self._matches.get(connection_id, item.voucher_id)
        return self._vouchers.get(connection_id, match.entry_id) if match else None

    def _export(self, connection_id: str, last: LastItem, item: ExportItem) -> Export:
        job = self._exports.job(connection_id, last.job_id)
        outcome, code, values = item.outcome, item.code, item.values
        if job is not None and job.state is JobState.FINISHED and not outcome:
            # The job ended without us, so nothing more will become of its items.
            outcome, code, values = "abandoned", job.code or export_errors.JOB_ENDED.code, job.values or {"reason": "?"}
        return Export(
            clicked_at=_moment(job.created_at) if job else None,
            outcome=outcome,
            code=code,
            values=tuple(sorted(values.items())),
            unmet_criteria=tuple(filter(None, item.text.split(","))) if outcome == "successful" else (),
        )


def _with_expense(known: Known, item: ExportItem) -> Known:
    """What Pleo's export says of the expense, as far as it can be read; the ledger's word goes first."""
    try:
        expense = export_items.parse(item.item)
    except export_items.MalformedExportItemError:
        return known
    return replace(
        known,
        pleo_url=expense.link,
        amount=expense.paid.minor if expense.paid.currency == WALLET_CURRENCY else None,
        counterparty=one_line(expense.supplier.name or expense.vendor.name, _NAME_LIMIT),
        day=booking_date(expense.booked_at),
    )


def _facts(record: VoucherRecord) -> VoucherFacts:
    # While receipts are watched for, since the voucher was made, that time is known; later that of its job.
    made_at = _moment(record.watched_since or record.job_at) if record.voucher_id else None
    return VoucherFacts(
        number=record.number,
        voucher_id=record.voucher_id,
        made_at=made_at,
        receipts=len(record.files),
        uploading=bool(record.uploading),
        hinted=record.hinted,
    )


def _hold(connection: Connection) -> str:
    if connection.status.may_write:
        return ""
    return connection.hold or connection.status.value


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
