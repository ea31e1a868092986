"""Exchanging the secret of a company's webhooks: for a while two are valid, so that no delivery is refused.

Pleo has no call for it (https://developers.pleo.io/reference/overview-webhooks). So a second subscription is made on
the same endpoint, whose secret is another one; while both live, every event comes twice, which the ledger does not
mind. Then the old subscription is deleted, and its secret is refused from then on.

Which subscriptions are on their way out is written down before anything is made. Whatever dies after that, looking
after the webhooks (here, once a day, or when the company is set up again) makes what is missing and nothing twice.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from shared.aws.connections import Connection, Connections, DisconnectedError
from shared.domain.connecting.company_state import Hold
from shared.domain.times import utc_text
from shared.errors import AccessGone, OutOfTime
from shared.flows.connecting.subscriptions import Subscriptions, on_our_endpoint
from shared.flows.hold import hold
from shared.flows.vendors import Remaining, Vendors
from shared.pleo.client import PleoClient
from shared.telemetry import log_info

# Deliveries under way have arrived by then; what Pleo still repeats has come over the new subscription, too.
BOTH_VALID = timedelta(days=1)
# Longer than looking after the webhooks takes.
_LEASE = timedelta(seconds=60)
_LEASE_POLL_SECONDS = 1.0


class Rotation:
    """Looks after companies' webhooks at Pleo, one worker at a time, and exchanges their secrets."""

    def __init__(
        self,
        connections: Connections,
        vendors: Vendors,
        subscriptions: Subscriptions,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connections = connections
        self._vendors = vendors
        self._subscriptions = subscriptions
        self._sleep = sleep

    def maintain(self, connection_id: str) -> Connection:
        """Have webhooks sent to us, and end an exchange that is a day old.

        Raises vendor errors, DisconnectedError, and OutOfTime when somebody else is at it.
        """
        with self._alone(connection_id, lambda: 0) as found:
            pleo = self._vendors.pleo(found)
            connection = self._subscriptions.at_pleo(found, pleo)
            before = utc_text(datetime.now(UTC) - BOTH_VALID)
            return self._retire(connection, pleo) if _all_begun(connection, before) else connection

    def rotate(self, connection_id: str, remaining: Remaining, *, retire: bool) -> None:
        """Make a new secret valid beside the old one, or (`retire`) the old one invalid.

        What is done already stays as it is: a second wish makes no third secret. Access that is gone holds the company.
        Raises the other vendor errors, StoreUnavailable, and OutOfTime when somebody else is at it.
        """
        try:
            with self._alone(connection_id, remaining) as found:
                if retire and not found.retiring:
                    return
                pleo = self._vendors.pleo(found)
                begun = found if found.retiring else self._begin(found, pleo)
                connection = self._subscriptions.at_pleo(begun, pleo)
                if retire:
                    self._retire(connection, pleo)
        except DisconnectedError:
            log_info("rotation passed over", connection_id=connection_id)
        except AccessGone as error:
            hold(self._connections, connection_id, Hold.of(error))

    def _begin(self, connection: Connection, pleo: PleoClient) -> Connection:
        now = utc_text(datetime.now(UTC))
        retiring = {row.id: now for row in on_our_endpoint(connection, pleo)}
        log_info("webhook secret being exchanged", connection_id=connection.connection_id, before=len(retiring))
        return self._connections.change_if_connected(connection.connection_id, retiring=retiring)

    def _retire(self, connection: Connection, pleo: PleoClient) -> Connection:
        """End what is on its way out, after the other one is known to be there. Ended twice is ended."""
        for subscription_id in connection.retiring:
            pleo.delete_subscription(subscription_id)
        log_info("webhook secret exchanged", connection_id=connection.connection_id, ended=len(connection.retiring))
        left = tuple(row for row in connection.secrets if row.subscription_id not in connection.retiring)
        return self._connections.change_if_connected(connection.connection_id, secrets=left, retiring={})

    @contextmanager
    def _alone(self, connection_id: str, remaining: Remaining) -> Iterator[Connection]:
        """The connection as it is now, while nobody else sets it up or sees to its webhooks."""
        owner = secrets.token_hex(8)
        while not self._acquire_lease(connection_id, owner):
            if remaining() <= 0:
                raise OutOfTime("somebody else is seeing to the company's webhooks")
            self._sleep(_LEASE_POLL_SECONDS)
        try:
            connection = self._connections.get(connection_id)
            if connection is None or not connection.status.may_collect:
                raise DisconnectedError
            yield connection
        finally:
            self._connections.release_setup(connection_id, owner)

    def _acquire_lease(self, connection_id: str, owner: str) -> bool:
        now = datetime.now(UTC)
        return self._connections.lease_setup(connection_id, owner, now + _LEASE, now)


def _all_begun(connection: Connection, before: str) -> bool:
    return bool(connection.retiring) and max(connection.retiring.values()) <= before
