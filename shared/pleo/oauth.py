"""Pleo's authorisation server: where the admin is sent, and how codes and refresh tokens become token pairs.

https://developers.pleo.io/docs/oauth
"""

from urllib.parse import urlencode

from shared.domain.connecting.tokens import ClientCredentials, TokenPair
from shared.errors import Issue
from shared.http.call import Form
from shared.http.client import Http
from shared.http.grants import code_grant, refresh_grant, request_tokens

# RFC 6749 §5.2, and what a public client of Pleo's found in the error of a dead refresh token.
_GONE = ("invalid_grant", "invalid_refresh_token", "unauthorized_client")


def authorize_url(auth_url: str, *, client_id: str, redirect_uri: str, scope: str, state: str, challenge: str) -> str:
    """Return the address of Pleo's consent page; `scope` is space separated, `challenge` is S256."""
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
    """Turn an authorisation code into the first pair; AccessGone when the code is not accepted."""
    return _request_tokens(http, client, code_grant(code=code, verifier=verifier, redirect_uri=redirect_uri))


def refresh(http: Http, *, client: ClientCredentials, refresh_token: str) -> TokenPair:
    """Turn a refresh token into the next pair; the old pair dies with it.

    AccessGone when the token is not accepted. After OutcomeUnknown it may have been used up all the same.
    """
    return _request_tokens(http, client, refresh_grant(refresh_token))


def _request_tokens(http: Http, client: ClientCredentials, grant: dict[str, str]) -> TokenPair:
    form = {**grant, "client_id": client.client_id, "client_secret": client.client_secret}
    return request_tokens(lambda: http.request("POST", "/oauth/token", form=Form(form)), is_final=_is_final)


def _is_final(issue: Issue) -> bool:
    return any(word in f"{issue.kind} {issue.message}" for word in _GONE)
