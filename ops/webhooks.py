"""Find what became of a Pleo webhook, by its id in the receiver's log.

Only verified webhooks are logged with their id. A webhook that was refused or never arrived is not found.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ops.context import CommandContext
from shared.aws.clients import client, translate_errors

# Ids as the receiver logs them (shared/flows/feeding/pleo_events.py).
_ID = re.compile(r"[A-Za-z0-9_.:=+/-]{1,100}")
# Shorter texts are numbers, such as book ids; the log is not searched for them.
_SHORTEST = 12

ACCEPTED, EXPORT_WANTED, PARKED = "accepted", "export_wanted", "parked"
_OUTCOMES = {"entry accepted": ACCEPTED, "export wanted": EXPORT_WANTED, "webhook parked": PARKED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One delivery of a webhook.

    - `outcome`: accepted, export_wanted or parked
    - `cause`: why it was parked
    """

    at: datetime
    connection_id: str
    outcome: str
    entry_id: str = ""
    cause: str = ""


def may_be_id(text: str) -> bool:
    """Return True if a text may be a webhook's id."""
    return len(text) >= _SHORTEST and _ID.fullmatch(text) is not None


def deliveries(context: CommandContext, webhook_id: str, since: datetime) -> list[Delivery]:
    """Return the verified deliveries of a webhook since a moment, oldest first. Raise StoreUnavailable if AWS fails."""
    found = (_delivery(event, webhook_id) for event in _events(context, webhook_id, since))
    return sorted(filter(None, found), key=lambda delivery: delivery.at)


def _events(context: CommandContext, webhook_id: str, since: datetime) -> Iterator[dict[str, Any]]:
    # The quoted term matches every line that contains the id; `_delivery` checks the key.
    pages = (
        client("logs")
        .get_paginator("filter_log_events")
        .paginate(
            logGroupName=context.stack["PleoWebhookLogs"],
            filterPattern=f'"{webhook_id}"',
            startTime=int(since.timestamp() * 1000),
        )
    )
    with translate_errors("FilterLogEvents"):
        for page in pages:
            yield from page["events"]


def _delivery(event: dict[str, Any], webhook_id: str) -> Delivery | None:
    try:
        line = json.loads(event["message"])
    except ValueError:
        return None
    if not isinstance(line, dict) or line.get("webhook_id") != webhook_id:
        return None
    malformed = line.get("cause") == "webhook malformed"
    outcome = PARKED if malformed else _OUTCOMES.get(str(line.get("message")), "")
    if not outcome:
        return None
    return Delivery(
        at=datetime.fromtimestamp(event["timestamp"] / 1000, UTC),
        connection_id=str(line.get("connection_id", "")),
        outcome=outcome,
        entry_id=str(line.get("entry_id", "")),
        cause=str(line.get("detail" if malformed else "cause", "")),
    )
