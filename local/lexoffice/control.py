"""The control surface. The README of this folder describes each command."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.lexoffice import category_control, commands, faults, report, voucher_control
from local.lexoffice.orders import RejectedError
from local.lexoffice.wire import LexofficeAnswer
from local.lexoffice.world import LexofficeWorld
from local.standin import control
from local.standin.control import Command

COMMANDS: tuple[Command[LexofficeWorld], ...] = (
    Command("GET", "/state", lambda order: report.state(order.world, order.query.get("organization_id"))),
    Command("GET", "/transactions", lambda order: report.lines(order.world, order.query.get("organization_id"))),
    Command("GET", "/faults", faults.show_faults),
    Command("POST", "/faults", faults.order_fault, faults.FAULT),
    Command("DELETE", "/faults", faults.clear_faults),
    *commands.COMMANDS,
    *voucher_control.COMMANDS,
    *category_control.COMMANDS,
)


async def _reset(request: Request) -> Response:
    old: LexofficeWorld = request.app.state.world
    request.app.state.world = LexofficeWorld(old.settings)
    await old.courier.close()
    return LexofficeAnswer(200, {}).response()


def _render(value: object) -> Response:
    return LexofficeAnswer(200, value).response()


def _refuse(error: Exception) -> Response:
    if not isinstance(error, ValueError):
        raise error
    status = error.status if isinstance(error, RejectedError) else 400
    return LexofficeAnswer(status, {"error": str(error)}).response()


ROUTES = [
    Route("/control/reset", _reset, methods=["POST"]),
    *control.routes(COMMANDS, render=_render, refuse=_refuse),
]
