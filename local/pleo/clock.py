"""Time in Pleo's format: date-times in UTC with whole seconds."""

from datetime import UTC, datetime

from local.standin.clock import MovableClock


class PleoClock(MovableClock):
    """The stand-in's clock, which also formats Pleo's date-times."""

    def stamp(self) -> str:
        """Return the current time in Pleo's date-time format."""
        return stamp(self.now())


def stamp(moment: datetime) -> str:
    """Return `YYYY-MM-DDTHH:mi:ssZ`, the pattern Pleo declares. Whole seconds make texts sort like times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def normal(value: str) -> str:
    """Convert an ISO 8601 date-time with an offset to Pleo's format. Raise ValueError for any other text."""
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a date-time needs an offset")
    return stamp(moment)
