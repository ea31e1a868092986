"""The door of `ExportQueue`: wakes the export worker for the company named in a message."""

import json
import os
import secrets
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from shared.aws.connections import Connections
from shared.aws.exports import Exports
from shared.aws.ledger import Ledger
from shared.aws.queues import CompanyQueue
from shared.config import ExportSettings
from shared.errors import IntegrationError
from shared.flows.export import Exporter
from shared.flows.vendors import Vendors
from shared.telemetry import count, door, warn

_LONGEST_PAUSE = 900


@cache
def _parts() -> tuple[ExportSettings, Exporter, CompanyQueue]:
    settings = ExportSettings.from_env(os.environ)
    exporter = Exporter(
        connections=Connections(settings.connection_table),
        ledger=Ledger(settings.ledger_table),
        exports=Exports(settings.ledger_table),
        vendors=Vendors(settings),
        app_url=settings.lexoffice_app_url,
    )
    return settings, exporter, CompanyQueue(settings.export_queue_url)


_parts()


@door
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Work on the jobs of each company of a batch; what must be tried again is handed back."""
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000
    failures = []
    for record in event["Records"]:
        connection_id = json.loads(record["body"])["connection_id"]
        try:
            _export(connection_id, deadline)
        except IntegrationError as error:
            warn("export postponed", connection_id=connection_id, cause=str(error))
            count("ExportPostponed")
            _try_later(record)
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def _export(connection_id: str, deadline: float) -> None:
    _, exporter, queue = _parts()
    if exporter.export(connection_id, lambda: deadline - time.monotonic()):
        # Before this message is deleted: if we die here, it comes back and nothing is forgotten.
        queue.wake(connection_id, f"continued.{secrets.token_hex(8)}")


def _try_later(record: Mapping[str, Any]) -> None:
    """Pause before the next attempt, longer each time: handing messages back switches Lambda's own back-off off."""
    settings, _, queue = _parts()
    attempt = int(record["attributes"]["ApproximateReceiveCount"])
    queue.try_later(record["receiptHandle"], min(settings.export_retry_seconds * attempt, _LONGEST_PAUSE))
