"""Two additions to the emulator: the API on a port of its own, and a small control surface.

The API answers at the root of its own port, as it does behind a custom domain, and refuses bodies over 10 MB
(https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html).

On the emulator's own port, for tests and the demo:
  POST /_local/kill-workers?function=<name>      SIGKILL to the function's running workers → {"killed": [pid, …]}
  POST /_local/expire-visibility?queue=<name>    messages in flight become visible now → {"released": <count>}
  GET  /_local/idle?queues=<name>,…&wait=<s>     waits until the queues have no message → {"idle": <bool>}
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from ministack.core import lambda_runtime
from ministack.services import apigateway, lambda_svc, sqs

type Scope = dict[str, Any]
type Receive = Callable[[], Awaitable[dict[str, Any]]]
type Send = Callable[[dict[str, Any]], Awaitable[None]]
type App = Callable[[Scope, Receive, Send], Awaitable[None]]

_MAX_BODY = 10 * 1024 * 1024
_LOOK_SECONDS = 0.01


class Front:
    """ASGI application around the emulator's. `api_port` is the port on which only the HTTP API answers."""

    def __init__(self, app: App, *, api_port: int) -> None:
        self._app = app
        self._api_port = api_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route a request by the port it arrived on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["server"][1] == self._api_port:
            await self._serve_api(scope, receive, send)
        elif scope["path"].startswith("/_local/"):
            await _control(scope, send)
        else:
            await self._app(scope, receive, send)

    async def _serve_api(self, scope: Scope, receive: Receive, send: Send) -> None:
        api = next((api_id for _, _, api_id in apigateway._apis._data), None)
        if api is None:
            await _answer(send, 503, {"message": "Service Unavailable"})
            return
        body = await _body(receive)
        if body is None:
            await _answer(send, 413, {"message": "Request Entity Too Large"})
            return
        # The emulator finds the API by this path as well as by host name. The Host header therefore stays as the caller
        # sent it, and no name has to resolve.
        prefix = f"/_aws/execute-api/{api}/$default"
        raw_path = prefix.encode() + (scope.get("raw_path") or scope["path"].encode())
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def replay() -> dict[str, Any]:
            return next(messages, None) or await receive()

        await self._app({**scope, "path": prefix + scope["path"], "raw_path": raw_path}, replay, send)


async def _body(receive: Receive) -> bytes | None:
    """Return the whole body, or None if it is too large.

    Read it to its end in both cases: a caller that is still sending would not receive the refusal.
    """
    body = bytearray()
    fits = True
    while True:
        message = await receive()
        fits = fits and len(body) + len(message.get("body", b"")) <= _MAX_BODY
        if fits:
            body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body) if fits else None


async def _control(scope: Scope, send: Send) -> None:
    arguments = dict(parse_qsl(scope["query_string"].decode()))
    match scope["method"], scope["path"]:
        case "POST", "/_local/kill-workers":
            await _answer(send, 200, {"killed": _kill_workers(arguments["function"])})
        case "POST", "/_local/expire-visibility":
            await _answer(send, 200, {"released": _expire_visibility(arguments["queue"])})
        case "GET", "/_local/idle":
            names, wait = set(arguments["queues"].split(",")), float(arguments["wait"])
            await _answer(send, 200, {"idle": await _idle(names, time.monotonic() + wait)})
        case _:
            await _answer(send, 404, {"message": "Not Found"})


def _kill_workers(function: str) -> list[int]:
    killed = []
    # Copies: the emulator starts and ends workers in other threads meanwhile.
    for key, workers in list(lambda_runtime._workers.items()):
        if key.split(":")[2] != function:
            continue
        for worker in list(workers):
            process = worker._proc
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()  # until the process has ended, the emulator would still give it work
                killed.append(process.pid)
    return killed


def _expire_visibility(name: str) -> int:
    now = time.time()
    released = 0
    with sqs._queues_lock:
        for queue in sqs._queues._data.values():
            in_flight = (m for m in queue["messages"] if m["visible_at"] > now and m["receive_count"] > 0)
            for message in in_flight if queue["name"] == name else ():
                message["visible_at"] = now
                released += 1
    lambda_svc._esm_backoff_until.clear()
    sqs.esm_wake.set()
    return released


async def _idle(names: set[str], deadline: float) -> bool:
    """Wait until these queues have no message, visible or in flight, or the deadline has passed."""
    while any(queue["messages"] for queue in sqs._queues._data.values() if queue["name"] in names):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_LOOK_SECONDS)
    return True


async def _answer(send: Send, status: int, body: dict[str, Any]) -> None:
    content = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
