"""Set a company up after consent at both vendors: finance account, catalogue, webhooks and events, activation.

- The sync worker does the steps. The admin sees them on the progress page and resumes the set-up if a step fails.
- Every step checks what exists before it creates, so the set-up can be repeated after any interruption.
- A lease keeps two workers from creating the finance account at the same time; lexoffice would accept both.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from shared.aws.connections import SCHEDULED, Connection, Connections, DisconnectedError, Status
from shared.aws.stores import Stores
from shared.domain.connecting.set_up import STEPS, StepState
from shared.domain.feeding.ledger import WALLET_CURRENCY
from shared.domain.money import Money
from shared.domain.times import midnight, utc_text
from shared.errors import (
    Forbidden,
    OutcomeUnknown,
    OutOfTime,
    Overtaken,
    Unavailable,
    UnexpectedAnswer,
    VendorError,
)
from shared.flows.connecting.sign_in import activate
from shared.flows.connecting.subscriptions import Subscriptions
from shared.flows.syncing import catalogue
from shared.flows.vendors import Remaining, Vendors
from shared.lexoffice.client import LexofficeClient
from shared.lexoffice.models import FinanceAccount, NewFinanceAccount
from shared.telemetry import alert, log_info

# Longer than one step may take; renewed with every step. After a crash, other workers wait for it to expire.
_LEASE = timedelta(seconds=60)
_LEASE_POLL_SECONDS = 1.0
_HALF_WAY = "half_way"


class AccountDeactivatedError(Exception):
    """The finance account is deactivated in lexoffice. Only the customer may activate it again."""


class SetUp:
    """Sets up companies."""

    def __init__(
        self,
        stores: Stores,
        vendors: Vendors,
        subscriptions: Subscriptions,
        *,
        account_system: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connections = stores.connections
        self._catalogues = stores.catalogues
        self._vendors = vendors
        self._subscriptions = subscriptions
        self._account_system = account_system
        self._sleep = sleep

    def run(self, connection_id: str, remaining: Remaining) -> bool:
        """Do the remaining steps; return True if the company is set up, False if the admin must resume the set-up.

        The reason for a stop is stored on the connection for the progress page. A disconnected company returns False.
        Raises StoreUnavailable, and OutOfTime or Overtaken if another worker holds the lease.
        """
        owner = secrets.token_hex(8)
        while not self._acquire_lease(connection_id, owner):
            if remaining() <= 0:
                raise OutOfTime("another worker is setting this company up")
            self._sleep(_LEASE_POLL_SECONDS)
        try:
            connection = self._connections.get(connection_id)
            if connection is None or connection.status is Status.DISCONNECTED:
                log_info("set-up passed over", connection_id=connection_id)
                return False
            # Already set up: the message came twice, or another browser's set-up has just ended.
            return _is_set_up(connection) or self._set_up(connection, owner, remaining)
        finally:
            self._connections.release_setup(connection_id, owner)

    def _acquire_lease(self, connection_id: str, owner: str) -> bool:
        now = datetime.now(UTC)
        return self._connections.lease_setup(connection_id, owner, now + _LEASE, now)

    def _set_up(self, connection: Connection, owner: str, remaining: Remaining) -> bool:
        steps = _Steps(connection.connection_id, owner, self._connections)
        try:
            self._take_steps(connection, steps, remaining)
        except DisconnectedError:
            log_info("set-up passed over", connection_id=connection.connection_id)
            return False
        except AccountDeactivatedError as error:
            return steps.stop("account_deactivated", error)
        except (catalogue.ImplausibleCatalogueError, catalogue.SyncIncompleteError) as error:
            return steps.stop("catalogue", error)
        except Forbidden as error:
            return steps.stop("plan" if error.status == 402 else "missing_rights", error)
        except (VendorError, OutOfTime) as error:
            return steps.stop(_HALF_WAY, error)
        log_info("company connected", connection_id=connection.connection_id)
        return True

    def _take_steps(self, connection: Connection, steps: "_Steps", remaining: Remaining) -> None:
        pleo = self._vendors.pleo(connection)
        lexoffice = self._vendors.lexoffice(connection, remaining)
        with steps.step("account"):
            connection = self._with_account(connection, lexoffice)
        with steps.step("catalogue"):
            profile = lexoffice.profile()
            catalogue.sync(connection, profile, pleo=pleo, lexoffice=lexoffice, catalogues=self._catalogues)
        with steps.step("pleo_webhooks"):
            connection = self._subscriptions.at_pleo(connection, pleo)
        with steps.step("lexoffice_events"):
            self._subscriptions.at_lexoffice(connection, lexoffice)
        with steps.step("activation"):
            activate(pleo)
            self._activate(connection)

    def _with_account(self, connection: Connection, lexoffice: LexofficeClient) -> Connection:
        """Find or create the company's only finance account, by our external reference and never by its name."""
        account = self._find(connection, lexoffice)
        if account is None:
            new = NewFinanceAccount(
                account_system=self._account_system,
                name=f"Pleo {connection.company_name}"[:70],
                bank_name="Pleo",
                account_holder=connection.organisation_name[:70] or None,
                external_reference=connection.account_reference,
                balance=Money(connection.opening_minor, WALLET_CURRENCY).decimal,
            )
            account_id = _create_or_find(
                lambda: lexoffice.create_finance_account(new), lambda: self._find(connection, lexoffice)
            )
        elif account.deactivated:
            raise AccountDeactivatedError
        else:
            account_id = account.id
        return self._connections.change(connection.connection_id, account_id=account_id)

    def _find(self, connection: Connection, lexoffice: LexofficeClient) -> FinanceAccount | None:
        found = lexoffice.finance_accounts(connection.account_reference)
        # Prefer the stored account: a copy that the customer made may have the same reference.
        found.sort(key=lambda account: (account.id != connection.account_id, account.deactivated, account.id))
        return found[0] if found else None

    def _activate(self, connection: Connection) -> None:
        """Activate the company and mark all steps as done in one write. Unless it is paused, feeding starts now."""
        now = utc_text(datetime.now(UTC))
        self._connections.activate(
            connection.connection_id,
            connected_at=connection.connected_at or now,
            caught_up_to=connection.caught_up_to or utc_text(midnight(connection.start.day)),
            catalogue_synced_at=now,
            access_checked_at=now,
            sync_failures=0,
            sync_error="",
            failing_since="",
            schedule=SCHEDULED,
            due_at=now,
            steps=dict.fromkeys(STEPS, StepState.DONE.value),
            stepped_at=now,
            disconnected_at="",
            delete_at="",
            deleted_at="",
        )


