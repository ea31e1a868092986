"""https://developers.lexware.io/partner/docs/#security-and-authentication"""

import httpx
import pytest

from local.lexoffice.bucket import TokenEndpointGuard
from local.lexoffice.settings import ALL_SCOPES, LexofficeSwitches

from .driver import CLIENT_ID, CLIENT_SECRET, HOME, REDIRECT_URI, App, StandIn, challenge_of


def assert_refused(response: httpx.Response, error: str, status: int = 400) -> None:
    assert response.status_code == status
    assert response.json()["error"] == error


def test_consent_leads_to_a_code_of_128_characters_and_echoes_the_state(standin: StandIn) -> None:
    answer = standin.consent(state="x y&z")

    assert answer["state"] == "x y&z"
    assert len(answer["code"]) == 128


def test_a_code_buys_a_pair_of_tokens(standin: StandIn) -> None:
    response = standin.exchange(standin.consent(scope="finance.read profile.read")["code"])

    tokens = response.json()
    assert response.headers["cache-control"] == "no-store"
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 14399
    assert tokens["scope"] == "finance.read profile.read"
    assert len(tokens["refresh_token"]) == 128
    assert tokens["access_token"].count(".") == 2
    assert 850 <= len(tokens["access_token"]) <= 950


def test_without_a_scope_every_configured_scope_is_granted(standin: StandIn) -> None:
    assert standin.connect().tokens["scope"] == " ".join(ALL_SCOPES)


def test_a_denial_comes_back_as_access_denied(standin: StandIn) -> None:
    assert standin.consent(decision="deny") == {"error": "access_denied", "state": "a-state"}


@pytest.mark.parametrize(
    "change",
    [{"redirect_uri": f"{REDIRECT_URI}/"}, {"redirect_uri": None}, {"client_id": HOME}, {"client_id": None}],
    ids=str,
)
def test_an_untrusted_client_or_address_is_never_redirected_to(standin: StandIn, change: dict[str, str | None]) -> None:
    response = standin.http.get("/oauth2/authorize", params=standin.authorize_query(**change))

    assert_refused(response, "invalid_request")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": challenge_of("v") + "="}, "invalid_request"),
        ({"scope": "finance.read finance.everything"}, "invalid_scope"),
        ({"connection_name": "Muster & Söhne"}, "invalid_request"),
    ],
    ids=str,
)
def test_a_wrong_request_is_told_through_the_redirect(
    standin: StandIn, change: dict[str, str | None], error: str
) -> None:
    answer = standin.consent(**change)  # type: ignore[arg-type]

    assert (answer["error"], answer["state"]) == (error, "a-state")


def test_a_connection_name_may_hold_umlauts_and_some_signs(standin: StandIn) -> None:
    standin.exchange(standin.consent(connection_name='Pleo (Müller-"Süd"): a/b_c, {1}=?')["code"])

    assert standin.state()["connections"][0]["name"] == 'Pleo (Müller-"Süd"): a/b_c, {1}=?'


def test_the_documented_pkce_example_is_accepted(standin: StandIn) -> None:
    verifier = (
        "oJdaNUDOIK3xpqlkZ79Sa3dLWst2rF5F8EXQVrqWfzckNOPBC67SzNffeTTb54jS"
        "pfuSAnawxLgddxbIqXh4APOrKYqhI8W5fXtIytVSgjLlrnMn0AUB5h2O6VD1sTDJ"
    )
    code = standin.consent(code_challenge="9s_XWOy5h9KO8CQCqzRKr3WEntoEJepUZS9d1IYh_uo")["code"]

    assert standin.exchange(code, code_verifier=verifier).status_code == 200


def test_a_failed_exchange_consumes_the_code(standin: StandIn) -> None:
    code = standin.consent()["code"]

    assert_refused(standin.exchange(code, code_verifier="w" * 64), "invalid_grant")
    assert_refused(standin.exchange(code), "invalid_grant")


def test_the_exchange_must_repeat_the_redirect_uri(standin: StandIn) -> None:
    assert_refused(standin.exchange(standin.consent()["code"], redirect_uri="http://x"), "invalid_grant")


def test_a_code_dies_after_five_minutes(standin: StandIn) -> None:
    code = standin.consent()["code"]
    standin.control("clock", advance_seconds=300)

    assert_refused(standin.exchange(code), "invalid_grant")


