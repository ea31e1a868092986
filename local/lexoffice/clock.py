"""Time as the vendor shows it: one movable clock for tokens and records, and the two timestamp styles of the API."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")

# The finance parser is laxer than that of sales documents: the vendor's own samples leave out the milliseconds
# (https://developers.lexware.io/partner/docs/#finance-endpoint). The offset is never optional.
_FINANCE_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Clock:
    """Wall-clock time plus an offset that tests move; the rate limits never look at it."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC) + self._offset

    def advance(self, *, seconds: float) -> None:
        """Move the clock by some seconds, forwards or backwards."""
        self._offset += timedelta(seconds=seconds)

    def set(self, moment: datetime) -> None:
        """Let the clock go on from an aware moment."""
        self._offset = moment - datetime.now(UTC)


def utc_text(moment: datetime) -> str:
    """Write a moment as finance accounts show it: `2026-03-02T08:15:41.101+00:00`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def berlin_text(moment: datetime) -> str:
    """Write a moment as all other answers show it: `2026-03-02T09:15:41.101+01:00`."""
    return moment.astimezone(BERLIN).isoformat(timespec="milliseconds")


def parse_finance_timestamp(text: str) -> datetime | None:
    """Read `yyyy-MM-ddTHH:mm:ss[.SSS]` with `Z` or `±hh:mm`; None if it is shaped otherwise or no real moment."""
    if not _FINANCE_TIMESTAMP.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def parse_day(text: str) -> date | None:
    """Read `yyyy-MM-dd`; None if it is shaped otherwise or no real day."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def midnight_text(day: date) -> str:
    """Write a day as vouchers show it: midnight in Germany."""
    return berlin_text(datetime.combine(day, time(), BERLIN))
