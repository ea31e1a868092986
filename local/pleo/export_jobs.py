"""Export jobs: who may start one, the effect of each event and item update, and the expiry of a job.

https://developers.pleo.io/reference/export-api:
- pending → in_progress → completed, completed_with_errors or failed.
- One open job per company.
- A job fails as `job_expired` after an hour without an event or update. Reading does not count.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from local.pleo import spending
from local.pleo.clock import stamp
from local.pleo.export_items import missing_contra_account
from local.pleo.export_types import WALLET, exportable, kind_of
from local.pleo.wire import Json, PleoRefusal, invalid, not_found
from local.pleo.world import PleoCompany, PleoWorld
from local.standin.wire import new_id

OPEN = ("pending", "in_progress")
STATUSES = (*OPEN, "failed", "completed", "completed_with_errors")
ITEM_STATUSES = ("pending", "in_progress", "successful", "failed", "abandoned")
JOB_FAILURES = (
    *("invalid_configuration", "missing_configuration", "authentication_failure"),
    *("accounting_system_authentication_failure", "pleo_rate_limit", "accounting_system_rate_limit"),
    *("service_unreachable", "accounting_system_unreachable", "validation_failure", "authorization_failure"),
    *("integration_unusable", "job_expired", "service_timeout", "accounting_system_timeout", "canceled_by_user"),
)
ITEM_FAILURES = (
    *("receipt_upload_failure", "receipt_download_failure", "receipt_file_size_limit_exceeded"),
    *("receipt_conversion_failure", "unexpected_failure", "invalid_configuration", "missing_configuration"),
    *("accounting_system_authentication_failure", "accounting_system_rate_limit", "accounting_system_unreachable"),
    *("validation_failure", "accounting_system_validation_failure", "authorization_failure"),
    *("accounting_system_timeout", "vendor_unknown", "account_unknown", "tax_code_unknown", "tag_unknown"),
)
UPDATE_ERRORS = (
    "ACCOUNTING_ENTRY_DOES_NOT_EXIST",
    "EXPORT_ENTRY_STATUS_UPDATE_FAILED",
    "ACCOUNTING_ENTRY_UPDATE_FAILED",
)
EVENT = "v1.export-job.created"
FINAL = {"failed": "failed", "completed": "completed", "completed_with_errors": "completed_with_errors"}
_SNAPSHOT = ("companyId", "createdAt", "createdBy", "expiresIn", "id", "numberOfItems", "status")


def queue(world: PleoWorld, company: PleoCompany) -> list[Json]:
    """Return the entries on the export page, oldest settlement first. Wallet movements are not on it (switch)."""
    rows = [
        row
        for row in world.entries.values()
        if row["companyId"] == company.id
        and row["exportStatus"] in {"NOT_EXPORTED", "QUEUED"}
        and exportable(row)
        and (world.switches.export_page_wallet or kind_of(row)[0] not in WALLET)
    ]
    return sorted(rows, key=lambda row: row.get("settledAt") or row["performedAt"])


def click(world: PleoWorld, company: PleoCompany, entry_ids: list[str], *, parallel: bool = False) -> Json:
    """Create a job and send its webhook, as a click on «Exportieren» does.

    A contra account may still be missing (switch). Raise PleoRefusal:
    - 400: entries, installation or contra account.
    - 409: another job is open and `parallel` is False.
    """
    entries = [_exportable(world, company, entry_id) for entry_id in dict.fromkeys(entry_ids)]
    if not entries:
        raise invalid("There is nothing to export.")
    installation = world.installations.get(company.id)
    if world.switches.exports_need_activation and (installation or {}).get("status") != "ACTIVATED":
        raise PleoRefusal(400, "INTEGRATION_NOT_ACTIVATED", "No accounting system is connected and activated.")
    if not parallel and open_jobs(world, company.id):
        raise PleoRefusal(409, "EXPORT_ALREADY_IN_PROGRESS", "The company has an export job in progress.")
    if world.switches.click_checks_contra_account:
        check_contra_accounts(world, entries)
    job = _new_job(world, company, len(entries))
    world.jobs[job["id"]] = job
    world.job_items[job["id"]] = {entry["id"]: _new_item(job, entry) for entry in entries}
    for entry in entries:
        entry["exportStatus"] = "EXPORTING"
    event_type = world.switches.export_event
    snapshot = {name: job[name] for name in _SNAPSHOT}
    spending.publish(world, company.id, event_type, snapshot, subscribed_as=EVENT)
    return job


def job_of(world: PleoWorld, job_id: str, company_id: str | None = None) -> Json:
    """Return a job, or the company's job if `company_id` is given; expire it first if its hour is over.

    Raise PleoRefusal (404) if there is no such job.
    """
    expire(world)
    job = world.jobs.get(job_id)
    if job is None or company_id not in (None, job["companyId"]):
        raise PleoRefusal(404, "EXPORT_NOT_FOUND", "There is no such export job.")
    return job


def open_jobs(world: PleoWorld, company_id: str) -> list[Json]:
    """Return the company's jobs that are pending or in progress."""
    expire(world)
    return [job for job in world.jobs.values() if job["companyId"] == company_id and job["status"] in OPEN]


