"""Enqueue the syncs that are due: one message per due company. Nothing loops over all companies."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import batched

from shared.aws.connections import Connections
from shared.aws.queues import SyncQueue
from shared.domain.syncing.schedule import SYNC_INTERVAL
from shared.domain.times import utc_text
from shared.telemetry import count, log_info

_TOGETHER = 10  # limit of SendMessageBatch
# Jitter of the next due time, in either direction: companies due in the same minute spread over more minutes each time.
_JITTER_SECONDS = 30
# Start no batch with less time left. Messages and due times of ten companies take about 50 ms.
_MARGIN_SECONDS = 3


def enqueue_due(connections: Connections, queue: SyncQueue, remaining: Callable[[], float]) -> int:
    """Enqueue the sync of every due company, oldest first, while time remains; return the number of syncs enqueued.

    - Companies that do not fit stay due for the next run.
    - The message is sent before the due time changes. After a crash in between, at most ten companies get two syncs,
      which is harmless; in the other order they would get none.
    - A company whose message the queue refused stays due.
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
