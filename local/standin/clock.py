"""The clock of a stand-in, which a test may move. It decides when tokens expire and which times records show.

Rate limits and webhook signatures follow the machine's clock instead: a receiver compares signatures with its own
clock.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")


class MovableClock:
    """UTC time with time zone that follows the machine's clock, shifted by what a test requested."""

    def __init__(self) -> None:
        self._shift = timedelta()

    def now(self) -> datetime:
        """Return the current time of the stand-in."""
        return datetime.now(UTC) + self._shift

    def advance(self, *, seconds: float) -> None:
        """Move the clock forward by `seconds`; a negative number moves it back."""
        self._shift += timedelta(seconds=seconds)

    def set(self, moment: datetime) -> None:
        """Set the clock to a time with time zone; it runs on from there."""
        self._shift = moment - datetime.now(UTC)
