"""The door for lexoffice's events: `POST` and `HEAD` on `/webhooks/lexoffice/{connection_id}`."""

import os
from functools import cache
from typing import Any

from shared.aws.connections import Connections
from shared.aws.matches import Matches
from shared.aws.queues import CompanyQueue, SyncQueue
from shared.config import EventSettings
from shared.errors import StoreUnavailable
from shared.flows.delivery import Reply, Request
from shared.flows.exporting.lexoffice_events import EventReceiver
from shared.telemetry import count, door, log_warning


@cache
def _receiver() -> EventReceiver:
    settings = EventSettings.from_env(os.environ)
    return EventReceiver(
        connections=Connections(settings.connection_table),
        matches=Matches(settings.ledger_table),
        export_queue=CompanyQueue(settings.export_queue_url),
        sync_queue=SyncQueue(settings.sync_queue_url),
        public_key=settings.lexoffice_webhook_key,
    )


_receiver()


@door
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer one HTTP API request (payload format 2.0)."""
    # lexoffice calls the address before it accepts a subscription. The answer does not depend on the company.
    if event["requestContext"]["http"]["method"] == "HEAD":
        return {"statusCode": 204}
    try:
        return _receiver().receive(Request.of(event)).answer()
    except StoreUnavailable as error:
        log_warning("webhook not acknowledged", cause=str(error))
        count("WebhookNotAcknowledged")
        return Reply(503, "try again").answer()
