"""Routes of a signed-in admin: signing in and out, requests from the status page, disconnecting."""

import secrets
from datetime import UTC, datetime

from functions.oauth.parts import RELOAD_SECONDS, attempt_cookie, parts, redirect_to_pleo, show
from shared.aws.connections import Connection
from shared.domain.syncing.requests import ADMIN_REQUESTS, SyncRequest
from shared.flows.connecting.consent import MessagePage
from shared.flows.lookup import requests
from shared.flows.lookup.session import connection_of
from shared.pages import render, web
from shared.pages.web import Answer, Visit


def _sign_in(visit: Visit) -> Answer:
    return redirect_to_pleo(visit, parts().sign_in.start)


def _sign_out(visit: Visit) -> Answer:
    parts().sign_in.end(visit.session)
    return {**web.redirect(f"{visit.public_url}/status"), "cookies": [web.session_cookie("", 0)]}


def _signed_in(visit: Visit) -> Connection | None:
    sessions, connections = parts().sessions, parts().connections
    return connection_of(visit.session, sessions=sessions, connections=connections, now=datetime.now(UTC))


def _request(visit: Visit) -> Answer:
    word = visit.form.get("request", "")
    if word not in ADMIN_REQUESTS:
        return show(MessagePage("foreign_form", 400), visit)
    if connection := _signed_in(visit):
        requests.submit(
            connection,
            SyncRequest(word),
            connections=parts().connections,
            catalogues=parts().catalogues,
            queue=parts().queue,
        )
    return web.redirect(f"{visit.public_url}/status")


def _disconnect_page(visit: Visit) -> Answer:
    connection = _signed_in(visit)
    if connection is None:
        return web.redirect(f"{visit.public_url}/status")
    names = {"company": connection.company_name, "organisation": connection.organisation_name}
    days = parts().settings.deletion_delay_days
    return web.page(render.disconnect(visit.language, **names, days=days, token=visit.form_token))


def _disconnect(visit: Visit) -> Answer:
    connection = _signed_in(visit)
    if connection is None:
        return web.redirect(f"{visit.public_url}/status")
    cookie = secrets.token_urlsafe(32)
    parts().disconnect.begin(connection, cookie)
    cookies = [web.session_cookie("", 0), attempt_cookie(cookie)]
    return {**web.redirect(f"{visit.public_url}/disconnect/result"), "cookies": cookies}


def _disconnect_result(visit: Visit) -> Answer:
    page, in_progress = parts().disconnect.result(visit.cookie)
    html = render.message(page.name, visit.language)
    return web.page(html, status=page.status, refresh=RELOAD_SECONDS if in_progress else 0)


ROUTES: web.Routes = {
    "POST /sign-in": _sign_in,
    "POST /sign-out": _sign_out,
    "POST /status/request": _request,
    "GET /disconnect": _disconnect_page,
    "POST /disconnect": _disconnect,
    "GET /disconnect/result": _disconnect_result,
}
