"""Assignment hints: which bank line a voucher belongs to, told to lexoffice once.

lexoffice takes one hint per voucher, before or after the line, and refuses a second one, which changes nothing
(docs/assumptions.md#lexoffice-hint). What if the process dies between hint and record? It is sent and refused again.
"""

from dataclasses import replace
from datetime import UTC, datetime

from shared.aws.exports import Exports
from shared.aws.ledger import Ledger
from shared.aws.vouchers import VoucherRecord, Vouchers
from shared.domain.exporting.expense import Expense
from shared.domain.exporting.voucher import invoice_key
from shared.domain.feeding import line
from shared.domain.feeding.entry_rules import Destination
from shared.errors import NotFound, Rejected
from shared.lexoffice.client import LexofficeClient
from shared.pleo import export_items
from shared.telemetry import count, log_info, log_warning


class Hints:
    """The hints of one company's vouchers."""

    def __init__(self, connection_id: str, *, vouchers: Vouchers, lexoffice: LexofficeClient) -> None:
        self._connection_id = connection_id
        self._vouchers = vouchers
        self._lexoffice = lexoffice

    def counterpart(self, expense: Expense) -> str:
        """The entry whose bank line belongs to the voucher; an invoice's is that of its payment, "" if unknown."""
        if expense.type != "invoice":
            return expense.entry_id
        key = invoice_key(expense)
        return self._vouchers.link_invoice(self._connection_id, key).payment_entry if key else ""

    def send(self, record: VoucherRecord, counterpart: str) -> VoucherRecord:
        """Send the only hint a voucher may have, once it is known which line it belongs to."""
        if record.hinted or not counterpart:
            return record
        try:
            self._lexoffice.hint(record.voucher_id, line.external_reference(counterpart))
        except Rejected as error:
            # Mostly a second hint for the voucher: the first one arrived and we died before we knew. If not, no
            # suggestion will appear, and somebody has to match by hand.
            kinds = sorted({f"{issue.field} {issue.kind}" for issue in error.issues})
            told = {"issues": kinds, "vendor_request_id": error.request_id or ""}
            log_warning("hint refused", connection_id=self._connection_id, entry_id=record.entry_id, **told)
            count("HintRefused")
        else:
            log_info(
                "hint sent",
                connection_id=self._connection_id,
                entry_id=record.entry_id,
                voucher_id=record.voucher_id,
                vendor_request_id=self._lexoffice.request_id,
            )
        return self._vouchers.save(self._connection_id, replace(record, hinted=True), datetime.now(UTC))


class MissingHints:
    """Sends hints that no export has sent: its job ended in between, or nobody exported the entry again since."""

    def __init__(
        self, connection_id: str, *, hints: Hints, ledger: Ledger, exports: Exports, vouchers: Vouchers
    ) -> None:
        self._connection_id = connection_id
        self._hints = hints
        self._ledger = ledger
        self._exports = exports
        self._vouchers = vouchers

    def send(self, entry_id: str) -> None:
        """Send the hint of an entry's voucher if it is missing and its line is known; one read if it is not missing.

        Raises Overtaken, and vendor errors but NotFound: a voucher that is gone needs no hint.
        """
        record = self._vouchers.get(self._connection_id, entry_id)
        if record is None or not record.voucher_id or record.hinted:
            return
        try:
            sent = self._hints.send(record, self._counterpart(entry_id))
        except NotFound:
            return
        if sent.hinted:
            log_info("missing hint sent", connection_id=self._connection_id, entry_id=entry_id)

    def _counterpart(self, entry_id: str) -> str:
        """By what Pleo exported, or, when that has expired, by the ledger: an entry that has a line is its own."""
        last = self._exports.last_item(self._connection_id, entry_id)
        item = self._exports.item(self._connection_id, last.job_id, entry_id) if last else None
        if item is not None:
            try:
                return self._hints.counterpart(export_items.parse(item.item))
            except export_items.MalformedExportItemError:
                pass
        row = self._ledger.first_row(self._connection_id, entry_id)
        return entry_id if row is not None and row.destination is Destination.LINE else ""
