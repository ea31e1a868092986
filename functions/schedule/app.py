"""The door of the schedule: every minute, enqueue the syncs of the companies that are due."""

import os
from functools import cache
from typing import Any

from shared.aws.connections import Connections
from shared.aws.queues import SyncQueue
from shared.config import ScheduleSettings
from shared.flows.syncing.enqueue import enqueue_due
from shared.telemetry import door


@cache
def _parts() -> tuple[Connections, SyncQueue]:
    settings = ScheduleSettings.from_env(os.environ)
    return Connections(settings.connection_table), SyncQueue(settings.sync_queue_url)


_parts()


@door
def handler(_event: dict[str, Any], context: Any) -> dict[str, int]:
    """Enqueue the syncs that are due. A company whose message failed stays due for the next run, a minute later."""
    connections, queue = _parts()
    return {"syncs": enqueue_due(connections, queue, lambda: context.get_remaining_time_in_millis() / 1000)}
