"""Time as Pleo shows it: date-times in UTC with whole seconds."""

from datetime import UTC, datetime

from local.standin.clock import MovableClock


class PleoClock(MovableClock):
    """The stand-in's clock, which also writes Pleo's date-times."""

    def stamp(self) -> str:
        """Return the present moment in the form of Pleo's date-times."""
        return stamp(self.now())


def stamp(moment: datetime) -> str:
    """`YYYY-MM-DDTHH:mi:ssZ`, the pattern Pleo declares; whole seconds, so that texts sort like moments."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def normal(value: str) -> str:
    """Any ISO-8601 date-time with an offset in Pleo's form. Raises ValueError when it is none."""
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a date-time needs an offset")
    return stamp(moment)
