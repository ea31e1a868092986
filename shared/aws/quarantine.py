"""Messages that can never be worked on: kept with their cause for a person to look at, instead of circling for ever.

LedgerTable's partition `QUARANTINE`, row `<queue>#<message id>`, for 90 days. They belong to no company: which one was
meant is what cannot be known.
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
# A wake-up has a hundred characters; more than this helps nobody to find out who sent it.
_LONGEST = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A message that was taken out of a queue (`feed`, `export`, `sync`): its body, cut to 4,000 characters, and why.

    `attempts` is how often it had been received by then, looks of support included.
    """

    queue: str
    message_id: str
    body: str
    cause: str
    at: datetime
    attempts: int


class Quarantine:
    """Everybody's quarantine. Every method raises StoreUnavailable."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def read(self, queue: str, record: Mapping[str, Any]) -> WakeUp | None:
        """What a queue's record says; None when nobody can work on it: it is quarantined, and may be acknowledged.

        When it cannot be kept, StoreUnavailable is raised and the message must come again.
        """
        try:
            return WakeUp.of(record["body"])
        except PoisonError as poison:
            attempts = int(record["attributes"]["ApproximateReceiveCount"])
            self.store(queue, record["messageId"], record["body"], str(poison), attempts)
            alert("message quarantined", queue=queue, message_id=record["messageId"], detail=str(poison))
            return None

    def store(self, queue: str, message_id: str, body: str, cause: str, attempts: int) -> None:
        """Keep a message. Twice is once: it stands under its own id."""
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
        """All that is kept, by queue."""
        for item in self._table.query(
            condition="#connection_id = :partition", names=["connection_id"], values={"partition": _PARTITION}
        ):
            queue, _, message_id = item["row"].partition("#")
            yield Quarantined(
                queue=queue,
                message_id=message_id,
                body=item["body"],
                cause=item["cause"],
                at=datetime.fromisoformat(item["at"]),
                attempts=int(item["attempts"]),
            )
