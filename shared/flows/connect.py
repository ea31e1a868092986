"""Connecting a company in a browser: consent at Pleo, consent at lexoffice, set-up, result.

A browser is known by a random cookie; the PKCE verifier is derived from cookie and state, so it is stored nowhere.
Each vendor has a callback of its own and each state belongs to one vendor, so one vendor's answer cannot be passed off
as the other's.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from shared.aws.attempts import Attempts, Refusal, StateRefusedError
from shared.aws.connections import Connection, Connections, OtherOrganisationError
from shared.domain import pkce
from shared.domain.catalogue import ImplausibleCatalogueError
from shared.domain.tokens import TokenPair
from shared.errors import AccessGone, Forbidden, OutOfTime, VendorError
from shared.flows.catalogue import SyncIncompleteError
from shared.flows.set_up import AccountDeactivatedError, SetUp, SetUpBusyError
from shared.flows.vendors import LEXOFFICE, PLEO, Remaining, Vendors
from shared.lexoffice import oauth as lexoffice_oauth
from shared.lexoffice.models import Profile
from shared.pleo import oauth as pleo_oauth
from shared.telemetry import attention, note, warn

# What the feed and the export need, nothing more (https://developers.lexware.io/partner/docs, scopes).
LEXOFFICE_SCOPES = (
    "profile.read finance.read finance.write vouchers.read vouchers.write files.read files.write contacts.read "
    "contacts.write transaction-assignment-hint.write voucherlist.read payments.read"
)
_BOOKKEEPING = "BOOKKEEPING"


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send the browser elsewhere."""

    url: str


@dataclass(frozen=True, slots=True)
class Page:
    """Show a page by its name (shared/pages/texts.py); `status` is the HTTP status."""

    name: str
    status: int = 200


type Step = Redirect | Page

_CONNECTED = Page("connected")
_REFUSED_STATES = {
    Refusal.UNKNOWN: Page("foreign_browser", 400),
    Refusal.MISMATCH: Page("foreign_state", 400),
    Refusal.EXPIRED: Page("expired", 400),
    Refusal.USED: Page("used", 400),
}


