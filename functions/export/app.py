"""The door of `ExportQueue`: wakes the export worker for the company named in a message."""

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
        # A job at Pleo has an hour; the queue's own timeout is half of it.
        takes_long=True,
    )


_worker()


@door
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Process the jobs of each company of a batch; hand back the messages that must be repeated."""
    return consume(_worker(), event, context)
