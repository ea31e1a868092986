"""The door of the admin's own pages, which only read: `/status`, one expense, the movements as a file."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from shared.aws import limiter
from shared.aws.connections import Connection, Connections
from shared.aws.exports import Exports
from shared.aws.ledger import Ledger
from shared.aws.ledger_view import LedgerView
from shared.aws.matches import Matches
from shared.aws.proofs import Proofs
from shared.aws.sessions import Sessions
from shared.aws.vouchers import Vouchers
from shared.config import AdminSettings
from shared.errors import StoreUnavailable
from shared.flows.lookup.session import connection_of
from shared.flows.lookup.status import StatusBoard
from shared.flows.lookup.trace import Traces
from shared.pages import expense, movements_csv, render, status, web
from shared.pages.render import Links
from shared.pages.web import Answer, Visit
from shared.telemetry import door, log_warning


@dataclass(frozen=True, slots=True)
class _Parts:
    settings: AdminSettings
    sessions: Sessions
    connections: Connections
    board: StatusBoard
    traces: Traces

    @property
    def links(self) -> Links:
        return Links(self.settings.pleo_app_url, self.settings.lexoffice_app_url)


@cache
def _parts() -> _Parts:
    settings = AdminSettings.from_env(os.environ)
    connections, ledger = Connections(settings.connection_table), Ledger(settings.ledger_table)
    exports = Exports(settings.ledger_table)
    board = StatusBoard(
        connections=connections,
        ledger=ledger,
        view=LedgerView(settings.ledger_table),
        exports=exports,
        proofs=Proofs(settings.ledger_table),
        pace=lambda connection: limiter.pace(settings.connection_table, connection),
    )
    traces = Traces(
        connections=connections,
        ledger=ledger,
        exports=exports,
        vouchers=Vouchers(settings.ledger_table),
        matches=Matches(settings.ledger_table),
    )
    return _Parts(settings, Sessions(settings.connection_table), connections, board, traces)


_parts()


@door
def handler(event: dict[str, Any], context: Any) -> Answer:
    """Answer one request of a browser."""
    visit = Visit(event, context, public_url=_parts().settings.public_url, cookie=web.SESSION_COOKIE)
    try:
        return web.answer(visit, _ROUTES)
    except StoreUnavailable as error:
        log_warning("page unavailable", cause=str(error))
    return web.page(render.message("unavailable", visit.language), status=503)


def _status(visit: Visit) -> Answer:
    connection, now = _signed_in(visit), datetime.now(UTC)
    overview = _parts().board.overview(connection.connection_id) if connection else None
    if overview is None:
        return _sign_in(visit)
    html = status.status(visit.language, overview, links=_parts().links, token=visit.form_token, now=now)
    # Reconnecting posts to our own address, which redirects to Pleo's consent page.
    return web.page(html, form_target=_parts().settings.pleo_auth_url)


def _expense(visit: Visit) -> Answer:
    connection, now = _signed_in(visit), datetime.now(UTC)
    if connection is None:
        return _sign_in(visit)
    asked = visit.form.get("asked", "").strip()
    traces = _parts().traces.trace(connection.connection_id, asked)
    return web.page(
        expense.expense(visit.language, asked, traces, links=_parts().links, token=visit.form_token, now=now)
    )


def _movements(visit: Visit) -> Answer:
    connection, now = _signed_in(visit), datetime.now(UTC)
    if connection is None:
        return _sign_in(visit)
    text = movements_csv.text_of(_parts().board.movements(connection.connection_id), visit.language)
    return web.download(text, name=movements_csv.name_of(visit.language, now), media_type="text/csv; charset=utf-8")


def _signed_in(visit: Visit) -> Connection | None:
    parts = _parts()
    return connection_of(visit.session, sessions=parts.sessions, connections=parts.connections, now=datetime.now(UTC))


def _sign_in(visit: Visit) -> Answer:
    return web.page(render.sign_in(visit.language), form_target=_parts().settings.pleo_auth_url)


_ROUTES: web.Routes = {
    "GET /status": _status,
    "POST /status/expense": _expense,
    "GET /status/movements.csv": _movements,
}
