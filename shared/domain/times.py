"""Moments and days: UTC in data, Europe/Berlin for people and for the books."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")


def utc_text(moment: datetime) -> str:
    """A moment as data: UTC, microseconds always written, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime | None:
    """Return a stored UTC text as a moment; None for the empty text, which means never."""
    return datetime.fromisoformat(text) if text else None


def booking_date(moment: datetime) -> date:
    """The day in Germany on which the settlement happened; line and voucher both use it."""
    return moment.astimezone(BERLIN).date()


def midnight(day: date) -> datetime:
    """The start of a German day, with its offset, as lexoffice wants the dates of a line."""
    return datetime.combine(day, time.min, BERLIN)
