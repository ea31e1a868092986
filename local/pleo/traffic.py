"""Count every call, and apply an ordered fault before or after the effect of a call."""

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.pleo.wire import MEDIA_TYPE, UUID, encoded
from local.pleo.world import PleoWorld
from local.standin.faults import DroppedConnection, Fault, strike

UNCOUNTED = ("/control", "/static")


class PleoFaultAnswers:
    """Pleo's answer to a call that was ordered to fail."""

    def failed(self, fault: Fault) -> Response:
        """Answer in Pleo's error format unless the order says otherwise."""
        kind = "TOO_MANY_REQUESTS" if fault.status == 429 else "INTERNAL_ERROR"
        body = fault.body if fault.body is not None else {"type": kind, "message": "Ordered by a test."}
        raw = body.encode() if isinstance(body, str) else encoded(body)
        return Response(raw, fault.status, headers=fault.headers, media_type=MEDIA_TYPE)

    def timed_out(self) -> Response:
        """Close the connection without an answer."""
        return DroppedConnection()


class TrafficLayer:
    """The outermost ASGI layer around the whole app."""

    def __init__(self, app: ASGIApp, world: PleoWorld) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the call. Apply the fault if one is ordered; otherwise pass the call on."""
        if scope["type"] != "http" or scope["path"].startswith(UNCOUNTED):
            await self._app(scope, receive, send)
            return
        tally = self._world.tally
        label = f"{scope['method']} {UUID.sub('{id}', scope['path'])}"
        tally.calls[label] += 1

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                tally.answers[f"{label} {message['status']}"] += 1
            await send(message)

        company_id = self._world.company_behind(Headers(scope=scope).get("authorization", ""))
        fault = self._world.faults.take(method=scope["method"], path=scope["path"], holder=company_id)
        if fault is None:
            await self._app(scope, receive, counted)
            return
        response = await strike(
            fault, lambda: self._collect_answer(scope, receive), receive=receive, answers=PleoFaultAnswers()
        )
        await response(scope, receive, counted)

    async def _collect_answer(self, scope: Scope, receive: Receive) -> Response:
        """Let the call take effect; return the answer instead of sending it."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        response = Response(b"".join(each.get("body", b"") for each in messages[1:]), messages[0]["status"])
        response.raw_headers = list(messages[0]["headers"])
        return response
