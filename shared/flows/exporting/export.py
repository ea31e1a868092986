"""The export worker: process a company's open jobs, then review changed matches, then attach late receipts.

Each part is idempotent and continues where the last run stopped. The queue gives a company one worker at a time.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from shared.aws.connections import Connection
from shared.aws.exports import JobState
from shared.aws.stores import Stores
from shared.config import ExportSettings
from shared.domain.connecting.company_state import Hold
from shared.domain.exporting.export_errors import JOB_ENDED
from shared.domain.exporting.voucher import Settings, VoucherCategory
from shared.domain.syncing.schedule import LATE_RECEIPTS_INTERVAL, LastRun, is_due
from shared.domain.times import moment
from shared.errors import AccessGone, Forbidden, NotFound, OutOfTime
from shared.flows.exporting.export_job import JobRun
from shared.flows.exporting.export_run import ExportRun
from shared.flows.exporting.hints import Hints, MissingHints, review_matches
from shared.flows.exporting.late_receipts import LateReceipts
from shared.flows.exporting.voucher_files import VoucherFiles
from shared.flows.hold import hold
from shared.flows.vendors import LEXOFFICE, SECONDS_FOR_A_CALL, Remaining, Vendors
from shared.pleo.models import ExportJob, JobEvent
from shared.telemetry import alert, log_info, log_warning


class Exporter:
    """Exports companies' jobs for the lifetime of a Lambda execution environment."""

    def __init__(
        self,
        stores: Stores,
        vendors: Vendors,
        settings: ExportSettings,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connections = stores.connections
        self._stores = stores
        self._vendors = vendors
        self._app_url = settings.lexoffice_app_url
        # Time until a voucher whose outcome is unknown can be found in lexoffice: the shortest retry delay.
        self._settling = timedelta(seconds=settings.export_retry_seconds)
        self._choices = Settings(
            categories={},
            wallet_account_id="",
            reverse_charge=settings.reverse_charge,
            contra_required=settings.contra_required,
            input_tax_without_receipt=settings.input_tax_without_receipt,
        )
        self._monotonic = monotonic
        self._settings: tuple[str, Settings] | None = None  # the last processed job's id and its settings

    def export(self, connection_id: str, remaining: Remaining) -> bool:
        """Process the company's export jobs, oldest first; return True if work remains.

        Raises vendor errors, Overtaken and StoreUnavailable if the run must be retried later; nothing is lost then. A
        company whose access is gone is held.
        """
        connection = self._connections.get(connection_id)
        if connection is None or not connection.status.may_collect:
            log_info("export skipped", connection_id=connection_id)
            return False
        try:
            return self._process(self._run(connection, lambda: remaining() - SECONDS_FOR_A_CALL))
        except AccessGone as error:
            hold(self._connections, connection_id, Hold.of(error))
            # Pleo's access still works: the next run finds the company held and fails its jobs with the reason.
            return error.vendor == LEXOFFICE
        except OutOfTime:
            return True

    def _run(self, connection: Connection, remaining: Remaining) -> ExportRun:
        """Build the run; `remaining` is the number of seconds until the last vendor call must start."""
        pleo, lexoffice = self._vendors.pleo(connection), self._vendors.lexoffice(connection, remaining)
        connection_id, vouchers = connection.connection_id, self._stores.vouchers
        return ExportRun(
            connection=connection,
            stores=self._stores,
            pleo=pleo,
            lexoffice=lexoffice,
            hints=Hints(connection_id, vouchers=vouchers, lexoffice=lexoffice),
            files=VoucherFiles(connection_id, vouchers=vouchers, pleo=pleo, lexoffice=lexoffice, remaining=remaining),
            app_url=self._app_url,
            settling=self._settling,
            remaining=remaining,
            monotonic=self._monotonic,
        )

    def _process(self, run: ExportRun) -> bool:
        if not self._export_jobs(run):
            return True
        if not run.connection.status.may_write:
            return False
        if self._review_matches(run):
            return True
        last = LastRun(moment(run.connection.receipts_checked_at))
        if is_due(last, LATE_RECEIPTS_INTERVAL, datetime.now(UTC)):
            LateReceipts(run).attach()
        return False

    def _review_matches(self, run: ExportRun) -> bool:
        missing_hints = MissingHints(
            run.connection_id,
            hints=run.hints,
            ledger=run.stores.ledger,
            exports=run.stores.exports,
            vouchers=run.stores.vouchers,
        )
        try:
            return review_matches(
                run.connection,
                matches=run.stores.matches,
                ledger=run.stores.ledger,
                missing_hints=missing_hints,
                lexoffice=run.lexoffice,
                remaining=run.remaining,
            )
        except Forbidden as error:
            # Neither feed nor export needs this right, so the company is not held for it.
            log_warning("payments not readable", connection_id=run.connection_id, cause=str(error))
            return False

    def _export_jobs(self, run: ExportRun) -> bool:
        """Process the jobs that are open at Pleo or only in the ledger; return False if one is not finished."""
        open_jobs = list(run.pleo.export_jobs(run.connection.company_id, ["pending", "in_progress"]))
        ended = self._close_ended_jobs(run, {job.id for job in open_jobs})
        for job in (*ended, *open_jobs):
            settings = partial(self._settings_of, job.id, run)
            if not JobRun(run, job, settings).work():
                return False
        return True

    def _close_ended_jobs(self, run: ExportRun, still_open: set[str]) -> list[ExportJob]:
        """Return jobs that are open in the ledger but ended at Pleo: cancelled, expired, or finished before a crash.

        Record a job that Pleo no longer knows as failed, with an alert.
        """
        ended = []
        for job in run.stores.exports.open_jobs(run.connection_id):
            if job.job_id in still_open:
                continue
            try:
                ended.append(run.pleo.export_job(job.job_id))
            except NotFound:
                gone = replace(
                    job,
                    state=JobState.FINISHED,
                    event=JobEvent.FAILED.value,
                    code=JOB_ENDED.code,
                    values={"reason": "?"},
                )
                run.stores.exports.save_job(run.connection_id, gone, datetime.now(UTC))
                alert("job gone at Pleo", connection_id=run.connection_id, job_id=job.job_id)
        return ended

    def _settings_of(self, job_id: str, run: ExportRun) -> Settings:
        """Return the company's settings from lexoffice, cached per job and process: a long job takes many runs."""
        if self._settings is None or self._settings[0] != job_id:
            profile = run.lexoffice.profile()
            categories = {
                row.id: VoucherCategory(row.name, row.contact_required, row.split_allowed)
                for row in run.lexoffice.posting_categories()
                if row.type == "outgo"
            }
            settings = replace(
                self._choices,
                categories=categories,
                wallet_account_id=run.connection.account_id,
                small_business=profile.small_business,
                tax_type=profile.tax_type,
            )
            self._settings = (job_id, settings)
        return self._settings[1]
