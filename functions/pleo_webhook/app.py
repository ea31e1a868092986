"""The door for Pleo's webhooks: `POST /webhooks/pleo/{connection_id}`."""

import os
from functools import cache
from typing import Any

from shared.aws.connections import Connections
from shared.aws.ledger import Ledger
from shared.aws.queues import CompanyQueue
from shared.config import ReceiverSettings
from shared.errors import StoreUnavailable
from shared.flows.delivery import Reply, Request
from shared.flows.feeding.pleo_events import Receiver
from shared.telemetry import count, door, log_warning


@cache
def _receiver() -> Receiver:
    settings = ReceiverSettings.from_env(os.environ)
    return Receiver(
        connections=Connections(settings.connection_table),
        ledger=Ledger(settings.ledger_table),
        queue=CompanyQueue(settings.feed_queue_url),
        export_queue=CompanyQueue(settings.export_queue_url),
        key_arn=settings.key_arn,
    )


# Build at start-up: a function with missing settings must fail at once, and Lambda's init phase has more CPU.
_receiver()


@door
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer one HTTP API request (payload format 2.0)."""
    try:
        return _receiver().receive(Request.of(event)).answer()
    except StoreUnavailable as error:
        log_warning("webhook not acknowledged", cause=str(error))
        count("WebhookNotAcknowledged")
        return Reply(503, "try again").answer()
