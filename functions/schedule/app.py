"""The door of the clock: every minute, the companies that are due get their turn."""

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
    """Give turns; what fails is due again in a minute."""
    connections, queue = _parts()
    return {"turns": enqueue_due(connections, queue, lambda: context.get_remaining_time_in_millis() / 1000)}
