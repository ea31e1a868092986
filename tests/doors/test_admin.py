"""The admin's pages as a browser meets them: only with a session, only reading, private, in both languages."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import pytest
from cloud import Cloud, Document
from samples import COMPANY_ID, CONNECTION_ID, entry

from shared.aws.connections import Connection, Connections, Status
from shared.aws.ledger import Ledger
from shared.aws.sessions import LIFETIME, Sessions
from shared.domain.connecting.company_state import Hold
from shared.domain.feeding.ledger import State, row_for
from shared.pages.texts_connect import SIGN_IN
from shared.pages.texts_verdicts import VERDICTS

from .conftest import Context

COOKIE = "a-session-of-the-tests"


@dataclass(slots=True)
class Admin:
    """The door, and a browser that is signed in."""

    app: ModuleType
    cloud: Cloud
    sample: Callable[[str], Document]
    session: str = COOKIE

    def visit(self, route: str = "GET /status", language: str = "", **changes: Any) -> Document:
        method, _, path = route.partition(" ")
        event = {
            **self.sample("admin"),
            "routeKey": route,
            "rawPath": path,
            "queryStringParameters": {"lang": language} if language else {},
            "cookies": [f"__Host-session={self.session}"] if self.session else [],
            **changes,
        }
        event["requestContext"]["http"] |= {"method": method, "path": path}
        answer: Document = self.app.handler(event, Context(15_000))
        return answer

    def ask(self, asked: str, **changes: Any) -> Document:
        """Send the look-up form as the status page offers it."""
        token = str(self.visit()["body"]).partition('name="csrf" value="')[2].partition('"')[0]
        return self.visit("POST /status/expense", body=urlencode({"csrf": token, "asked": asked}), **changes)


@pytest.fixture
def admin(configured: Cloud, sample: Callable[[str], Document]) -> Admin:
    from functions.admin import app
    from functions.admin.routes import parts

    parts.cache_clear()
    connections = Connections(configured.connection_table)
    connections.get_or_create(
        Connection(
            connection_id=CONNECTION_ID,
            company_id=COMPANY_ID,
            company_name="Musterfirma GmbH",
            organisation_name="Muster & Söhne",
            status=Status.ACTIVE,
        )
    )
    Sessions(configured.connection_table).begin(COOKIE, CONNECTION_ID, datetime.now(UTC))
    return Admin(app, configured, sample)


def _signs_in(answer: Document) -> bool:
    return SIGN_IN["title"].de in answer["body"] and "Musterfirma" not in answer["body"]


def test_who_is_signed_in_sees_the_companys_status(admin: Admin) -> None:
    german, english = admin.visit(), admin.visit(language="en")

    assert german["statusCode"] == 200
    assert VERDICTS["ok"].title.de in german["body"]
    assert "Muster &amp; Söhne" in german["body"]
    assert VERDICTS["ok"].title.en in english["body"]
    assert '<html lang="en">' in english["body"]


@pytest.mark.parametrize("route", ["GET /status", "GET /status/movements.csv"])
@pytest.mark.parametrize("session", ["", "somebody-elses"])
def test_without_a_session_there_is_only_the_way_to_sign_in(admin: Admin, route: str, session: str) -> None:
    admin.session = session

    answer = admin.visit(route)

    assert _signs_in(answer)
    assert 'action="/sign-in' in answer["body"]
    assert "form-action 'self' https://auth.pleo.test" in answer["headers"]["Content-Security-Policy"]


def test_a_session_ends_by_the_clock(admin: Admin) -> None:
    Sessions(admin.cloud.connection_table).begin(COOKIE, CONNECTION_ID, datetime.now(UTC) - LIFETIME)

    assert _signs_in(admin.visit())


def test_a_session_ends_with_the_connection(admin: Admin) -> None:
    Connections(admin.cloud.connection_table).change(CONNECTION_ID, status=Status.DISCONNECTED)

    assert _signs_in(admin.visit())


def test_a_held_company_is_offered_to_reconnect_at_pleo(admin: Admin) -> None:
    Connections(admin.cloud.connection_table).hold(CONNECTION_ID, Hold.LEXOFFICE_ACCESS_GONE)

    answer = admin.visit()

    assert VERDICTS["lexoffice_access_gone"].title.de in answer["body"]
    assert "form-action 'self' https://auth.pleo.test" in answer["headers"]["Content-Security-Policy"]


@pytest.mark.parametrize("route", ["GET /status", "GET /status/movements.csv"])
def test_nothing_of_it_is_kept_by_anybody(admin: Admin, route: str) -> None:
    headers = admin.visit(route)["headers"]

    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_an_expense_is_looked_up_by_its_id_and_its_life_is_told(admin: Admin) -> None:
    row = row_for(entry())
    Ledger(admin.cloud.ledger_table).accept(CONNECTION_ID, row)

    answer = admin.ask(f" {row.entry_id} ")

    assert answer["statusCode"] == 200
    assert row.entry_id in answer["body"]
    assert 'class="steps"' in answer["body"]


@pytest.mark.parametrize("asked", ["", "4711", "\x00", "x" * 5000, "<script>alert(1)</script>"])
def test_what_nobody_knows_is_answered_calmly(admin: Admin, asked: str) -> None:
    answer = admin.ask(asked)

    assert answer["statusCode"] == 200
    assert "Diese Nummer kennen wir nicht" in answer["body"]
    assert "<script" not in answer["body"]


@pytest.mark.parametrize(
    "headers",
    [{}, {"sec-fetch-site": "cross-site"}, {"origin": "https://example.test"}, {"origin": "null"}],
    ids=["none", "another site", "another origin", "hidden"],
)
def test_a_form_from_elsewhere_is_refused(admin: Admin, headers: dict[str, str]) -> None:
    answer = admin.ask("4711", headers=headers)

    assert answer["statusCode"] == 403


def test_a_form_without_the_sessions_token_is_refused(admin: Admin) -> None:
    answer = admin.visit("POST /status/expense", body=urlencode({"asked": "4711", "csrf": "0" * 64}))

    assert answer["statusCode"] == 403


def test_the_movements_are_a_file_with_the_months_name(admin: Admin) -> None:
    topup = row_for(entry(family="WALLET", sub_family="LOAD"))
    ledger = Ledger(admin.cloud.ledger_table)
    ledger.record(CONNECTION_ID, [replace(ledger.accept(CONNECTION_ID, topup), state=State.LISTED)], datetime.now(UTC))

    answer = admin.visit("GET /status/movements.csv")

    month = datetime.now(UTC).strftime("%Y")
    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["headers"]["Content-Disposition"].startswith(f'attachment; filename="pleo-wallet-von-hand-{month}')
    assert "Wallet-Aufladung" in answer["body"]


def test_when_the_store_does_not_answer_a_calm_page_says_so(admin: Admin) -> None:
    with admin.cloud.failing("dynamodb", "GetItem"):
        answer = admin.visit()

    assert answer["statusCode"] == 503
    assert "Gerade nicht möglich" in answer["body"]


def test_no_number_and_no_name_is_logged(admin: Admin, logged: Callable[[], str]) -> None:
    admin.ask("4711-0815", headers={"origin": "https://example.test"})
    admin.ask("4711-0815")

    assert "4711-0815" not in logged()
    assert "Musterfirma" not in logged()
    assert COOKIE not in logged()


def test_nothing_is_written(admin: Admin) -> None:
    before = (admin.cloud.dump("LedgerTable"), admin.cloud.dump("ConnectionTable"))

    admin.ask("4711")
    admin.visit("GET /status/movements.csv")

    assert (admin.cloud.dump("LedgerTable"), admin.cloud.dump("ConnectionTable")) == before


def test_the_sample_event_is_a_visit_of_somebody_unknown(admin: Admin) -> None:
    assert _signs_in(admin.app.handler(admin.sample("admin"), Context(15_000)))
