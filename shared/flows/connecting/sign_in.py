"""Sign an admin in with Pleo's consent: an admin who may act for the company at Pleo may see its status page.

Signing in connects nothing. Consent has two side effects (docs/assumptions.md#pleo-consent-again):

- It issues new tokens and may invalidate the previous ones, so the new tokens are stored as in connecting.
- It may reset the installation to `AUTHORIZED`, so the installation is activated again.
"""

import secrets
from datetime import UTC, datetime

from shared.aws.attempts import Purpose
from shared.aws.connections import Connections, Status
from shared.aws.sessions import Sessions
from shared.domain.connecting.tokens import TokenPair
from shared.errors import VendorError
from shared.flows.connecting.consent import MessagePage, PleoConsent, Redirect, Step
from shared.flows.vendors import PLEO, Vendors
from shared.pleo.client import PleoClient
from shared.telemetry import log_info, log_warning

ACTIVATED = "ACTIVATED"


class SignIn:
    """Signs admins in and out."""

    def __init__(self, *, connections: Connections, sessions: Sessions, vendors: Vendors, pleo: PleoConsent) -> None:
        self._connections = connections
        self._sessions = sessions
        self._vendors = vendors
        self._pleo = pleo

    def start(self, cookie: str, public_url: str) -> Step:
        """Redirect to Pleo's consent page."""
        return self._pleo.redirect_to_consent(cookie, public_url, Purpose.STATUS)

    def finish(self, pair: TokenPair, public_url: str) -> Step:
        """Begin a session for the company that consented; redirect to its status page. Raises vendor errors."""
        pleo = self._vendors.pleo_with(pair)
        company_id = pleo.introspect().company_id
        if company_id is None:
            return MessagePage("organisation_token", 400)
        connection = self._connections.by_company(company_id.lower())
        if connection is None or connection.status is Status.DISCONNECTED:
            _delete_installation(pleo)
            return MessagePage("not_connected")
        self._vendors.tokens.save(connection.connection_id, connection.company_id, PLEO, pair)
        if connection.status is not Status.CONNECTING:
            activate(pleo)
        cookie = secrets.token_urlsafe(32)
        self._sessions.begin(cookie, connection.connection_id, datetime.now(UTC))
        log_info("signed in", connection_id=connection.connection_id)
        return Redirect(f"{public_url}/status", session=cookie)

    def end(self, cookie: str) -> None:
        """End a session."""
        self._sessions.end(cookie)


def activate(pleo: PleoClient) -> None:
    """Activate the installation at Pleo, which marks the set-up as complete, unless it is already active."""
    if pleo.installation().status != ACTIVATED:
        pleo.activate_installation()


def _delete_installation(pleo: PleoClient) -> None:
    """Delete the installation: the company is not connected, so the access just granted must end at once."""
    try:
        pleo.delete_installation()
    except VendorError as error:
        log_warning("tokens not revoked", cause=str(error))
