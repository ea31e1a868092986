"""The stand-in's clock, which a test may move; it decides token expiry, timestamps and the rate limit's minute.

Webhook signatures use the machine's clock instead: a receiver compares them with its own.
"""

from datetime import UTC, datetime, timedelta


class Clock:
    """Aware UTC time that runs with the machine's, shifted by what a test asked for."""

    def __init__(self) -> None:
        self._shift = timedelta()

    def now(self) -> datetime:
        """The present moment as the stand-in sees it."""
        return datetime.now(UTC) + self._shift

    def stamp(self) -> str:
        """Now in the form of Pleo's date-times."""
        return stamp(self.now())

    def advance(self, *, seconds: float) -> None:
        """Move the clock by so many seconds; negative moves it back."""
        self._shift += timedelta(seconds=seconds)

    def set(self, moment: datetime) -> None:
        """Let the clock show `moment` and run on from there."""
        self._shift = moment - datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """`YYYY-MM-DDTHH:mi:ssZ`, the pattern Pleo declares; whole seconds, so that texts sort like moments."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def normal(value: str) -> str:
    """Any ISO-8601 date-time with an offset in Pleo's form. Raises ValueError when it is none."""
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a date-time needs an offset")
    return stamp(moment)
