"""Exporting a company's jobs: claim, write everything down, item by item, report as it goes, one final event.

What if the process dies right here? The job's state, every item and every outcome are in the ledger before Pleo hears
of them; the next run goes on where this one stopped, without a second `started` and without a second voucher. Reports
may be repeated. What if this runs twice? The queue gives a company one worker at a time; the oldest job comes first.
https://developers.pleo.io/reference/export-api-overview
"""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from shared.aws.connections import Connection, Connections, Status
from shared.aws.exports import ExportItem, Exports, Job, JobState
from shared.aws.ledger import Ledger
from shared.domain import export_errors
from shared.domain.booking import Destination
from shared.domain.export_errors import Refusal
from shared.domain.matching import BankLine
from shared.domain.voucher import PostingCategory, Settings
from shared.errors import (
    AccessGone,
    Conflict,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    OutOfTime,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
    VendorError,
)
from shared.flows.export_item import ItemExporter, RefusedItemError
from shared.flows.vendors import LEXOFFICE, Remaining, Vendors
from shared.lexoffice.client import LexofficeClient
from shared.pleo import export_items
from shared.pleo.client import PleoClient
from shared.pleo.exports import MISSING_CONTRA_ACCOUNTS
from shared.pleo.models import ExportJob, ItemResult, JobEvent
from shared.telemetry import attention, count, note, warn

# An item with its calls takes so long at most; what is begun must also be recorded.
SECONDS_FOR_AN_ITEM = 90.0
# Results are reported this often, so that the job's hour without an update never runs out.
_REPORT_EVERY_ITEMS = 20
_REPORT_EVERY_SECONDS = 60.0
# A result that Pleo does not take (an error inside its 200) is repeated so often before the job ends without it.
_REPORT_ATTEMPTS = 3
_MOST_ATTEMPTS = 4
_HELD = {
    "lexoffice_access_gone": export_errors.ACCESS_GONE,
    "plan": export_errors.PLAN,
    "lexoffice_scope": export_errors.PLAN,
    "account_missing": export_errors.WALLET_ACCOUNT_GONE,
}


