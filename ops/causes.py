"""Why a message lies in a dead-letter queue, as far as somebody noted it."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from ops.dead_letters import Letter
from ops.desk import Desk
from shared.aws.connections import Connection, Status
from shared.aws.failures import SYNC, Failure, Failures

UNKNOWN = "unknown: the worker left no note"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why in words; `at` is when it was noted, UTC, None for what is so now."""

    text: str
    at: datetime | None = None


class Causes:
    """Finds causes; what it has read of a company it remembers."""

    def __init__(self, desk: Desk) -> None:
        self.connection = cache(desk.connections.get)
        self._last = cache(Failures(desk.stack["LedgerTable"]).last)

    def name(self, connection_id: str) -> str:
        """The company's name, "" if nobody knows it (any more)."""
        connection = self.connection(connection_id) if connection_id else None
        return connection.company_name if connection else ""

    def of(self, letter: Letter) -> Cause:
        """Why this message could not be worked on."""
        if letter.poison:
            return Cause(f"poisoned: {letter.poison}")
        connection = self.connection(letter.connection_id)
        failure = self._last(letter.connection_id, letter.queue) if connection else None
        return judge(letter.queue, connection, failure)


def judge(queue: str, connection: Connection | None, failure: Failure | None) -> Cause:
    """What weighs most: what is so now explains more than what was noted once."""
    if connection is None:
        return Cause("company unknown: its data was deleted")
    if connection.status is Status.DISCONNECTED:
        return Cause("disconnected")
    if connection.hold:
        return Cause(f"held: {connection.hold}")
    if failure:
        return Cause(failure.cause, failure.at)
    if queue == SYNC and connection.sync_error:
        since = datetime.fromisoformat(connection.failing_since) if connection.failing_since else None
        return Cause(f"turns fail: {connection.sync_error}", since)
    return Cause(UNKNOWN)
