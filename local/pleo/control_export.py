"""Control of exports: click, cancel, enter details of entries, set the contra account, refuse an update."""

from local.pleo import bookkeeping, export_jobs
from local.pleo.export_jobs import JOB_FAILURES, UPDATE_ERRORS
from local.pleo.wire import Json, PleoRefusal
from local.pleo.world import PleoCompany, PleoWorld
from local.standin.control import Command, Order
from local.standin.shape import Field, anything, flag, list_of, one_of, text

CLICK = {
    "company_id": Field(text()),
    "entry_ids": Field(list_of(text())),
    "all": Field(flag),
    "parallel": Field(flag),
}
REFUSE = {"entry_ids": Field(list_of(text()), required=True), "type": Field(one_of(*UPDATE_ERRORS))}
CONTRA_ACCOUNT = {"company_id": Field(text()), "account_external_id": Field(text(), required=True, nullable=True)}


def click(order: Order[PleoWorld]) -> Json:
    """Click «Exportieren» for some entries or for the whole queue; return the job with its items."""
    world, asked = order.world, order.body
    company = _company(order)
    if asked.get("all", False) is ("entry_ids" in asked):
        raise PleoRefusal(400, "VALIDATION_FAILED", "Either entry_ids or all: true.")
    entry_ids = asked["entry_ids"] if "entry_ids" in asked else [row["id"] for row in export_jobs.queue(world, company)]
    return shown_job(world, export_jobs.click(world, company, entry_ids, parallel=asked.get("parallel", False)))


def cancel(order: Order[PleoWorld]) -> Json:
    """Cancel a job as the user does. `type` lets the job fail for another of Pleo's reasons."""
    job = _job(order)
    export_jobs.cancel(order.world, job, kind=order.body.get("type", "canceled_by_user"))
    return shown_job(order.world, job)


def refuse_updates(order: Order[PleoWorld]) -> Json:
    """Answer the next update of these items with an error inside a 200."""
    kind = order.body.get("type", "ACCOUNTING_ENTRY_UPDATE_FAILED")
    _job(order)["_refused"] |= dict.fromkeys(order.body["entry_ids"], kind)
    return {"refusing": len(order.body["entry_ids"])}


def describe_many(order: Order[PleoWorld]) -> Json:
    """Enter the details of many entries: an array of objects with `id`."""
    for each in order.body["entries"]:
        details = dict(each)
        bookkeeping.describe(order.world, str(details.pop("id", "")), details)
    return {"described": len(order.body["entries"])}


def set_contra_account(order: Order[PleoWorld]) -> Json:
    """Set the contra account by its external id; null removes it."""
    bookkeeping.set_contra_account(order.world, _company(order), order.body["account_external_id"])
    return {}


def shown_job(world: PleoWorld, job: Json) -> Json:
    """Return a job with all its items, for a test."""
    return export_jobs.shown(job) | {"items": list(world.job_items[job["id"]].values())}


def _job(order: Order[PleoWorld]) -> Json:
    return export_jobs.job_of(order.world, order.params["job_id"])


def _company(order: Order[PleoWorld]) -> PleoCompany:
    return order.world.company(order.body.get("company_id") or next(iter(order.world.companies)))


_JOB = "/export/{job_id}"
_ENTRIES = {"entries": Field(list_of(anything, most=20_000), required=True)}
COMMANDS: tuple[Command[PleoWorld], ...] = (
    Command("POST", "/export", click, CLICK),
    Command("GET", _JOB, lambda order: shown_job(order.world, _job(order))),
    Command("POST", f"{_JOB}/cancel", cancel, {"type": Field(one_of(*JOB_FAILURES))}),
    Command("POST", f"{_JOB}/refuse-updates", refuse_updates, REFUSE),
    Command("POST", "/entries/bookkeeping", describe_many, _ENTRIES),
    Command(
        "POST",
        "/entries/{entry_id}/bookkeeping",
        lambda order: bookkeeping.describe(order.world, order.params["entry_id"], order.body),
        None,
    ),
    Command("POST", "/contra-account", set_contra_account, CONTRA_ACCOUNT),
    Command("POST", "/categories", lambda order: bookkeeping.add_category(order.world, order.body), None),
)
