"""Time in lexoffice's formats: the two timestamp styles of the API."""

import re
from datetime import UTC, date, datetime, time

from local.standin.clock import BERLIN

# The finance parser accepts more than that of sales documents: lexoffice's own samples omit the milliseconds
# (https://developers.lexware.io/partner/docs/#finance-endpoint). The offset is always required.
_FINANCE_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def utc_text(moment: datetime) -> str:
    """Format a time as finance accounts show it: `2026-03-02T08:15:41.101+00:00`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def berlin_text(moment: datetime) -> str:
    """Format a time as all other answers show it: `2026-03-02T09:15:41.101+01:00`."""
    return moment.astimezone(BERLIN).isoformat(timespec="milliseconds")


def parse_finance_timestamp(text: str) -> datetime | None:
    """Parse `yyyy-MM-ddTHH:mm:ss[.SSS]` with `Z` or `±hh:mm`; None for another format or an impossible time."""
    if not _FINANCE_TIMESTAMP.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def parse_day(text: str) -> date | None:
    """Parse `yyyy-MM-dd`; None for another format or an impossible day."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def midnight_text(day: date) -> str:
    """Format a day as vouchers show it: midnight in Germany."""
    return berlin_text(datetime.combine(day, time(), BERLIN))
