"""When silence means that something is broken: webhooks that do not come, rows nobody feeds, syncs that do not succeed.

Everything here also heals or goes on by itself; an alarm tells a person that it did not, and the likely cause.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

NO_WEBHOOKS = "no webhooks"
NOT_FED = "rows not fed"
NO_SYNC = "no successful sync"

# A webhook tells of a payment within minutes, also after deliveries that Pleo repeats; only then is it missed.
GRACE = timedelta(hours=1)
# The receiver notes no oftener than this that webhooks come (shared/flows/feeding/pleo_events.py).
WEBHOOK_TIME_PRECISION = timedelta(minutes=15)
# A single lost one is made up for by polling; so many in a row are no accident.
MISSED_PAYMENTS = 3
WEBHOOKS_SILENT = timedelta(hours=24)
ROWS_SILENT = timedelta(minutes=15)
SYNC_SILENT = timedelta(days=2)

_AGAIN = {NO_WEBHOOKS: timedelta(days=1), NOT_FED: timedelta(hours=1), NO_SYNC: timedelta(days=1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a company's sync knows. Moments are aware, None where it never happened.

    - `payments`: the settlement times of the card purchases that polling found.
    - `last_webhook_at`: when a webhook last came, at most WEBHOOK_TIME_PRECISION too early.
    - `ready_since`: how long the oldest ready row has been ready; `fed_at`: when any line was last recorded (history
      waits for hours while it is fed).
    - `failing_since`: since when syncs fail without a success.
    - `synced_at`: the last catalogue sync, or when the company was connected. The catalogue is synced and rows are fed
      while the company is `active` only.
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
    """How many card payments no webhook told of, as far as their times prove it.

    Pleo often dates settlements to the midnight before, so this counts too few rather than too many.
    """
    since, until = facts.last_webhook_at + WEBHOOK_TIME_PRECISION, facts.now - GRACE
    return sum(since < payment < until for payment in facts.payments)


def broken(facts: Facts) -> list[str]:
    """Every cause for which the company has been silent for too long, told already or not."""
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
    """The causes a person must be told now: each once a day, rows that wait once an hour."""
    return [cause for cause in broken(facts) if not _is_recent(cause, facts)]


def _is_recent(cause: str, facts: Facts) -> bool:
    last = facts.alerted_at.get(cause)
    return last is not None and facts.now - last < _AGAIN[cause]


def _longer_ago(moment: datetime | None, least: timedelta, now: datetime) -> bool:
    return moment is not None and now - moment >= least
