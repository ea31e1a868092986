"""What becomes of a disconnected company at its turns: access is given back, later its personal data is deleted.

Both begin where the run before stopped. Connecting again before the deletion is due cancels it.
"""

from datetime import UTC, datetime

from shared.aws.connections import Connection, Connections, Status
from shared.aws.erasure import Erasure
from shared.domain.times import utc_text
from shared.errors import OutOfTime
from shared.flows.connecting.disconnect import AccessRevocation
from shared.flows.vendors import LEXOFFICE, PLEO, Remaining, Vendors
from shared.telemetry import log_info


def is_offboarding(connection: Connection, now: datetime) -> bool:
    """Whether a turn is about ending rather than feeding: disconnected, or never connected again until it was due."""
    due = bool(connection.delete_at) and connection.delete_at <= utc_text(now)
    return connection.status is Status.DISCONNECTED or (connection.status is Status.CONNECTING and due)


class Offboarding:
    """Takes the turns of companies that are leaving."""

    def __init__(self, *, connections: Connections, erasure: Erasure, vendors: Vendors) -> None:
        self._connections = connections
        self._erasure = erasure
        self._vendors = vendors
        self._release = AccessRevocation(connections=connections, vendors=vendors)

    def run(self, connection: Connection, remaining: Remaining) -> None:
        """Do what is due. Raises OutOfTime when another turn must go on, and StoreUnavailable."""
        now = datetime.now(UTC)
        if connection.status is Status.DISCONNECTED and not connection.access_revoked_at:
            self._release.revoke(connection)
        elif connection.delete_at and connection.delete_at <= utc_text(now):
            self._delete(connection, now, remaining)

    def _delete(self, connection: Connection, now: datetime, remaining: Remaining) -> None:
        connection_id = connection.connection_id
        # Whoever began to connect again and never finished left new tokens behind.
        for vendor in (LEXOFFICE, PLEO):
            self._vendors.tokens.erase(connection_id, vendor)
        if not self._erasure.erase(connection_id, connection.delete_at, now, go_on=lambda: remaining() > 0):
            raise OutOfTime("more to delete than one turn can do")
        self._connections.erase_names(connection_id, connection.delete_at, utc_text(now))
        log_info("personal data deleted", connection_id=connection_id)
