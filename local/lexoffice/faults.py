"""Faults in the format of lexoffice's gateway, and the commands that order them: `POST /control/faults`."""

import re
import time
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from local.lexoffice.wire import dump
from local.lexoffice.world import LexofficeWorld
from local.standin.control import Order
from local.standin.faults import Fault, strike
from local.standin.shape import Field, anything, number, one_of, pattern, text, whole

FAULT = {
    "route": Field(pattern, nullable=True),
    "method": Field(text(), nullable=True),
    "times": Field(whole(), nullable=True),
    "seconds": Field(number, nullable=True),
    "kind": Field(one_of("status", "timeout", "reset", "slow", "garbage"), nullable=True),
    "status": Field(whole(), nullable=True),
    "body": Field(anything, nullable=True),
    "when": Field(one_of("before", "after"), nullable=True),
    "organization_id": Field(text(), nullable=True),
    "skip": Field(whole(), nullable=True),
    "hold_seconds": Field(number, nullable=True),
}
_BODIES: dict[int, object] = {
    401: {"message": "Unauthorized"},
    403: {"message": "Forbidden"},
    429: {"message": "Rate limit exceeded"},
    500: {"message": "Internal server error"},
    504: {"message": "Endpoint request timed out"},
}


class LexofficeFaultAnswers:
    """The answers of lexoffice's gateway."""

    def failed(self, fault: Fault) -> Response:
        """Answer with the body of the order, or with the gateway's for this status."""
        return _answer(fault.status, fault.body if fault.body is not None else _BODIES.get(fault.status))

    def timed_out(self) -> Response:
        """Answer 504."""
        return _answer(504, _BODIES[504])


async def run(
    world: LexofficeWorld, request: Request, organization_id: str, effect: Callable[[], Awaitable[Response]]
) -> Response:
    """Let a call take effect, with the fault that hits it, if any."""
    fault = world.faults.take(method=request.method, path=request.url.path, holder=organization_id)
    return await strike(fault, effect, receive=request.receive, answers=LexofficeFaultAnswers())


def order_fault(order: Order[LexofficeWorld]) -> object:
    """Order a fault; without `times` and `seconds` it hits one call."""
    asked = {name: value for name, value in order.body.items() if value is not None}
    seconds = asked.get("seconds")
    fault = Fault(
        route=re.compile(asked.get("route", ".*")),
        kind=asked.get("kind", "status"),
        status=asked.get("status", 503),
        method=asked.get("method", "").upper(),
        holder=asked.get("organization_id", ""),
        body=asked.get("body"),
        when=asked.get("when", "before"),
        hold_seconds=asked.get("hold_seconds", 30.0),
        times=asked.get("times", 1 if seconds is None else None),
        until=None if seconds is None else time.monotonic() + seconds,
        skip=asked.get("skip", 0),
    )
    return shown(order.world.faults.add(fault))


def clear_faults(order: Order[LexofficeWorld]) -> object:
    """Remove all ordered faults."""
    order.world.faults.orders.clear()
    return {}


def show_faults(order: Order[LexofficeWorld]) -> object:
    """Return all ordered faults, used up or not."""
    return [shown(fault) for fault in order.world.faults.orders]


def shown(fault: Fault) -> dict[str, object]:
    """Return one ordered fault."""
    return {
        "id": fault.id,
        "kind": fault.kind,
        "route": fault.route.pattern,
        "method": fault.method or None,
        "organization_id": fault.holder or None,
        "when": fault.when,
        "times_left": fault.times,
        "skip_left": fault.skip,
        "hits": fault.hits,
    }


def _answer(status: int, body: object) -> Response:
    return Response("" if body is None else dump(body), status, media_type="application/json")
