"""The door for connecting: `/connect`, both OAuth callbacks, the result page and `/health`."""

import os
import secrets
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
from shared.pages import render, web
from shared.pages.web import Answer, Visit
from shared.telemetry import attention, door, warn

_COOKIE = "__Host-connect"


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


@door
def handler(event: dict[str, Any], context: Any) -> Answer:
    """Answer one request of a browser."""
    visit = Visit(event, context, public_url=_parts()[0].public_url, cookie=_COOKIE)
    try:
        return _ROUTES[visit.route](visit)
    except ConfigError as error:
        attention("not configured", detail=str(error))
    except StoreUnavailable as error:
        warn("page unavailable", cause=str(error))
    return web.page(render.message("unavailable", visit.language), status=503)


def _health(_visit: Visit) -> Answer:
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": '{"status":"ok"}'}


def _start_page(visit: Visit) -> Answer:
    return web.page(render.start(visit.language), form_target=_parts()[0].pleo_auth_url)


def _start(visit: Visit) -> Answer:
    cookie = secrets.token_urlsafe(32)
    answer = _shown(_parts()[1].start(cookie, visit.public_url), visit)
    return {**answer, "cookies": [f"{_COOKIE}={cookie}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600"]}


def _pleo_callback(visit: Visit) -> Answer:
    return _shown(_parts()[1].pleo_answered(visit.cookie, visit.query, visit.public_url), visit)


def _lexoffice_callback(visit: Visit) -> Answer:
    step = _parts()[1].lexoffice_answered(visit.cookie, visit.query, visit.public_url, visit.remaining)
    return _shown(step, visit)


def _result(visit: Visit) -> Answer:
    page, connection = _parts()[1].result(visit.cookie)
    if connection is None:
        return _shown(page, visit)
    names = {"company": connection.company_name, "organisation": connection.organisation_name}
    return web.page(render.result(visit.language, **names))


def _shown(step: Step, visit: Visit) -> Answer:
    match step:
        case Redirect(url):
            return web.redirect(url)
        case Page(name, status):
            return web.page(render.message(name, visit.language), status=status)


_ROUTES: dict[str, Callable[[Visit], Answer]] = {
    "GET /connect": _start_page,
    "POST /connect": _start,
    "GET /connect/result": _result,
    "GET /oauth/pleo/callback": _pleo_callback,
    "GET /oauth/lexoffice/callback": _lexoffice_callback,
    "GET /health": _health,
}
