"""Exporting one item: voucher, receipts, hint; each remembered before and after it is done.

What if the process dies right here? Before a call the intention is in the ledger; a voucher whose number is recorded
without id is searched for before it is made again, a receipt that was on its way is looked for among the voucher's
files, a second hint is refused by lexoffice and changes nothing. What if this runs twice? The record of the entry's
voucher is kept for good, so a later job reports the voucher it finds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO

from shared.aws.exports import Exports, VoucherRecord
from shared.domain import export_errors, line, receipts
from shared.domain.expense import Expense, File
from shared.domain.export_errors import Refusal
from shared.domain.exporting import voucher_for
from shared.domain.matching import BankLine, rails
from shared.domain.money import Money
from shared.domain.voucher import ContactNeed, Settings, Voucher, WithoutVoucher
from shared.errors import NotFound, OutcomeUnknown, Rejected, Unavailable, UnexpectedAnswer
from shared.http import FileTooLarge
from shared.lexoffice.client import LexofficeClient
from shared.lexoffice.models import NewVoucher, NewVoucherItem
from shared.pleo.client import PleoClient
from shared.telemetry import count, warn

_NAMES = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "application/xml": "xml"}


class RefusedItemError(Exception):
    """This item cannot be exported; the others can."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.error.code)


@dataclass(frozen=True, slots=True)
class Exported:
    """A success: the voucher's id, "" where none is needed, and why no suggestion will appear (stable words)."""

    voucher_id: str = ""
    rails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Receipt:
    """A receipt that is ready to be sent."""

    content: BytesIO
    content_type: str


