"""Accept what Pleo says about an entry: write the ledger first, then wake the worker.

Webhooks and scheduled syncs both use this module.

- Crash before the ledger write: the webhook is not acknowledged, so Pleo redelivers it.
- Crash between write and wake-up: the row waits in the index `work`. The redelivery, the company's next payment or its
  next sync wakes the worker.
- Running twice: the write is conditional, and the wake-up names the row's version as its occasion.
"""

from dataclasses import replace

from shared.aws.ledger import Ledger
from shared.aws.queues import CompanyQueue
from shared.domain.feeding import ledger as rules
from shared.domain.feeding.entry import Entry
from shared.domain.feeding.ledger import REWRITABLE, WORK, Row, State
from shared.domain.feeding.start import Start
from shared.errors import StoreUnavailable
from shared.telemetry import alert, count, safe_word

_TRIES = 5


def accept_entry(
    connection_id: str,
    entry: Entry,
    *,
    ledger: Ledger,
    queue: CompanyQueue | None,
    announced_settled: bool = False,
    from_api: bool = False,
    start: Start | None = None,
) -> Row:
    """Update the ledger from a snapshot of an entry; wake the feed worker if work results. Return the resulting row.

    - `queue`: None if the caller wakes the worker itself, once for many entries.
    - `announced_settled`: the webhook reports the entry as settled.
    - `from_api`: the snapshot was just read from Pleo's API, so it is at least as new as the ledger.
    - `start`: entries settled before it get no line.

    Raises StoreUnavailable.
    """
    offered = rules.row_for(entry, announced_settled=announced_settled, start=start)
    if not from_api:
        # An entry that a webhook reports is new, whatever its date.
        offered = replace(offered, history=False)
    stored = ledger.accept(connection_id, offered, from_api=from_api)
    if stored.version == offered.version and stored.state is State.HELD:
        alert(stored.reason, connection_id=connection_id, entry_id=entry.id, kind=safe_word(stored.kind))
    if offered.version > stored.version or (from_api and offered.version == stored.version):
        stored = _apply_correction(connection_id, stored, offered, entry, ledger, from_api=from_api)
    if stored.state in WORK and queue is not None:
        wake_for(connection_id, stored, queue=queue)
    return stored


def wake_for(connection_id: str, row: Row, *, queue: CompanyQueue) -> None:
    """Wake the company's feed worker for this row."""
    queue.wake(connection_id, f"{row.entry_id}.{row.revision}.{row.version.replace(' ', '.')}")


def _apply_correction(
    connection_id: str, first: Row, offered: Row, entry: Entry, ledger: Ledger, *, from_api: bool
) -> Row:
    """Record the difference to a frozen row as a correction; return the row that holds it."""
    for _ in range(_TRIES):
        if first.state in REWRITABLE and first.revisions == 1:
            return first
        correction = rules.correct(first, offered, entry.updated_at, from_api=from_api)
        if correction is None:
            return first
        if ledger.correct(connection_id, correction):
            if correction.row is None:
                return correction.first
            count("Correction")
            return correction.row
        first = ledger.accept(connection_id, offered, from_api=from_api)
    raise StoreUnavailable("an entry kept changing while it was corrected")
