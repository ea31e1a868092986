"""The door for connecting, signing in and disconnecting: everything a browser does that needs vendors or tokens."""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from shared.aws.attempts import Attempts
from shared.aws.connections import Connection, Connections
from shared.aws.queues import SyncQueue
from shared.aws.sessions import LIFETIME, Sessions
from shared.config import OauthSettings
from shared.domain.feeding.start import ImplausibleStartError, choice_of
from shared.domain.times import booking_date
from shared.errors import ConfigError, StoreUnavailable
from shared.flows.connecting.connect import Connect
from shared.flows.connecting.consent import Page, PleoConsent, Redirect, Step
from shared.flows.connecting.disconnect import Disconnect
from shared.flows.connecting.sign_in import SignIn
from shared.flows.lookup import wishes
from shared.flows.lookup.session import connection_of
from shared.flows.lookup.wishes import Wish
from shared.flows.vendors import Vendors
from shared.pages import render, web
from shared.pages.web import Answer, Visit
from shared.telemetry import alert, door, log_warning
from shared.texts.messages import MESSAGES

_COOKIE = "__Host-connect"


@dataclass(frozen=True, slots=True)
class _Parts:
    settings: OauthSettings
    connections: Connections
    sessions: Sessions
    connect: Connect
    sign_in: SignIn
    disconnect: Disconnect
    queue: SyncQueue


@cache
def _parts() -> _Parts:
    settings = OauthSettings.from_env(os.environ)
    connections, sessions = Connections(settings.connection_table), Sessions(settings.connection_table)
    attempts, queue = Attempts(settings.connection_table), SyncQueue(settings.sync_queue_url)
    vendors = Vendors(settings)
    pleo = PleoConsent(attempts=attempts, vendors=vendors, auth_url=settings.pleo_auth_url, scopes=settings.pleo_scopes)
    sign_in = SignIn(connections=connections, sessions=sessions, vendors=vendors, pleo=pleo)
    connect = Connect(
        attempts=attempts,
        connections=connections,
        vendors=vendors,
        queue=queue,
        pleo=pleo,
        sign_in=sign_in,
        lexoffice_app_url=settings.lexoffice_app_url,
    )
    disconnect = Disconnect(
        attempts=attempts,
        connections=connections,
        queue=queue,
        delay=timedelta(days=settings.deletion_delay_days),
    )
    return _Parts(settings, connections, sessions, connect, sign_in, disconnect, queue)


_parts()


@door
def handler(event: dict[str, Any], context: Any) -> Answer:
    """Answer one request of a browser."""
    visit = Visit(event, context, public_url=_parts().settings.public_url, cookie=_COOKIE)
    try:
        return web.answer(visit, _ROUTES)
    except ConfigError as error:
        alert("not configured", detail=str(error))
    except StoreUnavailable as error:
        log_warning("page unavailable", cause=str(error))
    return web.page(render.message("unavailable", visit.language), status=503)


def _health(_visit: Visit) -> Answer:
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": '{"status":"ok"}'}


def _start_page(visit: Visit) -> Answer:
    return web.page(render.start(visit.language, today=_today()), form_target=_parts().settings.pleo_auth_url)


def _today() -> date:
    return booking_date(datetime.now(UTC))


def _start(visit: Visit) -> Answer:
    """Begin with what was chosen. Connecting again, from another page, asks nothing: what was chosen once counts."""
    today = _today()
    day, opening = visit.form.get("start_day", today.isoformat()), visit.form.get("opening", "")
    try:
        choice = choice_of(day, opening, today)
    except ImplausibleStartError as error:
        again = render.start(visit.language, today=today, day=day, opening=opening, wrong=error.field)
        return web.page(again, status=400, form_target=_parts().settings.pleo_auth_url)
    return _away(visit, lambda cookie, public_url: _parts().connect.start(cookie, public_url, choice))


def _sign_in(visit: Visit) -> Answer:
    return _away(visit, _parts().sign_in.start)


def _away(visit: Visit, start: Callable[[str, str], Step]) -> Answer:
    """To Pleo, with a cookie that says that it was this browser."""
    cookie = secrets.token_urlsafe(32)
    return {**_shown(start(cookie, visit.public_url), visit), "cookies": [_known_by(cookie)]}


def _known_by(cookie: str) -> str:
    return f"{_COOKIE}={cookie}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600"


def _pleo_callback(visit: Visit) -> Answer:
    return _shown(_parts().connect.handle_pleo_callback(visit.cookie, visit.query, visit.public_url), visit)


