"""Moments and days: UTC in data, Europe/Berlin on pages and in the books."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")


def utc_text(moment: datetime) -> str:
    """Format a moment as data: UTC, always with microseconds, so that texts sort by time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime | None:
    """Parse a stored UTC text. Return None for the empty text, which means never."""
    return datetime.fromisoformat(text) if text else None


def booking_date(moment: datetime) -> date:
    """Return the German day of a settlement. Line and voucher both use it."""
    return moment.astimezone(BERLIN).date()


def midnight(day: date) -> datetime:
    """Return the start of a German day with its UTC offset, the format that lexoffice expects for a line's dates."""
    return datetime.combine(day, time.min, BERLIN)
