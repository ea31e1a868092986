"""Process one export job: claim it, store its items, export them one by one, report outcomes, send the final event.

Crash: the job's state, every item and every outcome are in the ledger before they are reported to Pleo. The next run
continues where this one stopped, without a second `started` and without a second voucher. Reports are idempotent.
https://developers.pleo.io/reference/export-api-overview
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shared.aws.connections import Hold
from shared.aws.exports import ExportItem, Job, JobState
from shared.domain.exporting import export_errors
from shared.domain.exporting.export_errors import ExportError, Refusal
from shared.domain.exporting.match import BankLine
from shared.domain.exporting.voucher import Settings
from shared.domain.feeding.entry_rules import Destination
from shared.domain.times import utc_text
from shared.errors import (
    Conflict,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    OutOfTime,
    RateLimited,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
    VendorError,
)
from shared.flows.exporting.export_item import ItemExporter
from shared.flows.exporting.export_run import ExportRun
from shared.flows.exporting.voucher_files import RefusedItemError
from shared.flows.vendors import LEXOFFICE
from shared.pleo import export_items
from shared.pleo.exports import MISSING_CONTRA_ACCOUNTS
from shared.pleo.models import ExportJob, ItemResult, JobEvent
from shared.telemetry import alert, count, log_info, log_warning, safe_word
from shared.texts.error_text import export_error_text

# Report results at least this often: Pleo expires a job after an hour without an update.
_REPORT_EVERY_ITEMS = 20
_REPORT_EVERY_SECONDS = 60.0
# Attempts to report a result that Pleo refuses (an error inside a 200); then the job ends without that result.
_REPORT_ATTEMPTS = 3
_MOST_ATTEMPTS = 4
# If lexoffice blocks a job, fail it with a reason this long before Pleo expires it.
_LAST_CHANCE = timedelta(minutes=15)
_HELD = {
    Hold.LEXOFFICE_ACCESS_GONE: export_errors.ACCESS_GONE,
    Hold.PLAN: export_errors.PLAN,
    Hold.LEXOFFICE_SCOPE: export_errors.PLAN,
    Hold.ACCOUNT_MISSING: export_errors.WALLET_ACCOUNT_GONE,
    Hold.PAUSED: export_errors.PAUSED,
}
_ENDED_BY_PLEO = {error.job_type: error for error in (export_errors.JOB_EXPIRED, export_errors.JOB_CANCELLED)}


class JobRun:
    """Processes one job in one run of the worker."""

    def __init__(self, run: ExportRun, job: ExportJob, settings: Callable[[], Settings]) -> None:
        self._run = run
        self._job = job
        self._connection_id = run.connection_id
        self._exports = run.stores.exports
        self._pleo = run.pleo
        self._lexoffice = run.lexoffice
        self._settings = settings
        self._remaining = run.remaining
        self._monotonic = run.monotonic
        self._reported_at = run.monotonic()
        self._updated_at = job.last_updated_at or job.created_at  # Pleo's clock; ours after our first update
        self._unreported: list[ExportItem] = []
        self._outcomes: dict[str, str] = {}  # entry id → outcome, "" while open; empty until the items are read

    def work(self) -> bool:
        """Process the job within the remaining time; return False if it is not finished.

        Raises Unavailable if Pleo changes the job's state meanwhile, and vendor errors if the run must be retried.
        """
        job = self._exports.job(self._connection_id, self._job.id)
        if job is not None and job.state is JobState.FINISHED:
            return True
        if not self._job.is_open:
            return self._close(self._job)
        try:
            return self._process(job)
        except Conflict as error:
            if error.vendor == LEXOFFICE:
                raise
            ended = self._pleo.export_job(self._job.id)
            if ended.is_open:
                raise Unavailable("pleo", "an export job", reason="state changed meanwhile") from error
            return self._close(ended)
        except (RateLimited, Unavailable, OutcomeUnknown, UnexpectedAnswer) as error:
            if error.vendor != LEXOFFICE or not self._expires_soon():
                raise
            # Fail the job with a reason, because Pleo would expire it without one.
            cause = _final_error(error)
            refusal = Refusal(cause if cause.job_type else export_errors.LEXOFFICE_DOWN)
            return self._fail(self._exports.job(self._connection_id, self._job.id) or self._new_job(), refusal)

    def _expires_soon(self) -> bool:
        """Return whether Pleo will expire the job soon, within `_LAST_CHANCE`."""
        return datetime.now(UTC) - self._updated_at > timedelta(seconds=self._job.expires_in) - _LAST_CHANCE

    def _new_job(self) -> Job:
        return Job(job_id=self._job.id, state=JobState.CLAIMED, created_at=utc_text(self._job.created_at))

    def _process(self, job: Job | None) -> bool:
        if job is None:
            job = self._save(self._new_job())
        if self._job.status == "pending":
            self._start()
        if job.event:  # set after all results were reported
            return self._finish(job)
        if hold := self._run.connection.hold:
            return self._fail(job, Refusal(_HELD.get(hold, export_errors.DISCONNECTED)))
        if job.state is JobState.CLAIMED:
            if refusal := self._snapshot():
                return self._fail(job, refusal)
            job = self._save(replace(job, state=JobState.RUNNING))
        return self._export_items(job)

    def _snapshot(self) -> Refusal | None:
        """Store every item; return a refusal if the job cannot be exported.

        Pleo does not return items after the job ends, and the links to their files expire after a day.
        """
        try:
            items = list(self._pleo.export_items(self._job.id))
        except Rejected as error:
            if any(issue.kind == MISSING_CONTRA_ACCOUNTS for issue in error.issues):
                return Refusal(export_errors.CONTRA_MISSING)
            raise
        if not all(isinstance(item.get("accountingEntryId"), str) for item in items):
            alert("export job malformed", connection_id=self._connection_id, job_id=self._job.id)
            return Refusal(export_errors.INTERNAL)
        if len({item.get("accountingEntryId") for item in items}) != self._job.number_of_items:
            raise Unavailable("pleo", "the items of an export job", reason="incomplete list")
        self._exports.snapshot(self._connection_id, self._job.id, items, datetime.now(UTC))
        self._outcomes = {item["accountingEntryId"].lower(): "" for item in items}
        return None

    def _start(self) -> None:
        """Claim the job at Pleo. A job that is already in progress was claimed by an earlier run."""
        try:
            self._pleo.job_event(self._job.id, JobEvent.STARTED)
        except (Conflict, OutcomeUnknown):
            if self._pleo.export_job(self._job.id).status != "in_progress":
                raise
        self._updated_at = datetime.now(UTC)

    def _export_items(self, job: Job) -> bool:
        items = self._exports.items(self._connection_id, self._job.id)
        self._outcomes = {row.entry_id: row.outcome for row in items}
        self._unreported = [row for row in items if row.outcome and not row.reported]
        # Export invoices first, so that their payments find the vouchers.
        waiting = sorted((row for row in items if not row.outcome), key=_is_payment)
        try:
            self._export_all(job, waiting)
        except Forbidden as error:
            if error.vendor != LEXOFFICE:
                raise
            return self._fail(job, Refusal(export_errors.PLAN))
        except OutOfTime:
            self._report()
            self._save(job)
            return False
        self._report()
        failed = "failed" in self._outcomes.values() or bool(self._unreported)
        event = JobEvent.COMPLETED_WITH_ERRORS if failed else JobEvent.COMPLETED
        return self._finish(self._save(replace(job, event=event.value)))

    def _export_all(self, job: Job, waiting: list[ExportItem]) -> None:
        """Export the items and record their outcomes one by one.

        Raises OutOfTime, and Forbidden before the first item.
        """
        exporter = self._exporter() if waiting else None
        for row in waiting:
            if exporter is None or self._remaining() < 0:
                raise OutOfTime("the next run goes on with the next item")
            decided = self._export_item(row, exporter)
            self._exports.save_outcome(self._connection_id, decided)
            self._outcomes[decided.entry_id] = decided.outcome
            self._unreported.append(decided)
            if self._report_is_due():
                self._report()
                self._save(job)  # shows the progress on the status page

    def _exporter(self) -> ItemExporter:
        return ItemExporter(self._run, self._settings(), job_at=utc_text(self._job.created_at), line_of=self._bank_line)

    def _export_item(self, item: ExportItem, exporter: ItemExporter) -> ExportItem:
        """Export one item and return it with its outcome. Raises errors that affect every item."""
        try:
            exported = exporter.export(export_items.parse(item.item))
        except export_items.MalformedExportItemError as error:
            return self._refuse_item(item, Refusal(export_errors.MALFORMED, {"field": error.field}))
        except RefusedItemError as error:
            return self._refuse_item(item, error.refusal, error.__cause__)
        except (Forbidden, NotFound, Conflict, RateLimited, Unavailable, OutcomeUnknown, UnexpectedAnswer) as error:
            if error.vendor != LEXOFFICE:
                raise
            refusal = self._judge_failure(item, error)
            if refusal is None:
                raise
            return self._refuse_item(item, refusal, error)
        log_info(
            "expense exported",
            connection_id=self._connection_id,
            entry_id=item.entry_id,
            job_id=self._job.id,
            voucher_id=exported.voucher_id,
            unmet_criteria=list(exported.unmet_criteria),
        )
        count("ItemsExported")
        return replace(
            item, outcome="successful", voucher_id=exported.voucher_id, text=",".join(exported.unmet_criteria)
        )

    def _judge_failure(self, item: ExportItem, error: VendorError) -> Refusal | None:
        """Return the refusal if the item caused lexoffice's failure, or None if the run must be retried.

        An outage says nothing about the item. If lexoffice answers other calls, the attempt is counted, and the item is
        refused after `_MOST_ATTEMPTS` runs that failed at it.
        """
        if isinstance(error, Forbidden):
            return Refusal(export_errors.PLAN)
        if isinstance(error, NotFound | Conflict):
            return Refusal(export_errors.LEXOFFICE_REFUSED, {"reason": f"Status {error.status}"})
        if not self._answers():
            return None
        tried = replace(item, attempts=item.attempts + 1)
        self._exports.record_attempt(self._connection_id, tried)
        return Refusal(_final_error(error)) if tried.attempts >= _MOST_ATTEMPTS else None

    def _answers(self) -> bool:
        """Return whether lexoffice answers another call. If not, it is an outage and not caused by an item."""
        try:
            self._lexoffice.profile()
        except (RateLimited, Unavailable, OutcomeUnknown, UnexpectedAnswer):
            return False
        return True

    def _refuse_item(self, item: ExportItem, refusal: Refusal, cause: BaseException | None = None) -> ExportItem:
        """Return the item as failed; log the refusal. `cause`: the vendor's error behind it, if there is one."""
        whose = refusal.error.fault
        (log_warning if whose == "system" else log_info)(
            "expense refused",
            connection_id=self._connection_id,
            entry_id=item.entry_id,
            job_id=self._job.id,
            code=refusal.error.code,
            vendor_request_id=(cause.request_id or "") if isinstance(cause, VendorError) else "",
        )
        count("ItemsRefused", code=refusal.error.code, fault=whose)
        return replace(
            item,
            outcome="failed",
            code=refusal.error.code,
            failure_type=refusal.error.type,
            text=_reason(refusal),
            values=refusal.values,
        )

    def _bank_line(self, entry_id: str) -> BankLine | None:
        row = self._run.stores.ledger.first_row(self._connection_id, entry_id)
        if row is None or row.day is None or row.destination is not Destination.LINE:
            return None
        return BankLine(row.amount, row.day)

    def _report_is_due(self) -> bool:
        late = self._monotonic() - self._reported_at > _REPORT_EVERY_SECONDS
        return late or len(self._unreported) >= _REPORT_EVERY_ITEMS

    def _report(self) -> None:
        """Report the outcomes that Pleo does not have yet. Outcomes that Pleo refuses stay in `_unreported`."""
        for _ in range(_REPORT_ATTEMPTS):
            if self._unreported:
                self._report_once()

    def _report_once(self) -> None:
        errors = self._pleo.update_export_items(self._job.id, [self._result(row) for row in self._unreported])
        for error in errors:
            log_warning(
                "result not taken",
                connection_id=self._connection_id,
                entry_id=error.accounting_entry_id,
                cause=error.type,
            )
        refused = {error.accounting_entry_id.lower() for error in errors}
        for row in self._unreported:
            if row.entry_id not in refused:
                self._exports.mark_reported(self._connection_id, row)
        self._unreported = [row for row in self._unreported if row.entry_id in refused]
        self._reported_at = self._monotonic()
        self._updated_at = datetime.now(UTC)

    def _result(self, row: ExportItem) -> ItemResult:
        if row.outcome == "failed":
            return ItemResult(
                accounting_entry_id=row.entry_id,
                status="failed",
                failure_reason=row.text,
                failure_reason_type=row.failure_type,
            )
        return ItemResult(
            accounting_entry_id=row.entry_id,
            status="successful",
            exported_at=datetime.now(UTC),
            external_id=row.voucher_id or None,
            external_url=f"{self._run.app_url}/permalink/vouchers/view/{row.voucher_id}" if row.voucher_id else None,
        )

    def _fail(self, job: Job, refusal: Refusal) -> bool:
        """Report the outcomes so far, then fail the job at Pleo with the reason: nothing more can be exported."""
        items = self._exports.items(self._connection_id, self._job.id)
        self._unreported = [row for row in items if row.outcome and not row.reported]
        self._report()
        self._pleo.job_event(
            self._job.id,
            JobEvent.FAILED,
            failure_reason=_reason(refusal),
            failure_reason_type=refusal.error.job_type,
        )
        return self._end(job, refusal)

    def _finish(self, job: Job) -> bool:
        """Send the final event and record the job as finished.

        Pleo refuses an event that it already received; `work` then closes the job.
        """
        self._pleo.job_event(self._job.id, JobEvent(job.event))
        self._save(replace(job, state=JobState.FINISHED))
        log_info("job finished", connection_id=self._connection_id, job_id=self._job.id, job_event=job.event)
        return True

    def _close(self, ended: ExportJob) -> bool:
        """Record a job that ended at Pleo: finished, cancelled or expired. Outcomes so far are kept."""
        job = self._exports.job(self._connection_id, ended.id) or self._new_job()
        if ended.status != "failed":
            self._save(replace(job, state=JobState.FINISHED, event=ended.status))
            return True
        reason = ended.failure_reason_type or "?"
        known = _ENDED_BY_PLEO.get(reason)
        refusal = Refusal(known) if known else Refusal(export_errors.JOB_ENDED, {"reason": reason})
        if refusal.error is not export_errors.JOB_CANCELLED:
            alert("job ended by Pleo", connection_id=self._connection_id, job_id=ended.id, reason=safe_word(reason))
        return self._end(job, refusal)

    def _end(self, job: Job, refusal: Refusal) -> bool:
        """Record the job as failed. The job and every item without an outcome get the reason."""
        error, text = refusal.error, _reason(refusal)
        for row in self._exports.items(self._connection_id, job.job_id):
            self._outcomes[row.entry_id] = row.outcome or "abandoned"
            if not row.outcome:
                abandoned = replace(row, outcome="abandoned", code=error.code, text=text, values=refusal.values)
                self._exports.save_outcome(self._connection_id, abandoned)
        self._save(
            replace(job, state=JobState.FINISHED, event=JobEvent.FAILED.value, code=error.code, values=refusal.values)
        )
        whose = error.fault
        (log_warning if whose == "system" else log_info)(
            "job failed", connection_id=self._connection_id, job_id=job.job_id, code=error.code
        )
        count("JobsFailed", code=error.code, fault=whose)
        return True

    def _save(self, job: Job) -> Job:
        if self._outcomes:
            outcomes = list(self._outcomes.values())
            job = replace(
                job,
                items=len(outcomes),
                successful=outcomes.count("successful"),
                failed=outcomes.count("failed"),
            )
        self._exports.save_job(self._connection_id, job, datetime.now(UTC))
        return job


def _is_payment(item: ExportItem) -> bool:
    return item.item.get("type") == "invoice_payment"


def _reason(refusal: Refusal) -> str:
    """Return the text that Pleo shows, with the error code. It is German because bookkeepers in Germany read it."""
    return export_error_text(refusal.error.code, refusal.short_values, "de")


def _final_error(error: VendorError) -> ExportError:
    """Return the export error that the bookkeeper sees after the last attempt."""
    if isinstance(error, RateLimited):
        return export_errors.LEXOFFICE_BUSY
    if error.operation.endswith("/files"):
        return export_errors.RECEIPT_UPLOAD
    return export_errors.LEXOFFICE_TIMEOUT if isinstance(error, OutcomeUnknown) else export_errors.LEXOFFICE_DOWN
