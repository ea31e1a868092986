"""Process a batch of queue messages company by company: what all three workers do alike.

- A message that cannot be read is stored in the quarantine and acknowledged.
- A failure for one company, including an unexpected exception, does not affect the rest of the batch. Its messages go
  back to the queue. The cause is recorded (shared/aws/failures.py).
- A run that stops early sends a new message before its own is deleted, so a crash in between loses nothing.
- Partial batch responses disable Lambda's own back-off, so failed messages get a growing visibility timeout.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.aws.queues import CompanyQueue, WakeUp
from shared.aws.stores import Stores
from shared.errors import IntegrationError, StoreUnavailable
from shared.telemetry import count, log_warning

POSTPONED = {"feed": "FeedPostponed", "export": "ExportPostponed", "sync": "SyncPostponed"}
_LONGEST_DELAY = 900
_MARGIN_SECONDS = 30

type Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One worker. `run` processes a company within the remaining seconds and returns True if work is left.

    `name` is feed, export or sync. With a `queue`, unfinished work wakes the company again and failed messages are
    delayed by `retry_seconds` per attempt; without one, the queue's own visibility timeout applies. `takes_long`: a
    message is hidden for the longest duration of a run. The queue's timeout can then be short, so that another worker
    takes over soon after a crash.
    """

    name: str
    stores: Stores
    run: Callable[[WakeUp, Callable[[], float]], bool]
    queue: CompanyQueue | None = None
    retry_seconds: int = 0
    takes_long: bool = False


def consume(worker: Worker, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Process an SQS event; return the partial batch response that hands failed messages back."""
    seconds = context.get_remaining_time_in_millis() / 1000
    deadline = time.monotonic() + seconds
    companies, failed = _by_company(worker, event["Records"])
    for wake, records in companies:
        if worker.queue and worker.takes_long:
            for record in records:
                worker.queue.extend(record["receiptHandle"], int(seconds) + _MARGIN_SECONDS)
        if not _process(worker, wake, records, lambda: deadline - time.monotonic()):
            failed += records
    for record in failed if worker.queue else ():
        delay = min(worker.retry_seconds * _attempt(record), _LONGEST_DELAY)
        worker.queue.delay(record["receiptHandle"], delay)  # type: ignore[union-attr]
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}


def log_postponed(worker: str, connection_id: str, error: IntegrationError) -> None:
    """Log and count a run that must be repeated."""
    log_warning(f"{worker} postponed", connection_id=connection_id, cause=str(error))
    count(POSTPONED[worker])


def _process(worker: Worker, wake: WakeUp, records: Sequence[Record], remaining: Callable[[], float]) -> bool:
    """Run the worker for a company; return whether its messages may be deleted."""
    connection_id, attempt = wake.connection_id, max(map(_attempt, records))
    try:
        if worker.run(wake, remaining) and worker.queue:
            worker.queue.wake(connection_id, f"continued.{secrets.token_hex(8)}")
    except IntegrationError as error:
        log_postponed(worker.name, connection_id, error)
        worker.stores.failures.record(connection_id, worker.name, str(error), attempt)
        return False
    except Exception as error:
        worker.stores.failures.record_crash(connection_id, worker.name, error, attempt)
        return False
    return True


def _by_company(worker: Worker, records: Sequence[Record]) -> tuple[list[tuple[WakeUp, list[Record]]], list[Record]]:
    """Return the messages grouped by company, with their requests merged, and those that could not be quarantined."""
    companies: dict[str, tuple[WakeUp, list[Record]]] = {}
    unstored = []
    for record in records:
        try:
            wake = worker.stores.quarantine.read(worker.name, record)
        except StoreUnavailable as error:
            log_warning("message not quarantined", message_id=record["messageId"], cause=str(error))
            unstored.append(record)
            continue
        if wake is not None:
            before, grouped = companies.get(wake.connection_id, (wake, []))
            both = WakeUp(wake.connection_id, before.requests | wake.requests)
            companies[wake.connection_id] = (both, [*grouped, record])
    return list(companies.values()), unstored


def _attempt(record: Record) -> int:
    return int(record["attributes"]["ApproximateReceiveCount"])
