"""Consent addresses, token grants and revocation at lexoffice."""

from base64 import b64decode
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from scripted import Step, form_of, scripted

from shared.domain.connecting.tokens import ClientCredentials, TokenPair
from shared.errors import AccessGone, OutcomeUnknown, RateLimited, Rejected, UnexpectedAnswer, VendorError
from shared.http.client import Http
from shared.lexoffice import oauth
from shared.lexoffice.models import issues

CLIENT = ClientCredentials("cli-1", "client-secret")
GRANTED = {
    "access_token": "at-1",
    "token_type": "Bearer",
    "expires_in": 14399,
    "refresh_token": "rt-1",
    "scope": "read write",
}


def answering(step: Step) -> tuple[Http, list[httpx.Request]]:
    transport, requests = scripted(step)
    return Http("lexoffice", "https://app.example", issues=issues, transport=transport), requests


def credentials_of(request: httpx.Request) -> bytes:
    return b64decode(request.headers["authorization"].removeprefix("Basic "))


def consent_query(**changes: str) -> dict[str, list[str]]:
    wanted = {
        "client_id": "cli-1",
        "redirect_uri": "https://bridge.example/oauth/lexoffice/callback",
        "scope": "finance.read finance.write",
        "state": "s&1",
        "challenge": "c-1",
        "connection_name": "Pleo",
    }
    url = urlsplit(oauth.authorize_url("https://app.example", **(wanted | changes)))
    assert url._replace(query="").geturl() == "https://app.example/oauth2/authorize"
    return parse_qs(url.query)


def test_the_consent_page_is_asked_for_a_code_with_a_proof_key() -> None:
    assert consent_query() == {
        "response_type": ["code"],
        "client_id": ["cli-1"],
        "redirect_uri": ["https://bridge.example/oauth/lexoffice/callback"],
        "scope": ["finance.read finance.write"],
        "state": ["s&1"],
        "code_challenge": ["c-1"],
        "code_challenge_method": ["S256"],
        "connection_name": ["Pleo"],
    }


def test_a_connection_name_loses_what_lexoffice_does_not_allow() -> None:
    query = consent_query(connection_name="Pleo · Müller & Söhne <GmbH> (Köln), 'A/B'!")

    assert query["connection_name"] == ["Pleo  Müller  Söhne GmbH (Köln), A/B"]


def test_a_code_becomes_a_pair() -> None:
    http, requests = answering(httpx.Response(200, json=GRANTED))

    pair = oauth.exchange(http, client=CLIENT, code="code-1", verifier="v-1", redirect_uri="https://b.example/cb")

    assert pair == TokenPair("at-1", "rt-1", 14399)
    assert requests[0].url.path == "/oauth2/token"
    assert credentials_of(requests[0]) == b"cli-1:client-secret"
    assert form_of(requests[0]) == {
        "grant_type": "authorization_code",
        "code": "code-1",
        "code_verifier": "v-1",
        "redirect_uri": "https://b.example/cb",
    }


def test_a_refresh_token_becomes_the_next_pair() -> None:
    http, requests = answering(httpx.Response(200, json=GRANTED))

    pair = oauth.refresh(http, client=CLIENT, refresh_token="rt-0")

    assert pair.refresh_token == "rt-1"
    assert credentials_of(requests[0]) == b"cli-1:client-secret"
    assert form_of(requests[0]) == {"grant_type": "refresh_token", "refresh_token": "rt-0"}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "invalid_grant", "error_description": "Invalid authorization code"}, AccessGone),
        (400, {"error": "unauthorized_client"}, AccessGone),
        (401, {"error": "invalid_client"}, Rejected),
        (400, {"error": "invalid_request"}, Rejected),
        (429, None, RateLimited),
        (500, {"message": "Internal server error or rate limit exceeded"}, OutcomeUnknown),
        (503, None, OutcomeUnknown),
    ],
)
def test_a_refused_refresh_is_told_apart(status: int, body: object, kind: type[VendorError]) -> None:
    http, requests = answering(httpx.Response(status, json=body))

    with pytest.raises(kind) as caught:
        oauth.refresh(http, client=CLIENT, refresh_token="rt-0")

    assert type(caught.value) is kind
    assert len(requests) == 1


def test_a_lost_refresh_may_have_rotated_the_pair() -> None:
    http, _ = answering(httpx.ReadTimeout("x"))

    with pytest.raises(OutcomeUnknown):
        oauth.refresh(http, client=CLIENT, refresh_token="rt-0")


@pytest.mark.parametrize("change", [{"access_token": ""}, {"refresh_token": None}, {"expires_in": -1}])
def test_an_incomplete_grant_is_unexpected_and_not_quoted(change: dict[str, object]) -> None:
    http, _ = answering(httpx.Response(200, json=GRANTED | change))

    with pytest.raises(UnexpectedAnswer, match=next(iter(change))) as caught:
        oauth.refresh(http, client=CLIENT, refresh_token="rt-0")

    assert "at-1" not in str(caught.value)


def test_a_connection_is_revoked_by_its_refresh_token() -> None:
    http, requests = answering(httpx.Response(200))

    oauth.revoke(http, client=CLIENT, refresh_token="rt-1")

    assert requests[0].url.path == "/oauth2/revoke"
    assert credentials_of(requests[0]) == b"cli-1:client-secret"
    assert form_of(requests[0]) == {"token": "rt-1"}
