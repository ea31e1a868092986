"""The door of `ExportQueue`: wakes the export worker for the company named in a message."""

import os
import secrets
import time
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from shared.aws.connections import Connections
from shared.aws.exports import Exports
from shared.aws.failures import EXPORT, Failures
from shared.aws.ledger import Ledger
from shared.aws.matches import Matches
from shared.aws.quarantine import Quarantine
from shared.aws.queues import CompanyQueue
from shared.aws.vouchers import Vouchers
from shared.config import ExportSettings
from shared.domain.exporting.voucher import Settings
from shared.errors import IntegrationError, StoreUnavailable
from shared.flows.exporting.export import Exporter
from shared.flows.vendors import Vendors
from shared.telemetry import count, door, log_warning

_LONGEST_PAUSE = 900
_MARGIN = 30


@cache
def _parts() -> tuple[ExportSettings, Exporter, CompanyQueue]:
    settings = ExportSettings.from_env(os.environ)
    exporter = Exporter(
        connections=Connections(settings.connection_table),
        ledger=Ledger(settings.ledger_table),
        exports=Exports(settings.ledger_table),
        vouchers=Vouchers(settings.ledger_table),
        matches=Matches(settings.ledger_table),
        vendors=Vendors(settings),
        app_url=settings.lexoffice_app_url,
        # As long as the shortest pause before another attempt.
        settling=timedelta(seconds=settings.export_retry_seconds),
        choices=Settings(
            categories={},
            wallet_account_id="",
            reverse_charge=settings.reverse_charge,
            contra_required=settings.contra_required,
            input_tax_without_receipt=settings.input_tax_without_receipt,
        ),
    )
    return settings, exporter, CompanyQueue(settings.export_queue_url)


@cache
def _notes() -> tuple[Quarantine, Failures]:
    table = _parts()[0].ledger_table
    return Quarantine(table), Failures(table)


_parts()


@door
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Work on the jobs of each company of a batch; what must be tried again is handed back."""
    seconds = context.get_remaining_time_in_millis() / 1000
    deadline = time.monotonic() + seconds
    failures = [record for record in event["Records"] if not _worked(record, seconds, deadline)]
    for record in failures:
        _try_later(record)
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failures]}


def _worked(record: Mapping[str, Any], seconds: float, deadline: float) -> bool:
    """Whether the message is done with."""
    quarantine, failures = _notes()
    try:
        wake = quarantine.read(EXPORT, record)
    except StoreUnavailable as error:
        log_warning("message not quarantined", message_id=record["messageId"], cause=str(error))
        return False
    if wake is None:
        return True
    # If we die, another worker should take over soon, but not before this one is surely dead: a job at Pleo has an
    # hour, the queue's own timeout is half of it.
    _parts()[2].hold(record["receiptHandle"], int(seconds) + _MARGIN)
    attempt = int(record["attributes"]["ApproximateReceiveCount"])
    try:
        _export(wake.connection_id, deadline)
    except IntegrationError as error:
        log_warning("export postponed", connection_id=wake.connection_id, cause=str(error))
        count("ExportPostponed")
        failures.record(wake.connection_id, EXPORT, str(error), attempt)
        return False
    except Exception as error:
        failures.record_crash(wake.connection_id, EXPORT, error, attempt)
        return False
    return True


def _export(connection_id: str, deadline: float) -> None:
    _, exporter, queue = _parts()
    if exporter.export(connection_id, lambda: deadline - time.monotonic()):
        # Before this message is deleted: if we die here, it comes back and nothing is forgotten.
        queue.wake(connection_id, f"continued.{secrets.token_hex(8)}")


def _try_later(record: Mapping[str, Any]) -> None:
    """Pause before the next attempt, longer each time: handing messages back switches Lambda's own back-off off."""
    settings, _, queue = _parts()
    attempt = int(record["attributes"]["ApproximateReceiveCount"])
    queue.delay(record["receiptHandle"], min(settings.export_retry_seconds * attempt, _LONGEST_PAUSE))
