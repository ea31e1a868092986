"""Pleo's Export API (v3), one method per call this product makes.
https://developers.pleo.io/reference/export-api-overview

- A job is one attempt to export a batch of accounting entries. Its items track their progress.
- The export items hold the data of the entries. Pleo returns them only while the job runs.
- Conflict means that the job's state does not allow the call: it is finished, cancelled, expired or not started.
- Export items are returned as raw JSON objects; `shared.pleo.export_items` parses them.
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

# https://developers.pleo.io/reference/export-api: Pleo answers 413 above this number.
MOST_UPDATES = 100
# Issue kind of Rejected if a wallet has no contra account. The customer sets it in Pleo.
MISSING_CONTRA_ACCOUNTS = "MISSING_CONTRA_ACCOUNTS"

_WRONG_STATE = {"EXPORT_JOB_STATUS_UNPROCESSABLE", "INVALID_EXPORT_JOB_STATUS_CHANGE"}


class ExportCalls:
    """Call Pleo's Export API for one company. `http` carries its access token and its share of the rate limit."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def export_jobs(self, company_id: str, statuses: Sequence[str]) -> Iterator[ExportJob]:
        """Iterate over the company's jobs in any of these states, oldest first.

        The jobs are sorted here: Pleo does not document its sorting keys (docs/assumptions.md#pleo-export-order).
        """
        params = {"company_id": company_id, "statuses": statuses}
        jobs = paginate(self._http, ResultPage[ExportJob], "GET", "/v3/export-jobs", params=params)
        yield from sorted(jobs, key=attrgetter("created_at", "id"))

    def export_job(self, job_id: str) -> ExportJob:
        """Return one job."""
        answer = self._http.request("GET", f"/v3/export-jobs/{segment(job_id)}")
        return answer.read(Enveloped[ExportJob].model_validate).data

    def export_items(self, job_id: str) -> Iterator[dict[str, Any]]:
        """Iterate over the data of a job's items in no particular order, as raw JSON with fractions as Decimal.

        - The links to files expire after 24 hours.
        - Raises Conflict if the job has ended.
        - Raises Rejected with the issue MISSING_CONTRA_ACCOUNTS while a contra account is missing.
        """
        params = {"job_id": job_id}
        try:
            yield from paginate(self._http, ResultPage[dict[str, Any]], "GET", "/v3/export-items", params=params)
        except Rejected as error:
            raise _conflict_of(error) from error

    def update_export_items(self, job_id: str, results: Sequence[ItemResult]) -> list[UpdateError]:
        """Report the outcomes of items in batches of at most 100. Return the items that Pleo did not accept.

        - Idempotent. Each call resets the expiry of the job.
        - After an error between two batches, only the first items are reported.
        - Raises Conflict if the job is not in progress.
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
        """Send an event of a job: STARTED claims the job, every other event ends it.

        - Raises Conflict if the job's state does not allow the event. After OutcomeUnknown, read the job: the first
          attempt may have arrived.
        - Raises ValueError for a reason without FAILED, or a type outside JOB_FAILURES.
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
        """Iterate over the original files of up to 100 entries, in no particular order. Works without a running job.

        https://developers.pleo.io/reference/accounting-entries
        """
        wanted = {"includeDeleted": False, "accountingEntryIds": list(entry_ids), "fileType": "ORIGINAL"}
        path = "/v1/accounting-entries/receipts:search"
        return paginate(
            self._http, ResultPage[PleoReceipt], "POST", path, params={"company_id": company_id}, json=wanted
        )

    def download(self, url: str, *, max_bytes: int) -> BytesIO:
        """Download a file of an entry. Raises NotFound if its link has expired, FileTooLarge above `max_bytes`."""
        return self._http.download(url, max_bytes=max_bytes)


def _conflict_of(error: Rejected) -> Rejected | Conflict:
    """Return a Conflict for a refusal that names the job's state, else the refusal itself."""
    if not any(issue.kind in _WRONG_STATE for issue in error.issues):
        return error
    return Conflict(
        error.vendor, error.operation, status=error.status, request_id=error.request_id, issues=error.issues
    )
