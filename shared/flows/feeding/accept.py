"""Accepting what Pleo says about an entry: ledger first, then the wake-up. Webhooks and polling share this door.

What if the process dies right here? Before the ledger write nothing was promised: Pleo delivers again. Between write
and wake-up the row waits in the index `work`: the redelivery, the company's next payment or its next turn wakes the
worker. What if this runs twice? The write is conditional, the wake-up names the row's version as its occasion.
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
    """Bring the ledger up to a snapshot and wake the company if that makes work. Returns the row it led to.

    `announced_settled`: the webhook said so. `from_api`: read just now, so at least as new as what the ledger has.
    `start`: entries settled before it make no line. Without a `queue` the caller wakes, once for many entries.
    """
    offered = rules.row_for(entry, announced_settled=announced_settled, start=start)
    if not from_api:
        # What Pleo tells of by itself is new, whatever day it is dated to.
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
    """Wake the company's feed because of this row."""
    queue.wake(connection_id, f"{row.entry_id}.{row.revision}.{row.version.replace(' ', '.')}")


def _apply_correction(
    connection_id: str, first: Row, offered: Row, entry: Entry, ledger: Ledger, *, from_api: bool
) -> Row:
    """The line was promised already: a difference becomes a correction."""
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