class Exporter:
    """Exports companies' jobs within one warm process."""

    def __init__(
        self,
        *,
        connections: Connections,
        ledger: Ledger,
        exports: Exports,
        vendors: Vendors,
        app_url: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`app_url`: where people open lexoffice, for the links from Pleo to the vouchers."""
        self._app_url = app_url
        self._connections = connections
        self._ledger = ledger
        self._exports = exports
        self._vendors = vendors
        self._monotonic = monotonic

    def export(self, connection_id: str, remaining: Remaining) -> bool:
        """Work on the company's open jobs, oldest first; True when work is left for another run.

        Raises vendor errors and StoreUnavailable when it must be tried again later; nothing is lost then.
        """
        connection = self._connections.get(connection_id)
        if connection is None or connection.status is Status.CONNECTING:
            note("export passed over", connection_id=connection_id)
            return False
        pleo = self._vendors.pleo(connection)
        lexoffice = self._vendors.lexoffice(connection, lambda: remaining() - SECONDS_FOR_AN_ITEM)
        try:
            jobs = list(pleo.export_jobs(connection.company_id, ["pending", "in_progress"]))
            for job in jobs:
                run = _Run(
                    connection,
                    job,
                    self._ledger,
                    self._exports,
                    pleo,
                    lexoffice,
                    self._app_url,
                    remaining,
                    self._monotonic,
                )
                if not run.work():
                    return True
        except AccessGone as error:
            self._hold(connection_id, f"{error.vendor}_access_gone")
            # Pleo can still be told: the next run finds the connection held and fails the jobs with the reason.
            return error.vendor == LEXOFFICE
        except OutOfTime:
            return True
        return False

    def _hold(self, connection_id: str, reason: str) -> None:
        if self._connections.hold(connection_id, reason):
            attention("connection held", connection_id=connection_id, hold=reason)


class _Run:
    """One job in one run of the worker."""

    def __init__(
        self,
        connection: Connection,
        job: ExportJob,
        ledger: Ledger,
        exports: Exports,
        pleo: PleoClient,
        lexoffice: LexofficeClient,
        app_url: str,
        remaining: Remaining,
        monotonic: Callable[[], float],
    ) -> None:
        self._connection = connection
        self._job = job
        self._ledger = ledger
        self._exports = exports
        self._pleo = pleo
        self._lexoffice = lexoffice
        self._app_url = app_url
        self._remaining = remaining
        self._monotonic = monotonic
        self._reported_at = monotonic()
        self._unreported: list[ExportItem] = []

    def work(self) -> bool:
        """Take the job as far as time allows; False when it is not finished."""
        job = self._exports.job(self._connection_id, self._job.id)
        if job is not None and job.state is JobState.FINISHED:
            return True
        try:
            return self._worked(job)
        except Conflict as error:
            if error.vendor == LEXOFFICE:
                raise
            return self._over()

    def _worked(self, job: Job | None) -> bool:
        if job is None:
            job = self._saved(Job(job_id=self._job.id, state=JobState.CLAIMED))
        if self._job.status == "pending":
            self._start()
        if job.event:  # decided when everything had been reported
            return self._finish(job)
        if self._connection.status is Status.HELD:
            error = _HELD.get(self._connection.hold, export_errors.DISCONNECTED)
            return self._fail(job, Refusal(error))
        if job.state is JobState.CLAIMED:
            if refusal := self._snapshot():
                return self._fail(job, refusal)
            job = self._saved(replace(job, state=JobState.RUNNING))
        return self._items(job)

    def _snapshot(self) -> Refusal | None:
        """Write every item down: after the job nobody can read them, and the links to files live a day."""
        try:
            items = list(self._pleo.export_items(self._job.id))
        except Rejected as error:
            if any(issue.kind == MISSING_CONTRA_ACCOUNTS for issue in error.issues):
                return Refusal(export_errors.CONTRA_MISSING)
            raise
        if not all(isinstance(item.get("accountingEntryId"), str) for item in items):
            attention("export job malformed", connection_id=self._connection_id, job_id=self._job.id)
            return Refusal(export_errors.INTERNAL)
        if len({item.get("accountingEntryId") for item in items}) != self._job.number_of_items:
            raise Unavailable("pleo", "the items of an export job", reason="incomplete list")
        self._exports.snapshot(self._connection_id, self._job.id, items, datetime.now(UTC))
        return None

    def _start(self) -> None:
        """Claim the job at Pleo; one that is in progress already was claimed by an earlier run of ours."""
        try:
            self._pleo.job_event(self._job.id, JobEvent.STARTED)
        except (Conflict, OutcomeUnknown):
            if self._pleo.export_job(self._job.id).status != "in_progress":
                raise

    def _items(self, job: Job) -> bool:
        items = self._exports.items(self._connection_id, self._job.id)
        self._unreported = [row for row in items if row.outcome and not row.reported]
        failed = any(row.outcome == "failed" for row in items)
        waiting = [row for row in items if not row.outcome]
        try:
            exporter = self._exporter() if waiting else None
        except Forbidden:
            return self._fail(job, Refusal(export_errors.PLAN))
        for row in waiting:
            if exporter is None or self._remaining() < SECONDS_FOR_AN_ITEM:
                self._report()
                return False
            decided = self._decided(row, exporter)
            self._exports.decide(self._connection_id, decided)
            self._unreported.append(decided)
            failed = failed or decided.outcome == "failed"
            if self._report_is_due():
                self._report()
        self._report()
        event = JobEvent.COMPLETED_WITH_ERRORS if failed or self._unreported else JobEvent.COMPLETED
        return self._finish(self._saved(replace(job, event=event.value)))

    def _exporter(self) -> ItemExporter:
        profile = self._lexoffice.profile()
        categories = {
            row.id: PostingCategory(row.name, row.contact_required, row.split_allowed)
            for row in self._lexoffice.posting_categories()
            if row.type == "outgo"
        }
        settings = Settings(
            categories=categories,
            wallet_account_id=self._connection.account_id,
            small_business=profile.small_business,
            tax_type=profile.tax_type,
        )
        return ItemExporter(
            self._connection_id, settings, exports=self._exports, pleo=self._pleo, lexoffice=self._lexoffice
        )

    def _decided(self, item: ExportItem, exporter: ItemExporter) -> ExportItem:
        """One item's outcome. A fault that concerns every item is raised, not blamed on this one."""
        try:
            expense = export_items.parse(item.item)
            exported = exporter.export(expense, self._bank_line(item.entry_id))
        except export_items.MalformedExportItemError as error:
            return self._failed(item, Refusal(export_errors.MALFORMED, {"field": error.field}))
        except RefusedItemError as error:
            return self._failed(item, error.refusal)
        except (Forbidden, NotFound, Conflict, Unavailable, OutcomeUnknown, UnexpectedAnswer) as error:
            if error.vendor != LEXOFFICE:
                raise
            refusal = self._blamed(item, error)
            if refusal is None:
                raise
            return self._failed(item, refusal)
        note(
            "expense exported",
            connection_id=self._connection_id,
            entry_id=item.entry_id,
            voucher_id=exported.voucher_id,
            rails=list(exported.rails),
        )
        count("ItemsExported")
        return replace(item, outcome="successful", voucher_id=exported.voucher_id, text=",".join(exported.rails))

    def _blamed(self, item: ExportItem, error: VendorError) -> Refusal | None:
        """Is lexoffice's failure this item's? Of an outage nobody knows; after some runs that ended here it counts."""
        if isinstance(error, Forbidden):
            return Refusal(export_errors.PLAN)
        if isinstance(error, NotFound | Conflict):
            return Refusal(export_errors.LEXOFFICE_REFUSED, {"reason": f"Status {error.status}"})
        tried = replace(item, attempts=item.attempts + 1)
        self._exports.tried(self._connection_id, tried)
        return Refusal(export_errors.LEXOFFICE_DOWN) if tried.attempts >= _MOST_ATTEMPTS else None

    def _failed(self, item: ExportItem, refusal: Refusal) -> ExportItem:
        note("expense refused", connection_id=self._connection_id, entry_id=item.entry_id, code=refusal.error.code)
        count("ItemsRefused")
        return replace(
            item,
            outcome="failed",
            code=refusal.error.code,
            failure_type=refusal.error.type,
            text=refusal.german,
        )

    def _bank_line(self, entry_id: str) -> BankLine | None:
        row = self._ledger.first_row(self._connection_id, entry_id)
        if row is None or row.day is None or row.destination is not Destination.LINE:
            return None
        return BankLine(row.amount, row.day)

    def _report_is_due(self) -> bool:
        late = self._monotonic() - self._reported_at > _REPORT_EVERY_SECONDS
        return late or len(self._unreported) >= _REPORT_EVERY_ITEMS

    def _report(self) -> None:
        """Tell Pleo the outcomes it does not know yet; what it does not take stays in `_unreported`."""
        for _ in range(_REPORT_ATTEMPTS):
            if self._unreported:
                self._report_once()

    def _report_once(self) -> None:
        errors = self._pleo.update_export_items(self._job.id, [self._result(row) for row in self._unreported])
        for error in errors:
            warn(
                "result not taken",
                connection_id=self._connection_id,
                entry_id=error.accounting_entry_id,
                cause=error.type,
            )
        refused = {error.accounting_entry_id.lower() for error in errors}
        for row in self._unreported:
            if row.entry_id not in refused:
                self._exports.reported(self._connection_id, row)
        self._unreported = [row for row in self._unreported if row.entry_id in refused]
        self._reported_at = self._monotonic()

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
            external_url=f"{self._app_url}/permalink/vouchers/view/{row.voucher_id}" if row.voucher_id else None,
        )

    def _fail(self, job: Job, refusal: Refusal) -> bool:
        """End a job of which nothing more can be exported, with the reason on it; what was done is reported."""
        items = self._exports.items(self._connection_id, self._job.id)
        self._unreported = [row for row in items if row.outcome and not row.reported]
        self._report()
        self._pleo.job_event(
            self._job.id,
            JobEvent.FAILED,
            failure_reason=refusal.german,
            failure_reason_type=refusal.error.job_type,
        )
        self._saved(replace(job, state=JobState.FINISHED, event=JobEvent.FAILED.value))
        return True

    def _finish(self, job: Job) -> bool:
        """Send the final event; one that had arrived before is refused, and the job is over all the same."""
        self._pleo.job_event(self._job.id, JobEvent(job.event))
        self._saved(replace(job, state=JobState.FINISHED))
        note("job finished", connection_id=self._connection_id, job_id=self._job.id, job_event=job.event)
        return True

    def _over(self) -> bool:
        """Pleo says that the job's state allows nothing more: finished, cancelled or expired. Work is remembered."""
        job = self._pleo.export_job(self._job.id)
        if job.is_open:
            raise Unavailable("pleo", "an export job", reason="state changed meanwhile")
        self._saved(Job(job_id=job.id, state=JobState.FINISHED, event=job.status))
        if job.status == "failed":
            attention(
                "job ended by Pleo", connection_id=self._connection_id, job_id=job.id, reason=job.failure_reason_type
            )
        return True

    def _saved(self, job: Job) -> Job:
        self._exports.save_job(self._connection_id, job, datetime.now(UTC))
        return job

    @property
    def _connection_id(self) -> str:
        return self._connection.connection_id
