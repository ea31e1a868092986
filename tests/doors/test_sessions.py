"""Signing in by Pleo's consent, sessions that end, and forms that only our own pages can send."""

from datetime import UTC, datetime, timedelta

import pytest
from cloud import Document, load_template

from shared.aws import sessions as stored
from shared.aws.connections import Connections, Status
from shared.aws.sessions import LIFETIME, Sessions
from shared.pages import web

from .conftest import PUBLIC_URL, Linked


def sign_in(linked: Linked, **who: str) -> Document:
    """The whole way; the last answer."""
    address = linked.visit("POST", "/sign-in")["headers"]["Location"]
    return linked.visit("GET", "/oauth/pleo/callback", linked.consent_at_pleo(address, **who))


def session(linked: Linked) -> str:
    """The session cookie that the browser holds, empty without one."""
    cookies = dict(cookie.split("=", 1) for cookie in linked.cookies)
    return cookies.get(web.SESSION_COOKIE, "")


def is_signed_in(linked: Linked) -> bool:
    """Whether the page that only a signed-in admin sees is shown."""
    return bool(linked.visit("GET", "/disconnect")["statusCode"] == 200)


def token(linked: Linked) -> str:
    """What the page's form carries."""
    page = str(linked.visit("GET", "/disconnect")["body"])
    return page.partition(f'name="{web.TOKEN_FIELD}" value="')[2].partition('"')[0]


def form(**fields: str) -> str:
    return "&".join(f"{name}={value}" for name, value in fields.items())


@pytest.fixture
def admin(company: Linked) -> Linked:
    """A connected company whose admin is signed in."""
    assert sign_in(company)["statusCode"] == 303
    return company


def test_who_consents_for_a_connected_company_is_signed_in_for_half_an_hour(company: Linked) -> None:
    answer = sign_in(company)

    assert answer["headers"]["Location"] == f"{PUBLIC_URL}/status"
    (cookie,) = answer["cookies"]
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=1800"} <= set(cookie.split("; "))
    assert is_signed_in(company)


def test_signing_in_leaves_a_connection_that_works(company: Linked) -> None:
    before = company.connection()

    sign_in(company)

    assert company.connection() == before
    state = company.pleo.get("/control/state").json()
    assert {each["installation"] for each in state["companies"] if each["id"] == before.company_id} == {"ACTIVATED"}
    company.cloud.messages("SyncQueue")
    from functions.sync import app

    from .conftest import Context

    assert app.handler(company.message("sync"), Context()) == {"batchItemFailures": []}
    assert company.connection().status is Status.ACTIVE


def test_a_company_without_connection_is_told_so_and_stays_without(linked: Linked) -> None:
    answer = sign_in(linked)

    assert answer["statusCode"] == 200
    assert "Dieses Unternehmen ist nicht verbunden" in answer["body"]
    assert 'href="/connect' in answer["body"]
    assert session(linked) == ""
    assert linked.cloud.items(linked.cloud.connection_table, "CONNECTION#", "id") == []
    assert linked.cloud.dump(linked.cloud.token_table) == []


def test_what_was_granted_for_nothing_is_given_back_to_pleo(linked: Linked) -> None:
    sign_in(linked)

    companies = linked.pleo.get("/control/state").json()["companies"]
    assert {each["installation"] for each in companies} == {None}


def test_who_declines_is_not_signed_in(company: Linked) -> None:
    state = company.consent_at_pleo(company.visit("POST", "/sign-in")["headers"]["Location"])["state"]

    company.visit("GET", "/oauth/pleo/callback", {"error": "access_denied", "state": state})

    assert session(company) == ""


def test_a_session_is_known_to_the_table_by_a_hash_only(admin: Linked) -> None:
    assert session(admin)
    assert session(admin) not in str(admin.cloud.dump(admin.cloud.connection_table))


