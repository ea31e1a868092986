"""Requests that an admin makes on the status page. They take effect in the company's sync.

Each request is accepted at most once a minute, and only while the company is active. The page shows it as requested
until a sync has handled it.
"""

from datetime import UTC, datetime

from shared.aws.catalogues import Catalogues
from shared.aws.connections import Connection, Connections
from shared.aws.queues import SyncQueue
from shared.domain.syncing.requests import SyncRequest


def submit(
    connection: Connection, request: SyncRequest, *, connections: Connections, catalogues: Catalogues, queue: SyncQueue
) -> None:
    """Record a request and start the company's sync with it. Raises StoreUnavailable.

    - The request is recorded before it is sent, so that an admin cannot fill the queue. After a crash in between, the
      page shows the request until the next scheduled sync.
    - A refused catalogue is accepted only if the page showed one.
    """
    connection_id, now = connection.connection_id, datetime.now(UTC)
    if request is SyncRequest.ACCEPT_CATALOGUE:
        refused = catalogues.last_changes(connection_id).refused
        if refused is None or not refused.confirmable:
            return
    if connections.record_request(connection_id, request, now):
        queue.request_sync(connection_id, request)
