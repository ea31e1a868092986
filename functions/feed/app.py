"""The door of `FeedQueue`: run the feed worker for the companies that a batch of messages names."""

import os
from functools import cache
from typing import Any

from shared.aws.consume import Worker, consume
from shared.aws.queues import CompanyQueue
from shared.aws.stores import Stores
from shared.config import FeedSettings
from shared.flows.feeding.feed import Feeder
from shared.flows.vendors import Vendors
from shared.telemetry import door


@cache
def _worker() -> Worker:
    settings = FeedSettings.from_env(os.environ)
    stores = Stores(settings)
    feeder = Feeder(stores, Vendors(settings))
    return Worker(
        name="feed",
        stores=stores,
        run=lambda wake, remaining: feeder.feed(wake.connection_id, remaining),
        queue=CompanyQueue(settings.feed_queue_url),
        retry_seconds=settings.feed_retry_seconds,
    )


_worker()


@door
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Feed each company of a batch; return the messages that must be retried."""
    return consume(_worker(), event, context)