def test_a_session_ends_after_half_an_hour(admin: Linked) -> None:
    sessions, now = Sessions(admin.cloud.connection_table), datetime.now(UTC)

    assert sessions.find(session(admin), now + LIFETIME - timedelta(minutes=1)) is not None
    assert sessions.find(session(admin), now + LIFETIME) is None


def test_an_expired_session_sees_nothing(company: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "LIFETIME", timedelta(seconds=0))
    sign_in(company)

    assert not is_signed_in(company)


def test_after_signing_out_a_copy_of_the_cookie_is_worth_nothing(admin: Linked) -> None:
    copied = list(admin.cookies)

    answer = admin.visit("POST", "/sign-out", body=form(csrf=token(admin)))

    assert answer["headers"]["Location"] == f"{PUBLIC_URL}/status"
    assert "Max-Age=0" in answer["cookies"][0]
    admin.cookies = copied
    assert not is_signed_in(admin)


def test_an_invented_session_sees_nothing(admin: Linked) -> None:
    admin.cookies = [f"{web.SESSION_COOKIE}=invented"]

    assert not is_signed_in(admin)


# --- forms -----------------------------------------------------------------------------------------------------------

ROUTES = sorted(
    f"{event['Properties']['Method']} {event['Properties']['Path']}"
    for event in load_template()["Resources"]["OauthFunction"]["Properties"]["Events"].values()
    if event["Properties"]["Method"] == "POST"
)
FOREIGN: dict[str, dict[str, str]] = {
    "neither header": {"origin": ""},
    "another origin": {"origin": "https://evil.example"},
    "the null origin": {"origin": "null"},
    "another site": {"sec-fetch-site": "cross-site"},
    "a sibling of our domain": {"sec-fetch-site": "same-site", "origin": PUBLIC_URL},
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN.keys())
@pytest.mark.parametrize("route", ROUTES)
def test_a_form_that_does_not_come_from_our_pages_is_refused(
    admin: Linked, route: str, headers: dict[str, str]
) -> None:
    method, path = route.split()
    fields = form(csrf=token(admin))
    before = admin.connection()

    answer = admin.visit(method, path, body=fields, headers=headers)

    assert answer["statusCode"] == 403
    assert "Location" not in answer["headers"]
    assert admin.connection() == before
    assert is_signed_in(admin)


def test_a_form_without_any_origin_is_refused(admin: Linked) -> None:
    event = {**admin.sample("oauth_connect"), "routeKey": "POST /connect", "rawPath": "/connect"}

    from .conftest import Context

    assert admin.app.handler(event, Context(29_000))["statusCode"] == 403


def test_a_browser_that_says_where_its_request_comes_from_needs_no_origin(linked: Linked) -> None:
    answer = linked.visit("POST", "/connect", headers={"sec-fetch-site": "same-origin", "origin": "null"})

    assert answer["statusCode"] == 303


@pytest.mark.parametrize("route", sorted(web.SESSION_FORMS & set(ROUTES)))
@pytest.mark.parametrize("given", ["", "f" * 64, "another session's"])
def test_a_form_without_its_own_sessions_token_is_refused(admin: Linked, route: str, given: str) -> None:
    if given == "another session's":
        first, mine = list(admin.cookies), token(admin)
        sign_in(admin)
        given = token(admin)
        assert given != mine
        admin.cookies = first
    method, path = route.split()

    answer = admin.visit(method, path, body=form(csrf=given))

    assert answer["statusCode"] == 403
    assert is_signed_in(admin)
    assert admin.connection().status is Status.ACTIVE


def test_every_form_that_acts_for_somebody_signed_in_needs_a_token() -> None:
    """Whoever adds a form decides here on which side it is."""
    assert set(ROUTES) - web.SESSION_FORMS == {"POST /connect", "POST /connect/resume", "POST /sign-in"}


def test_disconnecting_ends_the_sessions_that_began_before(admin: Linked) -> None:
    connection = admin.connection()
    connections = Connections(admin.cloud.connection_table)
    connections.change(connection.connection_id, signed_out_at="2999-01-01T00:00:00.000000Z")

    assert not is_signed_in(admin)
