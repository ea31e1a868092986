"""Last failure of each worker of a company: items `FAILURE#<worker>` in its partition of LedgerTable.

- A message in a dead-letter queue names only the company; this item has the cause.
- Written when a run is postponed. Never deleted: later records show that a later run succeeded.
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
    """The last failed run of a worker.

    - `at`: UTC.
    - `cause`: as in the log, without content.
    - `attempt`: of the message, from 1.
    """

    at: datetime
    cause: str
    attempt: int


class Failures:
    """All companies' last failures."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def record(self, connection_id: str, worker: str, cause: str, attempt: int) -> None:
        """Store why a run was postponed. StoreUnavailable is only logged, because only support reads the item."""
        values = {"at": utc_text(datetime.now(UTC)), "cause": cause, "attempt": attempt}
        try:
            self._table.update(Update.setting(_key(connection_id, worker), values))
        except StoreUnavailable as error:
            log_warning("failure not remembered", connection_id=connection_id, cause=str(error))

    def record_crash(self, connection_id: str, worker: str, error: Exception, attempt: int) -> None:
        """Store an unexpected exception and alert the operator: it is a bug in this product.

        Record only the exception's type and place, because its text may contain a customer's data.
        """
        cause = f"crashed: {type(error).__name__} at {_place(error)}"
        alert("worker crashed", connection_id=connection_id, worker=worker, detail=cause)
        self.record(connection_id, worker, cause, attempt)

    def last(self, connection_id: str, worker: str) -> Failure | None:
        """Return the last failed run of a worker, of any age, or None. Raises StoreUnavailable."""
        item = self._table.get(_key(connection_id, worker))
        return Failure(datetime.fromisoformat(item["at"]), item["cause"], int(item["attempt"])) if item else None


def _key(connection_id: str, worker: str) -> dict[str, str]:
    return {"connection_id": connection_id, "row": f"FAILURE#{worker}"}


def _place(error: Exception) -> str:
    """Return the innermost line of this product in an error's traceback, such as `shared/flows/feeding/feed.py:120`."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if file.is_relative_to(_ROOT) and file.relative_to(_ROOT).parts[0] in {"functions", "shared"}:
            return f"{file.relative_to(_ROOT)}:{frame.lineno}"
    return "an unknown place"
