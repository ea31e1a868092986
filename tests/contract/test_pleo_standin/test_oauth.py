"""The stand-in's authorisation server refuses what Pleo refuses."""

import base64

import pytest

from local.pleo.driver import Driver
from local.pleo.world import DEFAULT_COMPANY_ID

from .driver import REDIRECT, SETTINGS


def test_consent_redirects_with_a_code_and_the_state(pleo: Driver) -> None:
    back = pleo.consent()

    assert set(back) == {"code", "state"}
    assert back["state"] == "state-1"


def test_a_missing_state_is_tolerated_and_not_invented(pleo: Driver) -> None:
    assert set(pleo.consent(state=None)) == {"code"}


def test_a_person_may_refuse(pleo: Driver) -> None:
    back = pleo.consent("deny")

    assert (back["error"], back["state"]) == ("access_denied", "state-1")


def test_the_consent_page_asks_in_german_and_its_buttons_work(pleo: Driver) -> None:
    shown = pleo.authorize()
    consent_id = shown.text.split('name="consent" value="')[1].split('"')[0]

    form = {"consent": consent_id, "company": DEFAULT_COMPANY_ID, "decision": "allow"}
    decided = pleo.http.post("/oauth/authorize", data=form)
    again = pleo.http.post("/oauth/authorize", data=form)

    assert "Zugriff erlauben" in shown.text
    assert "Ablehnen" in shown.text
    assert decided.headers["location"].startswith(f"{REDIRECT}?code=")
    assert again.status_code == 400


def test_several_companies_can_be_chosen_between(pleo: Driver) -> None:
    pleo.control("POST", "/companies", {"name": "Zweite Muster GmbH"})

    assert "Zweite Muster GmbH</option>" in pleo.authorize().text


@pytest.mark.parametrize(
    "changes", [{"client_id": "stranger"}, {"redirect_uri": REDIRECT + "/"}, {"redirect_uri": None}]
)
def test_an_unknown_client_or_redirect_gets_a_page_and_never_a_redirect(
    pleo: Driver, changes: dict[str, str | None]
) -> None:
    answer = pleo.authorize(**changes)

    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "<h1>" in answer.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "x" * 43 + "="}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": None}, "invalid_scope"),
    ],
)
def test_a_wrong_request_of_a_known_client_is_sent_back_with_an_error(
    pleo: Driver, changes: dict[str, str | None], error: str
) -> None:
    assert pleo.consent(**changes)["error"] == error


def test_a_code_becomes_a_pair_for_fifteen_minutes(pleo: Driver) -> None:
    pair = pleo.connect(scope="accounts:read")

    assert set(pair) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert (pair["token_type"], pair["expires_in"], pair["scope"]) == ("Bearer", 900, "accounts:read")


def test_basic_client_authentication_is_accepted(pleo: Driver) -> None:
    form = {
        "grant_type": "authorization_code",
        "code": pleo.consent()["code"],
        "redirect_uri": REDIRECT,
        "code_verifier": pleo.verifier,
    }

    answer = pleo.http.post("/oauth/token", data=form, auth=(SETTINGS.client_id, SETTINGS.client_secret))

    assert answer.status_code == 200


def test_a_wrong_client_secret_is_refused(pleo: Driver) -> None:
    answer = pleo.redeem(pleo.consent()["code"], client_secret="wrong")

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": "a" * 64},
        {"code_verifier": "a" * 42},
        {"redirect_uri": REDIRECT + "?x=1"},
        {"code": "unknown"},
    ],
)
def test_what_does_not_fit_the_code_is_an_invalid_grant(pleo: Driver, changes: dict[str, str]) -> None:
    answer = pleo.redeem(pleo.consent()["code"], **changes)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_json_body_is_not_a_token_request(pleo: Driver) -> None:
    answer = pleo.http.post("/oauth/token", json={"grant_type": "refresh_token"})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_an_unknown_grant_type_is_refused(pleo: Driver) -> None:
    assert pleo.token(grant_type="password").json()["error"] == "unsupported_grant_type"


def test_an_old_code_has_expired(pleo: Driver) -> None:
    code = pleo.consent()["code"]
    pleo.control("POST", "/clock", {"advance_seconds": 60})

    assert pleo.redeem(code).json()["error"] == "invalid_grant"


def test_a_reused_code_is_refused_and_revokes_what_it_issued(pleo: Driver) -> None:
    code = pleo.consent()["code"]
    pleo.access_token = pleo.redeem(code).json()["access_token"]
    before = pleo.api("GET", "/v1/introspect").status_code

    again = pleo.redeem(code)

    assert (before, again.status_code) == (200, 400)
    assert pleo.api("GET", "/v1/introspect").status_code == 401


def test_a_refresh_kills_the_old_pair_at_once(pleo: Driver) -> None:
    old = pleo.connect()

    new = pleo.refresh(old["refresh_token"]).json()

    assert pleo.api("GET", "/v1/introspect").status_code == 401
    pleo.access_token = new["access_token"]
    assert pleo.api("GET", "/v1/introspect").status_code == 200


def test_a_rotated_out_refresh_token_revokes_the_whole_family(pleo: Driver) -> None:
    old = pleo.connect()
    new = pleo.refresh(old["refresh_token"]).json()

    reused = pleo.refresh(old["refresh_token"])

    assert reused.status_code == 400
    assert reused.json() == {"error": "invalid_grant", "error_description": "invalid_refresh_token"}
    assert pleo.refresh(new["refresh_token"]).status_code == 400
    pleo.access_token = new["access_token"]
    assert pleo.api("GET", "/v1/introspect").status_code == 401


def test_an_access_token_lives_fifteen_minutes_and_a_refresh_token_sixty_days(pleo: Driver) -> None:
    pair = pleo.connect()

    pleo.control("POST", "/clock", {"advance_seconds": 900})
    expired = pleo.api("GET", "/v1/introspect").status_code
    pleo.control("POST", "/clock", {"advance_seconds": 60 * 24 * 3600})

    assert expired == 401
    assert pleo.refresh(pair["refresh_token"]).status_code == 400


def test_a_disconnected_company_loses_its_tokens_and_others_keep_theirs(pleo: Driver) -> None:
    other_id = pleo.control("POST", "/companies", {"name": "Zweite Muster GmbH"})["id"]
    other = pleo.connect(other_id)
    pair = pleo.connect()

    pleo.control("POST", "/revoke", {"company_id": DEFAULT_COMPANY_ID})

    assert pleo.api("GET", "/v1/introspect").status_code == 401
    assert pleo.refresh(pair["refresh_token"]).status_code == 400
    assert pleo.refresh(other["refresh_token"]).status_code == 200


def test_a_broken_basic_header_is_an_unknown_client(pleo: Driver) -> None:
    header = {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()}

    answer = pleo.http.post("/oauth/token", data={"grant_type": "refresh_token"}, headers=header)

    assert answer.status_code == 401
