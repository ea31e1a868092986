"""Giving turns: the companies whose time has come get one message each; nothing loops over all companies."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from shared.aws.connections import Connections
from shared.aws.queues import SyncQueue
from shared.domain.times import utc_text
from shared.flows.turn import TURN_EVERY
from shared.telemetry import note

_AT_ONCE = 500
_JITTER_SECONDS = 30


def give_turns(connections: Connections, queue: SyncQueue, remaining: Callable[[], float]) -> int:
    """Send a turn to every company that is due, as far as time allows; the rest is due in the next run.

    The message goes out before the due time moves: if the process dies in between, a company gets two turns, which
    does no harm; the other way round it would get none.
    """
    now = datetime.now(UTC)
    given = 0
    for connection_id, seen in connections.due(now, _AT_ONCE):
        if remaining() < 3:
            break
        queue.send_turn(connection_id)
        jitter = timedelta(seconds=random.uniform(0, _JITTER_SECONDS))  # noqa: S311 - spreads load, hides nothing
        given += connections.take_turn(connection_id, seen, utc_text(now + TURN_EVERY + jitter))
    note("turns given", count=given)
    return given
