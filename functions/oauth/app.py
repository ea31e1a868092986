"""The door for connecting, signing in and disconnecting: every browser request that needs vendors or tokens."""

from typing import Any

from functions.oauth import connecting, signing_in
from functions.oauth.parts import COOKIE, parts
from shared.errors import ConfigError, StoreUnavailable
from shared.pages import render, web
from shared.pages.web import Answer, Visit
from shared.telemetry import alert, door, log_warning

parts()


@door
def handler(event: dict[str, Any], context: Any) -> Answer:
    """Answer one browser request."""
    visit = Visit(event, context, public_url=parts().settings.public_url, cookie=COOKIE)
    try:
        return web.answer(visit, _ROUTES)
    except ConfigError as error:
        alert("not configured", detail=str(error))
    except StoreUnavailable as error:
        log_warning("page unavailable", cause=str(error))
    return web.page(render.message("unavailable", visit.language), status=503)


def _health(_visit: Visit) -> Answer:
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": '{"status":"ok"}'}


_ROUTES: web.Routes = {**connecting.ROUTES, **signing_in.ROUTES, "GET /health": _health}
