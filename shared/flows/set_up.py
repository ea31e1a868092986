"""Setting a company up, once both vendors have consented: account, categories, webhooks and events, activation.

Every step looks before it creates, so all of it may be repeated after any interruption; a lease keeps two browsers from
creating the finance account at the same time (lexoffice would take both).
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from shared.aws import signing_secrets
from shared.aws.connections import AGENDA, Connection, Connections, SigningSecret, Status
from shared.aws.queues import SyncQueue
from shared.domain.times import utc_text
from shared.errors import Conflict, Forbidden, NotFound, OutcomeUnknown, Rejected, Unavailable, UnexpectedAnswer
from shared.flows import catalogue
from shared.flows.vendors import Remaining, Vendors
from shared.lexoffice import webhook
from shared.lexoffice.client import LexofficeClient
from shared.lexoffice.models import FinanceAccount, NewFinanceAccount, Profile
from shared.pleo import events
from shared.pleo.client import PleoClient
from shared.telemetry import attention, note

_LEASE = timedelta(seconds=60)
_ACTIVATED = "ACTIVATED"


class SetUpBusyError(Exception):
    """Another browser is setting this company up right now."""


class AccountDeactivatedError(Exception):
    """The finance account is deactivated in lexoffice; only a person may switch it on again."""


class SetUp:
    """Sets companies up."""

    def __init__(
        self,
        *,
        connections: Connections,
        vendors: Vendors,
        queue: SyncQueue,
        key_arn: str,
        account_system: str,
        events_verifiable: bool,
    ) -> None:
        """`events_verifiable`: lexoffice's public key is configured, so its events are worth subscribing to."""
        self._connections = connections
        self._vendors = vendors
        self._queue = queue
        self._key_arn = key_arn
        self._account_system = account_system
        self._events_verifiable = events_verifiable

    def run(self, connection: Connection, profile: Profile, *, public_url: str, remaining: Remaining) -> Connection:
        """Do every step that is not done yet and return the active connection.

        Raises SetUpBusyError, AccountDeactivatedError, ImplausibleCatalogueError, SyncIncompleteError and vendor
        errors; what was done stays done, and the next run goes on.
        """
        with self._leased(connection.connection_id):
            pleo = self._vendors.pleo(connection)
            lexoffice = self._vendors.lexoffice(connection, remaining)
            connection = self._with_account(connection, lexoffice)
            catalogue.sync(connection, profile, pleo=pleo, lexoffice=lexoffice, connections=self._connections)
            connection = self._subscribed(connection, pleo, public_url)
            self._subscribe_to_lexoffice(connection, lexoffice, public_url)
            if pleo.installation().status != _ACTIVATED:
                pleo.activate_installation()
            connection = self._activated(connection)
        # After this payments are caught up with; without it the company's first turn comes within minutes.
        self._queue.send_turn(connection.connection_id)
        note("company connected", connection_id=connection.connection_id)
        return connection

    @contextmanager
    def _leased(self, connection_id: str) -> Iterator[None]:
        owner, now = secrets.token_hex(8), datetime.now(UTC)
        if not self._connections.lease_setup(connection_id, owner, now + _LEASE, now):
            raise SetUpBusyError
        try:
            yield
        finally:
            self._connections.end_setup(connection_id, owner)

    def _with_account(self, connection: Connection, lexoffice: LexofficeClient) -> Connection:
        """Find or create the one finance account; our reference decides, never its name."""
        account = self._find(connection, lexoffice)
        if account is None:
            new = NewFinanceAccount(
                account_system=self._account_system,
                name=f"Pleo {connection.company_name}"[:70],
                bank_name="Pleo",
                account_holder=connection.organisation_name[:70] or None,
                external_reference=connection.account_reference,
            )
            account_id = _created(
                lambda: lexoffice.create_finance_account(new), lambda: self._find(connection, lexoffice)
            )
        elif account.deactivated:
            raise AccountDeactivatedError
        else:
            account_id = account.id
        return self._connections.change(connection.connection_id, account_id=account_id)

    def _find(self, connection: Connection, lexoffice: LexofficeClient) -> FinanceAccount | None:
        found = lexoffice.finance_accounts(connection.account_reference)
        # The remembered one first: the customer may have got a second one by copying.
        found.sort(key=lambda account: (account.id != connection.account_id, account.deactivated, account.id))
        return found[0] if found else None

    def _subscribed(self, connection: Connection, pleo: PleoClient, public_url: str) -> Connection:
        """One subscription on our endpoint for all events, and its secret."""
        endpoint = f"{public_url}/webhooks/pleo/{connection.connection_id}"
        wanted = set(events.SUBSCRIBED_EVENTS)
        mine = [row for row in pleo.subscriptions() if row.endpoint_url == endpoint and row.deleted_at is None]
        fitting = [row for row in mine if row.status == "ACTIVE" and set(row.event_types) >= wanted]
        subscription = fitting[0] if fitting else pleo.create_subscription(endpoint, events.SUBSCRIBED_EVENTS)
        secret = pleo.subscription_secret(subscription.id)
        sealed = signing_secrets.seal(self._key_arn, connection.connection_id, secret)
        kept = tuple(row for row in connection.secrets if row.subscription_id in {other.id for other in mine})
        fresh = SigningSecret(subscription_id=subscription.id, sealed=sealed)
        others = tuple(row for row in kept if row.subscription_id != subscription.id)
        return self._connections.change(connection.connection_id, secrets=(fresh, *others))

    def _subscribe_to_lexoffice(self, connection: Connection, lexoffice: LexofficeClient, public_url: str) -> None:
        """Have lexoffice tell us what happens to vouchers and to our access.

        It only makes us look sooner, so a refusal (an address lexoffice cannot reach) stops nobody from connecting.
        Subscriptions end with the access they were made with; connecting again makes them anew.
        """
        if not self._events_verifiable:
            note("events not subscribed", connection_id=connection.connection_id, cause="no public key is configured")
            return
        path = webhook.callback_path(connection.connection_id)
        address = f"{public_url}{path}"
        try:
            mine = [row for row in lexoffice.event_subscriptions() if row.callback_url.endswith(path)]
            told = {row.event_type for row in mine if row.callback_url == address}
            for event_type in webhook.SUBSCRIBED_EVENTS:
                if event_type not in told:
                    _subscribe(lexoffice, event_type, address)
            # The old address last, so that no event falls between the two.
            for row in mine:
                if row.callback_url != address:
                    lexoffice.unsubscribe(row.id)
        except (Forbidden, NotFound, Rejected) as error:
            attention("events not subscribed", connection_id=connection.connection_id, detail=str(error))

    def _activated(self, connection: Connection) -> Connection:
        now = utc_text(datetime.now(UTC))
        return self._connections.change(
            connection.connection_id,
            status=Status.ACTIVE,
            hold="",
            connected_at=connection.connected_at or now,
            caught_up_to=connection.caught_up_to or now,
            catalogue_at=now,
            agenda=AGENDA,
            due_at=now,
        )


def _subscribe(lexoffice: LexofficeClient, event_type: str, address: str) -> None:
    try:
        lexoffice.subscribe(event_type, address)
    except Conflict:
        # Somebody else was faster, or the answer to an earlier attempt got lost.
        return


def _created(create: Callable[[], str], find: Callable[[], FinanceAccount | None]) -> str:
    """Create; if nobody knows whether it worked, look before anything is repeated."""
    try:
        return create()
    except (OutcomeUnknown, Unavailable, UnexpectedAnswer):
        account = find()
        if account is None:
            raise
        return account.id