def _lexoffice_callback(visit: Visit) -> Answer:
    step = _parts().connect.handle_lexoffice_callback(visit.cookie, visit.query, visit.public_url, visit.remaining)
    return _shown(step, visit)


def _progress(visit: Visit) -> Answer:
    found = _parts().connect.progress(visit.cookie)
    if found is None:
        return _shown(Page("nothing_here", 404), visit)
    _, how_far = found
    if how_far.finished:
        return web.redirect(f"{visit.public_url}/connect/result")
    return web.page(render.progress(visit.language, how_far), refresh=0 if how_far.stopped else _RELOAD_SECONDS)


def _resume(visit: Visit) -> Answer:
    if not _parts().connect.resume(visit.cookie):
        return _shown(Page("nothing_here", 404), visit)
    return web.redirect(f"{visit.public_url}/connect/progress")


def _result(visit: Visit) -> Answer:
    # A message's language switch leads here: a vendor's answer, asked for again, would be refused as used.
    if (told := visit.query.get("message")) in MESSAGES:
        return web.page(render.message(told, visit.language))
    found = _parts().connect.progress(visit.cookie)
    if found is None:
        return _shown(Page("nothing_here", 404), visit)
    connection, how_far = found
    if not how_far.finished:
        return web.redirect(f"{visit.public_url}/connect/progress")
    names = {"company": connection.company_name, "organisation": connection.organisation_name}
    links = {"pleo_url": _parts().settings.pleo_app_url, "lexoffice_url": _parts().settings.lexoffice_app_url}
    return web.page(render.result(visit.language, **names, **links))


def _sign_out(visit: Visit) -> Answer:
    _parts().sign_in.end(visit.session)
    return {**web.redirect(f"{visit.public_url}/status"), "cookies": [web.session_cookie("", 0)]}


def _signed_in(visit: Visit) -> Connection | None:
    parts = _parts()
    return connection_of(visit.session, sessions=parts.sessions, connections=parts.connections, now=datetime.now(UTC))


def _wish(visit: Visit) -> Answer:
    # A page that was open before there was a choice says nothing, and meant the lists.
    wished = visit.form.get("wish", Wish.LISTS)
    if wished not in Wish:
        return _shown(Page("foreign_form", 400), visit)
    if connection := _signed_in(visit):
        wishes.ask(connection, Wish(wished), connections=_parts().connections, queue=_parts().queue)
    return web.redirect(f"{visit.public_url}/status")


def _disconnect_page(visit: Visit) -> Answer:
    connection = _signed_in(visit)
    if connection is None:
        return web.redirect(f"{visit.public_url}/status")
    names = {"company": connection.company_name, "organisation": connection.organisation_name}
    days = _parts().settings.deletion_delay_days
    return web.page(render.disconnect(visit.language, **names, days=days, token=visit.form_token))


def _disconnect(visit: Visit) -> Answer:
    connection = _signed_in(visit)
    if connection is None:
        return web.redirect(f"{visit.public_url}/status")
    cookie = secrets.token_urlsafe(32)
    _parts().disconnect.begin(connection, cookie)
    gone = web.session_cookie("", 0)
    return {**web.redirect(f"{visit.public_url}/disconnect/result"), "cookies": [gone, _known_by(cookie)]}


def _disconnect_result(visit: Visit) -> Answer:
    page, working = _parts().disconnect.result(visit.cookie)
    told = render.message(page.name, visit.language)
    return web.page(told, status=page.status, refresh=_RELOAD_SECONDS if working else 0)


def _shown(step: Step, visit: Visit) -> Answer:
    match step:
        case Redirect(url, ""):
            return web.redirect(url)
        case Redirect(url, session):
            return {**web.redirect(url), "cookies": [web.session_cookie(session, int(LIFETIME.total_seconds()))]}
        case Page(name, status):
            return web.page(render.message(name, visit.language), status=status)


_RELOAD_SECONDS = 2
_ROUTES: web.Routes = {
    "GET /connect": _start_page,
    "POST /connect": _start,
    "GET /connect/progress": _progress,
    "POST /connect/resume": _resume,
    "GET /connect/result": _result,
    "GET /oauth/pleo/callback": _pleo_callback,
    "GET /oauth/lexoffice/callback": _lexoffice_callback,
    "POST /sign-in": _sign_in,
    "POST /sign-out": _sign_out,
    "POST /status/sync": _wish,
    "GET /disconnect": _disconnect_page,
    "POST /disconnect": _disconnect,
    "GET /disconnect/result": _disconnect_result,
    "GET /health": _health,
}
