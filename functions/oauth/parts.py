"""State cached for the lifetime of the execution environment, and helpers that both groups of routes share."""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from shared.aws.attempts import Attempts
from shared.aws.catalogues import Catalogues
from shared.aws.connections import Connections
from shared.aws.queues import SyncQueue
from shared.aws.sessions import LIFETIME, Sessions
from shared.config import OauthSettings
from shared.flows.connecting.connect import Connect
from shared.flows.connecting.consent import MessagePage, PleoConsent, Redirect, Step
from shared.flows.connecting.disconnect import Disconnect
from shared.flows.connecting.sign_in import SignIn
from shared.flows.vendors import Vendors
from shared.pages import render, web
from shared.pages.web import Answer, Visit

COOKIE = "__Host-connect"
RELOAD_SECONDS = 2
NOTHING_HERE = MessagePage("nothing_here", 404)


@dataclass(frozen=True, slots=True, kw_only=True)
class OauthParts:
    """Settings, stores and flows that the routes share."""

    settings: OauthSettings
    connections: Connections
    catalogues: Catalogues
    sessions: Sessions
    connect: Connect
    sign_in: SignIn
    disconnect: Disconnect
    queue: SyncQueue


@cache
def parts() -> OauthParts:
    """Build the parts from the environment. Raises ConfigError."""
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
    delay = timedelta(days=settings.deletion_delay_days)
    disconnect = Disconnect(attempts=attempts, connections=connections, queue=queue, delay=delay)
    return OauthParts(
        settings=settings,
        connections=connections,
        catalogues=Catalogues(settings.connection_table),
        sessions=sessions,
        connect=connect,
        sign_in=sign_in,
        disconnect=disconnect,
        queue=queue,
    )


def show(step: Step, visit: Visit) -> Answer:
    """Convert a step of a flow into an answer: a page, or a redirect that may begin a session."""
    match step:
        case Redirect(url, ""):
            return web.redirect(url)
        case Redirect(url, session):
            return {**web.redirect(url), "cookies": [web.session_cookie(session, int(LIFETIME.total_seconds()))]}
        case MessagePage(name, status):
            return web.page(render.message(name, visit.language), status=status)


def redirect_to_pleo(visit: Visit, start: Callable[[str, str], Step]) -> Answer:
    """Redirect to Pleo's consent page; set a cookie that ties the callback to this browser."""
    cookie = secrets.token_urlsafe(32)
    return {**show(start(cookie, visit.public_url), visit), "cookies": [attempt_cookie(cookie)]}


def attempt_cookie(cookie: str) -> str:
    """Return the Set-Cookie value that ties a browser to its attempt."""
    return f"{COOKIE}={cookie}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600"