def test_a_reused_code_is_refused_and_ends_what_it_had_created(standin: StandIn) -> None:
    code = standin.consent()["code"]
    app = App(standin.http, standin.exchange(code).json())

    assert_refused(standin.exchange(code), "invalid_grant")
    assert app.get("profile").status_code == 401
    assert_refused(standin.refresh(app.tokens["refresh_token"]), "invalid_grant")


def test_client_credentials_in_the_form_are_refused(standin: StandIn, app: App) -> None:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": app.tokens["refresh_token"],
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }

    assert_refused(standin.http.post("/oauth2/token", data=form), "invalid_client", 401)


def test_a_wrong_secret_is_refused(standin: StandIn) -> None:
    response = standin.http.post("/oauth2/token", data={"grant_type": "refresh_token"}, auth=(CLIENT_ID, "guess"))

    assert_refused(response, "invalid_client", 401)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "invalid_grant"),
        ({"grant_type": "authorization_code"}, "invalid_grant"),
    ],
    ids=str,
)
def test_an_incomplete_token_request_is_refused(standin: StandIn, form: dict[str, str], error: str) -> None:
    response = standin.http.post(
        "/oauth2/token",
        content="&".join(f"{name}={value}" for name, value in form.items()),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=(CLIENT_ID, CLIENT_SECRET),
    )

    assert_refused(response, error)


def test_a_refresh_kills_the_old_pair_at_once(standin: StandIn, app: App) -> None:
    fresh = App(standin.http, standin.refresh(app.tokens["refresh_token"]).json())

    assert app.get("profile").status_code == 401
    assert_refused(standin.refresh(app.tokens["refresh_token"]), "invalid_grant")
    assert fresh.get("profile").status_code == 200
    assert standin.state()["token_refreshes"] == 1


def test_an_access_token_lives_almost_four_hours(standin: StandIn, app: App) -> None:
    standin.control("clock", advance_seconds=14390)
    assert app.get("profile").status_code == 200

    standin.control("clock", advance_seconds=10)
    assert app.get("profile").status_code == 401


def test_a_refresh_token_lives_24_months_from_its_last_rotation(standin: StandIn, app: App) -> None:
    standin.control("clock", advance_seconds=729 * 86_400)
    fresh = standin.refresh(app.tokens["refresh_token"])
    assert fresh.status_code == 200

    standin.control("clock", advance_seconds=730 * 86_400)
    assert_refused(standin.refresh(fresh.json()["refresh_token"]), "invalid_grant")


def test_access_tokens_can_die_early_while_refresh_tokens_live_on(standin: StandIn, app: App) -> None:
    standin.control("expire-access-tokens")

    assert app.get("profile").status_code == 401
    assert standin.refresh(app.tokens["refresh_token"]).status_code == 200


def test_revoking_the_refresh_token_ends_the_connection(standin: StandIn, app: App) -> None:
    for _ in range(2):
        response = standin.http.post(
            "/oauth2/revoke", data={"token": app.tokens["refresh_token"]}, auth=(CLIENT_ID, CLIENT_SECRET)
        )
        assert (response.status_code, response.content) == (200, b"")

    assert app.get("profile").status_code == 401
    assert_refused(standin.refresh(app.tokens["refresh_token"]), "invalid_grant")


def test_revoking_needs_the_clients_credentials(standin: StandIn, app: App) -> None:
    response = standin.http.post("/oauth2/revoke", data={"token": app.tokens["refresh_token"]})

    assert_refused(response, "invalid_client", 401)
    assert app.get("profile").status_code == 200


def test_too_many_token_calls_are_refused_and_change_nothing(standin: StandIn, app: App) -> None:
    standin.control("switches", token_rate=1)
    fresh = standin.refresh(app.tokens["refresh_token"]).json()

    assert standin.refresh(fresh["refresh_token"]).status_code == 429
    assert App(standin.http, fresh).get("profile").status_code == 200


def test_hammering_prolongs_the_block_of_the_token_endpoint() -> None:
    now = 0.0
    guard = TokenEndpointGuard(LexofficeSwitches(), now=lambda: now)
    assert [guard.admits() for _ in range(6)] == [True] * 5 + [False]

    now = 29.0
    assert not guard.admits()
    now = 58.0
    assert not guard.admits()
    now = 88.0
    assert guard.admits()
