"""What becomes of a disconnected company at its turns: access is given back, later its personal data is deleted.

Both begin where the run before stopped. Connecting again before the deletion is due cancels it.
"""

from datetime import UTC, datetime

from shared.aws.connections import Connection, Connections, Status
from shared.aws.erasure import Erasure
from shared.domain.times import utc_text
from shared.errors import OutOfTime
from shared.flows.connecting.disconnect import Release
from shared.flows.vendors import LEXOFFICE, PLEO, Remaining, Vendors
from shared.telemetry import note


def is_leaving(connection: Connection, now: datetime) -> bool:
    """Whether a turn is about ending rather than feeding: disconnected, or never connected again until it was due."""
    due = bool(connection.delete_at) and connection.delete_at <= utc_text(now)
    return connection.status is Status.DISCONNECTED or (connection.status is Status.CONNECTING and due)


class Leaving:
    """Takes the turns of companies that are leaving."""

    def __init__(self, *, connections: Connections, erasure: Erasure, vendors: Vendors) -> None:
        self._connections = connections
        self._erasure = erasure
        self._vendors = vendors
        self._release = Release(connections=connections, vendors=vendors)

    def take(self, connection: Connection, remaining: Remaining) -> None:
        """Do what is due. Raises OutOfTime when another turn must go on, and StoreUnavailable."""
        now = datetime.now(UTC)
        if connection.status is Status.DISCONNECTED and not connection.released_at:
            self._release.release(connection)
        elif connection.delete_at and connection.delete_at <= utc_text(now):
            self._delete(connection, now, remaining)

    def _delete(self, connection: Connection, now: datetime, remaining: Remaining) -> None:
        connection_id = connection.connection_id
        # Whoever began to connect again and never finished left new tokens behind.
        for vendor in (LEXOFFICE, PLEO):
            self._vendors.tokens.forget(connection_id, vendor)
        if not self._erasure.erase(connection_id, connection.delete_at, now, go_on=lambda: remaining() > 0):
            raise OutOfTime("more to delete than one turn can do")
        self._connections.forget(connection_id, connection.delete_at, utc_text(now))
        note("personal data deleted", connection_id=connection_id)
