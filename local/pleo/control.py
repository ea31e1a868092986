"""The control surface: what a test, a demo or a bench may do to the stand-in. `README.md` lists every command."""

import re
from collections import Counter
from collections.abc import Callable

from starlette.responses import Response

from local.pleo import control_chart, control_export, control_webhooks, export_jobs, spending
from local.pleo.switches import PleoSwitches
from local.pleo.webhooks import shown
from local.pleo.wire import Json, PleoRefusal, answer, invalid
from local.pleo.world import PleoCompany, PleoWorld
from local.standin import control
from local.standin.control import Command, Order
from local.standin.faults import Fault
from local.standin.shape import Field, anything, headers, list_of, mapping, number, one_of, pattern, text, whole
from local.standin.wire import new_id

type PleoOrder = Order[PleoWorld]

COMPANY = {
    "name": Field(text(least=1)),
    "currency": Field(text(least=3)),
    "opening_minors": Field(number),
    "id": Field(text()),
}
FAULT = {
    "route": Field(pattern, required=True),
    "method": Field(text()),
    "times": Field(whole(), nullable=True),
    "kind": Field(one_of("status", "timeout", "reset", "slow")),
    "status": Field(whole()),
    "body": Field(anything, nullable=True),
    "headers": Field(headers),
    "when": Field(one_of("before", "after")),
    "seconds": Field(number),
    "company": Field(text()),
}


def reset(order: PleoOrder) -> Json:
    """Restore the state right after start."""
    order.world.reset()
    return {}


def state(order: PleoOrder) -> Json:
    """Return the whole state that a test may check, in one object, without secrets and tokens."""
    world = order.world
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
        "deliveries": [shown(each) for each in world.courier.log],
        "switches": world.switches.as_dict(),
    }


def add_company(order: PleoOrder) -> Json:
    """Add a company: `name`, `currency` (EUR), `opening_minors`."""
    asked = order.body
    company = PleoCompany(
        asked.get("id", new_id()),
        asked.get("name", "Zweite Muster GmbH"),
        asked.get("currency", "EUR"),
        int(asked.get("opening_minors", 500_000)),
    )
    order.world.companies[company.id] = company
    return _company(order.world, company)


def add_entries(order: PleoOrder) -> Json:
    """Add entries in the given order: a bare array or `{"entries": [...]}`."""
    return {"ids": [spending.create(order.world, each)["id"] for each in order.body["entries"]]}


def add_fault(order: PleoOrder) -> Json:
    """Order a fault for the next calls that match."""
    asked = order.body
    fault = Fault(
        route=re.compile(asked["route"]),
        kind=asked.get("kind", "status"),
        status=asked.get("status", 500),
        method=asked.get("method", ""),
        holder=asked.get("company", ""),
        body=asked.get("body"),
        headers=asked.get("headers", {}),
        when=asked.get("when", "before"),
        hold_seconds=asked.get("seconds", 30.0),
        times=asked.get("times", 1),
    )
    order.world.faults.add(fault)
    return {"ordered": len(order.world.faults.orders)}


def clear_faults(order: PleoOrder) -> Json:
    """Remove all ordered faults."""
    order.world.faults.orders.clear()
    return {}


def move_clock(order: PleoOrder) -> Json:
    """Set the clock to `now`, an ISO date-time, and advance it by `advance_seconds`."""
    control.move_clock(order.world.clock, order.body)
    export_jobs.expire(order.world)
    return {"clock": order.world.clock.stamp()}


def revoke(order: PleoOrder) -> Json:
    """Disconnect the app as the user does in Pleo: its tokens end."""
    order.world.disconnect(order.world.company(order.body["company_id"]).id)
    return {}


def wallet_balance(order: PleoOrder) -> Json:
    """Return the wallet's balance, and the part of it that can still be spent, in minor units."""
    company = order.world.company(order.params["company_id"])
    available = spending.available(order.world, company)
    return {
        "currency": company.currency,
        "minors": spending.balance(order.world, company),
        "availableMinors": available,
    }


def change_switches(order: PleoOrder) -> Json:
    """Change switches by name."""
    order.world.switches.turn(order.body)
    return order.world.switches.as_dict()


def _company(world: PleoWorld, company: PleoCompany) -> Json:
    installation = world.installations.get(company.id)
    return {
        "id": company.id,
        "name": company.name,
        "currency": company.currency,
        "installation": installation["status"] if installation else None,
        "connected": world.tokens.is_connected(company.id),
        "walletMinors": spending.balance(world, company),
    }


def _jobs(world: PleoWorld) -> list[Json]:
    export_jobs.expire(world)
    return [
        export_jobs.shown(job) | {"itemStatus": dict(Counter(row["status"] for row in rows.values()))}
        for job, rows in ((job, world.job_items[job["id"]]) for job in world.jobs.values())
    ]


def _refuse(error: Exception) -> Response:
    if isinstance(error, PleoRefusal):
        return error.answer()
    if isinstance(error, ValueError):
        return invalid(str(error)).answer()
    raise error


def _of_entry(change: Callable[[PleoWorld, str, Json], Json]) -> Callable[[PleoOrder], Json]:
    return lambda order: change(order.world, order.params["entry_id"], order.body)


_ENTRY = "/entries/{entry_id}"
COMMANDS: tuple[Command[PleoWorld], ...] = (
    Command("POST", "/reset", reset),
    Command("GET", "/state", state),
    Command("GET", "/calls", lambda order: dict(order.world.tally.calls)),
    Command("POST", "/companies", add_company, COMPANY),
    Command("POST", "/entries", lambda order: spending.create(order.world, order.body), None),
    Command("POST", "/entries/batch", add_entries, {"entries": Field(list_of(mapping, most=20_000), required=True)}),
    Command("GET", _ENTRY, lambda order: spending.found(order.world, order.params["entry_id"])),
    Command("PATCH", _ENTRY, _of_entry(spending.change), None),
    Command("POST", f"{_ENTRY}/settle", _of_entry(spending.settle), None),
    Command("POST", f"{_ENTRY}/cancel", _of_entry(spending.cancel), None),
    Command("POST", "/faults", add_fault, FAULT),
    Command("DELETE", "/faults", clear_faults),
    Command("POST", "/clock", move_clock, control.CLOCK),
    Command("POST", "/revoke", revoke, {"company_id": Field(text(), required=True)}),
    Command("GET", "/wallet/{company_id}", wallet_balance),
    Command("POST", "/switches", change_switches, control.switch_shape(PleoSwitches)),
    *control_webhooks.COMMANDS,
    *control_chart.COMMANDS,
    *control_export.COMMANDS,
)
ROUTES = control.routes(COMMANDS, render=answer, refuse=_refuse)
