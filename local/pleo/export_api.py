"""The Export API, version 3 (https://developers.pleo.io/reference/export-api-overview)."""

from starlette.responses import Response
from starlette.routing import Route

from local.pleo import export_jobs
from local.pleo.export_items import item
from local.pleo.export_jobs import ITEM_FAILURES, ITEM_STATUSES, JOB_FAILURES, OPEN, STATUSES, UPDATE_ERRORS, shown
from local.pleo.gate import PleoCall, guarded
from local.pleo.paging import Listing, paged
from local.pleo.shape import uuid
from local.pleo.wire import Json, PleoRefusal, answer, bad_parameter, decoded, invalid, object_of
from local.standin.shape import Field, instant, one_of, text

MOST_UPDATES = 100
EVENT = {
    "jobId": Field(uuid, required=True),
    "event": Field(one_of("started", "failed", "completed", "completed_with_errors"), required=True),
    "failureReason": Field(text()),
    "failureReasonType": Field(one_of(*JOB_FAILURES)),
}
UPDATE = {
    "accountingEntryId": Field(uuid, required=True),
    "status": Field(one_of(*ITEM_STATUSES), required=True),
    "exportedAt": Field(instant),
    "externalId": Field(text()),
    "externalUrl": Field(text()),
    "failureReason": Field(text()),
    "failureReasonType": Field(one_of(*ITEM_FAILURES)),
}
_NULLABLE = ("exportedAt", "externalId", "externalUrl", "failureReason", "failureReasonType")
_SORTABLE = ("createdAt", "id", "status", "startedAt", "completedAt", "lastUpdatedAt")
NEWEST_FIRST = Listing(sortable=_SORTABLE, default=(("createdAt", "DESC"),))
OLDEST_FIRST = Listing(sortable=_SORTABLE)
ITEMS = Listing(
    sortable=("accountingEntryId", "status"), default=(("accountingEntryId", "ASC"),), key="accountingEntryId"
)


async def list_jobs(call: PleoCall) -> Response:
    """`GET /v3/export-jobs?company_id=&statuses=`: newest first by default (switch `jobs_order`)."""
    query = call.request.query_params
    if "company_id" in query:
        call.own(query["company_id"])
    wanted = query.getlist("statuses")
    if unknown := [each for each in wanted if each not in STATUSES]:
        raise bad_parameter(f"statuses does not know {unknown[0]}.")
    export_jobs.expire(call.world)
    rows = [
        shown(job)
        for job in call.world.jobs.values()
        if job["companyId"] == call.company_id and (not wanted or job["status"] in wanted)
    ]
    order = NEWEST_FIRST if call.world.switches.jobs_order == "newest" else OLDEST_FIRST
    return paged(call.request, call.world.switches, rows, order)


async def read_job(call: PleoCall) -> Response:
    """`GET /v3/export-jobs/{jobId}`."""
    return answer({"data": shown(_job(call))})


async def update_job_items(call: PleoCall) -> Response:
    """`PUT /v3/export-jobs/{jobId}/items`: 200 even if some updates fail; those are in `errors`."""
    job = _job(call)
    updates = decoded(await call.request.body())
    if not isinstance(updates, list):
        raise PleoRefusal(400, "JSON_MAPPING_EXCEPTION", "The body must be a JSON array.")
    if len(updates) > MOST_UPDATES:
        raise PleoRefusal(413, "EXPORT_JOB_ITEMS_UPDATE_LIMIT", f"At most {MOST_UPDATES} items can be updated at once.")
    export_jobs.require_open(job, *_updatable(call))
    asked = [_update(call, each) for each in updates]
    data: list[Json] = []
    errors: list[Json] = []
    for each in asked:
        if problem := _problem(call, job, each):
            errors.append({"accountingEntryId": each["accountingEntryId"], "message": problem[1], "type": problem[0]})
            continue
        row = call.world.job_items[job["id"]][each["accountingEntryId"]]
        row.update(dict.fromkeys(_NULLABLE) | each)
        data.append(dict(row))
    export_jobs.touch(call.world, job)
    return answer({"data": data, "errors": errors})


async def post_event(call: PleoCall) -> Response:
    """`POST /v3/export-job-events`: 202 and an empty body. `exportJobId`, which one page prints, is refused."""
    body = _given(call, await object_of(call.request), EVENT)
    reasons = {name: body.get(name) for name in ("failureReason", "failureReasonType")}
    only_failed = call.world.switches.failure_reason_with == "failed"
    if only_failed and body["event"] != "failed" and any(value is not None for value in reasons.values()):
        raise invalid("failureReason and failureReasonType belong to the event failed.")
    job = export_jobs.job_of(call.world, body["jobId"], call.company_id)
    export_jobs.move(call.world, job, body["event"], reason=reasons["failureReason"], kind=reasons["failureReasonType"])
    return Response(status_code=202)


async def list_export_items(call: PleoCall) -> Response:
    """`GET /v3/export-items?job_id=`: only while the job is open and every contra account is set."""
    job_id = call.request.query_params.get("job_id")
    if job_id is None:
        raise bad_parameter("job_id is required.")
    job = export_jobs.job_of(call.world, job_id, call.company_id)
    export_jobs.require_open(job, *OPEN)
    entries = [call.world.entries[entry_id] for entry_id in call.world.job_items[job_id]]
    export_jobs.check_contra_accounts(call.world, entries)
    rows = [{"accountingEntryId": entry["id"]} for entry in entries]

    def whole(row: Json) -> Json:
        entry = call.world.entries[row["accountingEntryId"]]
        return item(call.world, entry)

    return paged(call.request, call.world.switches, rows, ITEMS, whole=whole)


def _job(call: PleoCall) -> Json:
    return export_jobs.job_of(call.world, call.request.path_params["job_id"], call.company_id)


def _updatable(call: PleoCall) -> tuple[str, ...]:
    return OPEN if call.world.switches.update_while_pending == "accepted" else ("in_progress",)


def _update(call: PleoCall, value: object) -> Json:
    if not isinstance(value, dict):
        raise invalid("Each update must be an object.")
    return _given(call, value, UPDATE)


def _given(call: PleoCall, body: Json, shape: dict[str, Field]) -> Json:
    if call.world.switches.export_nulls == "accepted":
        body = {name: value for name, value in body.items() if value is not None}
    return call.checked(body, shape)


def _problem(call: PleoCall, job: Json, update: Json) -> tuple[str, str] | None:
    """Return error type and message if this update is impossible, else None."""
    does_not_exist, status_failed, _ = UPDATE_ERRORS
    entry_id = update["accountingEntryId"]
    row = call.world.job_items[job["id"]].get(entry_id)
    if row is None:
        return does_not_exist, "The entry is not part of the export job."
    if refusal := job["_refused"].pop(entry_id, None):
        return str(refusal), "Ordered by a test."
    if row["status"] == "successful" and update["status"] != "successful":
        return status_failed, "A successful item stays successful."
    return None


_JOBS, _ONE = "/v3/export-jobs", "/v3/export-jobs/{job_id}"
ROUTES = [
    Route(_JOBS, guarded(list_jobs, area="export_jobs_read"), methods=["GET"]),
    Route(_ONE, guarded(read_job, area="export_jobs_read"), methods=["GET"]),
    Route(f"{_ONE}/items", guarded(update_job_items, area="export_jobs_write"), methods=["PUT"]),
    Route("/v3/export-job-events", guarded(post_event, area="export_jobs_write"), methods=["POST"]),
    Route("/v3/export-items", guarded(list_export_items, area="export_items_read"), methods=["GET"]),
]
