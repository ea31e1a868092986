"""When a company's next sync is due, and which duties are due in it. Pure; shared/aws/connections.py stores it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import IntegrationError, OutOfTime, RateLimited, VendorError

SYNC_INTERVAL = timedelta(minutes=5)
# A duty that failed for a reason that may pass is tried again after this time.
RETRY_INTERVAL = timedelta(hours=1)
LATE_RECEIPTS_INTERVAL = timedelta(hours=1)
# An export job without a webhook expires after an hour; half of that is enough for a short one.
_LATEST = timedelta(minutes=30)
# Only fewer calls end a refusal for speed, and Pleo may count all companies together (docs/assumptions.md#pleo-limits).
_LATEST_REFUSED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LastRun:
    """When a duty was last done and when it failed after that, None: never. `in_progress`: it stopped half-way."""

    done_at: datetime | None
    failed_at: datetime | None = None
    in_progress: bool = False


def is_due(last: LastRun, interval: timedelta, now: datetime) -> bool:
    """Return whether a duty is due: an interval after it was done, an hour after it failed, at once if in progress."""
    if last.failed_at is not None and now - last.failed_at < RETRY_INTERVAL:
        return False
    return last.in_progress or last.done_at is None or now - last.done_at >= interval


def next_attempt(error: IntegrationError, failures: int, now: datetime) -> datetime:
    """Return when a company is due again after n failed syncs in a row (1 or more): twice as late each time.

    `error` is the last failure. Vendors recover by themselves, and a company that keeps failing must not take the
    other companies' share of the workers.
    """
    latest = _LATEST_REFUSED if isinstance(error, RateLimited) else _LATEST
    # Bounded before it is raised to a power: the failures of a year would overflow.
    return now + min(SYNC_INTERVAL * (1 << min(failures, 10)), latest)


def error_name(error: IntegrationError) -> str:
    """Return a failure as stable words without data: `pleo unavailable`, `store unavailable`."""
    kind = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in type(error).__name__).strip()
    return f"{error.vendor} {kind}" if isinstance(error, VendorError) else kind


def most_severe(errors: list[IntegrationError]) -> IntegrationError | None:
    """Return the error to report of those that a sync's duties raised: the first that is not just a lack of time."""
    return next((error for error in errors if not isinstance(error, OutOfTime)), errors[0] if errors else None)
