"""Delivery of Pleo's webhooks, and how a test may hold, multiply, shuffle or drop them.

- Success is any 2xx within 15 seconds.
- Failures are retried after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h, times `retry_scale`. That is the default of
  Svix, whose header names Pleo uses (docs/assumptions.md#pleo-webhooks).
- A message keeps its id over retries. Timestamp and signature are new each time and follow the machine's clock.
"""

import asyncio
import base64
import json
import random
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from local.pleo import signing
from local.pleo.wire import Json
from local.standin.courier import Courier, DeliveryAttempt, DeliveryRules, WebhookDelivery

RETRY_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 36_000)


@dataclass(frozen=True, slots=True)
class Manner:
    """How deliveries are currently made; set by `POST /control/webhooks`."""

    mode: str = "live"
    copies: int = 1
    shuffle: bool = False
    seed: int = 0
    body_shape: str = "A"
    retry_scale: float = 1.0
    drop: bool = False
    parallel: int = 8


@dataclass(frozen=True, slots=True)
class Recipient:
    """A subscription as the API shows it, its signing secret, and the type of the event it gets."""

    subscription: Json
    secret: str = field(repr=False)
    event_type: str


class PleoDeliveries(DeliveryRules[Recipient]):
    """Pleo's rules of delivery, modified by the current manner."""

    timeout_seconds = 15.0

    def __init__(self) -> None:
        self.manner = Manner()

    async def sign(self, delivery: WebhookDelivery[Recipient]) -> tuple[bytes, Mapping[str, str]]:
        """Return the body in the manner's shape and its headers, signed now."""
        timestamp = str(int(time.time()))
        body = self._body(delivery, timestamp)
        recipient = delivery.recipient
        return body, headers_for(
            recipient.subscription,
            recipient.secret,
            message_id=delivery.message_id,
            timestamp=timestamp,
            body=body,
        )

    def waits(self) -> Iterator[float]:
        """Yield the seconds before each retry, scaled by the manner at that time."""
        for seconds in RETRY_SECONDS:
            yield seconds * self.manner.retry_scale

    def most_at_once(self) -> int:
        """Return the maximum number of calls in progress."""
        return self.manner.parallel

    def is_wanted(self, delivery: WebhookDelivery[Recipient]) -> bool:
        """Return whether the subscription is active and not deleted."""
        row = delivery.recipient.subscription
        return not row.get("deletedAt") and row["status"] == "ACTIVE"

    def _body(self, delivery: WebhookDelivery[Recipient], timestamp: str) -> bytes:
        inner = delivery.payload
        if self.manner.body_shape == "A":
            return inner
        # Shape B: the newer docs page prints one object with the headers, and the event as `payload`.
        secret, message_id = delivery.recipient.secret, delivery.message_id
        wrapper = {
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signing.signature(secret, message_id=message_id, timestamp=timestamp, body=inner),
        }
        return json.dumps(wrapper)[:-1].encode() + b', "payload": ' + inner + b"}"


class Webhooks(Courier[Recipient]):
    """Pleo's webhook sender."""

    def __init__(self) -> None:
        self.rules = PleoDeliveries()
        super().__init__(self.rules)

    def reset(self) -> None:
        """Clear the log and stop every delivery."""
        super().reset()
        self.rules.manner = Manner()

    def accept(self, recipient: Recipient, payload: bytes) -> None:
        """Send, hold or drop a message, the JSON text `{"data", "eventType", "eventId"}`, as the manner says."""
        message_id, url = f"msg_{secrets.token_hex(14)}", recipient.subscription["endpointUrl"]
        delivery = WebhookDelivery(recipient, url, payload, message_id)
        if self.rules.manner.drop:
            delivery.status = "dropped"
        elif self.rules.manner.mode == "hold":
            delivery.status = "held"
        copies = self._copies(delivery) if delivery.status == "pending" else []
        self.send([delivery, *copies])

    def flush(self) -> int:
        """Send the held messages, multiplied and shuffled as the manner says; return the number of deliveries."""
        held = [each for each in self.log if each.status == "held"]
        for each in held:
            each.status = "pending"
        copies = [copy for each in held for copy in self._copies(each)]
        self.log.extend(copies)
        due = held + copies
        if self.rules.manner.shuffle:
            random.Random(self.rules.manner.seed).shuffle(due)  # noqa: S311 - a test's order, not a secret
        for each in due:
            self.start(each)
        return len(due)

    def outstanding(self) -> Json:
        """Return the number of deliveries in progress, waiting for a retry, and held. Idle: none of the first two."""
        counts = self.counts()
        return {
            "idle": not counts["pending"] and not counts["retrying"],
            "sending": counts["pending"],
            "retrying": counts["retrying"],
            "held": counts["held"],
        }

    async def idle(self, *, seconds: float) -> Json:
        """Return `outstanding` after waiting at most `seconds` for it to become idle."""
        deadline = time.monotonic() + seconds
        while not (state := self.outstanding())["idle"] and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        return state

    def _copies(self, delivery: WebhookDelivery[Recipient]) -> list[WebhookDelivery[Recipient]]:
        copies = self.rules.manner.copies - 1
        return [
            WebhookDelivery(delivery.recipient, delivery.url, delivery.payload, delivery.message_id)
            for _ in range(copies)
        ]


def shown(delivery: WebhookDelivery[Recipient]) -> Json:
    """Return a delivery for the log, without secret and body."""
    return {
        "messageId": delivery.message_id,
        "subscriptionId": delivery.recipient.subscription["id"],
        "eventType": delivery.recipient.event_type,
        "status": delivery.status,
        "attempts": [_attempt(each) for each in delivery.attempts],
    }


def headers_for(subscription: Json, secret: str, *, message_id: str, timestamp: str, body: bytes) -> dict[str, str]:
    """Return the headers of one delivery: the customer's own, Basic auth if requested, and the three signed ones."""
    headers = {"content-type": "application/json", **(subscription.get("customHeaders") or {})}
    auth = subscription.get("endpointAuth") or {}
    if auth.get("type") == "BASIC":
        credentials = auth.get("credentials") or {}
        pair = f"{credentials.get('username', '')}:{credentials.get('password', '')}"
        headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return headers | {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signing.signature(secret, message_id=message_id, timestamp=timestamp, body=body),
    }


def _attempt(attempt: DeliveryAttempt) -> Json:
    outcome = "status" if isinstance(attempt.result, int) else "error"
    return {"timestamp": attempt.at, outcome: attempt.result}
