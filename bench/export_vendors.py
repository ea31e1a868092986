"""Both stand-ins in this process, with their calls and limits in virtual time."""

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette

from bench.virtual_time import VirtualClock

type Json = dict[str, Any]

CONTROL = "/control"


@dataclass(frozen=True, slots=True)
class VendorCall:
    """One call to a vendor.

    - `at`: when it reached the vendor, in virtual seconds since the epoch
    - `door`: the door that made it
    - `status`: HTTP status of the response
    """

    at: float
    door: str
    host: str
    method: str
    path: str
    status: int


@dataclass(slots=True)
class Post:
    """A webhook sent by Pleo's stand-in, with header names in lower case."""

    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(slots=True)
class MeasuredVendors(httpx.BaseTransport):
    """Transport of synchronous clients to the stand-ins, by host.

    - `latency`: seconds per call, half in each direction
    - `calls`: recorded calls; the control surfaces answer without latency and are not recorded
    - `outbox`: webhooks; they are kept here instead of being sent
    """

    clock: VirtualClock
    apps: Mapping[str, Starlette]
    latency: float
    calls: list[VendorCall] = field(default_factory=list)
    outbox: list[Post] = field(default_factory=list)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Make one call. Report to the sender's trace when the request is sent, as httpx's own transport does."""
        control = request.url.path.startswith(CONTROL)
        trace = request.extensions.get("trace")
        if trace is not None:
            trace("http11.send_request_body.complete", {})
        if not control:
            self.clock.sleep(self.latency / 2)
        response = self._loop.run_until_complete(self._answered(request))
        if not control:
            url, door = request.url, threading.current_thread().name
            self.calls.append(
                VendorCall(self.clock.time(), door, url.host, request.method, url.path, response.status_code)
            )
            self.clock.sleep(self.latency / 2)
        return response

    async def _answered(self, request: httpx.Request) -> httpx.Response:
        app = self.apps[request.url.host]
        answer = await httpx.ASGITransport(app=app).handle_async_request(request)
        content = await answer.aread()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        await asyncio.gather(*others)  # the vendor's own deliveries
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Replace Pleo's courier: keep the webhook in `outbox` and answer 200."""
        self.outbox.append(Post(url, body, {name.lower(): value for name, value in headers.items()}))
        return 200

    def close(self) -> None:
        """Close the event loop."""
        self._loop.close()
