"""The control surface below `/control`: what tests and demonstrations do behind the vendor's back.

JSON in, JSON out, no authentication, not counted by the rate limit. An unknown field is refused with 400, so that a
typing error cannot pass for a fault that did not happen. The README of this folder explains each command.
"""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.lexoffice import category_control, commands, fault_control, report, voucher_control, wire
from local.lexoffice.command import Command, RejectedError
from local.lexoffice.settings import Switches
from local.lexoffice.wire import Answer
from local.lexoffice.world import DEFAULT_ORGANIZATION_ID, World

type Perform = Callable[[Command], object]

# method, path, what it does, the fields it knows
COMMANDS: tuple[tuple[str, str, Perform, str], ...] = (
    ("GET", "/state", lambda command: report.state(command.world), ""),
    ("POST", "/organizations", commands.add_organization, "companyName taxType smallBusiness businessFeatures"),
    ("POST", "/organizations/{id}", commands.change_organization, "taxType smallBusiness"),
    ("GET", "/faults", lambda command: report.faults(command.world), ""),
    ("POST", "/faults", fault_control.order_fault, fault_control.FIELDS),
    ("DELETE", "/faults", commands.clear_faults, ""),
    ("POST", "/outage", commands.set_outage, "organization_id on"),
    (
        "POST",
        "/refuse",
        commands.refuse,
        "organization_id purpose_contains external_reference voucher_number message violation",
    ),
    ("DELETE", "/refuse", commands.stop_refusing, ""),
    ("POST", "/accounts/{id}", commands.touch_account, "deactivated name delete"),
    ("POST", "/transactions/{id}", commands.touch_transaction, "delete invisible voucher_id open unassign"),
    ("POST", "/vouchers/{id}", voucher_control.touch_voucher, "status remark delete"),
    ("POST", "/proposals/approve", voucher_control.approve, "organization_id voucher_id"),
    ("POST", "/events", voucher_control.emit, "organization_id eventType resourceId"),
    ("GET", "/events", lambda command: voucher_control.event_log(command.world), ""),
    ("POST", "/categories", category_control.change, category_control.FIELDS),
    ("POST", "/revoke", commands.revoke, "organization_id connection_id"),
    ("POST", "/downgrade", commands.downgrade, "organization_id status"),
    ("POST", "/expire-access-tokens", commands.expire_access_tokens, ""),
    ("POST", "/clock", commands.move_clock, "advance_seconds now"),
    ("POST", "/bucket", commands.touch_bucket, "organization_id take rate capacity"),
    ("POST", "/switches", commands.change_switches, " ".join(Switches.names())),
    ("GET", "/switches", commands.change_switches, ""),
)


def _route(method: str, path: str, perform: Perform, fields: str) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            body = wire.parse(await request.body() or b"{}")
            if not isinstance(body, dict):
                raise RejectedError("a JSON object is expected")
            command = Command(request.app.state.world, body, dict(request.path_params))
            command.allow(set(fields.split()))
            return Answer(200, perform(command)).response()
        except ValueError as error:
            status = error.status if isinstance(error, RejectedError) else 400
            return Answer(status, {"error": str(error)}).response()

    return Route(f"/control{path}", endpoint, methods=[method])


async def _reset(request: Request) -> Response:
    old: World = request.app.state.world
    request.app.state.world = World(old.settings)
    await old.events.close()
    return Answer(200, {}).response()


async def _transactions(request: Request) -> Response:
    lines = report.lines(request.app.state.world, request.query_params.get("organization_id"))
    return Answer(200, lines).response()


async def _vouchers(request: Request) -> Response:
    organization_id = request.query_params.get("organization_id", DEFAULT_ORGANIZATION_ID)
    return Answer(200, voucher_control.voucher_list(request.app.state.world, organization_id)).response()


async def _proposals(request: Request) -> Response:
    organization_id = request.query_params.get("organization_id", DEFAULT_ORGANIZATION_ID)
    return Answer(200, voucher_control.hints(request.app.state.world, organization_id)).response()


ROUTES = [
    Route("/control/vouchers", _vouchers, methods=["GET"]),
    Route("/control/proposals", _proposals, methods=["GET"]),
    Route("/control/reset", _reset, methods=["POST"]),
    Route("/control/transactions", _transactions, methods=["GET"]),
    *(_route(*command) for command in COMMANDS),
]
