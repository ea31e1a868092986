"""Rotate the signing secret of a company's webhooks. Two secrets are valid for a time, so no delivery is refused.

Pleo has no call to rotate a secret (https://developers.pleo.io/reference/overview-webhooks):

1. Create a second subscription on the same endpoint; it has its own secret. While both exist, every event arrives
   twice, which the ledger deduplicates.
2. Delete the old subscription. Its secret is refused from then on.

The subscriptions to retire are recorded before the new one is created. After a crash, maintaining the webhooks creates
what is missing, and nothing twice. That happens here, once a day, and when the company is set up again.
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

# By then, deliveries in progress have arrived. Events that Pleo still retries also came with the new subscription.
BOTH_VALID = timedelta(days=1)
# Longer than maintaining the webhooks takes.
_LEASE = timedelta(seconds=60)
_LEASE_POLL_SECONDS = 1.0


class Rotation:
    """Maintains companies' webhook subscriptions at Pleo, one worker at a time, and rotates their secrets."""

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
        """Ensure the webhook subscription, and retire the old secret of a rotation that is a day old.

        Raises vendor errors, DisconnectedError, and OutOfTime if another worker holds the lease.
        """
        with self._alone(connection_id, lambda: 0) as found:
            pleo = self._vendors.pleo(found)
            connection = self._subscriptions.at_pleo(found, pleo)
            before = utc_text(datetime.now(UTC) - BOTH_VALID)
            return self._retire(connection, pleo) if _all_begun(connection, before) else connection

    def rotate(self, connection_id: str, remaining: Remaining, *, retire: bool) -> None:
        """Add a new secret that is valid beside the old one or, with `retire`, invalidate the old one.

        Idempotent: a second request creates no third secret. If access is gone, the company is held. Raises the other
        vendor errors, StoreUnavailable, and OutOfTime if another worker holds the lease.
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
        """Delete the subscriptions to retire, and their secrets. Call it only once the new subscription exists.

        Deleting a subscription twice is harmless.
        """
        for subscription_id in connection.retiring:
            pleo.delete_subscription(subscription_id)
        log_info("webhook secret exchanged", connection_id=connection.connection_id, ended=len(connection.retiring))
        left = tuple(row for row in connection.secrets if row.subscription_id not in connection.retiring)
        return self._connections.change_if_connected(connection.connection_id, secrets=left, retiring={})

    @contextmanager
    def _alone(self, connection_id: str, remaining: Remaining) -> Iterator[Connection]:
        """Hold the company's lease and yield its current connection.

        The lease keeps other workers from setting the company up or maintaining its webhooks. Raises DisconnectedError,
        and OutOfTime if another worker holds the lease.
        """
        owner = secrets.token_hex(8)
        while not self._acquire_lease(connection_id, owner):
            if remaining() <= 0:
                raise OutOfTime("another run maintains the company's webhooks")
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
