"""The export worker: a company's open jobs, then what lexoffice told about its vouchers, then late receipts.

Each part may be repeated, and each goes on where the last run stopped; the queue gives a company one worker at a time.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shared.aws.connections import Connection, Connections, Status
from shared.aws.exports import Exports, JobState
from shared.aws.ledger import Ledger
from shared.aws.matches import Matches
from shared.aws.vouchers import Vouchers
from shared.domain.exporting.export_errors import JOB_ENDED
from shared.domain.exporting.voucher import PostingCategory, Settings
from shared.errors import AccessGone, Forbidden, NotFound, OutOfTime
from shared.flows.exporting import late_receipts
from shared.flows.exporting.export_job import JobRun, LedgerParts
from shared.flows.exporting.hints import Hints, MissingHints, review_matches
from shared.flows.exporting.late_receipts import LateReceipts
from shared.flows.exporting.voucher_files import VoucherFiles
from shared.flows.hold import hold, reason_of
from shared.flows.vendors import LEXOFFICE, Remaining, Vendors
from shared.lexoffice.client import LexofficeClient
from shared.pleo.client import PleoClient
from shared.pleo.models import ExportJob, JobEvent
from shared.telemetry import alert, log_info, log_warning

# A call may take as long as lexoffice's gateway waits (30 s); what is begun must also be recorded.
SECONDS_FOR_A_CALL = 40.0


class Exporter:
    """Exports companies' jobs within one warm process."""

    def __init__(
        self,
        *,
        connections: Connections,
        ledger: Ledger,
        exports: Exports,
        vouchers: Vouchers,
        matches: Matches,
        vendors: Vendors,
        app_url: str,
        choices: Settings,
        settling: timedelta,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`app_url`: where people open lexoffice, for the links from Pleo; `choices`: settings without a company's.

        `settling`: how long a voucher whose outcome is unknown may take to be found.
        """
        self._app_url = app_url
        self._settling = settling
        self._connections = connections
        self._parts = LedgerParts(ledger, exports, vouchers, matches)
        self._vendors = vendors
        self._choices = choices
        self._monotonic = monotonic
        self._settings: tuple[str, Settings] | None = None  # of the job that was worked on last

    def export(self, connection_id: str, remaining: Remaining) -> bool:
        """Do the company's work, oldest job first; True when work is left for another run.

        Raises vendor errors, Overtaken and StoreUnavailable when it must be tried again later; nothing is lost then.
        """
        connection = self._connections.get(connection_id)
        if connection is None or connection.status in {Status.CONNECTING, Status.DISCONNECTED}:
            log_info("export passed over", connection_id=connection_id)
            return False
        try:
            return self._process(connection, lambda: remaining() - SECONDS_FOR_A_CALL)
        except AccessGone as error:
            hold(self._connections, connection_id, reason_of(error))
            # Pleo can still be told: the next run finds the connection held and fails the jobs with the reason.
            return error.vendor == LEXOFFICE
        except OutOfTime:
            return True

    def _process(self, connection: Connection, remaining: Remaining) -> bool:
        """`remaining` seconds may pass before the last call begins."""
        pleo = self._vendors.pleo(connection)
        lexoffice = self._vendors.lexoffice(connection, remaining)
        files = VoucherFiles(
            connection.connection_id,
            vouchers=self._parts.vouchers,
            pleo=pleo,
            lexoffice=lexoffice,
            remaining=remaining,
        )
        if not self._export_jobs(connection, pleo, lexoffice, files, remaining):
            return True
        if connection.status is not Status.ACTIVE:
            return False
        if self._review_matches(connection, lexoffice, remaining):
            return True
        if late_receipts.due(connection, datetime.now(UTC)):
            LateReceipts(
                connection, connections=self._connections, vouchers=self._parts.vouchers, pleo=pleo, files=files
            ).attach()
        return False

    def _review_matches(self, connection: Connection, lexoffice: LexofficeClient, remaining: Remaining) -> bool:
        parts = self._parts
        missing_hints = MissingHints(
            connection.connection_id,
            hints=Hints(connection.connection_id, vouchers=parts.vouchers, lexoffice=lexoffice),
            ledger=parts.ledger,
            exports=parts.exports,
            vouchers=parts.vouchers,
        )
        try:
            return review_matches(
                connection,
                matches=parts.matches,
                ledger=parts.ledger,
                missing_hints=missing_hints,
                lexoffice=lexoffice,
                remaining=remaining,
            )
        except Forbidden as error:
            # Neither feed nor export needs this right, so the company is not held for it.
            log_warning("payments not readable", connection_id=connection.connection_id, cause=str(error))
            return False

    def _export_jobs(
        self,
        connection: Connection,
        pleo: PleoClient,
        lexoffice: LexofficeClient,
        files: VoucherFiles,
        remaining: Remaining,
    ) -> bool:
        """Work on every job that is open at Pleo, or that is open here only; False when one is not finished."""
        open_jobs = list(pleo.export_jobs(connection.company_id, ["pending", "in_progress"]))
        ended = self._close_ended_jobs(connection, {job.id for job in open_jobs}, pleo)
        for job in (*ended, *open_jobs):
            run = JobRun(
                connection,
                job,
                parts=self._parts,
                pleo=pleo,
                lexoffice=lexoffice,
                files=files,
                settings=lambda job_id=job.id: self._settings_of(job_id, connection, lexoffice),  # type: ignore[misc]
                app_url=self._app_url,
                settling=self._settling,
                remaining=remaining,
                monotonic=self._monotonic,
            )
            if not run.work():
                return False
        return True

    def _close_ended_jobs(self, connection: Connection, still_open: set[str], pleo: PleoClient) -> list[ExportJob]:
        """The jobs that are open here only: cancelled, expired, or finished just before a run died."""
        ended = []
        for job in self._parts.exports.open_jobs(connection.connection_id):
            if job.job_id in still_open:
                continue
            try:
                ended.append(pleo.export_job(job.job_id))
            except NotFound:
                gone = replace(
                    job,
                    state=JobState.FINISHED,
                    event=JobEvent.FAILED.value,
                    code=JOB_ENDED.code,
                    values={"reason": "?"},
                )
                self._parts.exports.save_job(connection.connection_id, gone, datetime.now(UTC))
                alert("job gone at Pleo", connection_id=connection.connection_id, job_id=job.job_id)
        return ended

    def _settings_of(self, job_id: str, connection: Connection, lexoffice: LexofficeClient) -> Settings:
        """What lexoffice says about the company, read once per job and process: a long job is many runs."""
        if self._settings is None or self._settings[0] != job_id:
            profile = lexoffice.profile()
            categories = {
                row.id: PostingCategory(row.name, row.contact_required, row.split_allowed)
                for row in lexoffice.posting_categories()
                if row.type == "outgo"
            }
            settings = replace(
                self._choices,
                categories=categories,
                wallet_account_id=connection.account_id,
                small_business=profile.small_business,
                tax_type=profile.tax_type,
            )
            self._settings = (job_id, settings)
        return self._settings[1]
