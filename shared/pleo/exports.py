"""Pleo's Export API (v3), one method per call this product makes.
https://developers.pleo.io/reference/export-api-overview

A job is one attempt to export a batch of accounting entries; its items track their progress, and the export items hold
their data, readable only while the job runs. Conflict means that the job is in a state that does not allow the call: it
was finished, cancelled or expired, or has not been started. Export items come back raw: reading them is the domain's
matter.
"""

from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import batched
from operator import attrgetter
from typing import Any

from shared.errors import Conflict, Rejected
from shared.http.client import Http
from shared.http.wire import segment
from shared.pleo.models import (
    JOB_FAILURES,
    Enveloped,
    ExportJob,
    ItemResult,
    ItemUpdates,
    JobEvent,
    PleoReceipt,
    ResultPage,
    UpdateError,
)
from shared.pleo.paging import paginate

# https://developers.pleo.io/reference/export-api: 413 above it.
MOST_UPDATES = 100
# The kind of the issue in Rejected when a wallet has no contra account yet: the customer sets it in Pleo.
MISSING_CONTRA_ACCOUNTS = "MISSING_CONTRA_ACCOUNTS"

_WRONG_STATE = {"EXPORT_JOB_STATUS_UNPROCESSABLE", "INVALID_EXPORT_JOB_STATUS_CHANGE"}


class ExportCalls:
    """The part of Pleo's API that exports; `http` carries one company's access and share of the rate limit."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def export_jobs(self, company_id: str, statuses: Sequence[str]) -> Iterator[ExportJob]:
        """Iterate over the company's jobs in any of these states, oldest first.

        Sorted here, because by what Pleo can sort jobs is not documented (docs/assumptions.md#pleo-export-order).
        """
        params = {"company_id": company_id, "statuses": statuses}
        jobs = paginate(self._http, ResultPage[ExportJob], "GET", "/v3/export-jobs", params=params)
        yield from sorted(jobs, key=attrgetter("created_at", "id"))

    def export_job(self, job_id: str) -> ExportJob:
        """Read one job."""
        answer = self._http.request("GET", f"/v3/export-jobs/{segment(job_id)}")
        return answer.read(Enveloped[ExportJob].model_validate).data

    def export_items(self, job_id: str) -> Iterator[dict[str, Any]]:
        """Iterate over the data of a job's items, each as Pleo's JSON object with Decimal fractions.

        In no particular order, and with links to files that live 24 hours from now. Conflict when the job is over;
        Rejected with an issue MISSING_CONTRA_ACCOUNTS while a contra account is missing.
        """
        params = {"job_id": job_id}
        try:
            yield from paginate(self._http, ResultPage[dict[str, Any]], "GET", "/v3/export-items", params=params)
        except Rejected as error:
            raise _conflict_of(error) from error

    def update_export_items(self, job_id: str, results: Sequence[ItemResult]) -> list[UpdateError]:
        """Report what became of items and return what Pleo did not take; the rest is taken.

        Reporting the same again does no harm, and each call keeps the job from expiring. An error in between leaves
        some reported and some not. Conflict when the job is not in progress.
        """
        errors: list[UpdateError] = []
        path = f"/v3/export-jobs/{segment(job_id)}/items"
        for some in batched(results, MOST_UPDATES):
            updates = [result.body() for result in some]
            try:
                answer = self._http.request("PUT", path, json=updates, idempotent=True)
            except Rejected as error:
                raise _conflict_of(error) from error
            errors += answer.read(ItemUpdates.model_validate).errors
        return errors

    def job_event(
        self,
        job_id: str,
        event: JobEvent,
        *,
        failure_reason: str | None = None,
        failure_reason_type: str | None = None,
    ) -> None:
        """Move a job on: claim it with STARTED, end it with one of the others.

        Conflict when the job's state does not allow that; after OutcomeUnknown it may mean that the event had arrived,
        so read the job. A reason goes with FAILED only (ValueError), its type is one of JOB_FAILURES.
        """
        if event is not JobEvent.FAILED and (failure_reason or failure_reason_type):
            raise ValueError("only a failed job has a reason")
        if failure_reason_type is not None and failure_reason_type not in JOB_FAILURES:
            raise ValueError("Pleo does not know this type of failure")
        body = {
            "jobId": job_id,
            "event": event,
            "failureReason": failure_reason,
            "failureReasonType": failure_reason_type,
        }
        given = {name: value for name, value in body.items() if value is not None}
        try:
            self._http.request("POST", "/v3/export-job-events", json=given)
        except Rejected as error:
            raise _conflict_of(error) from error

    def receipts_of(self, company_id: str, entry_ids: Sequence[str]) -> Iterator[PleoReceipt]:
        """Iterate over the files of up to 100 entries as they were uploaded, in no particular order, also after a job.

        https://developers.pleo.io/reference/accounting-entries
        """
        wanted = {"includeDeleted": False, "accountingEntryIds": list(entry_ids), "fileType": "ORIGINAL"}
        path = "/v1/accounting-entries/receipts:search"
        return paginate(
            self._http, ResultPage[PleoReceipt], "POST", path, params={"company_id": company_id}, json=wanted
        )

    def download(self, url: str, *, max_bytes: int) -> BytesIO:
        """Fetch a file of an entry; NotFound when its link has run out, FileTooLarge above `max_bytes`."""
        return self._http.download(url, max_bytes=max_bytes)


def _conflict_of(error: Rejected) -> Rejected | Conflict:
    """Call a refusal for the job's state a Conflict."""
    if not any(issue.kind in _WRONG_STATE for issue in error.issues):
        return error
    return Conflict(
        error.vendor, error.operation, status=error.status, request_id=error.request_id, issues=error.issues
    )
