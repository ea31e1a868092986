"""The door of the admin's read-only pages: `/status`, the expense search, and the wallet movements as CSV."""

from typing import Any

from functions.admin.routes import ROUTES, parts
from shared.errors import StoreUnavailable
from shared.pages import render, web
from shared.pages.web import Answer, Visit
from shared.telemetry import door, log_warning

parts()


@door
def handler(event: dict[str, Any], context: Any) -> Answer:
    """Answer one browser request."""
    visit = Visit(event, context, public_url=parts().settings.public_url, cookie=web.SESSION_COOKIE)
    try:
        return web.answer(visit, ROUTES)
    except StoreUnavailable as error:
        log_warning("page unavailable", cause=str(error))
    return web.page(render.message("unavailable", visit.language), status=503)
