"""Attach receipts that arrive in Pleo after the export to the existing voucher, once each.

- Pleo has no event for late receipts. The worker lists the receipts of all vouchers of the last 90 days every hour, 100
  entries per call.
- A receipt that Pleo had when the job was created belongs to the export: entries in a running job are locked
  (https://developers.pleo.io, Export API).
- The voucher itself is never updated, because a PUT can lose its files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import batched

from shared.aws.vouchers import VoucherRecord
from shared.domain.exporting.expense import File
from shared.domain.exporting.export_errors import RECEIPT_DOWNLOAD
from shared.domain.times import utc_text
from shared.errors import Forbidden, NotFound, OutcomeUnknown, Unavailable, UnexpectedAnswer
from shared.flows.exporting.export_run import ExportRun
from shared.flows.exporting.voucher_files import RefusedItemError
from shared.pleo.models import PleoReceipt
from shared.telemetry import alert, count, log_info, log_warning

WATCHED_FOR = timedelta(days=90)
_AT_ONCE = 100


class LateReceipts:
    """Attaches one company's late receipts within one run."""

    def __init__(self, run: ExportRun) -> None:
        self._connection = run.connection
        self._connections = run.stores.connections
        self._vouchers = run.stores.vouchers
        self._pleo = run.pleo
        self._files = run.files

    def attach(self) -> None:
        """Attach the receipts that have arrived. Raises OutOfTime, and vendor errors that affect all vouchers."""
        now = datetime.now(UTC)
        watched = self._vouchers.watched(self._connection.connection_id)
        since = utc_text(now - WATCHED_FOR)
        for record in watched:
            if record.watched_since < since:
                self._save(replace(record, watched_since=""))
        try:
            for some in batched((row for row in watched if row.watched_since >= since), _AT_ONCE):
                self._check(some)
        except Forbidden as error:
            # Neither feed nor export needs this right, so the company is not held for it.
            log_warning("receipts not readable", connection_id=self._connection.connection_id, cause=str(error))
        self._connections.change(self._connection.connection_id, receipts_checked_at=utc_text(now))

    def _check(self, records: Sequence[VoucherRecord]) -> None:
        found: dict[str, list[PleoReceipt]] = {}
        entry_ids = [record.entry_id for record in records]
        for receipt in self._pleo.receipts_of(self._connection.company_id, entry_ids):
            found.setdefault(receipt.accounting_entry_id.lower(), []).append(receipt)
        for record in records:
            new = [receipt for receipt in found.get(record.entry_id, []) if receipt.id not in record.receipts]
            if new:
                self._attach_new(record, sorted(new, key=lambda receipt: (receipt.created_at, receipt.id)))

    def _attach_new(self, record: VoucherRecord, new: Sequence[PleoReceipt]) -> None:
        before = datetime.fromisoformat(record.job_at)
        exported = [receipt for receipt in new if receipt.created_at <= before]
        record = self._save(_with_done(record, exported)) if exported else record
        for receipt in new[len(exported) :]:
            try:
                record = self._files.attach(record, self._files.load([File(receipt.url, receipt.mime_type, None)]))
            except RefusedItemError as error:
                if error.refusal.error is RECEIPT_DOWNLOAD:
                    log_warning("late receipt not loaded", **self._keys(record))
                    return
                # The job has ended, so the error cannot be reported to Pleo.
                self._alert("late receipt refused", record, code=error.refusal.error.code)
            except NotFound:
                self._alert("late receipt without voucher", record)
            except (OutcomeUnknown, Unavailable, UnexpectedAnswer) as error:
                log_warning("late receipt postponed", **self._keys(record), cause=str(error))
                return
            else:
                log_info("late receipt attached", **self._keys(record))
                count("LateReceipts")
            record = self._save(_with_done(self._current(record), [receipt]))

    def _current(self, record: VoucherRecord) -> VoucherRecord:
        """Read the record again: attaching may have written it before the refusal."""
        return self._vouchers.get(self._connection.connection_id, record.entry_id) or record

    def _alert(self, cause: str, record: VoucherRecord, **keys: str) -> None:
        alert(cause, **self._keys(record), **keys)

    def _keys(self, record: VoucherRecord) -> Mapping[str, str]:
        return {"connection_id": self._connection.connection_id, "entry_id": record.entry_id}

    def _save(self, record: VoucherRecord) -> VoucherRecord:
        return self._vouchers.save(self._connection.connection_id, record, datetime.now(UTC))


def _with_done(record: VoucherRecord, receipts: Sequence[PleoReceipt]) -> VoucherRecord:
    return replace(record, receipts=(*record.receipts, *(receipt.id for receipt in receipts)))
