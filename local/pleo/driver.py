"""An OAuth client that drives a running stand-in: for tests and for preparing demos, never for the product."""

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
    """Consents, fetches tokens, calls the API with them and turns the control surface's knobs."""

    def __init__(self, url: str, settings: PleoSettings) -> None:
        # A context without certificates: the stand-in is plain http on this machine, and loading them is slow.
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=10, verify=tls)
        self.settings = settings
        self.verifier = secrets.token_urlsafe(48)
        self.access_token = ""

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def authorize(self, **changes: str | None) -> httpx.Response:
        """`GET /oauth/authorize` with a correct request, with changes; None leaves a parameter out."""
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
        """Press «Zugriff erlauben» for a company; the query of the redirect back."""
        self.control("POST", "/switches", {"auto_consent": company_id})
        redirect = self.authorize(**changes).headers["location"]
        self.control("POST", "/switches", {"auto_consent": ""})
        return {name: values[0] for name, values in parse_qs(urlsplit(redirect).query).items()}

    def token(self, **form: str) -> httpx.Response:
        """`POST /oauth/token` with the client's credentials in the form."""
        credentials = {"client_id": self.settings.client_id, "client_secret": self.settings.client_secret}
        return self.http.post("/oauth/token", data=credentials | form)

    def redeem(self, code: str, /, **changes: str) -> httpx.Response:
        """Exchange a code for a pair."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.settings.redirect_uris[0],
            "code_verifier": self.verifier,
        }
        return self.token(**(form | changes))

    def refresh(self, refresh_token: str) -> httpx.Response:
        """Rotate a pair."""
        return self.token(grant_type="refresh_token", refresh_token=refresh_token)

    def connect(self, company_id: str = DEFAULT_COMPANY_ID, *, scope: str = ALL_SCOPES) -> dict[str, Any]:
        """Consent and redeem; later API calls carry the token. Answers the token response."""
        pair: dict[str, Any] = self.redeem(self.consent(company_id, scope=scope)["code"]).json()
        self.access_token = pair["access_token"]
        return pair

    def api(self, method: str, path: str, json: Any = None, **query: Any) -> httpx.Response:
        """An API call with the current access token."""
        headers = {"Authorization": f"Bearer {self.access_token}"}
        return self.http.request(method, path, json=json, params=query or None, headers=headers)

    def control(self, method: str, path: str, json: Any = None) -> Any:
        """A control call; its JSON. Raises httpx.HTTPStatusError when it was refused."""
        response = self.http.request(method, f"/control{path}", json=json)
        response.raise_for_status()
        return response.json()
