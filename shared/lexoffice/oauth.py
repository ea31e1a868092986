"""lexoffice's authorisation server: build the consent address, request and revoke tokens.

It is on the app's host, not on the API's. https://developers.lexware.io/partner/docs
"""

import re
from urllib.parse import urlencode

from shared.domain.connecting.tokens import ClientCredentials, TokenPair
from shared.http.answer import HttpAnswer
from shared.http.call import Form
from shared.http.client import Http
from shared.http.grants import code_grant, refresh_grant, request_tokens

# lexoffice answers unauthorized_client if Lexware's support has disabled the client.
_GONE = {"invalid_grant", "unauthorized_client"}
_NOT_IN_CONNECTION_NAME = re.compile(r'[^A-Za-zäöüÄÖÜß0-9\s/?.\-{}"_\\:=,()]')


def authorize_url(
    app_url: str,
    *,
    client_id: str,
    redirect_uri: str,
    scope: str,
    state: str,
    challenge: str,
    connection_name: str,
) -> str:
    """Return the address of lexoffice's consent page.

    - `scope`: space-separated.
    - `challenge`: S256.
    - `connection_name`: the name in lexoffice's list of connections. Characters that lexoffice does not allow are
      removed.
    """
    query = urlencode(
        {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": scope,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "connection_name": _NOT_IN_CONNECTION_NAME.sub("", connection_name),
        }
    )
    return f"{app_url.rstrip('/')}/oauth2/authorize?{query}"


def exchange(http: Http, *, client: ClientCredentials, code: str, verifier: str, redirect_uri: str) -> TokenPair:
    """Exchange an authorisation code for the first token pair. Raises AccessGone if lexoffice refuses the code.

    A code expires after five minutes, and any error uses it up.
    """
    return _request_tokens(http, client, code_grant(code=code, verifier=verifier, redirect_uri=redirect_uri))


def refresh(http: Http, *, client: ClientCredentials, refresh_token: str) -> TokenPair:
    """Exchange a refresh token for the next token pair. lexoffice invalidates the old pair.

    - Raises AccessGone if lexoffice refuses the token.
    - After OutcomeUnknown, the token may be used up.
    """
    return _request_tokens(http, client, refresh_grant(refresh_token))


def revoke(http: Http, *, client: ClientCredentials, refresh_token: str) -> None:
    """Revoke a refresh token. This also ends its access token and its event subscriptions."""
    _post(http, "/oauth2/revoke", client, {"token": refresh_token}, idempotent=True)


def _request_tokens(http: Http, client: ClientCredentials, grant: dict[str, str]) -> TokenPair:
    return request_tokens(
        lambda: _post(http, "/oauth2/token", client, grant), is_final=lambda issue: issue.kind in _GONE
    )


def _post(
    http: Http, path: str, client: ClientCredentials, form: dict[str, str], *, idempotent: bool = False
) -> HttpAnswer:
    basic = (client.client_id, client.client_secret)
    return http.request("POST", path, form=Form(form, basic), idempotent=idempotent)
