"""Disconnecting a company: writing stops at once, then access is given back on both sides and the tokens are erased.

The first write says that the company is disconnected, and puts it on the agenda: whatever dies after it, a worker does
the rest, at the latest a minute later. A vendor that does not answer keeps no token alive here.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from shared.aws.attempts import Attempts
from shared.aws.connections import Connection, Connections, Status
from shared.aws.queues import SyncQueue
from shared.domain.times import utc_text
from shared.errors import AccessGone, NotFound, VendorError
from shared.flows.connecting.consent import Page
from shared.flows.lookup.leave import begin_disconnect
from shared.flows.vendors import LEXOFFICE, PLEO, Vendors
from shared.lexoffice import oauth as lexoffice_oauth
from shared.telemetry import log_info, log_warning

_LEFT = "disconnected"


class Disconnect:
    """Disconnects companies at the wish of their admins."""

    def __init__(self, *, attempts: Attempts, connections: Connections, queue: SyncQueue, delay: timedelta) -> None:
        """Personal data goes after `delay`."""
        self._attempts = attempts
        self._connections = connections
        self._queue = queue
        self._delay = delay

    def begin(self, connection: Connection, cookie: str) -> None:
        """Let the company leave; `cookie` may see what becomes of it."""
        connection_id = connection.connection_id
        if begin_disconnect(connection_id, connections=self._connections, queue=self._queue, delay=self._delay):
            log_info("company disconnected", connection_id=connection_id)
        self._attempts.finish(cookie, _LEFT, connection_id, datetime.now(UTC))

    def result(self, cookie: str) -> tuple[Page, bool]:
        """What the browser that disconnected sees, and whether it is still being done."""
        attempt = self._attempts.read(cookie)
        connection = self._connections.get(attempt.connection_id) if attempt and attempt.result == _LEFT else None
        if connection is None or connection.status is not Status.DISCONNECTED:
            return Page("nothing_here", 404), False
        if not connection.access_revoked_at:
            return Page("disconnecting"), True
        return Page("disconnected_unconfirmed" if connection.unconfirmed else "disconnected"), False


class AccessRevocation:
    """Gives access back. Every step may be repeated."""

    def __init__(self, *, connections: Connections, vendors: Vendors) -> None:
        self._connections = connections
        self._vendors = vendors

    def revoke(self, connection: Connection) -> None:
        """End a disconnected company's access on both sides and erase its tokens, confirmed or not."""
        connection_id = connection.connection_id
        unconfirmed = []
        for vendor, end in ((LEXOFFICE, self._end_lexoffice), (PLEO, self._end_pleo)):
            if not _end_and_confirm(connection, vendor, end):
                unconfirmed.append(vendor)
            self._vendors.tokens.erase(connection_id, vendor)
        released = self._connections.change_if_disconnected(
            connection,
            access_revoked_at=utc_text(datetime.now(UTC)),
            unconfirmed=" ".join(unconfirmed),
            due_at=connection.delete_at,
        )
        log_info("access given back", connection_id=connection_id, unconfirmed=" ".join(unconfirmed), left=released)

    def _end_lexoffice(self, connection: Connection) -> None:
        """Its event subscriptions end with it."""
        self._vendors.revoke_lexoffice(
            connection,
            lambda token: lexoffice_oauth.revoke(
                self._vendors.lexoffice_auth, client=self._vendors.lexoffice_credentials, refresh_token=token
            ),
        )

    def _end_pleo(self, connection: Connection) -> None:
        """Subscriptions first: they may outlive the installation (docs/assumptions.md#pleo-subscription-life)."""
        pleo = self._vendors.pleo(connection)
        try:
            for row in pleo.subscriptions():
                if row.endpoint_url.endswith(f"/{connection.connection_id}") and row.deleted_at is None:
                    pleo.delete_subscription(row.id)
        except VendorError as error:
            if isinstance(error, AccessGone) or error.status is None:
                raise  # waiting for another call in vain would cost the time to erase the tokens
            log_warning("webhooks not unsubscribed", connection_id=connection.connection_id, cause=str(error))
        pleo.delete_installation()


def _end_and_confirm(connection: Connection, vendor: str, end: Callable[[Connection], None]) -> bool:
    try:
        end(connection)
    except (AccessGone, NotFound):
        return True  # somebody else has ended it
    except VendorError as error:
        log_warning("end not confirmed", connection_id=connection.connection_id, vendor=vendor, cause=str(error))
        return False
    return True
