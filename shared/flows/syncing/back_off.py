"""What becomes of a turn that failed: the company is due again, later each time, and its page says so.

It does not go through the queue's retries: those would come at the queue's pace, five times, and end in a dead-letter
queue although the next turn heals everything. A worker that crashes still ends there.
"""

from datetime import UTC, datetime

from shared.aws.connections import Connections
from shared.domain.syncing.schedule import error_name, next_attempt
from shared.domain.times import utc_text
from shared.errors import IntegrationError, OutOfTime, StoreUnavailable
from shared.telemetry import count, log_warning


def postpone(connections: Connections, connection_id: str, error: IntegrationError) -> None:
    """Remember a failure and when to try again. Work that is merely not finished goes on in the next minute.

    Two failures of one company at once may count as one, which makes the next try earlier. What cannot be remembered
    leaves the company due at its usual time, because that was set when the turn was given.
    """
    log_warning("turn postponed", connection_id=connection_id, cause=str(error))
    count("TurnPostponed")
    try:
        _remember(connections, connection_id, error)
    except StoreUnavailable as unavailable:
        log_warning("failure not remembered", connection_id=connection_id, cause=str(unavailable))


def _remember(connections: Connections, connection_id: str, error: IntegrationError) -> None:
    connection = connections.get(connection_id)
    if connection is None:
        return
    now = datetime.now(UTC)
    if isinstance(error, OutOfTime):
        changes: dict[str, object] = {"due_at": utc_text(now)}
    else:
        failures = connection.sync_failures + 1
        changes = {
            "sync_failures": failures,
            "sync_error": error_name(error),
            "failing_since": connection.failing_since or utc_text(now),
            "due_at": utc_text(next_attempt(error, failures, now)),
        }
    # Refused when it was connected again or disconnected meanwhile: both have set the due time themselves.
    connections.postpone(connection, **changes)


def clear_failures(connections: Connections, connection_id: str) -> None:
    """Forget the failures after a turn that did everything."""
    connections.change(connection_id, sync_failures=0, sync_error="", failing_since="")
