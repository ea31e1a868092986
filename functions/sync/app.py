"""The door of `SyncQueue`: one company's turn per message."""

import json
import os
import time
from functools import cache
from typing import Any

from shared.aws.connections import Connections
from shared.aws.exports import Exports
from shared.aws.ledger import Ledger
from shared.aws.queues import CompanyQueue
from shared.config import SyncSettings
from shared.errors import IntegrationError
from shared.flows.turn import Turn
from shared.flows.vendors import Vendors
from shared.telemetry import count, door, warn

_SECONDS_FOR_A_CALL = 40.0


@cache
def _turn() -> Turn:
    settings = SyncSettings.from_env(os.environ)
    return Turn(
        connections=Connections(settings.connection_table),
        ledger=Ledger(settings.ledger_table),
        exports=Exports(settings.ledger_table),
        queue=CompanyQueue(settings.feed_queue_url),
        export_queue=CompanyQueue(settings.export_queue_url),
        vendors=Vendors(settings),
    )


_turn()


@door
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take the turns of a batch; a failed one comes again after the queue's visibility timeout."""
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - _SECONDS_FOR_A_CALL
    failures = []
    for record in event["Records"]:
        message = json.loads(record["body"])
        try:
            _turn().take(
                message["connection_id"],
                lambda: deadline - time.monotonic(),
                catalogue_now=message.get("catalogue", False),
                access_now=message.get("access", False),
            )
        except IntegrationError as error:
            warn("turn postponed", connection_id=message["connection_id"], cause=str(error))
            count("TurnPostponed")
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
