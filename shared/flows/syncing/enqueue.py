"""Giving turns: the companies whose time has come get one message each; nothing loops over all companies."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import batched

from shared.aws.connections import Connections
from shared.aws.queues import SyncQueue
from shared.domain.syncing.schedule import SYNC_INTERVAL
from shared.domain.times import utc_text
from shared.telemetry import count, log_info

_TOGETHER = 10  # what one SendMessageBatch takes
# Sooner or later by so much: who became due in the same minute spreads over two of them, then over more.
_JITTER_SECONDS = 30
# So much is left when the last ten are begun, whose messages and due times take a twentieth of a second.
_MARGIN_SECONDS = 3


def enqueue_due(connections: Connections, queue: SyncQueue, remaining: Callable[[], float]) -> int:
    """Send a turn to every company that is due, oldest first, as far as time allows; the rest is due in the next run.

    The message goes out before the due time moves: if the process dies in between, at most ten companies get two
    turns, which does no harm; the other way round they would get none. A message that the queue did not take leaves
    its company due.
    """
    now = datetime.now(UTC)
    given = 0
    for some in batched(connections.due(now), _TOGETHER):
        if remaining() < _MARGIN_SECONDS:
            break
        sent = queue.request_syncs([connection_id for connection_id, _ in some])
        for connection_id, seen in some:
            if connection_id in sent:
                jitter = timedelta(seconds=random.uniform(-_JITTER_SECONDS, _JITTER_SECONDS))  # noqa: S311 - spreads load, hides nothing
                given += connections.reschedule(connection_id, seen, utc_text(now + SYNC_INTERVAL + jitter))
    log_info("syncs enqueued", count=given)
    count("ScheduleRun")
    return given
