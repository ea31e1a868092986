"""Connect a company in the browser: consent at Pleo, consent at lexoffice; then the sync worker sets the company up.

Reconnecting uses the same steps. It restores revoked access, continues a set-up that stopped, and creates nothing
twice. A company may only be linked to the same organisation again, even after disconnecting: the ledger describes that
organisation's books.
"""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shared.aws.attempts import Attempts, Purpose, StateRefusedError
from shared.aws.connections import Connection, Connections, OtherOrganisationError, Status
from shared.aws.queues import SyncQueue
from shared.domain.connecting import company_state
from shared.domain.connecting.set_up import Progress, StepState, progress
from shared.domain.connecting.tokens import TokenPair, pkce_challenge
from shared.domain.feeding.start import Choice
from shared.domain.syncing.requests import SyncRequest
from shared.domain.times import utc_text
from shared.errors import OutOfTime, VendorError
from shared.flows.connecting.consent import (
    REFUSED_STATES,
    DeclinedError,
    MessagePage,
    PleoConsent,
    Redirect,
    Step,
    code_in,
    page_for,
    verifier,
)
from shared.flows.connecting.sign_in import SignIn
from shared.flows.vendors import LEXOFFICE, PLEO, Remaining, Vendors
from shared.lexoffice import oauth as lexoffice_oauth
from shared.lexoffice.models import Profile
from shared.telemetry import log_warning

# The minimum that the feed and the export need (https://developers.lexware.io/partner/docs, scopes).
LEXOFFICE_SCOPES = (
    "profile.read finance.read finance.write vouchers.read vouchers.write files.read files.write contacts.read "
    "contacts.write transaction-assignment-hint.write voucherlist.read payments.read"
)
_BOOKKEEPING = "BOOKKEEPING"
_LINKED = "linked"