class ItemExporter:
    """Exports items of one company within one run."""

    def __init__(
        self,
        connection_id: str,
        settings: Settings,
        *,
        exports: Exports,
        pleo: PleoClient,
        lexoffice: LexofficeClient,
    ) -> None:
        self._connection_id = connection_id
        self._settings = settings
        self._exports = exports
        self._pleo = pleo
        self._lexoffice = lexoffice

    def export(self, expense: Expense, bank_line: BankLine | None) -> Exported:
        """Do what is left to do for an item. Raises RefusedItemError, and vendor errors that concern all items."""
        record = self._exports.voucher(self._connection_id, expense.entry_id)
        if record is not None and record.voucher_id and self._stands(record):
            # Exported before: whatever has changed since, this is its voucher. Receipts that were added follow it.
            ready = self._downloaded(expense.files[len(record.files) :])
            return self._completed(expense, record, ready)
        if record is not None and record.voucher_id:
            record = None  # somebody deleted or voided it in lexoffice, to have it made again
        outcome = voucher_for(expense, self._settings, bank_line)
        match outcome:
            case Refusal():
                raise RefusedItemError(outcome)
            case WithoutVoucher():
                return Exported()
            case Voucher():
                return self._written(expense, outcome, bank_line, record)

    def _stands(self, record: VoucherRecord) -> bool:
        try:
            return self._lexoffice.voucher(record.voucher_id).voucher_status != "voided"
        except NotFound:
            return False

    def _written(
        self, expense: Expense, voucher: Voucher, bank_line: BankLine | None, record: VoucherRecord | None
    ) -> Exported:
        ready = self._downloaded(expense.files)
        record = self._with_voucher(expense, voucher, record)
        exported = self._completed(expense, record, ready)
        return replace(exported, rails=tuple(rail.value for rail in rails(voucher, bank_line)))

    def _completed(self, expense: Expense, record: VoucherRecord, ready: Sequence[_Receipt]) -> Exported:
        record = self._with_receipts(record, expense.files, ready)
        # An invoice's line is that of its payment; the only hint must not be spent on a line that never comes.
        if expense.type != "invoice":
            self._hinted(record)
        return Exported(record.voucher_id)

    def _downloaded(self, files: Sequence[File]) -> list[_Receipt]:
        """Every receipt, checked, before anything is written: no voucher is left without the receipts it needs."""
        ready = []
        for file in files:
            if refusal := receipts.check(file):
                raise RefusedItemError(refusal)
            try:
                content = self._pleo.download(file.url, max_bytes=receipts.MOST_BYTES)
            except FileTooLarge as error:
                refusal = receipts.check_size(max(file.size or 0, receipts.MOST_BYTES + 1))
                raise RefusedItemError(refusal or Refusal(export_errors.RECEIPT_DOWNLOAD)) from error
            except (NotFound, Unavailable, UnexpectedAnswer) as error:
                raise RefusedItemError(Refusal(export_errors.RECEIPT_DOWNLOAD)) from error
            content_type = receipts.content_type(content.getvalue()[: receipts.ENOUGH_BYTES])
            if content_type is None:
                raise RefusedItemError(Refusal(export_errors.RECEIPT_TYPE, {"type": file.type}))
            ready.append(_Receipt(content, content_type))
        return ready

    def _with_voucher(self, expense: Expense, voucher: Voucher, record: VoucherRecord | None) -> VoucherRecord:
        if record is not None and record.voucher_id:
            return record
        if record is not None:
            # The last attempt died between intention and record: did it reach lexoffice?
            found = self._lexoffice.find_vouchers(record.number, [voucher.type])
            if found:
                return self._kept(replace(record, voucher_id=found[0].id))
        new = self._new(voucher)
        record = self._kept(VoucherRecord(entry_id=expense.entry_id, number=voucher.number))
        try:
            voucher_id = self._lexoffice.create_voucher(new)
        except (OutcomeUnknown, UnexpectedAnswer):
            found = self._lexoffice.find_vouchers(record.number, [voucher.type])
            if not found:
                raise
            voucher_id = found[0].id
        except Rejected as error:
            raise RefusedItemError(_refused(error)) from error
        return self._kept(replace(record, voucher_id=voucher_id))

    def _new(self, voucher: Voucher) -> NewVoucher:
        contact_id = self._contact(voucher.contact) if voucher.contact else None
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

    def _contact(self, need: ContactNeed) -> str:
        """Find the vendor or create it; found again by its name if nobody knows whether it was created."""
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
            raise RefusedItemError(_refused(error)) from error

    def _with_receipts(self, record: VoucherRecord, files: Sequence[File], ready: Sequence[_Receipt]) -> VoucherRecord:
        if record.uploading:
            record = self._adopted(record)
        waiting = ready[len(record.files) - (len(files) - len(ready)) :]
        for receipt in waiting:
            record = self._kept(replace(record, uploading=True))
            name = f"{record.number}-{len(record.files) + 1}.{_NAMES[receipt.content_type]}"
            try:
                file_id = self._lexoffice.upload_file(record.voucher_id, name, receipt.content_type, receipt.content)
            except (OutcomeUnknown, UnexpectedAnswer):
                before = len(record.files)
                record = self._adopted(record)
                if len(record.files) == before:
                    raise
                continue
            except Rejected as error:
                self._kept(replace(record, uploading=False))
                raise RefusedItemError(_refused_receipt(error)) from error
            record = self._kept(replace(record, files=(*record.files, file_id), uploading=False))
        return record

    def _adopted(self, record: VoucherRecord) -> VoucherRecord:
        """Look at the voucher: a receipt that was on its way when the last attempt died may have arrived."""
        there = self._lexoffice.voucher(record.voucher_id).files
        new = tuple(file_id for file_id in there if file_id not in record.files)[:1]
        return self._kept(replace(record, files=(*record.files, *new), uploading=False))

    def _hinted(self, record: VoucherRecord) -> None:
        if record.hinted:
            return
        try:
            self._lexoffice.hint(record.voucher_id, line.external_reference(record.entry_id))
        except Rejected as error:
            # Mostly a second hint for the voucher: the first one arrived and we died before we knew. If not, no
            # suggestion will appear, and somebody has to match by hand.
            kinds = sorted({f"{issue.field} {issue.kind}" for issue in error.issues})
            warn("hint refused", connection_id=self._connection_id, entry_id=record.entry_id, issues=kinds)
            count("HintRefused")
        self._kept(replace(record, hinted=True))

    def _kept(self, record: VoucherRecord) -> VoucherRecord:
        self._exports.save_voucher(self._connection_id, record, datetime.now(UTC))
        return record


def _euros(cents: int) -> Decimal:
    return Money(cents, "EUR").decimal


def _refused(error: Rejected) -> Refusal:
    return Refusal(export_errors.LEXOFFICE_REFUSED, {"reason": _words(error)})


def _refused_receipt(error: Rejected) -> Refusal:
    return Refusal(export_errors.RECEIPT_BROKEN, {"reason": _words(error)})


def _words(error: Rejected) -> str:
    words = "; ".join(" ".join(filter(None, (row.field, row.kind, row.message))) for row in error.issues)
    return words or f"Status {error.status}"
