"""Faults on order: statuses, time-outs, dropped connections, slow or garbled answers, before or after the effect."""

import asyncio
import itertools
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local.lexoffice.wire import dump

type Kind = Literal["status", "timeout", "reset", "slow", "garbage"]

_BODIES: dict[int, object] = {
    401: {"message": "Unauthorized"},
    403: {"message": "Forbidden"},
    429: {"message": "Rate limit exceeded"},
    500: {"message": "Internal server error"},
    504: {"message": "Endpoint request timed out"},
}


@dataclass(slots=True, kw_only=True)
class Fault:
    """One order: which calls it hits (route is searched in the path), what they get, and for how long it stands.

    `when="after"` lets the call take effect first. `times` counts hits left, `until` is a monotonic deadline;
    None means no such limit. `skip` calls pass unharmed first. `hold_seconds` belongs to `timeout` and `slow`.
    """

    id: int
    kind: Kind
    route: re.Pattern[str]
    method: str | None = None
    organization_id: str | None = None
    status: int = 503
    body: object = None
    when: Literal["before", "after"] = "before"
    hold_seconds: float = 30.0
    times: int | None = None
    until: float | None = None
    skip: int = 0
    hits: int = 0

    def matches(self, method: str, path: str, organization_id: str | None) -> bool:
        """Say whether a call is meant by this order and the order still stands."""
        return (
            (self.times is None or self.times > 0)
            and (self.until is None or time.monotonic() < self.until)
            and (self.method is None or self.method == method)
            and (self.organization_id is None or self.organization_id == organization_id)
            and self.route.search(path) is not None
        )

    async def answer(self) -> Response:
        """Do the harm: the response the caller gets instead of the real one."""
        match self.kind:
            case "reset":
                return DroppedConnection(status_code=0)
            case "garbage":
                text = self.body if isinstance(self.body, str) else "<html><body>Bad gateway</body></html>"
                return Response(text, media_type="application/json")
            case "timeout":
                await asyncio.sleep(self.hold_seconds)
                return Response(dump(_BODIES[504]), 504, media_type="application/json")
            case _:
                body = self.body if self.body is not None else _BODIES.get(self.status)
                text = "" if body is None else dump(body)
                return Response(text, self.status, media_type="application/json")


@dataclass(slots=True)
class Faults:
    """All orders that stand, in the order they were given; the first that matches a call is taken."""

    orders: list[Fault] = field(default_factory=list)
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def next_id(self) -> int:
        """Give out the id of a new order."""
        return next(self._ids)

    def take(self, method: str, path: str, organization_id: str | None) -> Fault | None:
        """Find the order that hits this call and use it up by one."""
        for fault in self.orders:
            if not fault.matches(method, path, organization_id):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.hits += 1
            fault.times = None if fault.times is None else fault.times - 1
            return fault
        return None


async def run(fault: Fault | None, effect: Callable[[], Awaitable[Response]]) -> Response:
    """Run a call's effect with the fault that hit it, if one did."""
    if fault is None:
        return await effect()
    if fault.kind == "slow":
        if fault.when == "before":
            await asyncio.sleep(fault.hold_seconds)
            return await effect()
        response = await effect()
        await asyncio.sleep(fault.hold_seconds)
        return response
    if fault.when == "after":
        await effect()
    return await fault.answer()


class DroppedConnection(Response):
    """No response at all: the TCP connection is reset.

    It needs uvicorn's transport, which the application puts into the scope; without a socket it raises
    ConnectionResetError. Its status is 0, for the record of arrivals.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - nothing is sent
        """Abort the transport and wait until the server has noticed."""
        transport: asyncio.Transport | None = scope.get("local.transport")
        if transport is None:
            raise ConnectionResetError("the stand-in was told to drop this connection")
        transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass
