"""Faults on order: statuses, timeouts, dropped connections, slow or garbled answers, before or after the effect."""

import asyncio
import re
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local.standin.app import TRANSPORT

type Kind = Literal["status", "timeout", "reset", "slow", "garbage"]
type When = Literal["before", "after"]


@dataclass(slots=True, kw_only=True)
class Fault:
    """One ordered fault: which calls it hits, what they get, and how long it applies.

    - `route`: searched in the path.
    - `method`, `holder` (company or organisation): empty means any.
    - `when="after"`: the call takes effect before it fails.
    - `times`: number of hits left; None means no limit.
    - `until`: monotonic deadline; None means no limit.
    - `skip`: number of calls that pass first.
    - `hold_seconds`: duration of `timeout` and `slow`.
    """

    route: re.Pattern[str]
    kind: Kind
    status: int
    method: str = ""
    holder: str = ""
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    when: When = "before"
    hold_seconds: float = 30.0
    times: int | None = 1
    until: float | None = None
    skip: int = 0
    id: int = 0
    hits: int = 0

    def matches(self, *, method: str, path: str, holder: str) -> bool:
        """Return whether the order still applies and hits this call."""
        return (
            (self.times is None or self.times > 0)
            and (self.until is None or time.monotonic() < self.until)
            and self.method in ("", method)
            and self.holder in ("", holder)
            and self.route.search(path) is not None
        )


@dataclass(slots=True)
class FaultBook:
    """All ordered faults, the oldest first, used up or not. The first that matches a call is taken."""

    orders: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> Fault:
        """Add an order and number it."""
        fault.id = len(self.orders) + 1
        self.orders.append(fault)
        return fault

    def take(self, *, method: str, path: str, holder: str) -> Fault | None:
        """Return the order that hits this call and count it down by one; None lets the call pass."""
        for fault in self.orders:
            if not fault.matches(method=method, path=path, holder=holder):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.hits += 1
            fault.times = None if fault.times is None else fault.times - 1
            return fault
        return None


class FaultAnswers(Protocol):
    """How a vendor answers a call that was ordered to fail."""

    def failed(self, fault: Fault) -> Response:
        """Answer with the status of the order, in the vendor's error format."""

    def timed_out(self) -> Response:
        """Answer after the order's `hold_seconds`."""


async def strike(
    fault: Fault | None, effect: Callable[[], Awaitable[Response]], *, receive: Receive, answers: FaultAnswers
) -> Response:
    """Apply the fault that hits a call, if any, and return what the caller gets."""
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
    match fault.kind:
        case "reset":
            return DroppedConnection()
        case "garbage":
            text = fault.body if isinstance(fault.body, str) else "<html><body>Bad gateway</body></html>"
            return Response(text, media_type="application/json")
        case "timeout":
            await _wait_for_hang_up(receive, seconds=fault.hold_seconds)
            return answers.timed_out()
        case _:
            return answers.failed(fault)


class DroppedConnection(Response):
    """No response: reset the TCP connection.

    Without a socket (in-process calls) it raises ConnectionResetError. Its status is 0 in a record of calls.
    """

    def __init__(self) -> None:
        super().__init__(status_code=0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - nothing is sent
        """Reset the connection and wait until the server has noticed."""
        transport: asyncio.Transport | None = scope.get(TRANSPORT)
        if transport is None:
            raise ConnectionResetError("an in-process application has no connection to reset")
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        await _wait_for_hang_up(receive, seconds=1.0)


async def _wait_for_hang_up(receive: Receive, *, seconds: float) -> None:
    """Wait until the caller closes the connection, at most `seconds`."""

    async def hang_up() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(hang_up(), seconds)
    except TimeoutError:
        return
