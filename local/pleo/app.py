"""The application: authorisation server, API, control surface and web pages on one origin."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from local.pleo import (
    accounts,
    companies,
    control,
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
from local.pleo.settings import PleoSettings
from local.pleo.traffic import TrafficLayer
from local.pleo.wire import PleoRefusal
from local.pleo.world import PleoWorld
from local.standin.app import StandInApp

KINDS = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}
ROOMS = (
    *(oauth, companies, installations, subscriptions, accounts, tax_codes, receipts, entries, export_api),
    *(control, web, web_bookkeeping, web_export),
)


def create_app(settings: PleoSettings) -> Starlette:
    """Build the stand-in for one registered OAuth client, with one company and no connection."""
    world = PleoWorld(settings)
    app = StandInApp(
        world,
        [route for room in ROOMS for route in room.ROUTES],
        {HTTPException: _http_error, Exception: _crash, PleoRefusal: _refusal},
    )
    # Outermost layer: a fault hits a call before any other code handles it.
    app.middleware_stack = TrafficLayer(app.build_middleware_stack(), world)
    return app


async def _http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return PleoRefusal(status, KINDS.get(status, "BAD_REQUEST"), "No such resource.").answer()


async def _refusal(_request: Request, error: Exception) -> Response:
    return error.answer() if isinstance(error, PleoRefusal) else await _crash(_request, error)


async def _crash(_request: Request, _error: Exception) -> Response:
    return PleoRefusal(500, "INTERNAL_ERROR", "Something went wrong.").answer()
