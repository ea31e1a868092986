"""Pleo's authorisation server: build the consent address, exchange codes and refresh tokens for token pairs.

https://developers.pleo.io/docs/oauth
"""

from urllib.parse import urlencode

from shared.domain.connecting.tokens import ClientCredentials, TokenPair
from shared.errors import Issue
from shared.http.call import Form
from shared.http.client import Http
from shared.http.grants import code_grant, refresh_grant, request_tokens

# Errors that mean a dead grant: RFC 6749 §5.2, and those that a public client of Pleo has seen for a refresh token.
_GONE = ("invalid_grant", "invalid_refresh_token", "unauthorized_client")


def authorize_url(auth_url: str, *, client_id: str, redirect_uri: str, scope: str, state: str, challenge: str) -> str:
    """Return the address of Pleo's consent page. `scope` is space-separated; `challenge` is S256."""
    query = urlencode(
        {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": scope,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
    )
    return f"{auth_url.rstrip('/')}/oauth/authorize?{query}"


def exchange(http: Http, *, client: ClientCredentials, code: str, verifier: str, redirect_uri: str) -> TokenPair:
    """Exchange an authorisation code for the first token pair. Raises AccessGone if Pleo refuses the code."""
    return _request_tokens(http, client, code_grant(code=code, verifier=verifier, redirect_uri=redirect_uri))


def refresh(http: Http, *, client: ClientCredentials, refresh_token: str) -> TokenPair:
    """Exchange a refresh token for the next token pair. Pleo invalidates the old pair.

    - Raises AccessGone if Pleo refuses the token.
    - After OutcomeUnknown, the token may be used up.
    """
    return _request_tokens(http, client, refresh_grant(refresh_token))


def _request_tokens(http: Http, client: ClientCredentials, grant: dict[str, str]) -> TokenPair:
    form = {**grant, "client_id": client.client_id, "client_secret": client.client_secret}
    return request_tokens(lambda: http.request("POST", "/oauth/token", form=Form(form)), is_final=_is_final)


def _is_final(issue: Issue) -> bool:
    return any(word in f"{issue.kind} {issue.message}" for word in _GONE)
