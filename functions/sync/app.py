"""The door of `SyncQueue`: run one company's sync per message, after its set-up if the message requests one."""

import os
from functools import cache
from typing import Any

from shared.aws.consume import Worker, consume
from shared.aws.stores import Stores
from shared.config import SyncSettings
from shared.flows.syncing.sync import CompanySync
from shared.flows.vendors import Vendors
from shared.telemetry import door


@cache
def _worker() -> Worker:
    settings = SyncSettings.from_env(os.environ)
    stores = Stores(settings)
    return Worker(name="sync", stores=stores, run=CompanySync(stores, Vendors(settings), settings).run)


_worker()


@door
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Sync each company of a batch; return the messages whose requests must be retried."""
    return consume(_worker(), event, context)
