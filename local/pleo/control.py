"""The control surface: what a test, a demo or a bench may do to the stand-in. JSON, prefix `/control`, no login.

`README.md` of this package lists every route in one table. Errors have Pleo's shape `{"type", "message"}`.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.pleo import export_jobs, spending
from local.pleo.shape import Field, checked, headers, instant, list_of, mapping, one_of, text
from local.pleo.traffic import Fault
from local.pleo.wire import Json, Refusal, answer, decoded, invalid
from local.pleo.world import Company, World, new_id, world_of

type Action = Callable[[World, Request, Json], Awaitable[Any]]


def _number(value: object) -> str | None:
    return None if isinstance(value, int | float) else "must be a number"


FAULT = {
    "route": Field(text(least=1), required=True),
    "method": Field(text()),
    "times": Field(_number, nullable=True),
    "kind": Field(one_of("status", "timeout", "reset", "slow")),
    "status": Field(_number),
    "body": Field(lambda _: None, nullable=True),
    "headers": Field(headers),
    "when": Field(one_of("before", "after")),
    "seconds": Field(_number),
    "company": Field(text()),
}


def route(path: str, method: str, action: Action) -> Route:
    """A control route: JSON object in (or nothing), JSON out, refusals in Pleo's shape."""

    async def endpoint(request: Request) -> Response:
        raw = await request.body()
        try:
            body = _floats(decoded(raw)) if raw else {}
            if isinstance(body, list):
                body = {"entries": body}
            if not isinstance(body, dict):
                raise invalid("The body must be a JSON object.")
            return answer(await action(world_of(request), request, body))
        except Refusal as refusal:
            return refusal.answer()
        except ValueError as error:
            return invalid(str(error)).answer()

    return Route(f"/control{path}", endpoint, methods=[method])


async def reset(world: World, _request: Request, _body: Json) -> Json:
    """Back to the state right after start."""
    world.reset()
    return {}


async def state(world: World, _request: Request, _body: Json) -> Json:
    """Everything a test may want to see, in one object; secrets and tokens are not in it."""
    answers = world.tally.answers
    return {
        "clock": world.clock.stamp(),
        "companies": [_company(world, each) for each in world.companies.values()],
        "calls": dict(world.tally.calls),
        "answers": dict(answers),
        "tokenCalls": world.tally.calls["POST /oauth/token"],
        "refused429": sum(count for label, count in answers.items() if label.endswith(" 429")),
        "entries": len(world.entries),
        "files": len(world.files),
        "exportJobs": _jobs(world),
        "exportStatus": dict(Counter(row["exportStatus"] for row in world.entries.values())),
        "contraAccounts": dict(world.contra_accounts),
        "accounts": len(world.accounts),
        "taxCodes": len(world.tax_codes),
        "subscriptions": [
            {"id": r["id"], "endpointUrl": r["endpointUrl"], "status": r["status"], "deleted": "deletedAt" in r}
            for r in world.subscriptions.values()
        ],
        "webhooks": world.courier.outstanding(),
        "deliveries": [each.shown() for each in world.courier.log],
        "switches": world.switches.as_dict(),
    }


async def add_company(world: World, _request: Request, body: Json) -> Json:
    """Another company: `name`, `currency` (EUR), `opening_minors`."""
    shape = {"name": Field(text(least=1)), "currency": Field(text(least=3)), "opening_minors": Field(_number)}
    asked = checked(body, shape | {"id": Field(text())})
    company = Company(
        asked.get("id", new_id()),
        asked.get("name", "Zweite Muster GmbH"),
        asked.get("currency", "EUR"),
        int(asked.get("opening_minors", 500_000)),
    )
    world.companies[company.id] = company
    return _company(world, company)


async def add_entry(world: World, _request: Request, body: Json) -> Json:
    """One entry; any field of AccountingEntryV1, or the short `amount`, `refund`."""
    return spending.create(world, body)


async def add_entries(world: World, _request: Request, body: Json) -> Json:
    """Many entries at once, in this order: a bare array or `{"entries": [...]}`."""
    asked = checked(body, {"entries": Field(list_of(mapping, most=20_000), required=True)})
    return {"ids": [spending.create(world, each)["id"] for each in asked["entries"]]}


