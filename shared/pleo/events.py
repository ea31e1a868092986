"""Pleo's webhook events: their types, and how to parse their bodies.

- Pleo's public catalogue lists only `v1.export-job.created` and `v1.vendor.created`. Pleo delivers card transaction
  events to partners (docs/assumptions.md#pleo-card-events).
- The body is `{eventType, eventId, data}`, bare or wrapped in `payload` (docs/assumptions.md#pleo-webhook-body).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CARD_TRANSACTION_EVENTS = (
    "v1.card-transaction.created",
    "v1.card-transaction.updated",
    "v1.card-transaction.settled",
)
SETTLED_EVENT = "v1.card-transaction.settled"
EXPORT_JOB_EVENTS = frozenset({"v1.export-job.created", "v1.export.job-created", "v2.export-job.created"})
SUBSCRIBED_EVENTS = (*CARD_TRANSACTION_EVENTS, "v1.export-job.created")


class MalformedPleoEventError(ValueError):
    """The body is not an event. The message says why."""


@dataclass(frozen=True, slots=True)
class PleoEvent:
    """One delivered event. `data` is the resource as of the event, so it may be out of date."""

    type: str
    data: Mapping[str, Any]

    @property
    def company_id(self) -> str | None:
        """Return the id of the event's company in lower case, or None if the body does not name one."""
        value = self.data.get("companyId")
        return value.lower() if isinstance(value, str) else None


def parse(body: bytes) -> PleoEvent:
    """Parse a verified body. Raises MalformedPleoEventError."""
    try:
        document = json.loads(body)
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError
        raise MalformedPleoEventError("the body is not JSON") from error
    except RecursionError as error:
        raise MalformedPleoEventError("the body is nested too deeply") from error
    if not isinstance(document, dict):
        raise MalformedPleoEventError("the body is not an object")
    payload = document.get("payload")
    if payload is None:
        payload = document
    if not isinstance(payload, dict):
        raise MalformedPleoEventError("payload is not an object")
    event_type, data = payload.get("eventType"), payload.get("data")
    if not isinstance(event_type, str) or not event_type:
        raise MalformedPleoEventError("eventType is missing")
    if not isinstance(data, dict):
        raise MalformedPleoEventError("data is missing")
    return PleoEvent(event_type, data)
