"""The door of the admin's own pages, which only read: `/status`, one expense, the movements as a file."""

from typing import Any

from functions.admin.routes import ROUTES, parts
from shared.errors import StoreUnavailable
from shared.pages import render, web
from shared.pages.web import Answer, Visit
from shared.telemetry import door, log_warning

parts()


@door
def handler(event: dict[str, Any], context: Any) -> Answer:
    """Answer one request of a browser."""
    visit = Visit(event, context, public_url=parts().settings.public_url, cookie=web.SESSION_COOKIE)
    try:
        return web.answer(visit, ROUTES)
    except StoreUnavailable as error:
        log_warning("page unavailable", cause=str(error))
    return web.page(render.message("unavailable", visit.language), status=503)
