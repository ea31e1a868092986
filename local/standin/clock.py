"""The clock of a stand-in, which a test may move: it decides when tokens expire and what time records show.

Rate limits and webhook signatures that a receiver compares with its own clock follow the machine's clock instead.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")


class MovableClock:
    """Aware UTC time that runs with the machine's clock, shifted by what a test asked for."""

    def __init__(self) -> None:
        self._shift = timedelta()

    def now(self) -> datetime:
        """Return the present moment as the stand-in sees it."""
        return datetime.now(UTC) + self._shift

    def advance(self, *, seconds: float) -> None:
        """Move the clock forward; a negative number moves it back."""
        self._shift += timedelta(seconds=seconds)

    def set(self, moment: datetime) -> None:
        """Let the clock show an aware moment and run on from there."""
        self._shift = moment - datetime.now(UTC)
