"""Export one item: create the voucher, attach its receipts, send its hint. Each step is recorded before and after.

- Crash before a call: the intention is in the ledger.
- Crash while the voucher is created: its record has a number and no id, so the next run searches for the voucher before
  it creates one.
- Crash during an upload: the next run looks for the receipt among the voucher's files.
- Crash after the hint: the next run sends it again; lexoffice refuses a second hint, which changes nothing.
- Running twice: the record of an entry's voucher is kept for good, so a later job reports the voucher it finds.
- Two workers at once: a write of the record replaces its predecessor or fails, so the slower worker stops before it
  creates anything.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from shared.aws.vouchers import VoucherRecord
from shared.domain.exporting import export_errors
from shared.domain.exporting.expense import Expense
from shared.domain.exporting.export_errors import Refusal
from shared.domain.exporting.mapping import voucher_for
from shared.domain.exporting.match import BankLine, unmet_criteria
from shared.domain.exporting.voucher import ContactNeed, Reason, Settings, Voucher, WithoutVoucher, invoice_key
from shared.domain.exporting.voucher_facts import booked_voucher
from shared.domain.money import Money
from shared.domain.times import utc_text
from shared.errors import NotFound, OutcomeUnknown, Overtaken, RateLimited, Rejected, Unavailable, UnexpectedAnswer
from shared.flows.exporting.export_run import ExportRun
from shared.flows.exporting.voucher_files import CheckedReceipt, RefusedItemError, issues_text
from shared.lexoffice.models import NewVoucher, NewVoucherItem
from shared.telemetry import log_info

# lexoffice does not document its error for a closed period (docs/assumptions.md#lexoffice-closed-period).
_CLOSED = re.compile(r"period.?closed|closed.?period|festgeschrieben|festschreibung", re.IGNORECASE)
_PAYMENT_RETURNED = "invoice_payment_returned"

type LineOf = Callable[[str], BankLine | None]


@dataclass(frozen=True, slots=True)
class Exported:
    """A successful export.

    - `voucher_id`: "" if the expense needs no voucher.
    - `unmet_criteria`: stable words for the suggestion criteria that are not met; lexoffice will suggest no match.
    """

    voucher_id: str = ""
    unmet_criteria: tuple[str, ...] = ()


class ItemExporter:
    """Exports the items of one job within one run."""

    def __init__(self, run: ExportRun, settings: Settings, *, job_at: str, line_of: LineOf) -> None:
        """`job_at`: creation time of the job by Pleo's clock. `line_of`: returns an entry's bank line, or None."""
        self._connection_id = run.connection_id
        self._settings = settings
        self._job_at = job_at
        self._settling = run.settling
        self._line_of = line_of
        self._files = run.files
        self._hints = run.hints
        self._vouchers = run.stores.vouchers
        self._matches = run.stores.matches
        self._lexoffice = run.lexoffice

    def export(self, expense: Expense) -> Exported:
        """Do the remaining steps of an item.

        Raises RefusedItemError, Overtaken, OutOfTime, and vendor errors that may affect all items.
        """
        record = self._vouchers.get(self._connection_id, expense.entry_id)
        if record is not None and record.voucher_id and self._exists(record):
            # Already exported: later changes of the expense do not change its voucher. Attach receipts added since.
            return Exported(self._attach_and_hint(expense, record, self._files.load(expense.files)).voucher_id)
        counterpart = self._hints.counterpart(expense)
        bank_line = self._line_of(counterpart) if counterpart else None
        outcome = voucher_for(expense, self._settings, bank_line)
        match outcome:
            case Refusal():
                raise RefusedItemError(outcome)
            case WithoutVoucher(reason=Reason.INVOICE_PAYMENT):
                return self._link_payment(expense)
            case WithoutVoucher():
                return Exported()
            case Voucher():
                return self._export_voucher(expense, outcome, bank_line, record)

    def _exists(self, record: VoucherRecord) -> bool:
        """Return whether lexoffice still has the voucher. A customer deletes or voids it to have it created again."""
        try:
            return self._lexoffice.voucher(record.voucher_id).voucher_status != "voided"
        except NotFound:
            return False

    def _link_payment(self, expense: Expense) -> Exported:
        """Link a payment to its invoice's voucher and send that voucher's hint.

        If the invoice is not exported yet, its own export finds the payment by this link.
        """
        key = invoice_key(expense)
        if not key:
            return Exported()
        payment = "" if expense.sub_type == _PAYMENT_RETURNED else expense.entry_id
        link = self._vouchers.link_invoice(self._connection_id, key, payment_entry=payment)
        record = self._vouchers.get(self._connection_id, link.invoice_entry) if link.invoice_entry else None
        if record is None or not record.voucher_id:
            return Exported()
        self._hints.send(record, payment)
        return Exported(record.voucher_id)

    def _export_voucher(
        self, expense: Expense, voucher: Voucher, bank_line: BankLine | None, record: VoucherRecord | None
    ) -> Exported:
        # Load and check every receipt before the first write, so that no voucher is created without its receipts.
        ready = self._files.load(expense.files)
        record = self._ensure_voucher(expense, voucher, record)
        record = self._attach_and_hint(expense, record, ready)
        return Exported(record.voucher_id, tuple(criterion.value for criterion in unmet_criteria(voucher, bank_line)))

    def _attach_and_hint(self, expense: Expense, record: VoucherRecord, ready: list[CheckedReceipt]) -> VoucherRecord:
        record = self._files.attach(record, ready)
        if expense.type != "invoice":
            return self._hints.send(record, expense.entry_id)
        if not (key := invoice_key(expense)):
            return record
        # Read the link again: the payment may have been exported since this invoice was decided.
        link = self._vouchers.link_invoice(self._connection_id, key, invoice_entry=expense.entry_id)
        return self._hints.send(record, link.payment_entry)

    def _ensure_voucher(self, expense: Expense, voucher: Voucher, record: VoucherRecord | None) -> VoucherRecord:
        # The last attempt crashed between intention and record: its call may have reached lexoffice.
        if record is not None and not record.voucher_id and (found := self._find(voucher)):
            return self._adopt(record, found)
        if record is not None and not record.voucher_id and self._may_be_on_its_way(record):
            raise Overtaken("lexoffice may still be making the voucher")
        new = self._new_voucher(voucher)
        fresh = VoucherRecord(
            entry_id=expense.entry_id,
            number=voucher.number,
            job_at=self._job_at,
            booked=booked_voucher(expense, voucher, self._settings),
        )
        version = record.version if record else 0
        record = self._save(replace(fresh, version=version, intended_at=utc_text(datetime.now(UTC))))
        try:
            voucher_id = self._lexoffice.create_voucher(new)
        except (OutcomeUnknown, UnexpectedAnswer):
            if found := self._find(voucher):
                return self._adopt(record, found)
            raise
        except (Rejected, RateLimited, Unavailable) as error:
            self._save(replace(record, intended_at=""))  # lexoffice certainly did not create it
            if not isinstance(error, Rejected):
                raise
            raise RefusedItemError(_refusal(error, voucher)) from error
        self._log("voucher made", record, voucher_id)
        return self._record_created(record, voucher_id)

    def _may_be_on_its_way(self, record: VoucherRecord) -> bool:
        """Return whether the voucher was sent so recently that lexoffice may still be creating it."""
        if not record.intended_at:
            return False
        return datetime.now(UTC) - datetime.fromisoformat(record.intended_at) < self._settling

    def _find(self, voucher: Voucher) -> str:
        """Return the id of the voucher with this number, or "". Voided vouchers do not count."""
        found = self._lexoffice.find_vouchers(voucher.number, [voucher.type])
        return next((row.id for row in found if row.voucher_status != "voided"), "")

    def _adopt(self, record: VoucherRecord, voucher_id: str) -> VoucherRecord:
        """Record a voucher that an earlier attempt created. Review its match: its events were ignored until now."""
        self._log("voucher found", record, voucher_id)
        record = self._record_created(record, voucher_id)
        self._matches.mark_for_review(self._connection_id, voucher_id, datetime.now(UTC))
        return record

    def _record_created(self, record: VoucherRecord, voucher_id: str) -> VoucherRecord:
        # Register first: events about vouchers that are not registered are ignored.
        self._matches.register(self._connection_id, voucher_id, record.entry_id)
        return self._save(replace(record, voucher_id=voucher_id, watched_since=utc_text(datetime.now(UTC))))

    def _new_voucher(self, voucher: Voucher) -> NewVoucher:
        contact_id = self._contact(voucher.contact, voucher) if voucher.contact else None
        return NewVoucher(
            type="purchasecreditnote" if voucher.credit else "purchaseinvoice",
            voucher_number=voucher.number,
            voucher_date=voucher.day,
            due_date=voucher.due_date,
            total_gross_amount=_euros(voucher.total_gross),
            total_tax_amount=_euros(voucher.total_tax),
            use_collective_contact=contact_id is None,
            contact_id=contact_id,
            contact_name=voucher.contact_name if contact_id is None else None,
            remark=voucher.remark or None,
            voucher_items=tuple(
                NewVoucherItem(
                    amount=_euros(column.gross),
                    tax_amount=_euros(column.tax),
                    tax_rate_percent=column.rate,
                    category_id=column.category_id,
                )
                for column in voucher.columns
            ),
        )

    def _contact(self, need: ContactNeed, voucher: Voucher) -> str:
        """Return the id of the vendor's contact; create it if missing. After an unknown outcome, search by name."""
        known = self._lexoffice.find_vendor(need.name)
        if known is not None:
            return known.id
        try:
            return self._lexoffice.create_vendor(need.name, need.country or None, need.vat_id or None)
        except (OutcomeUnknown, UnexpectedAnswer):
            known = self._lexoffice.find_vendor(need.name)
            if known is None:
                raise
            return known.id
        except Rejected as error:
            raise RefusedItemError(_refusal(error, voucher)) from error

    def _log(self, message: str, record: VoucherRecord, voucher_id: str) -> None:
        """Log a voucher's outcome with lexoffice's id of the request that led to it."""
        log_info(
            message,
            connection_id=self._connection_id,
            entry_id=record.entry_id,
            voucher_id=voucher_id,
            vendor_request_id=self._lexoffice.request_id,
        )

    def _save(self, record: VoucherRecord) -> VoucherRecord:
        return self._vouchers.save(self._connection_id, record, datetime.now(UTC))


def _euros(cents: int) -> Decimal:
    return Money(cents, "EUR").decimal


def _refusal(error: Rejected, voucher: Voucher) -> Refusal:
    reason = issues_text(error)
    if _CLOSED.search(reason):
        return Refusal(export_errors.PERIOD_CLOSED, {"month": f"{voucher.day:%m/%Y}"})
    return Refusal(export_errors.LEXOFFICE_REFUSED, {"reason": reason})
