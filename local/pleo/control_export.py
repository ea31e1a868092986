"""The control surface's half about exporting: click, cancel, code entries, set the contra account, refuse an update."""

from starlette.requests import Request

from local.pleo import bookkeeping, export_jobs
from local.pleo.control import route
from local.pleo.export_jobs import JOB_FAILURES, UPDATE_ERRORS
from local.pleo.shape import Field, checked, flag, list_of, one_of, text
from local.pleo.wire import Json, Refusal
from local.pleo.world import Company, World

CLICK = {
    "company_id": Field(text()),
    "entry_ids": Field(list_of(text())),
    "all": Field(flag),
    "parallel": Field(flag),
}
REFUSE = {"entry_ids": Field(list_of(text()), required=True), "type": Field(one_of(*UPDATE_ERRORS))}


async def click(world: World, _request: Request, body: Json) -> Json:
    """Click «Exportieren» for some entries or for the whole queue; the job with its items."""
    asked = checked(body, CLICK)
    company = _company(world, asked)
    if asked.get("all", False) is ("entry_ids" in asked):
        raise Refusal(400, "VALIDATION_FAILED", "Either entry_ids or all: true.")
    entry_ids = asked["entry_ids"] if "entry_ids" in asked else [row["id"] for row in export_jobs.queue(world, company)]
    job = export_jobs.click(world, company, entry_ids, parallel=asked.get("parallel", False))
    return shown_job(world, job)


async def read_job(world: World, request: Request, _body: Json) -> Json:
    """A job and its items."""
    return shown_job(world, _job(world, request))


async def cancel(world: World, request: Request, body: Json) -> Json:
    """The user cancels; `type` lets the job fail for another of Pleo's reasons."""
    asked = checked(body, {"type": Field(one_of(*JOB_FAILURES))})
    job = _job(world, request)
    export_jobs.cancel(world, job, kind=asked.get("type", "canceled_by_user"))
    return shown_job(world, job)


async def refuse_updates(world: World, request: Request, body: Json) -> Json:
    """The next update of these items is an error inside a 200."""
    asked = checked(body, REFUSE)
    kind = asked.get("type", "ACCOUNTING_ENTRY_UPDATE_FAILED")
    _job(world, request)["_refused"] |= dict.fromkeys(asked["entry_ids"], kind)
    return {"refusing": len(asked["entry_ids"])}


async def describe(world: World, request: Request, body: Json) -> Json:
    """What a bookkeeper says about an entry; receipts that come late."""
    return bookkeeping.describe(world, request.path_params["entry_id"], body)


async def describe_many(world: World, _request: Request, body: Json) -> Json:
    """The same for many entries: an array of objects with `id`."""
    asked = checked(body, {"entries": Field(list_of(lambda _: None, most=20_000), required=True)})
    for each in asked["entries"]:
        order = dict(each)
        bookkeeping.describe(world, str(order.pop("id", "")), order)
    return {"described": len(asked["entries"])}


async def set_contra_account(world: World, _request: Request, body: Json) -> Json:
    """Set the contra account by the accounting system's id, or take it away with null."""
    shape = {"company_id": Field(text()), "account_external_id": Field(text(), required=True, nullable=True)}
    asked = checked(body, shape)
    bookkeeping.set_contra_account(world, _company(world, asked), asked["account_external_id"])
    return {}


async def add_category(world: World, _request: Request, body: Json) -> Json:
    """A category with its account and tax code."""
    return bookkeeping.add_category(world, body)


def shown_job(world: World, job: Json) -> Json:
    """A job with all its items, for a test to look at."""
    return export_jobs.shown(job) | {"items": list(world.job_items[job["id"]].values())}


def _job(world: World, request: Request) -> Json:
    return export_jobs.job_of(world, request.path_params["job_id"])


def _company(world: World, asked: Json) -> Company:
    return world.company(asked.get("company_id") or next(iter(world.companies)))


_JOB = "/export/{job_id}"
ROUTES = [
    route("/export", "POST", click),
    route(_JOB, "GET", read_job),
    route(f"{_JOB}/cancel", "POST", cancel),
    route(f"{_JOB}/refuse-updates", "POST", refuse_updates),
    route("/entries/bookkeeping", "POST", describe_many),
    route("/entries/{entry_id}/bookkeeping", "POST", describe),
    route("/contra-account", "POST", set_contra_account),
    route("/categories", "POST", add_category),
]
