"""The door of `ExportQueue`: run the export worker for the company that a message names."""

import os
from functools import cache
from typing import Any

from shared.aws.consume import Worker, consume
from shared.aws.queues import CompanyQueue
from shared.aws.stores import Stores
from shared.config import ExportSettings
from shared.flows.exporting.export import Exporter
from shared.flows.vendors import Vendors
from shared.telemetry import door


@cache
def _worker() -> Worker:
    settings = ExportSettings.from_env(os.environ)
    stores = Stores(settings)
    exporter = Exporter(stores, Vendors(settings), settings)
    return Worker(
        name="export",
        stores=stores,
        run=lambda wake, remaining: exporter.export(wake.connection_id, remaining),
        queue=CompanyQueue(settings.export_queue_url),
        retry_seconds=settings.export_retry_seconds,
        # Pleo expires a job after an hour. The queue's own timeout is half of that.
        takes_long=True,
    )


_worker()


@door
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Process the export jobs of each company of a batch; return the messages that must be retried."""
    return consume(_worker(), event, context)
