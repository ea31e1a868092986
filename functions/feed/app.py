"""The door of `FeedQueue`: wakes the feed worker for the companies named in a batch of messages."""

import os
import secrets
import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from shared.aws.connections import Connections
from shared.aws.failures import FEED, Failures
from shared.aws.ledger import Ledger
from shared.aws.quarantine import Quarantine
from shared.aws.queues import CompanyQueue
from shared.config import FeedSettings
from shared.errors import IntegrationError, OutOfTime, StoreUnavailable
from shared.flows.feeding.feed import SECONDS_FOR_A_CALL, Feeder, NoProgressError, Outcome
from shared.flows.vendors import Vendors
from shared.telemetry import count, door, log_warning

_LONGEST_PAUSE = 900


@cache
def _parts() -> tuple[FeedSettings, Feeder, CompanyQueue]:
    settings = FeedSettings.from_env(os.environ)
    feeder = Feeder(
        connections=Connections(settings.connection_table),
        ledger=Ledger(settings.ledger_table),
        vendors=Vendors(settings),
    )
    return settings, feeder, CompanyQueue(settings.feed_queue_url)


@cache
def _notes() -> tuple[Quarantine, Failures]:
    table = _parts()[0].ledger_table
    return Quarantine(table), Failures(table)


_parts()


@door
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Work through a batch; every message of a company that must be tried again is handed back.

    Whatever happens to one company is nothing to the others of the batch, even if it is a mistake of ours.
    """
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000
    companies, failures = _by_company(event["Records"])
    for connection_id, records in companies.items():
        attempt = max(_attempt(record) for record in records)
        try:
            _feed(connection_id, deadline)
        except (IntegrationError, NoProgressError) as error:
            log_warning("feed postponed", connection_id=connection_id, cause=str(error))
            count("FeedPostponed")
            _notes()[1].record(connection_id, FEED, str(error), attempt)
            failures += records
        except Exception as error:
            _notes()[1].record_crash(connection_id, FEED, error, attempt)
            failures += records
    _try_later(failures)
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failures]}


def _feed(connection_id: str, deadline: float) -> None:
    _, feeder, queue = _parts()
    outcome = Outcome(unfinished=True)
    if deadline - time.monotonic() > SECONDS_FOR_A_CALL:
        outcome = feeder.feed(connection_id, lambda: deadline - time.monotonic())
        if outcome.unfinished and not outcome.any:
            # Slots are taken far ahead: trying again at once would only spin.
            raise OutOfTime("no call fitted into this run")
    if outcome.unfinished:
        # Before this message is deleted: if we die here, it comes back and nothing is forgotten.
        queue.wake(connection_id, f"continued.{secrets.token_hex(8)}")


def _by_company(
    records: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, list[Mapping[str, Any]]], list[Mapping[str, Any]]]:
    """The messages by company, and those nobody can read that could not be quarantined either."""
    companies: dict[str, list[Mapping[str, Any]]] = {}
    unkept = []
    for record in records:
        try:
            wake = _notes()[0].read(FEED, record)
        except StoreUnavailable as error:
            log_warning("message not quarantined", message_id=record["messageId"], cause=str(error))
            unkept.append(record)
            continue
        if wake:
            companies.setdefault(wake.connection_id, []).append(record)
    return companies, unkept


def _attempt(record: Mapping[str, Any]) -> int:
    return int(record["attributes"]["ApproximateReceiveCount"])


def _try_later(records: Sequence[Mapping[str, Any]]) -> None:
    """Pause before the next attempt, longer each time: handing messages back switches Lambda's own back-off off."""
    settings, _, queue = _parts()
    for record in records:
        queue.delay(record["receiptHandle"], min(settings.feed_retry_seconds * _attempt(record), _LONGEST_PAUSE))