class Connect:
    """The steps of connecting."""

    def __init__(
        self,
        *,
        attempts: Attempts,
        connections: Connections,
        vendors: Vendors,
        set_up: SetUp,
        pleo_auth_url: str,
        pleo_scopes: str,
        lexoffice_app_url: str,
    ) -> None:
        self._attempts = attempts
        self._connections = connections
        self._vendors = vendors
        self._set_up = set_up
        self._pleo_auth_url = pleo_auth_url
        self._pleo_scopes = pleo_scopes
        self._lexoffice_app_url = lexoffice_app_url

    def start(self, cookie: str, public_url: str) -> Step:
        """Begin: to Pleo's consent page."""
        state = secrets.token_urlsafe(32)
        self._attempts.await_answer(cookie, PLEO, state, datetime.now(UTC))
        return Redirect(
            pleo_oauth.authorize_url(
                self._pleo_auth_url,
                client_id=self._vendors.pleo_credentials.client_id,
                redirect_uri=f"{public_url}/oauth/pleo/callback",
                scope=self._pleo_scopes,
                state=state,
                challenge=pkce.challenge(_verifier(cookie, state)),
            )
        )

    def pleo_answered(self, cookie: str, query: Mapping[str, str], public_url: str) -> Step:
        """Back from Pleo: whose company is it? Then on to lexoffice's consent page."""
        try:
            self._attempts.claim(cookie, PLEO, query.get("state", ""), datetime.now(UTC))
            if "code" not in query:
                return _declined(PLEO, query)
            pair = pleo_oauth.exchange(
                self._vendors.pleo_auth,
                client=self._vendors.pleo_credentials,
                code=query["code"],
                verifier=_verifier(cookie, query["state"]),
                redirect_uri=f"{public_url}/oauth/pleo/callback",
            )
            connection = self._opened(pair)
        except StateRefusedError as error:
            return _REFUSED_STATES[error.refusal]
        except VendorError as error:
            return _failed(error)
        if connection is None:
            return Page("organisation_token", 400)
        return self._to_lexoffice(cookie, connection, public_url)

    def lexoffice_answered(self, cookie: str, query: Mapping[str, str], public_url: str, remaining: Remaining) -> Step:
        """Back from lexoffice: is it the right organisation with the right plan? Then everything is set up."""
        try:
            attempt = self._attempts.claim(cookie, LEXOFFICE, query.get("state", ""), datetime.now(UTC))
            if "code" not in query:
                return _declined(LEXOFFICE, query)
            connection = self._connections.get(attempt.connection_id)
            if connection is None:
                return _REFUSED_STATES[Refusal.UNKNOWN]
            page = self._linked(cookie, query, connection, public_url, remaining)
        except StateRefusedError as error:
            return _REFUSED_STATES[error.refusal]
        except VendorError as error:
            return _failed(error)
        except OutOfTime:
            return Page("vendor_down", 502)
        if page != _CONNECTED:
            return page
        self._attempts.finish(cookie, page.name, connection.connection_id)
        return Redirect(f"{public_url}/connect/result")

    def result(self, cookie: str) -> tuple[Page, Connection | None]:
        """What the browser sees at the end, as often as it is reloaded."""
        attempt = self._attempts.read(cookie)
        if attempt is None or not attempt.result:
            return Page("nothing_here", 404), None
        return Page(attempt.result), self._connections.get(attempt.connection_id)

    def _opened(self, pair: TokenPair) -> Connection | None:
        """The connection of the company that consented, with its fresh Pleo tokens; None for an organisation."""
        pleo = self._vendors.pleo_with(pair)
        company_id = pleo.introspect().company_id
        if company_id is None:
            return None
        name = pleo.company(company_id).name
        connection = self._connections.open(
            Connection(connection_id=secrets.token_hex(16), company_id=company_id.lower(), company_name=name)
        )
        self._vendors.tokens.save(connection.connection_id, connection.company_id, PLEO, pair)
        return connection

    def _to_lexoffice(self, cookie: str, connection: Connection, public_url: str) -> Step:
        state = secrets.token_urlsafe(32)
        self._attempts.await_answer(cookie, LEXOFFICE, state, datetime.now(UTC), connection.connection_id)
        return Redirect(
            lexoffice_oauth.authorize_url(
                self._lexoffice_app_url,
                client_id=self._vendors.lexoffice_credentials.client_id,
                redirect_uri=f"{public_url}/oauth/lexoffice/callback",
                scope=LEXOFFICE_SCOPES,
                state=state,
                challenge=pkce.challenge(_verifier(cookie, state)),
                connection_name=f"Pleo {connection.company_name}",
            )
        )

    def _linked(
        self, cookie: str, query: Mapping[str, str], connection: Connection, public_url: str, remaining: Remaining
    ) -> Page:
        pair = lexoffice_oauth.exchange(
            self._vendors.lexoffice_auth,
            client=self._vendors.lexoffice_credentials,
            code=query["code"],
            verifier=_verifier(cookie, query["state"]),
            redirect_uri=f"{public_url}/oauth/lexoffice/callback",
        )
        try:
            profile = self._vendors.lexoffice_with(pair, connection, remaining).profile()
        except (VendorError, OutOfTime):
            self._give_back(pair)
            raise
        if _BOOKKEEPING not in profile.business_features:
            self._give_back(pair)
            return Page("plan", 409)
        try:
            connection = self._connections.claim_organisation(connection, profile.organization_id, profile.company_name)
        except OtherOrganisationError:
            # The connection that stands stays as it is; what was just granted is given back.
            self._give_back(pair)
            return Page("other_organisation", 409)
        self._vendors.tokens.save(connection.connection_id, connection.company_id, LEXOFFICE, pair)
        self._vendors.charge_lexoffice(connection)
        return self._finished(connection, profile, public_url, remaining)

    def _finished(self, connection: Connection, profile: Profile, public_url: str, remaining: Remaining) -> Page:
        connection_id = connection.connection_id
        try:
            self._set_up.run(connection, profile, public_url=public_url, remaining=remaining)
        except SetUpBusyError:
            return Page("busy", 409)
        except AccountDeactivatedError:
            return Page("account_deactivated", 409)
        except (ImplausibleCatalogueError, SyncIncompleteError) as error:
            attention("set-up stopped", connection_id=connection_id, detail=str(error))
            return Page("catalogue", 502)
        except (VendorError, OutOfTime) as error:
            attention("set-up stopped", connection_id=connection_id, detail=str(error))
            return Page("half_way", 502)
        return _CONNECTED

    def _give_back(self, pair: TokenPair) -> None:
        try:
            lexoffice_oauth.revoke(
                self._vendors.lexoffice_auth,
                client=self._vendors.lexoffice_credentials,
                refresh_token=pair.refresh_token,
            )
        except VendorError as error:
            warn("tokens not given back", cause=str(error))


def _verifier(cookie: str, state: str) -> str:
    """The PKCE verifier of one round: nobody without the browser's cookie can compute it."""
    return pkce.verifier(hmac.digest(cookie.encode(), state.encode(), sha256))


def _declined(vendor: str, query: Mapping[str, str]) -> Page:
    """The person said no, or the vendor did. The vendor's words are not repeated: anybody can write them."""
    if query.get("error") == "access_denied":
        note("consent declined", vendor=vendor)
        return Page("declined")
    attention("consent failed", vendor=vendor)
    return Page("consent_failed", 400)


def _failed(error: VendorError) -> Page:
    warn("connecting failed", cause=str(error), request_id=error.request_id)
    if isinstance(error, AccessGone):
        return Page("code_refused", 400)
    if isinstance(error, Forbidden):
        return Page("missing_rights", 409)
    return Page("vendor_down", 502)
