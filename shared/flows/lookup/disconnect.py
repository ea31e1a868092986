"""The first write of disconnecting a company, requested by its admin or by support. The sync worker does the rest.

It is separate from shared/flows/connecting/disconnect.py because the admin's pages and `ops` call no vendor.
"""

from datetime import UTC, datetime, timedelta

from shared.aws.connections import SCHEDULED, Connections
from shared.aws.queues import SyncQueue
from shared.domain.connecting import company_state
from shared.domain.times import utc_text


def begin_disconnect(connection_id: str, *, connections: Connections, queue: SyncQueue, delay: timedelta) -> bool:
    """Stop writing and collecting, end all sessions and start offboarding; personal data is deleted after `delay`.

    Return False if the company is already disconnected; the first delay then applies. The signing secrets are removed,
    so webhooks are refused from now on. A receiver may have them cached for another minute; rows that it still writes
    are deleted with the rest. Raises StoreUnavailable.
    """
    now = datetime.now(UTC)
    disconnected = connections.transition(
        connection_id,
        company_state.disconnect,
        secrets=(),
        retiring={},
        steps={},
        stopped="",
        disconnected_at=utc_text(now),
        signed_out_at=utc_text(now),
        access_revoked_at="",
        unconfirmed="",
        delete_at=utc_text(now + delay),
        schedule=SCHEDULED,
        due_at=utc_text(now),
    )
    if disconnected is None:
        return False
    queue.request_sync(connection_id)
    return True
