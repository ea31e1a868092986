"""Load a voucher's receipts from Pleo, check them, and attach them one by one.

- Each upload is recorded before and after the call.
- Receipts are identified by a digest of their content. A receipt is therefore attached once, in whatever order Pleo
  lists them, and whether it comes with an export, a repeated export or later.
- Crash during an upload: the next run looks for the receipt among the voucher's files.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO

from shared.aws.vouchers import Attachment, VoucherRecord, Vouchers
from shared.domain.exporting import export_errors, receipts
from shared.domain.exporting.expense import File
from shared.domain.exporting.export_errors import Refusal
from shared.errors import (
    FileTooLarge,
    NotFound,
    OutcomeUnknown,
    OutOfTime,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
)
from shared.flows.vendors import Remaining
from shared.lexoffice.client import LexofficeClient
from shared.pleo.client import PleoClient

_NAMES = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png", "application/xml": "xml"}


class RefusedItemError(Exception):
    """This item cannot be exported. Other items of the job are not affected."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.error.code)


@dataclass(frozen=True, slots=True)
class CheckedReceipt:
    """A receipt that passed every check that is possible before the upload to lexoffice."""

    content: BytesIO
    content_type: str
    digest: str


class VoucherFiles:
    """Loads and attaches receipts for one company within one run."""

    def __init__(
        self,
        connection_id: str,
        *,
        vouchers: Vouchers,
        pleo: PleoClient,
        lexoffice: LexofficeClient,
        remaining: Remaining,
    ) -> None:
        """`remaining`: seconds that are left for loading receipts."""
        self._connection_id = connection_id
        self._vouchers = vouchers
        self._pleo = pleo
        self._lexoffice = lexoffice
        self._remaining = remaining

    def load(self, files: Iterable[File]) -> list[CheckedReceipt]:
        """Load and check every receipt, in order.

        Raises OutOfTime, and RefusedItemError for the first receipt that cannot be attached.
        """
        return [self._load(file) for file in files]

    def attach(self, record: VoucherRecord, ready: Sequence[CheckedReceipt]) -> VoucherRecord:
        """Attach the receipts that are not attached yet. Raises RefusedItemError if lexoffice refuses one."""
        if record.uploading:
            record = self._adopt_upload(record)
        for receipt in ready:
            if receipt.digest not in {file.digest for file in record.files}:
                record = self._attach(record, receipt)
        return record

    def _load(self, file: File) -> CheckedReceipt:
        if self._remaining() < 0:
            raise OutOfTime("no time is left for another receipt")
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
        return CheckedReceipt(content, content_type, hashlib.sha256(content.getbuffer()).hexdigest())

    def _attach(self, record: VoucherRecord, receipt: CheckedReceipt) -> VoucherRecord:
        record = self._save(replace(record, uploading=receipt.digest))
        name = f"{record.number}-{len(record.files) + 1}.{_NAMES[receipt.content_type]}"
        try:
            file_id = self._lexoffice.upload_file(record.voucher_id, name, receipt.content_type, receipt.content)
        except (OutcomeUnknown, UnexpectedAnswer):
            record = self._adopt_upload(record)
            if receipt.digest not in {file.digest for file in record.files}:
                raise
            return record
        except Rejected as error:
            self._save(replace(record, uploading=""))
            raise RefusedItemError(Refusal(export_errors.RECEIPT_BROKEN, {"reason": issues_text(error)})) from error
        return self._save(replace(record, files=(*record.files, Attachment(file_id, receipt.digest)), uploading=""))

    def _adopt_upload(self, record: VoucherRecord) -> VoucherRecord:
        """Record an upload with an unknown outcome: if the voucher has a new file, the upload succeeded."""
        known = {file.file_id for file in record.files}
        there = self._lexoffice.voucher(record.voucher_id).files
        new = tuple(Attachment(file_id, record.uploading) for file_id in there if file_id not in known)[:1]
        return self._save(replace(record, files=(*record.files, *new), uploading=""))

    def _save(self, record: VoucherRecord) -> VoucherRecord:
        return self._vouchers.save(self._connection_id, record, datetime.now(UTC))


def issues_text(error: Rejected) -> str:
    """Return lexoffice's complaints in one line, or the HTTP status if there are none."""
    complaints = "; ".join(" ".join(filter(None, (row.field, row.kind, row.message))) for row in error.issues)
    return complaints or f"Status {error.status}"
