"""What happens around every call: it is counted, and an ordered fault is inflicted before or after its effect."""

import asyncio
import re
import socket
import struct
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.pleo.wire import MEDIA_TYPE, UUID, encoded

UNCOUNTED = ("/control", "/static")


@dataclass(slots=True)
class Fault:
    """One ordered misbehaviour; `times` left (None: for ever), `when` relative to the effect of the call."""

    route: str
    kind: str = "status"
    method: str = ""
    times: int | None = 1
    status: int = 500
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    when: str = "before"
    seconds: float = 30.0
    company: str = ""


@dataclass(slots=True)
class FaultBook:
    """The faults ordered and not yet used up; the first that fits a call is taken."""

    ordered: list[Fault] = field(default_factory=list)

    def take(self, *, method: str, path: str, company: str) -> Fault | None:
        """The fault for this call, counted down; None when the call may pass."""
        for fault in self.ordered:
            fits = fault.method in ("", method) and fault.company in ("", company)
            if fits and fault.times != 0 and re.search(fault.route, path):
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None


@dataclass(slots=True)
class Tally:
    """Counts of calls by `METHOD /route` and of answers by the same with the status."""

    calls: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)


class _Watched(Protocol):
    tally: Tally
    faults: FaultBook

    def company_behind(self, authorization: str) -> str: ...


class Traffic:
    """The outermost ASGI layer around the whole app."""

    def __init__(self, app: ASGIApp, *, watched: _Watched) -> None:
        self._app = app
        self._watched = watched

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the call, inflict a fault when one is ordered, else pass it on."""
        if scope["type"] != "http" or scope["path"].startswith(UNCOUNTED):
            await self._app(scope, receive, send)
            return
        tally = self._watched.tally
        label = f"{scope['method']} {UUID.sub('{id}', scope['path'])}"
        tally.calls[label] += 1

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                tally.answers[f"{label} {message['status']}"] += 1
            await send(message)

        company = self._watched.company_behind(Headers(scope=scope).get("authorization", ""))
        fault = self._watched.faults.take(method=scope["method"], path=scope["path"], company=company)
        if fault is None:
            await self._app(scope, receive, counted)
        elif fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            await self._app(scope, receive, counted)
        else:
            if fault.when == "after":
                await self._app(scope, receive, _unheard)
            await _inflict(fault, scope, receive, counted, transport=_transport(send))


async def _unheard(message: Message) -> None:
    """Swallow a response whose effect has happened but which the caller shall never see."""


async def _inflict(fault: Fault, scope: Scope, receive: Receive, send: Send, *, transport: Any) -> None:
    if fault.kind == "status":
        kind = "TOO_MANY_REQUESTS" if fault.status == 429 else "INTERNAL_ERROR"
        body = fault.body if fault.body is not None else {"type": kind, "message": "Ordered by a test."}
        raw = body.encode() if isinstance(body, str) else encoded(body)
        response = Response(raw, fault.status, headers=fault.headers, media_type=MEDIA_TYPE)
        await response(scope, receive, send)
        return
    if fault.kind == "timeout":
        await _until_gone(receive, seconds=fault.seconds)
    await _cut(receive, transport)


async def _until_gone(receive: Receive, *, seconds: float) -> None:
    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(gone(), seconds)
    except TimeoutError:
        return


def _transport(send: Send) -> Any:
    # uvicorn hands its own bound method down; the connection behind it is the only way to reset it for real.
    return getattr(getattr(send, "__self__", None), "transport", None)


async def _cut(receive: Receive, transport: Any) -> None:
    if transport is None:
        raise ConnectionResetError("an in-process app has no connection to reset")
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await _until_gone(receive, seconds=1.0)
