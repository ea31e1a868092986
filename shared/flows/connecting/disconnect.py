"""Disconnect a company in the browser: writing stops at once; the sync worker then offboards the company.

The first write records the disconnection and makes the company due. After a crash, the next sync continues within a
minute (shared/flows/connecting/offboarding.py).
"""

from datetime import UTC, datetime, timedelta

from shared.aws.attempts import Attempts
from shared.aws.connections import Connection, Connections, Status
from shared.aws.queues import SyncQueue
from shared.flows.connecting.consent import MessagePage
from shared.flows.lookup.disconnect import begin_disconnect
from shared.telemetry import log_info

_DISCONNECTED = "disconnected"


class Disconnect:
    """Disconnects companies at their admin's request."""

    def __init__(self, *, attempts: Attempts, connections: Connections, queue: SyncQueue, delay: timedelta) -> None:
        """`delay`: time between disconnecting and the deletion of personal data."""
        self._attempts = attempts
        self._connections = connections
        self._queue = queue
        self._delay = delay

    def begin(self, connection: Connection, cookie: str) -> None:
        """Start disconnecting the company. `cookie` authorises the browser to see the progress page."""
        connection_id = connection.connection_id
        if begin_disconnect(connection_id, connections=self._connections, queue=self._queue, delay=self._delay):
            log_info("company disconnected", connection_id=connection_id)
        self._attempts.finish(cookie, _DISCONNECTED, connection_id, datetime.now(UTC))

    def result(self, cookie: str) -> tuple[MessagePage, bool]:
        """Return the page for the browser that disconnected, and whether offboarding is in progress."""
        attempt = self._attempts.read(cookie)
        is_ours = attempt is not None and attempt.result == _DISCONNECTED
        connection = self._connections.get(attempt.connection_id) if attempt and is_ours else None
        if connection is None or connection.status is not Status.DISCONNECTED:
            return MessagePage("nothing_here", 404), False
        if not connection.access_revoked_at:
            return MessagePage("disconnecting"), True
        return MessagePage("disconnected_unconfirmed" if connection.unconfirmed else "disconnected"), False
