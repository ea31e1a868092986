"""Catch up with Pleo: record every entry that settled since the last successful sync in the ledger.

Webhooks reduce latency; this guarantees completeness. Pleo may send events for card purchases only, so fees, cashback
and wallet movements arrive here (docs/assumptions.md#pleo-card-events).
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import batched, groupby
from typing import Any

from shared.domain.feeding import ledger as rules
from shared.domain.feeding.entry import Entry
from shared.domain.feeding.entry_rules import is_card_purchase
from shared.domain.feeding.ledger import WORK
from shared.domain.times import booking_date, midnight, utc_text
from shared.errors import OutOfTime
from shared.flows.feeding.accept import accept_entry, wake_for
from shared.flows.syncing.sync_run import SyncRun
from shared.pleo import entries
from shared.telemetry import alert

# Read entries again this far back: Pleo may list an entry later than its settlement time says.
OVERLAP = timedelta(days=3)
_DAYS_SEEN = OVERLAP.days + 1
_PAGE = 100


def catch_up(run: SyncRun) -> None:
    """Accept every entry settled since the last success, minus `OVERLAP`, day by day.

    A day whose entries have not changed since the last sync is skipped, so the overlap costs almost nothing. Raises
    vendor errors and StoreUnavailable, and OutOfTime if one sync cannot read everything; the next sync continues there.
    """
    connection, connections = run.connection, run.services.stores.connections
    until = datetime.now(UTC)
    # Not before the start date, and in whole days: Pleo settles by day, often with a time of midnight.
    day = max(booking_date(datetime.fromisoformat(connection.caught_up_to) - OVERLAP), connection.start.day)
    # Start a second earlier, because a search may exclude its ends (docs/assumptions.md#pleo-settled-period).
    since = midnight(day) - timedelta(seconds=1)
    pleo = run.services.vendors.pleo(connection)
    found = pleo.search_entries(connection.company_id, settled_from=since, settled_to=until)
    seen: dict[str, str] = {}
    for date, of_the_day in groupby(_readable(run, found), key=_day):
        todays = list(of_the_day)
        # Keep only the days in the next sync's overlap: a backfill passes hundreds of days.
        seen = dict(list(seen.items())[-_DAYS_SEEN:]) | {date: _digest(todays)}
        run.found += len(todays)
        run.payments += [entry.settled_at for entry in todays if entry.settled_at and is_card_purchase(entry)]
        if connection.seen_days.get(date) != seen[date]:
            _accept_day(run, todays)
            caught_up_to = utc_text(min(todays[-1].settled_at or until, until))
            connections.change(run.connection_id, caught_up_to=caught_up_to, seen_days=seen)
        if run.remaining() <= 0:
            raise OutOfTime("more entries to catch up with than one sync can read")
    connections.change(run.connection_id, caught_up_to=utc_text(until), seen_days=seen)
    run.caught_up = True


def _accept_day(run: SyncRun, todays: Sequence[Entry]) -> None:
    ledger, start = run.services.stores.ledger, run.connection.start
    for page in batched(todays, _PAGE):
        known = ledger.versions(run.connection_id, [entry.id for entry in page])
        row = None
        for entry in page:
            offered = rules.row_for(entry, start=start)
            if known.get(entry.id) != (offered.version, offered.total):
                accepted = accept_entry(run.connection_id, entry, ledger=ledger, queue=None, from_api=True, start=start)
                run.waiting += accepted.state in WORK
                row = accepted if accepted.state in WORK else row
        if row is not None:
            wake_for(run.connection_id, row, queue=run.services.feed_queue)


def _readable(run: SyncRun, found: Iterable[Mapping[str, Any]]) -> Iterator[Entry]:
    for data in found:
        try:
            yield entries.parse(data)
        except entries.MalformedEntryError as error:
            alert("entry malformed", connection_id=run.connection_id, detail=str(error))


def _day(entry: Entry) -> str:
    return booking_date(entry.settled_at).isoformat() if entry.settled_at else ""


def _digest(todays: Sequence[Entry]) -> str:
    """Return a digest of a day's entries that changes if an entry is added or if Pleo updates one."""
    lines = sorted(f"{entry.id} {utc_text(entry.updated_at)} {entry.status} {entry.bill}" for entry in todays)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
