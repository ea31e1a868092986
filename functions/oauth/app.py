"""The door for connecting: `/connect`, both OAuth callbacks, the result page and `/health`."""

import os
import secrets
import time
from collections.abc import Callable
from functools import cache
from typing import Any

from shared.aws.attempts import Attempts
from shared.aws.connections import Connections
from shared.aws.queues import SyncQueue
from shared.config import OauthSettings
from shared.errors import ConfigError, StoreUnavailable
from shared.flows.connect import Connect, Page, Redirect, Step
from shared.flows.set_up import SetUp
from shared.flows.vendors import Vendors
from shared.pages import render
from shared.telemetry import attention, door, warn

_COOKIE = "__Host-connect"
# An answer must leave before the gateway gives up after 30 seconds.
_SECONDS_TO_ANSWER = 3.0


@cache
def _parts() -> tuple[OauthSettings, Connect]:
    settings = OauthSettings.from_env(os.environ)
    connections = Connections(settings.connection_table)
    vendors = Vendors(settings)
    set_up = SetUp(
        connections=connections,
        vendors=vendors,
        queue=SyncQueue(settings.sync_queue_url),
        key_arn=settings.key_arn,
        account_system=settings.lexoffice_account_system,
    )
    connect = Connect(
        attempts=Attempts(settings.connection_table),
        connections=connections,
        vendors=vendors,
        set_up=set_up,
        pleo_auth_url=settings.pleo_auth_url,
        pleo_scopes=settings.pleo_scopes,
        lexoffice_app_url=settings.lexoffice_app_url,
    )
    return settings, connect


_parts()


class _Visit:
    """One HTTP request of a browser (payload format 2.0)."""

    def __init__(self, event: dict[str, Any], context: Any) -> None:
        self.route: str = event["routeKey"]
        self.query: dict[str, str] = event.get("queryStringParameters") or {}
        self.headers: dict[str, str] = event.get("headers") or {}
        self.language = render.language_of(self.query, self.headers)
        cookies = dict(pair.split("=", 1) for pair in event.get("cookies", []) if "=" in pair)
        self.cookie = cookies.get(_COOKIE, "")
        self.public_url = _parts()[0].public_url or f"https://{event['requestContext']['domainName']}"
        deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - _SECONDS_TO_ANSWER
        self.remaining = lambda: deadline - time.monotonic()


@door
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request of a browser."""
    visit = _Visit(event, context)
    try:
        return _ROUTES[visit.route](visit)
    except ConfigError as error:
        attention("not configured", detail=str(error))
    except StoreUnavailable as error:
        warn("page unavailable", cause=str(error))
    return _page(render.message("unavailable", visit.language), status=503)


def _health(_visit: _Visit) -> dict[str, Any]:
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": '{"status":"ok"}'}


def _start_page(visit: _Visit) -> dict[str, Any]:
    return _page(render.start(visit.language))


def _start(visit: _Visit) -> dict[str, Any]:
    cookie = secrets.token_urlsafe(32)
    answer = _step(_parts()[1].start(cookie, visit.public_url), visit)
    answer["cookies"] = [f"{_COOKIE}={cookie}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600"]
    return answer


def _pleo_callback(visit: _Visit) -> dict[str, Any]:
    return _step(_parts()[1].pleo_answered(visit.cookie, visit.query, visit.public_url), visit)


def _lexoffice_callback(visit: _Visit) -> dict[str, Any]:
    step = _parts()[1].lexoffice_answered(visit.cookie, visit.query, visit.public_url, visit.remaining)
    return _step(step, visit)


def _result(visit: _Visit) -> dict[str, Any]:
    page, connection = _parts()[1].result(visit.cookie)
    if connection is None:
        return _step(page, visit)
    shown = render.result(visit.language, company=connection.company_name, organisation=connection.organisation_name)
    return _page(shown)


_ROUTES: dict[str, Callable[[_Visit], dict[str, Any]]] = {
    "GET /connect": _start_page,
    "POST /connect": _start,
    "GET /connect/result": _result,
    "GET /oauth/pleo/callback": _pleo_callback,
    "GET /oauth/lexoffice/callback": _lexoffice_callback,
    "GET /health": _health,
}


def _step(step: Step, visit: _Visit) -> dict[str, Any]:
    match step:
        case Redirect(url):
            return {"statusCode": 303, "headers": {"Location": url, **_PRIVATE}}
        case Page(name, status):
            return _page(render.message(name, visit.language), status=status)


_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def _page(html: render.Html, status: int = 200) -> dict[str, Any]:
    # Browsers apply form-action to the redirect that answers the form, too: Pleo's consent page must be in it.
    policy = (
        f"default-src 'none'; img-src data:; style-src 'nonce-{html.nonce}'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {_parts()[0].pleo_auth_url}"
    )
    return {
        "statusCode": status,
        "headers": {
            **_PRIVATE,
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Strict-Transport-Security": "max-age=63072000",
        },
        "body": html.text,
    }
