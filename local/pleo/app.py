"""One Starlette application: authorisation server, API, control surface and web pages on one origin."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from local.pleo import (
    accounts,
    companies,
    control,
    control_chart,
    control_export,
    control_webhooks,
    entries,
    export_api,
    installations,
    oauth,
    receipts,
    subscriptions,
    tax_codes,
    web,
    web_bookkeeping,
    web_export,
)
from local.pleo.settings import Settings
from local.pleo.traffic import Traffic
from local.pleo.wire import Refusal
from local.pleo.world import World

KINDS = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}
ROOMS = (
    *(oauth, companies, installations, subscriptions, accounts, tax_codes, receipts, entries, export_api),
    *(control, control_webhooks, control_chart, control_export, web, web_bookkeeping, web_export),
)


def create_app(settings: Settings) -> Starlette:
    """The stand-in for one registered OAuth client; state lives in `app.state.world` and dies with it."""
    world = World(settings)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await world.courier.close()

    app = Starlette(
        routes=[route for room in ROOMS for route in room.ROUTES],
        exception_handlers={HTTPException: _http_error, Exception: _crash, Refusal: _refusal},
        lifespan=lifespan,
    )
    app.state.world = world
    # Outermost, where the server's own connection can still be reached to reset it.
    app.middleware_stack = Traffic(app.build_middleware_stack(), watched=world)
    return app


async def _http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return Refusal(status, KINDS.get(status, "BAD_REQUEST"), "No such resource.").answer()


async def _refusal(_request: Request, error: Exception) -> Response:
    return error.answer() if isinstance(error, Refusal) else await _crash(_request, error)


async def _crash(_request: Request, _error: Exception) -> Response:
    return Refusal(500, "INTERNAL_ERROR", "Something went wrong.").answer()
