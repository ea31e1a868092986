"""Events and their subscribers: signed, retried as documented, logged.

https://developers.lexware.io/docs/#event-subscriptions-endpoint:
- 200, 201, 202 and 204 within 5 s are success.
- 401, 403, 404, 429, 5xx and an unreachable host are retried.
- 410 ends the subscription immediately.
- The number of parallel calls is not documented: `event_parallel`.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from local.lexoffice import clock, signing
from local.lexoffice.settings import LexofficeSwitches
from local.standin.clock import MovableClock
from local.standin.courier import Courier, DeliveryRules, Result, WebhookDelivery
from local.standin.tokens import Grant
from local.standin.wire import new_id

# Five quick retries, a pause of half an hour, then every two hours until 20 more have failed.
RETRY_SECONDS: Sequence[float] = (10, 20, 40, 80, 160, 1_800, *[7_200] * 19)
_SUCCESS = frozenset({200, 201, 202, 204})
_RETRIED = frozenset({401, 403, 404, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class LexofficeSubscription:
    """One event type and the address it is sent to. It belongs to a connection and ends with it."""

    organization_id: str
    connection_id: str
    event_type: str
    callback_url: str
    created: datetime
    id: str = field(default_factory=new_id)


class LexofficeDeliveries(DeliveryRules[LexofficeSubscription]):
    """lexoffice's rules of delivery. An ended subscription still receives the end of its connection."""

    most_redirects = 3

    def __init__(self, switches: LexofficeSwitches, subscriptions: dict[str, LexofficeSubscription]) -> None:
        self._switches = switches
        self._subscriptions = subscriptions

    async def sign(self, delivery: WebhookDelivery[LexofficeSubscription]) -> tuple[bytes, Mapping[str, str]]:
        """Return the body and its headers; the signature covers the raw body."""
        key = await asyncio.wrap_future(signing.prepare())
        signature = await asyncio.to_thread(signing.signature, key, delivery.payload)
        return delivery.payload, {"Content-Type": "application/json", "X-Lxo-Signature": signature}

    def waits(self) -> Sequence[float]:
        """Return the seconds before each retry."""
        return RETRY_SECONDS

    def most_at_once(self) -> int:
        """Return the maximum number of calls in progress."""
        return self._switches.event_parallel

    def is_success(self, result: Result) -> bool:
        """Return whether the answer is one of the four successful statuses."""
        return result in _SUCCESS

    def is_retried(self, result: Result) -> bool:
        """Return whether a failure is retried. An unlisted one is not, for example too many redirects."""
        if isinstance(result, str):
            return result != "TooManyRedirects"
        return result in _RETRIED or result >= 500

    def end(self, delivery: WebhookDelivery[LexofficeSubscription]) -> None:
        """End a subscription whose last attempt got 410 or 404 or could not connect."""
        if delivery.attempts[-1].result in {410, 404, "ConnectError"}:
            self._subscriptions.pop(delivery.recipient.id, None)


class Events:
    """All subscriptions, and every event sent to one of them."""

    def __init__(self, clock_: MovableClock, switches: LexofficeSwitches) -> None:
        self._clock = clock_
        self._switches = switches
        self.subscriptions: dict[str, LexofficeSubscription] = {}
        self.courier = Courier(LexofficeDeliveries(switches, self.subscriptions))

    def emit(self, organization_id: str, event_type: str, resource_id: str) -> int:
        """Send an event to all its subscribers in the organisation; return their number."""
        wanted = [
            item
            for item in self.subscriptions.values()
            if item.organization_id == organization_id and item.event_type == event_type
        ]
        self._send(wanted, resource_id)
        return len(wanted)

    def end_connection(self, connection: Grant) -> None:
        """Send a connection's subscribers the end of the connection, and delete the subscriptions."""
        own = [item for item in self.subscriptions.values() if item.connection_id == connection.id]
        self._send([item for item in own if item.event_type == "token.revoked"], connection.id)
        for item in own:
            del self.subscriptions[item.id]

    def _send(self, subscriptions: list[LexofficeSubscription], resource_id: str) -> None:
        moment = clock.berlin_text(self._clock.now())
        for item in subscriptions:
            event = {
                "organizationId": item.organization_id,
                "eventType": item.event_type,
                "resourceId": resource_id,
                "eventDate": moment,
            }
            body = json.dumps(event, separators=(",", ":")).encode()
            copies = range(self._switches.event_copies)
            self.courier.send(WebhookDelivery(item, item.callback_url, body) for _ in copies)


def shown(delivery: WebhookDelivery[LexofficeSubscription]) -> dict[str, object]:
    """Return a delivery for the log."""
    event: dict[str, object] = json.loads(delivery.payload)
    return event | {
        "subscriptionId": delivery.recipient.id,
        "callbackUrl": delivery.recipient.callback_url,
        "attempts": [each.result for each in delivery.attempts],
        "done": delivery.is_over,
    }
