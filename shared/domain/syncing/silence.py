"""Detect silent failures: webhooks that do not arrive, rows that are not fed, syncs that do not succeed.

Each of these normally recovers by itself. An alert tells the operator that it did not, and names the likely cause.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

NO_WEBHOOKS = "no webhooks"
NOT_FED = "rows not fed"
NO_SYNC = "no successful sync"

# A webhook arrives within minutes of the payment, even if Pleo has to redeliver it. A payment counts as missed later.
GRACE = timedelta(hours=1)
# The receiver stores the time of the last webhook at most once per interval (shared/flows/feeding/pleo_events.py).
WEBHOOK_TIME_PRECISION = timedelta(minutes=15)
# Polling repairs a single lost webhook; this number in a row is a fault.
MISSED_PAYMENTS = 3
WEBHOOKS_SILENT = timedelta(hours=24)
ROWS_SILENT = timedelta(minutes=15)
SYNC_SILENT = timedelta(days=2)

_AGAIN = {NO_WEBHOOKS: timedelta(days=1), NOT_FED: timedelta(hours=1), NO_SYNC: timedelta(days=1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Facts that a company's sync has gathered. Times are aware datetimes, None if it never happened.

    - `payments`: settlement times of the card purchases that polling found.
    - `active`: whether the company is active. The catalogue is synced and rows are fed for active companies only.
    - `last_webhook_at`: when a webhook last arrived, at most WEBHOOK_TIME_PRECISION too early.
    - `ready_since`: since when the oldest ready row has been ready.
    - `fed_at`: when any line was last recorded. History waits for hours while it is fed.
    - `failing_since`: since when syncs have failed without a success.
    - `synced_at`: the last catalogue sync, or when the company was connected.
    - `alerted_at`: when each cause was last alerted.
    """

    now: datetime
    active: bool
    payments: Sequence[datetime]
    last_webhook_at: datetime
    ready_since: datetime | None
    fed_at: datetime | None
    failing_since: datetime | None
    synced_at: datetime | None
    alerted_at: Mapping[str, datetime]


def missed(facts: Facts) -> int:
    """Count the card payments whose webhook is provably missing.

    Pleo often dates settlements to the midnight before, so the count is too low rather than too high.
    """
    since, until = facts.last_webhook_at + WEBHOOK_TIME_PRECISION, facts.now - GRACE
    return sum(since < payment < until for payment in facts.payments)


def broken(facts: Facts) -> list[str]:
    """Return every cause for which the company has been silent for too long, including those already alerted."""
    found = []
    if facts.now - facts.last_webhook_at >= WEBHOOKS_SILENT and missed(facts) >= MISSED_PAYMENTS:
        found.append(NO_WEBHOOKS)
    fed_lately = facts.fed_at is not None and not _longer_ago(facts.fed_at, ROWS_SILENT, facts.now)
    if facts.active and not fed_lately and _longer_ago(facts.ready_since, ROWS_SILENT, facts.now):
        found.append(NOT_FED)
    lists_overdue = facts.active and _longer_ago(facts.synced_at, SYNC_SILENT, facts.now)
    if lists_overdue or _longer_ago(facts.failing_since, SYNC_SILENT, facts.now):
        found.append(NO_SYNC)
    return found


def due_alerts(facts: Facts) -> list[str]:
    """Return the causes to alert now: each at most once a day, rows that are not fed at most once an hour."""
    return [cause for cause in broken(facts) if not _is_recent(cause, facts)]


def _is_recent(cause: str, facts: Facts) -> bool:
    last = facts.alerted_at.get(cause)
    return last is not None and facts.now - last < _AGAIN[cause]


def _longer_ago(moment: datetime | None, least: timedelta, now: datetime) -> bool:
    return moment is not None and now - moment >= least