class _Steps:
    """Records each step as it begins and ends, and renews the lease with each step."""

    def __init__(self, connection_id: str, owner: str, connections: Connections) -> None:
        self._connection_id = connection_id
        self._owner = owner
        self._connections = connections
        self._states: dict[str, str] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        now = datetime.now(UTC)
        if not self._connections.lease_setup(self._connection_id, self._owner, now + _LEASE, now):
            raise Overtaken("the set-up of a company, because a step took too long")
        self._states[name] = StepState.RUNNING.value
        self._record(stopped="")
        yield
        self._states[name] = StepState.DONE.value

    def stop(self, message: str, error: Exception) -> bool:
        alert("set-up stopped", connection_id=self._connection_id, message_shown=message, detail=str(error))
        running = StepState.RUNNING.value
        self._states = {
            name: StepState.FAILED.value if state == running else state for name, state in self._states.items()
        }
        self._record(stopped=message)
        return False

    def _record(self, *, stopped: str) -> None:
        now = utc_text(datetime.now(UTC))
        self._connections.change(self._connection_id, steps=self._states, stopped=stopped, stepped_at=now)


def _is_set_up(connection: Connection) -> bool:
    return all(connection.steps.get(name) == StepState.DONE for name in STEPS)


def _create_or_find(create: Callable[[], str], find: Callable[[], FinanceAccount | None]) -> str:
    """Create the account; after an unknown outcome, return the existing account or raise the error."""
    try:
        return create()
    except (OutcomeUnknown, Unavailable, UnexpectedAnswer):
        account = find()
        if account is None:
            raise
        return account.id
