"""Pleo's authorisation server: where the admin is sent, and how codes and refresh tokens become token pairs.

https://developers.pleo.io/docs/oauth
"""

from urllib.parse import urlencode

from pydantic import BaseModel, Field

from shared.domain.tokens import ClientCredentials, TokenPair
from shared.errors import AccessGone, Rejected
from shared.http import Http

# RFC 6749 §5.2, and what a public client of Pleo's found in the error of a dead refresh token.
_GONE = ("invalid_grant", "invalid_refresh_token", "unauthorized_client")


class _Tokens(BaseModel):
    access_token: str = Field(min_length=1)
    refresh_token: str = Field(min_length=1)
    # RFC 6749 §5.1 only recommends it, and losing a fresh pair over it would lose the connection.
    expires_in: int = Field(300, gt=0)
    scope: str | None = None


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
    grant = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": redirect_uri,
    }
    return _granted(http, client, grant)


def refresh(http: Http, *, client: ClientCredentials, refresh_token: str) -> TokenPair:
    """Turn a refresh token into the next pair; the old pair dies with it.

    AccessGone when the token is not accepted. After OutcomeUnknown it may have been used up all the same.
    """
    return _granted(http, client, {"grant_type": "refresh_token", "refresh_token": refresh_token})


def _granted(http: Http, client: ClientCredentials, grant: dict[str, str]) -> TokenPair:
    form = {**grant, "client_id": client.client_id, "client_secret": client.client_secret}
    try:
        answer = http.request("POST", "/oauth/token", form=form)
    except Rejected as error:
        if any(word in f"{issue.kind} {issue.message}" for issue in error.issues for word in _GONE):
            raise AccessGone(error.vendor, error.operation, status=error.status, issues=error.issues) from error
        raise
    tokens = answer.read(_Tokens.model_validate)
    return TokenPair(tokens.access_token, tokens.refresh_token, tokens.expires_in, tokens.scope or "")
