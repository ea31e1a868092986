"""An OAuth client that drives a running stand-in, for tests and for preparing demos. The product does not use it."""

import secrets
import ssl
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from local.pleo.settings import PleoSettings
from local.pleo.world import DEFAULT_COMPANY_ID
from local.standin.pkce import challenge_of

ALL_SCOPES = (
    "accounts:read accounts:write tax-codes:read tax-codes:write companies:read "
    "export-jobs:read export-jobs:write export-items:read"
)


class Driver:
    """Gives consent, fetches tokens, calls the API with them and uses the control surface."""

    def __init__(self, url: str, settings: PleoSettings) -> None:
        # A context without certificates: the stand-in uses plain HTTP on this machine, and loading certificates is
        # slow.
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=10, verify=tls)
        self.settings = settings
        self.verifier = secrets.token_urlsafe(48)
        self.access_token = ""

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def authorize(self, **changes: str | None) -> httpx.Response:
        """Send `GET /oauth/authorize` with a correct request, modified by `changes`; None omits a parameter."""
        query: dict[str, str | None] = {
            "client_id": self.settings.client_id,
            "redirect_uri": self.settings.redirect_uris[0],
            "response_type": "code",
            "scope": ALL_SCOPES,
            "state": "state-1",
            "code_challenge_method": "S256",
            "code_challenge": challenge_of(self.verifier),
            **changes,
        }
        return self.http.get("/oauth/authorize", params={k: v for k, v in query.items() if v is not None})

    def consent(self, company_id: str = DEFAULT_COMPANY_ID, /, **changes: str | None) -> dict[str, str]:
        """Click «Zugriff erlauben» for a company; return the query of the redirect to the app."""
        self.control("POST", "/switches", {"auto_consent": company_id})
        redirect = self.authorize(**changes).headers["location"]
        self.control("POST", "/switches", {"auto_consent": ""})
        return {name: values[0] for name, values in parse_qs(urlsplit(redirect).query).items()}

    def token(self, **form: str) -> httpx.Response:
        """Send `POST /oauth/token` with the client's credentials in the form."""
        credentials = {"client_id": self.settings.client_id, "client_secret": self.settings.client_secret}
        return self.http.post("/oauth/token", data=credentials | form)

    def redeem(self, code: str, /, **changes: str) -> httpx.Response:
        """Exchange a code for a token pair."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.settings.redirect_uris[0],
            "code_verifier": self.verifier,
        }
        return self.token(**(form | changes))

    def refresh(self, refresh_token: str) -> httpx.Response:
        """Exchange a refresh token for a new pair."""
        return self.token(grant_type="refresh_token", refresh_token=refresh_token)

    def connect(self, company_id: str = DEFAULT_COMPANY_ID, *, scope: str = ALL_SCOPES) -> dict[str, Any]:
        """Give consent and redeem the code; later API calls use the token. Return the token response."""
        pair: dict[str, Any] = self.redeem(self.consent(company_id, scope=scope)["code"]).json()
        self.access_token = pair["access_token"]
        return pair

    def api(self, method: str, path: str, json: Any = None, **query: Any) -> httpx.Response:
        """Call the API with the current access token."""
        headers = {"Authorization": f"Bearer {self.access_token}"}
        return self.http.request(method, path, json=json, params=query or None, headers=headers)

    def control(self, method: str, path: str, json: Any = None) -> Any:
        """Call the control surface and return its JSON. Raise httpx.HTTPStatusError if it refuses the call."""
        response = self.http.request(method, f"/control{path}", json=json)
        response.raise_for_status()
        return response.json()
