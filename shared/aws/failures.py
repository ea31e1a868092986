"""Why a company's worker failed the last time: items `FAILURE#<worker>` of its ledger partition.

A message that ends in a dead-letter queue says only whom to wake; this says what was in the way. Written when a run is
postponed, never cleared: a success shows by what was recorded after it.
"""

import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from shared.aws.table import Table, Update
from shared.domain.times import utc_text
from shared.errors import StoreUnavailable
from shared.telemetry import alert, log_warning

FEED = "feed"
EXPORT = "export"
SYNC = "sync"
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Failure:
    """The last failed run: `at` in UTC, `cause` as in the log (never content), `attempt` of the message, 1 is first."""

    at: datetime
    cause: str
    attempt: int


class Failures:
    """All companies' last failures."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def record(self, connection_id: str, worker: str, cause: str, attempt: int) -> None:
        """Remember why a run was postponed. Only support's view depends on it, so a failure is not raised."""
        values = {"at": utc_text(datetime.now(UTC)), "cause": cause, "attempt": attempt}
        try:
            self._table.update(Update.setting(_key(connection_id, worker), values))
        except StoreUnavailable as error:
            log_warning("failure not remembered", connection_id=connection_id, cause=str(error))

    def record_crash(self, connection_id: str, worker: str, error: Exception, attempt: int) -> None:
        """Remember a failure that nobody foresaw, and tell somebody: it is ours to mend.

        Only the error's kind and where it was raised: its text may hold a customer's data.
        """
        cause = f"crashed: {type(error).__name__} at {_place(error)}"
        alert("worker crashed", connection_id=connection_id, worker=worker, detail=cause)
        self.record(connection_id, worker, cause, attempt)

    def last(self, connection_id: str, worker: str) -> Failure | None:
        """The last failed run of a worker, however long ago. Raises StoreUnavailable."""
        item = self._table.get(_key(connection_id, worker))
        return Failure(datetime.fromisoformat(item["at"]), item["cause"], int(item["attempt"])) if item else None


def _key(connection_id: str, worker: str) -> dict[str, str]:
    return {"connection_id": connection_id, "row": f"FAILURE#{worker}"}


def _place(error: Exception) -> str:
    """The innermost line of our own that an error passed: `shared/flows/feeding/feed.py:120`."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if file.is_relative_to(_ROOT) and file.relative_to(_ROOT).parts[0] in {"functions", "shared"}:
            return f"{file.relative_to(_ROOT)}:{frame.lineno}"
    return "an unknown place"
