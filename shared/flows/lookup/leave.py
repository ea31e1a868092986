"""The first write of disconnecting a company, whoever wishes it: its admin, or support. What follows is a worker's.

Apart from shared/flows/connecting/disconnect.py, because support's command line knows no vendor.
"""

from datetime import UTC, datetime, timedelta

from shared.aws.connections import AGENDA, Connections, DisconnectedError, Status
from shared.aws.queues import SyncQueue
from shared.domain.times import utc_text


def begin_disconnect(connection_id: str, *, connections: Connections, queue: SyncQueue, delay: timedelta) -> bool:
    """Stop writing and collecting, end all sessions, have the rest done; personal data goes after `delay`.

    False when the company is disconnected already; its data goes when that said. Without signing secrets webhooks are
    refused from now on; a receiver that is warm knows them for a minute more, and what it still writes is deleted with
    the rest. Raises StoreUnavailable.
    """
    now = datetime.now(UTC)
    try:
        connections.change_if_connected(
            connection_id,
            status=Status.DISCONNECTED,
            hold="",
            secrets=(),
            retiring={},
            steps={},
            stopped="",
            disconnected_at=utc_text(now),
            signed_out_at=utc_text(now),
            access_revoked_at="",
            unconfirmed="",
            delete_at=utc_text(now + delay),
            agenda=AGENDA,
            due_at=utc_text(now),
        )
    except DisconnectedError:
        return False
    queue.request_sync(connection_id)
    return True
