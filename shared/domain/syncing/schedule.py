"""Schedule of a company: when its next sync is due, and which duties are due in it.

Pure functions; shared/aws/connections.py stores the times.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import IntegrationError, OutOfTime, RateLimited, VendorError

SYNC_INTERVAL = timedelta(minutes=5)
# Retry a duty after this time if it failed for a reason that may be temporary.
RETRY_INTERVAL = timedelta(hours=1)
LATE_RECEIPTS_INTERVAL = timedelta(hours=1)
# Longest back-off. An export job whose webhook was lost expires after an hour; half of that is enough for a short job.
_LATEST = timedelta(minutes=30)
# Longest back-off after a 429: only fewer calls end it, and Pleo may count all companies together
# (docs/assumptions.md#pleo-limits).
_LATEST_REFUSED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class LastRun:
    """When a duty was last done, and when it failed after that; None if never.

    `in_progress`: the last run stopped part-way, so the next one continues it.
    """

    done_at: datetime | None
    failed_at: datetime | None = None
    in_progress: bool = False


def is_due(last: LastRun, interval: timedelta, now: datetime) -> bool:
    """Return whether a duty is due.

    It is due an interval after it was last done, an hour after it failed, and at once if it is in progress.
    """
    if last.failed_at is not None and now - last.failed_at < RETRY_INTERVAL:
        return False
    return last.in_progress or last.done_at is None or now - last.done_at >= interval


def next_attempt(error: IntegrationError, failures: int, now: datetime) -> datetime:
    """Return when a company is due after `failures` failed syncs in a row (1 or more). The back-off doubles each time.

    `error` is the last failure; it selects the upper limit. Vendors recover by themselves, and a company that keeps
    failing must not use the other companies' share of the workers.
    """
    latest = _LATEST_REFUSED if isinstance(error, RateLimited) else _LATEST
    # Limit the exponent: a year of failures would overflow.
    return now + min(SYNC_INTERVAL * (1 << min(failures, 10)), latest)


def error_name(error: IntegrationError) -> str:
    """Return a failure as stable words without data, such as `pleo unavailable` or `store unavailable`."""
    kind = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in type(error).__name__).strip()
    return f"{error.vendor} {kind}" if isinstance(error, VendorError) else kind


def most_severe(errors: list[IntegrationError]) -> IntegrationError | None:
    """Return which of the errors of a sync's duties to report: the first that is not OutOfTime, else the first."""
    return next((error for error in errors if not isinstance(error, OutOfTime)), errors[0] if errors else None)
