"""The application of a stand-in: all routes on one origin, one state, and access to a call's TCP connection."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from local.standin.courier import Courier

TRANSPORT = "local.transport"


class StandInWorld(Protocol):
    """What the state of a stand-in must provide."""

    @property
    def courier(self) -> Courier[Any]:
        """Return the courier that sends the vendor's webhooks."""


class StandInApp(Starlette):
    """A Starlette application with its state in `app.state.world`. The state ends with the application."""

    def __init__(
        self,
        world: StandInWorld,
        routes: Sequence[BaseRoute],
        exception_handlers: Mapping[Any, Callable[..., Any]] | None = None,
    ) -> None:
        super().__init__(routes=list(routes), exception_handlers=exception_handlers, lifespan=_lifespan)
        self.state.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. A fault needs the TCP connection in order to reset it.

        uvicorn passes a bound method of the cycle that owns the transport; there is no other way to reach it.
        """
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        scope[TRANSPORT] = transport if isinstance(transport, asyncio.Transport) else None
        await super().__call__(scope, receive, send)


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    yield
    await app.state.world.courier.close()