def require_open(job: Json, *statuses: str) -> None:
    """Raise PleoRefusal (422) if the job has none of the statuses."""
    if job["status"] not in statuses:
        raise PleoRefusal(422, "EXPORT_JOB_STATUS_UNPROCESSABLE", f"The export job is {job['status']}.")


def check_contra_accounts(world: PleoWorld, entries: Iterable[Json]) -> None:
    """Raise PleoRefusal (400) if an entry needs a contra account that is not set."""
    if any(missing_contra_account(world, entry) for entry in entries):
        raise PleoRefusal(400, "MISSING_CONTRA_ACCOUNTS", "Contra accounts are missing for some wallets.")


def move(world: PleoWorld, job: Json, event: str, *, reason: str | None = None, kind: str | None = None) -> None:
    """Apply an event of the integration. Raise PleoRefusal (422) if the job's state does not allow the change."""
    started = event == "started" and job["status"] == "pending"
    from_pending = event == "failed" and world.switches.failed_while_pending == "accepted"
    if not started and job["status"] not in (OPEN if from_pending else ("in_progress",)):
        raise _illegal(job, event)
    if event == "started" and not started:
        raise _illegal(job, event)
    if started:
        job.update(status="in_progress", startedAt=world.clock.stamp())
        touch(world, job)
        return
    failed = any(each["status"] == "failed" for each in world.job_items[job["id"]].values())
    if event == "completed" and failed:
        raise _illegal(job, event)
    _finish(world, job, FINAL[event], reason=reason, kind=kind)


def cancel(world: PleoWorld, job: Json, *, kind: str = "canceled_by_user") -> None:
    """Cancel a job as the user does, or as Pleo does for another reason. Raise PleoRefusal (409) for a finished job."""
    if job["status"] not in OPEN:
        raise PleoRefusal(409, "CONFLICT", f"The export job is {job['status']}.")
    _finish(world, job, "failed", kind=kind)


def expire(world: PleoWorld) -> None:
    """Fail every open job that had no activity for its hour."""
    now = world.clock.now().timestamp()
    for job in world.jobs.values():
        over = job["_touched"] + job["expiresIn"]
        if job["status"] in OPEN and now >= over:
            job["expiredAt"] = stamp(datetime.fromtimestamp(over, UTC))
            _finish(world, job, "failed", kind="job_expired", touching=False)


def touch(world: PleoWorld, job: Json) -> None:
    """Record activity: the job has its full hour again."""
    job["lastUpdatedAt"] = world.clock.stamp()
    job["_touched"] = world.clock.now().timestamp()


def shown(row: Json) -> Json:
    """Return a job or job item as the API shows it."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _exportable(world: PleoWorld, company: PleoCompany, entry_id: str) -> Json:
    entry = world.entries.get(entry_id)
    if entry is None or entry["companyId"] != company.id:
        raise not_found("Accounting entry")
    if not exportable(entry):
        raise invalid(f"The entry {entry_id} is not settled or of a kind that is never exported.")
    if entry["exportStatus"] == "EXPORTING":
        raise PleoRefusal(409, "EXPORT_ALREADY_IN_PROGRESS", f"The entry {entry_id} is part of a running export.")
    return entry


def _new_job(world: PleoWorld, company: PleoCompany, number: int) -> Json:
    now = world.clock.now()
    return {
        "id": new_id(),
        "companyId": company.id,
        "status": "pending",
        "numberOfItems": number,
        # With milliseconds, so that jobs of one second have an order.
        "createdAt": f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z",
        "createdBy": spending.EMPLOYEE_ID,
        "expiresIn": world.switches.export_expiry_seconds,
        "isInteractive": True,
        "vendorBasedBookkeeping": False,
        "lastUpdatedAt": None,
        "startedAt": None,
        "completedAt": None,
        "expiredAt": None,
        "failureReason": None,
        "failureReasonType": None,
        "_touched": now.timestamp(),
        "_refused": {},
    }


def _new_item(job: Json, entry: Json) -> Json:
    empty = dict.fromkeys(("exportedAt", "externalId", "externalUrl", "failureReason", "failureReasonType"))
    return {"exportJobId": job["id"], "accountingEntryId": entry["id"], "status": "pending"} | empty


def _illegal(job: Json, event: str) -> PleoRefusal:
    message = f"An export job that is {job['status']} cannot take the event {event}."
    return PleoRefusal(422, "INVALID_EXPORT_JOB_STATUS_CHANGE", message)


def _finish(
    world: PleoWorld,
    job: Json,
    status: str,
    *,
    reason: str | None = None,
    kind: str | None = None,
    touching: bool = True,
) -> None:
    if touching:
        touch(world, job)
    completed = None if status == "failed" else world.clock.stamp()
    job.update(status=status, completedAt=completed, failureReason=reason, failureReasonType=kind)
    back = "QUEUED" if world.switches.failed_items_return_to == "queue" else "NOT_EXPORTED"
    for item in world.job_items[job["id"]].values():
        if item["status"] in OPEN:
            item["status"] = "abandoned"
        entry = world.entries[item["accountingEntryId"]]
        entry["exportStatus"] = "EXPORTED" if item["status"] == "successful" else back