class Connect:
    """Handles the browser's steps of connecting."""

    def __init__(
        self,
        *,
        attempts: Attempts,
        connections: Connections,
        vendors: Vendors,
        queue: SyncQueue,
        pleo: PleoConsent,
        sign_in: SignIn,
        lexoffice_app_url: str,
    ) -> None:
        self._attempts = attempts
        self._connections = connections
        self._vendors = vendors
        self._queue = queue
        self._pleo = pleo
        self._sign_in = sign_in
        self._lexoffice_app_url = lexoffice_app_url

    def start(self, cookie: str, public_url: str, choice: Choice) -> Step:
        """Redirect to Pleo's consent page. `choice` applies only if the company was never connected before."""
        return self._pleo.redirect_to_consent(cookie, public_url, Purpose.CONNECT, choice)

    def handle_pleo_callback(self, cookie: str, query: Mapping[str, str], public_url: str) -> Step:
        """Handle the redirect back from Pleo.

        Identify the company, then redirect to lexoffice's consent page, or finish signing in.
        """
        try:
            attempt, pair = self._pleo.exchange_code(cookie, query, public_url)
            if attempt.purpose is Purpose.STATUS:
                return self._sign_in.finish(pair, public_url)
            connection = self._open_connection(pair)
        except StateRefusedError as error:
            return REFUSED_STATES[error.refusal]
        except DeclinedError as error:
            return error.page
        except VendorError as error:
            return page_for(error)
        if connection is None:
            return MessagePage("organisation_token", 400)
        return self._to_lexoffice(cookie, connection, public_url, attempt.choice)

    def handle_lexoffice_callback(
        self, cookie: str, query: Mapping[str, str], public_url: str, remaining: Remaining
    ) -> Step:
        """Handle the redirect back from lexoffice.

        Check the organisation and its plan, link it to the company, and request the set-up from the sync worker.
        """
        try:
            attempt = self._attempts.claim(cookie, LEXOFFICE, query.get("state", ""), datetime.now(UTC))
            code = code_in(query, LEXOFFICE)
            connection = self._connections.get(attempt.connection_id)
            if connection is None:
                return MessagePage("foreign_browser", 400)
            pair = lexoffice_oauth.exchange(
                self._vendors.lexoffice_auth,
                client=self._vendors.lexoffice_credentials,
                code=code,
                verifier=verifier(cookie, query["state"]),
                redirect_uri=f"{public_url}/oauth/lexoffice/callback",
            )
            if refused := self._link_organisation(connection, pair, public_url, remaining, attempt.choice):
                return refused
        except StateRefusedError as error:
            return REFUSED_STATES[error.refusal]
        except DeclinedError as error:
            return error.page
        except VendorError as error:
            return page_for(error)
        except OutOfTime:
            return MessagePage("vendor_down", 502)
        self._attempts.finish(cookie, _LINKED, connection.connection_id, datetime.now(UTC))
        # If this message is lost, the progress page offers to resume the set-up after 30 seconds.
        self._queue.request_sync(connection.connection_id, SyncRequest.SET_UP)
        return Redirect(f"{public_url}/connect/progress")

    def progress(self, cookie: str) -> tuple[Connection, Progress] | None:
        """Return the connection and the progress of the set-up that this browser started, or None."""
        attempt = self._attempts.read(cookie)
        connection = self._connections.get(attempt.connection_id) if attempt and attempt.result == _LINKED else None
        if connection is None or connection.status is Status.DISCONNECTED:
            return None
        moved_at = datetime.fromisoformat(connection.stepped_at) if connection.stepped_at else None
        shown = progress(connection.steps, stopped=connection.stopped, moved_at=moved_at, now=datetime.now(UTC))
        return connection, shown

    def resume(self, cookie: str) -> bool:
        """Resume the set-up that this browser started; return False if it started none. Completed steps are kept."""
        shown = self.progress(cookie)
        if shown is None:
            return False
        connection, how_far = shown
        if not how_far.finished:
            self._connections.change(
                connection.connection_id,
                steps={name: state.value for name, state in how_far.steps if state is not StepState.FAILED},
                stopped="",
                stepped_at=utc_text(datetime.now(UTC)),
            )
            self._queue.request_sync(connection.connection_id, SyncRequest.SET_UP)
        return True

    def _open_connection(self, pair: TokenPair) -> Connection | None:
        """Return the connection of the company that consented; create it if missing, and store its new Pleo tokens.

        Return None if the consent is for a Pleo organisation instead of a company.
        """
        pleo = self._vendors.pleo_with(pair)
        company_id = pleo.introspect().company_id
        if company_id is None:
            return None
        name = pleo.company(company_id).name
        connection = self._connections.get_or_create(
            Connection(connection_id=secrets.token_hex(16), company_id=company_id.lower(), company_name=name)
        )
        self._vendors.tokens.save(connection.connection_id, connection.company_id, PLEO, pair)
        if connection.company_name != name:
            # The name was erased after disconnecting, or the company was renamed.
            connection = self._connections.change(connection.connection_id, company_name=name)
        return connection

    def _to_lexoffice(self, cookie: str, connection: Connection, public_url: str, choice: Choice | None) -> Step:
        state = secrets.token_urlsafe(32)
        now = datetime.now(UTC)
        self._attempts.open_state(cookie, LEXOFFICE, state, now, connection.connection_id, choice=choice)
        return Redirect(
            lexoffice_oauth.authorize_url(
                self._lexoffice_app_url,
                client_id=self._vendors.lexoffice_credentials.client_id,
                redirect_uri=f"{public_url}/oauth/lexoffice/callback",
                scope=LEXOFFICE_SCOPES,
                state=state,
                challenge=pkce_challenge(verifier(cookie, state)),
                connection_name=f"Pleo {connection.company_name}",
            )
        )

    def _link_organisation(
        self,
        connection: Connection,
        pair: TokenPair,
        public_url: str,
        remaining: Remaining,
        choice: Choice | None,
    ) -> MessagePage | None:
        """Link the organisation, store its tokens and begin the set-up; return the page to show if it is refused."""
        try:
            profile = self._vendors.lexoffice_with(pair, connection, remaining).profile()
        except (VendorError, OutOfTime):
            self._revoke_tokens(pair)
            raise
        if _BOOKKEEPING not in profile.business_features:
            self._revoke_tokens(pair)
            return MessagePage("plan", 409)
        try:
            connection = self._connections.claim_organisation(connection, profile.organization_id, profile.company_name)
        except OtherOrganisationError:
            # Keep the existing connection as it is; revoke the tokens that were just issued.
            self._revoke_tokens(pair)
            return MessagePage("other_organisation", 409)
        self._vendors.tokens.save(connection.connection_id, connection.company_id, LEXOFFICE, pair)
        self._vendors.charge_lexoffice(connection)
        if choice is not None:
            self._connections.fix_start(connection.connection_id, choice)
        self._begin_set_up(connection, profile, public_url)
        return None

    def _begin_set_up(self, connection: Connection, profile: Profile, public_url: str) -> None:
        """Begin the set-up. A connected company keeps its status meanwhile, so that its feed and export continue."""
        changes: dict[str, Any] = {
            "organisation_name": profile.company_name,
            "public_url": public_url,
            "steps": {},
            "stopped": "",
            "stepped_at": utc_text(datetime.now(UTC)),
        }
        if self._connections.transition(connection.connection_id, company_state.reconnect, **changes) is None:
            self._connections.change(connection.connection_id, **changes)

    def _revoke_tokens(self, pair: TokenPair) -> None:
        try:
            lexoffice_oauth.revoke(
                self._vendors.lexoffice_auth,
                client=self._vendors.lexoffice_credentials,
                refresh_token=pair.refresh_token,
            )
        except VendorError as error:
            log_warning("tokens not revoked", cause=str(error))
