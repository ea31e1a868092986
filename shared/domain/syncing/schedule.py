"""When a company's next turn is due: every few minutes, later after failures. Pure; storing it is shared/aws's job."""

from datetime import datetime, timedelta

from shared.errors import IntegrationError, OutOfTime, RateLimited, VendorError

SYNC_INTERVAL = timedelta(minutes=5)
# An export job that nobody told of expires after an hour; half of it is enough for a short one.
_LATEST = timedelta(minutes=30)
# Nothing but fewer calls ends a refusal for speed, and Pleo may count all companies' together
# (docs/assumptions.md#pleo-limits).
_LATEST_REFUSED = timedelta(hours=1)


def next_attempt(error: IntegrationError, failures: int, now: datetime) -> datetime:
    """When a company whose turn failed so many times in a row (1 or more) gets the next one: twice as late each time.

    `error` is the last failure. Vendors recover by themselves, and who fails again and again must not take the others'
    share of the workers.
    """
    latest = _LATEST_REFUSED if isinstance(error, RateLimited) else _LATEST
    # Bounded before it is raised to a power: failures of a year would overflow.
    return now + min(SYNC_INTERVAL * (1 << min(failures, 10)), latest)


def error_name(error: IntegrationError) -> str:
    """A failure as stable words that hold no data: `pleo unavailable`, `store unavailable`."""
    kind = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in type(error).__name__).strip()
    return f"{error.vendor} {kind}" if isinstance(error, VendorError) else kind


def most_severe(errors: list[IntegrationError]) -> IntegrationError | None:
    """The error to report of those that the duties of one turn raised: the first that is more than a lack of time."""
    return next((error for error in errors if not isinstance(error, OutOfTime)), errors[0] if errors else None)
