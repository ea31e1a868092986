"""Routes of a signed-in admin's pages, and the state cached for the lifetime of the execution environment."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from shared.aws.connections import Connection
from shared.aws.stores import Stores
from shared.config import AdminSettings
from shared.flows.lookup.session import connection_of
from shared.flows.lookup.status import StatusBoard
from shared.flows.lookup.trace import Traces
from shared.pages import expense, movements_csv, render, status, web
from shared.pages.render import Links
from shared.pages.web import Answer, Visit


@dataclass(frozen=True, slots=True)
class AdminParts:
    """Settings, stores and readers that the routes share."""

    settings: AdminSettings
    stores: Stores
    board: StatusBoard
    traces: Traces

    @property
    def links(self) -> Links:
        """Return the addresses of both vendors' apps."""
        return Links(self.settings.pleo_app_url, self.settings.lexoffice_app_url)


@cache
def parts() -> AdminParts:
    """Build the parts from the environment. Raises ConfigError."""
    settings = AdminSettings.from_env(os.environ)
    stores = Stores(settings)
    return AdminParts(settings, stores, StatusBoard(stores), Traces(stores))


def _status(visit: Visit) -> Answer:
    connection, now = _signed_in(visit), datetime.now(UTC)
    overview = parts().board.overview(connection.connection_id) if connection else None
    if overview is None:
        return _sign_in(visit)
    html = status.status(visit.language, overview, links=parts().links, token=visit.form_token, now=now)
    # The reconnect form posts to our own address, which redirects to Pleo's consent page.
    return web.page(html, form_target=parts().settings.pleo_auth_url)


def _expense(visit: Visit) -> Answer:
    connection, now = _signed_in(visit), datetime.now(UTC)
    if connection is None:
        return _sign_in(visit)
    asked = visit.form.get("asked", "").strip()
    traces = parts().traces.trace(connection.connection_id, asked)
    html = expense.expense(visit.language, asked, traces, links=parts().links, token=visit.form_token, now=now)
    return web.page(html)


def _movements(visit: Visit) -> Answer:
    connection, now = _signed_in(visit), datetime.now(UTC)
    if connection is None:
        return _sign_in(visit)
    text = movements_csv.text_of(parts().board.movements(connection.connection_id), visit.language)
    return web.download(text, name=movements_csv.name_of(visit.language, now), media_type="text/csv; charset=utf-8")


def _signed_in(visit: Visit) -> Connection | None:
    stores = parts().stores
    now = datetime.now(UTC)
    return connection_of(visit.session, sessions=stores.sessions, connections=stores.connections, now=now)


def _sign_in(visit: Visit) -> Answer:
    return web.page(render.sign_in(visit.language), form_target=parts().settings.pleo_auth_url)


ROUTES: web.Routes = {
    "GET /status": _status,
    "POST /status/expense": _expense,
    "GET /status/movements.csv": _movements,
}
