"""Quarantine: queue messages that no worker can read. They are stored with the cause instead of being redelivered.

Items in LedgerTable: partition `QUARANTINE`, row `<queue>#<message id>`, kept for 90 days. They are in no company's
partition, because the message's company is unknown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.aws.queues import PoisonError, WakeUp
from shared.aws.table import Table
from shared.domain.times import utc_text
from shared.telemetry import alert

KEPT = timedelta(days=90)
_PARTITION = "QUARANTINE"
# Characters. A wake-up has about a hundred; a longer excerpt does not help to find the sender.
_LONGEST = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A message that was removed from a queue.

    - `queue`: feed, export or sync.
    - `body`: at most 4,000 characters.
    - `attempts`: the number of times that it was received, including by support.
    """

    queue: str
    message_id: str
    body: str
    cause: str
    at: datetime
    attempts: int


class Quarantine:
    """The quarantine of all queues. Every method raises StoreUnavailable."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def read(self, queue: str, record: Mapping[str, Any]) -> WakeUp | None:
        """Parse a queue's record. Quarantine an unreadable one and return None: the message may then be deleted.

        Raises StoreUnavailable if it cannot be stored. The message must then be received again.
        """
        try:
            return WakeUp.of(record["body"])
        except PoisonError as poison:
            attempts = int(record["attributes"]["ApproximateReceiveCount"])
            self.store(queue, record["messageId"], record["body"], str(poison), attempts)
            alert("message quarantined", queue=queue, message_id=record["messageId"], detail=str(poison))
            return None

    def store(self, queue: str, message_id: str, body: str, cause: str, attempts: int) -> None:
        """Store a message under its own id. Idempotent."""
        now = datetime.now(UTC)
        self._table.put(
            {
                "connection_id": _PARTITION,
                "row": f"{queue}#{message_id}",
                "body": body[:_LONGEST],
                "cause": cause,
                "at": utc_text(now),
                "attempts": attempts,
                "expires_at": int((now + KEPT).timestamp()),
            }
        )

    def content(self) -> Iterator[Quarantined]:
        """Return all quarantined messages, by queue."""
        for item in self._table.query("#connection_id = :partition", {"partition": _PARTITION}):
            queue, _, message_id = item["row"].partition("#")
            yield Quarantined(
                queue=queue,
                message_id=message_id,
                body=item["body"],
                cause=item["cause"],
                at=datetime.fromisoformat(item["at"]),
                attempts=int(item["attempts"]),
            )
