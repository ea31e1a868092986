"""Consent addresses and token grants at Pleo."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from scripted import Step, form_of, scripted

from shared.domain.connecting.tokens import ClientCredentials, TokenPair
from shared.errors import (
    AccessGone,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
    VendorError,
)
from shared.http.client import Http
from shared.pleo import oauth
from shared.pleo.models import issues

CLIENT = ClientCredentials("cli-1", "client-secret")
GRANTED = {
    "access_token": "at-1",
    "token_type": "Bearer",
    "expires_in": 900,
    "refresh_token": "rt-1",
    "scope": "accounts:read accounts:write",
}


def answering(step: Step) -> tuple[Http, list[httpx.Request]]:
    transport, requests = scripted(step)
    return Http("pleo", "https://auth.example", issues=issues, transport=transport), requests


def test_the_consent_page_is_asked_for_a_code_with_a_proof_key() -> None:
    url = oauth.authorize_url(
        "https://auth.example/",
        client_id="cli-1",
        redirect_uri="https://bridge.example/oauth/pleo/callback",
        scope="accounts:read accounts:write",
        state="s&1",
        challenge="c-1",
    )

    parts = urlsplit(url)
    assert parts._replace(query="").geturl() == "https://auth.example/oauth/authorize"
    assert parse_qs(parts.query) == {
        "response_type": ["code"],
        "client_id": ["cli-1"],
        "redirect_uri": ["https://bridge.example/oauth/pleo/callback"],
        "scope": ["accounts:read accounts:write"],
        "state": ["s&1"],
        "code_challenge": ["c-1"],
        "code_challenge_method": ["S256"],
    }


def test_a_code_becomes_a_pair() -> None:
    http, requests = answering(httpx.Response(200, json=GRANTED))

    pair = oauth.exchange(http, client=CLIENT, code="code-1", verifier="v-1", redirect_uri="https://b.example/cb")

    assert pair == TokenPair("at-1", "rt-1", 900)
    assert requests[0].url.path == "/oauth/token"
    assert "authorization" not in requests[0].headers
    assert form_of(requests[0]) == {
        "grant_type": "authorization_code",
        "code": "code-1",
        "code_verifier": "v-1",
        "redirect_uri": "https://b.example/cb",
        "client_id": "cli-1",
        "client_secret": "client-secret",
    }


def test_a_refresh_token_becomes_the_next_pair() -> None:
    http, requests = answering(httpx.Response(200, json=GRANTED))

    pair = oauth.refresh(http, client=CLIENT, refresh_token="rt-0")

    assert pair.refresh_token == "rt-1"
    assert form_of(requests[0]) == {
        "grant_type": "refresh_token",
        "refresh_token": "rt-0",
        "client_id": "cli-1",
        "client_secret": "client-secret",
    }


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "invalid_grant", "error_description": "invalid_refresh_token"}, AccessGone),
        (400, {"error": "invalid_grant"}, AccessGone),
        (401, {"error": "invalid_refresh_token"}, AccessGone),
        (400, {"type": "BAD_REQUEST", "message": "invalid_refresh_token"}, AccessGone),
        (400, {"error": "unauthorized_client"}, AccessGone),
        (401, {"error": "invalid_client"}, Rejected),
        (400, {"error": "invalid_request"}, Rejected),
        (400, None, Rejected),
        (429, {}, RateLimited),
        (500, {}, OutcomeUnknown),
        (503, {}, OutcomeUnknown),
    ],
)
def test_a_refused_refresh_is_told_apart(status: int, body: object, kind: type[VendorError]) -> None:
    http, requests = answering(httpx.Response(status, json=body))

    with pytest.raises(kind) as caught:
        oauth.refresh(http, client=CLIENT, refresh_token="rt-0")

    assert type(caught.value) is kind
    assert len(requests) == 1


@pytest.mark.parametrize(
    ("failure", "kind"),
    [(httpx.ReadTimeout("x"), OutcomeUnknown), (httpx.ConnectError("x"), Unavailable)],
)
def test_a_lost_refresh_may_have_rotated_the_pair_unless_it_never_left(
    failure: Exception, kind: type[VendorError]
) -> None:
    http, _ = answering(failure)

    with pytest.raises(kind):
        oauth.refresh(http, client=CLIENT, refresh_token="rt-0")


@pytest.mark.parametrize(
    "change",
    [
        {"access_token": None},
        {"access_token": ""},
        {"refresh_token": None},
        {"refresh_token": 7},
        {"expires_in": 0},
        {"expires_in": "soon"},
    ],
)
def test_an_incomplete_grant_is_unexpected_and_not_quoted(change: dict[str, object]) -> None:
    http, _ = answering(httpx.Response(200, json=GRANTED | change))

    with pytest.raises(UnexpectedAnswer, match=next(iter(change))) as caught:
        oauth.refresh(http, client=CLIENT, refresh_token="rt-0")

    assert "rt-1" not in str(caught.value)


def test_a_pair_without_a_lifetime_is_kept_and_renewed_soon() -> None:
    granted = {name: value for name, value in GRANTED.items() if name not in {"expires_in", "scope"}}
    http, _ = answering(httpx.Response(200, json=granted))

    assert oauth.refresh(http, client=CLIENT, refresh_token="rt-0") == TokenPair("at-1", "rt-1", 300)


def test_secrets_do_not_show() -> None:
    assert "client-secret" not in repr(CLIENT)
    assert "secret-" not in repr(TokenPair("secret-a", "secret-r", 900))
