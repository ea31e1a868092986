"""Request consent at a vendor: the redirect, the callback, and the page to show after a failure.

- A random cookie identifies the browser. The PKCE verifier is derived from cookie and state, so it is not stored.
- Each vendor has its own callback, and each state belongs to one vendor. An answer of one vendor therefore cannot be
  used as an answer of the other.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from shared.aws.attempts import Attempt, Attempts, Purpose, StateRefusal
from shared.domain.connecting.tokens import TokenPair, pkce_challenge, pkce_verifier
from shared.domain.feeding.start import Choice
from shared.errors import AccessGone, Forbidden, VendorError
from shared.flows.vendors import PLEO, Vendors
from shared.pleo import oauth as pleo_oauth
from shared.telemetry import alert, log_info, log_warning

_PLEO_CALLBACK = "/oauth/pleo/callback"


@dataclass(frozen=True, slots=True)
class Redirect:
    """Redirect the browser to `url`; `session` is the cookie of a session that begins, or ""."""

    url: str
    session: str = ""


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Show the message page `name` (shared/texts/messages.py) with the HTTP status `status`."""

    name: str
    status: int = 200


type Step = Redirect | MessagePage

REFUSED_STATES = {
    StateRefusal.UNKNOWN: MessagePage("foreign_browser", 400),
    StateRefusal.MISMATCH: MessagePage("foreign_state", 400),
    StateRefusal.EXPIRED: MessagePage("expired", 400),
    StateRefusal.USED: MessagePage("used", 400),
}


class DeclinedError(Exception):
    """The vendor redirected the browser back without a code; `page` explains it."""

    def __init__(self, page: MessagePage) -> None:
        self.page = page
        super().__init__(page.name)


class PleoConsent:
    """Requests consent at Pleo, for connecting and for signing in."""

    def __init__(self, *, attempts: Attempts, vendors: Vendors, auth_url: str, scopes: str) -> None:
        self._attempts = attempts
        self._vendors = vendors
        self._auth_url = auth_url
        self._scopes = scopes

    def redirect_to_consent(
        self, cookie: str, public_url: str, purpose: Purpose, choice: Choice | None = None
    ) -> Redirect:
        """Return the redirect to Pleo's consent page; `choice` is stored for the callback."""
        state = secrets.token_urlsafe(32)
        self._attempts.open_state(cookie, PLEO, state, datetime.now(UTC), purpose=purpose, choice=choice)
        return Redirect(
            pleo_oauth.authorize_url(
                self._auth_url,
                client_id=self._vendors.pleo_credentials.client_id,
                redirect_uri=f"{public_url}{_PLEO_CALLBACK}",
                scope=self._scopes,
                state=state,
                challenge=pkce_challenge(verifier(cookie, state)),
            )
        )

    def exchange_code(self, cookie: str, query: Mapping[str, str], public_url: str) -> tuple[Attempt, TokenPair]:
        """Exchange the callback's code for tokens; return the browser's attempt and the tokens.

        Raises StateRefusedError, DeclinedError and vendor errors.
        """
        attempt = self._attempts.claim(cookie, PLEO, query.get("state", ""), datetime.now(UTC))
        pair = pleo_oauth.exchange(
            self._vendors.pleo_auth,
            client=self._vendors.pleo_credentials,
            code=code_in(query, PLEO),
            verifier=verifier(cookie, query["state"]),
            redirect_uri=f"{public_url}{_PLEO_CALLBACK}",
        )
        return attempt, pair


def verifier(cookie: str, state: str) -> str:
    """Return the PKCE verifier for a state. Computing it requires the browser's cookie."""
    return pkce_verifier(hmac.digest(cookie.encode(), state.encode(), sha256))


def code_in(query: Mapping[str, str], vendor: str) -> str:
    """Return the code of a vendor's callback. Raises DeclinedError if the admin or the vendor refused.

    The vendor's error text is not shown: a forged link could contain any text.
    """
    if "code" in query:
        return query["code"]
    if query.get("error") == "access_denied":
        log_info("consent declined", vendor=vendor)
        raise DeclinedError(MessagePage("declined"))
    alert("consent failed", vendor=vendor)
    raise DeclinedError(MessagePage("consent_failed", 400))


def page_for(error: VendorError) -> MessagePage:
    """Return the page that explains a vendor's error to the admin."""
    log_warning("connecting failed", cause=str(error), vendor_request_id=error.request_id or "")
    if isinstance(error, AccessGone):
        return MessagePage("code_refused", 400)
    if isinstance(error, Forbidden):
        return MessagePage("missing_rights", 409)
    return MessagePage("vendor_down", 502)