async def change_entry(world: World, request: Request, body: Json) -> Json:
    """Change an entry."""
    return spending.change(world, request.path_params["entry_id"], body)


async def settle_entry(world: World, request: Request, body: Json) -> Json:
    """Settle a pending entry."""
    return spending.settle(world, request.path_params["entry_id"], body)


async def cancel_entry(world: World, request: Request, body: Json) -> Json:
    """Reverse a pending entry."""
    return spending.cancel(world, request.path_params["entry_id"], body)


async def read_entry(world: World, request: Request, _body: Json) -> Json:
    """An entry as the stand-in keeps it."""
    return spending.found(world, request.path_params["entry_id"])


async def add_fault(world: World, _request: Request, body: Json) -> Json:
    """Order a misbehaviour for the next calls that fit."""
    world.faults.ordered.append(Fault(**checked(body, FAULT)))
    return {"ordered": len(world.faults.ordered)}


async def clear_faults(world: World, _request: Request, _body: Json) -> Json:
    """Behave again."""
    world.faults.ordered.clear()
    return {}


async def move_clock(world: World, _request: Request, body: Json) -> Json:
    """`advance_seconds`, or `now` as an ISO date-time."""
    asked = checked(body, {"advance_seconds": Field(_number), "now": Field(instant)})
    if "now" in asked:
        world.clock.set(datetime.fromisoformat(asked["now"]))
    world.clock.advance(seconds=asked.get("advance_seconds", 0))
    export_jobs.expire(world)
    return {"clock": world.clock.stamp()}


async def revoke(world: World, _request: Request, body: Json) -> Json:
    """The user disconnects the app in Pleo: its tokens die."""
    asked = checked(body, {"company_id": Field(text(), required=True)})
    world.disconnect(world.company(asked["company_id"]).id)
    return {}


async def wallet_balance(world: World, request: Request, _body: Json) -> Json:
    """What the wallet holds, and what of it can still be spent, in minor units."""
    company = world.company(request.path_params["company_id"])
    available = spending.available(world, company)
    return {"currency": company.currency, "minors": spending.balance(world, company), "availableMinors": available}


async def turn(world: World, _request: Request, body: Json) -> Json:
    """Turn switches: `{name: position}`."""
    world.switches.turn(body)
    return world.switches.as_dict()


def _company(world: World, company: Company) -> Json:
    installation = world.installations.get(company.id)
    return {
        "id": company.id,
        "name": company.name,
        "currency": company.currency,
        "installation": installation["status"] if installation else None,
        "connected": world.tokens.connected(company.id),
        "walletMinors": spending.balance(world, company),
    }


def _jobs(world: World) -> list[Json]:
    export_jobs.expire(world)
    return [
        export_jobs.shown(job) | {"itemStatus": dict(Counter(row["status"] for row in rows.values()))}
        for job, rows in ((job, world.job_items[job["id"]]) for job in world.jobs.values())
    ]


def _floats(value: Any) -> Any:
    """Control numbers with a fraction are seconds and factors, never money."""
    if isinstance(value, dict):
        return {name: _floats(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_floats(each) for each in value]
    return value if value is None or isinstance(value, bool | int | str) else float(value)


_ENTRY = "/entries/{entry_id}"
ROUTES = [
    route("/reset", "POST", reset),
    route("/state", "GET", state),
    route("/companies", "POST", add_company),
    route("/entries", "POST", add_entry),
    route("/entries/batch", "POST", add_entries),
    route(_ENTRY, "GET", read_entry),
    route(_ENTRY, "PATCH", change_entry),
    route(f"{_ENTRY}/settle", "POST", settle_entry),
    route(f"{_ENTRY}/cancel", "POST", cancel_entry),
    route("/faults", "POST", add_fault),
    route("/faults", "DELETE", clear_faults),
    route("/clock", "POST", move_clock),
    route("/revoke", "POST", revoke),
    route("/wallet/{company_id}", "GET", wallet_balance),
    route("/switches", "POST", turn),
]
