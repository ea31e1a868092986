"""Sends events to their subscribers: signed, retried as documented, logged.

https://developers.lexware.io/docs/#event-subscriptions-endpoint: 200, 201, 202 and 204 are success within 5 s; 401,
403, 404, 429, 5xx and a dead host are retried, the waits times `event_retry_scale`; 410 ends the subscription at once.
How many are sent at once is not documented: `event_parallel`.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from local.lexoffice import clock, signing
from local.lexoffice.clock import Clock
from local.lexoffice.records import Connection, new_id
from local.lexoffice.settings import Switches

if TYPE_CHECKING:
    import httpx

# Five quick retries, a pause of half an hour, then every two hours until 20 more have failed.
RETRY_SECONDS = (10, 20, 40, 80, 160, 1_800, *[7_200] * 19)
TIMEOUT_SECONDS = 5.0
# The test call's is not documented. A machine under load starts the door slowly; the product waits 35 s for the answer.
TEST_SECONDS = 30.0
_SUCCESS = frozenset({200, 201, 202, 204})
_RETRIED = frozenset({401, 403, 404, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One event type and the address it is sent to; it belongs to a connection and ends with it."""

    organization_id: str
    connection_id: str
    event_type: str
    callback_url: str
    created: datetime
    id: str = field(default_factory=new_id)


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One event on its way to one subscriber; an attempt is a status, or the kind of failure."""

    subscription: Subscription
    body: bytes
    attempts: list[int | str] = field(default_factory=list)
    done: bool = False

    def as_json(self) -> dict[str, object]:
        """Show it in the log."""
        event: dict[str, object] = json.loads(self.body)
        return event | {
            "subscriptionId": self.subscription.id,
            "callbackUrl": self.subscription.callback_url,
            "attempts": self.attempts,
            "done": self.done,
        }


class Events:
    """All subscriptions, and every event that was sent to one of them."""

    def __init__(self, clock_: Clock, switches: Switches) -> None:
        self._clock = clock_
        self._switches = switches
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None
        self._calling = 0
        self._room = asyncio.Condition()
        self.subscriptions: dict[str, Subscription] = {}
        self.log: list[Delivery] = []

    def emit(self, organization_id: str, event_type: str, resource_id: str) -> int:
        """Send an event to everybody in the organisation who subscribed to it; return how many that are."""
        wanted = [
            item
            for item in self.subscriptions.values()
            if item.organization_id == organization_id and item.event_type == event_type
        ]
        self._send(wanted, resource_id)
        return len(wanted)

    def connection_ended(self, connection: Connection) -> None:
        """Tell a connection's subscribers that it is gone, and forget them."""
        own = [item for item in self.subscriptions.values() if item.connection_id == connection.id]
        self._send([item for item in own if item.event_type == "token.revoked"], connection.id)
        for item in own:
            del self.subscriptions[item.id]

    async def test_callback(self, url: str) -> int | None:
        """Ask an address with HEAD whether it is there; None if it is not."""
        import httpx

        try:
            return (await self._http().head(url, timeout=TEST_SECONDS)).status_code
        except (httpx.HTTPError, httpx.InvalidURL):
            return None

    async def close(self) -> None:
        """Stop what is on its way and close the connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _send(self, subscriptions: list[Subscription], resource_id: str) -> None:
        moment = clock.berlin_text(self._clock.now())
        for item in subscriptions:
            event = {
                "organizationId": item.organization_id,
                "eventType": item.event_type,
                "resourceId": resource_id,
                "eventDate": moment,
            }
            body = json.dumps(event, separators=(",", ":")).encode()
            for _ in range(self._switches.event_copies):
                self._start(Delivery(subscription=item, body=body))

    def _start(self, delivery: Delivery) -> None:
        self.log.append(delivery)
        task = asyncio.get_running_loop().create_task(self._deliver(delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, delivery: Delivery) -> None:
        key = await asyncio.wrap_future(signing.prepare())
        headers = {
            "Content-Type": "application/json",
            "X-Lxo-Signature": await asyncio.to_thread(signing.signature, key, delivery.body),
        }
        for wait in self._waits():
            await asyncio.sleep(wait)
            await self._begin()
            try:
                attempt = await self._attempt(delivery, headers)
            finally:
                await self._end()
            delivery.attempts.append(attempt)
            if attempt == 410:
                self.subscriptions.pop(delivery.subscription.id, None)
            if not _is_retried(attempt):
                break
        else:
            if delivery.attempts[-1] in {404, "ConnectError"}:
                self.subscriptions.pop(delivery.subscription.id, None)
        delivery.done = True

    async def _begin(self) -> None:
        """Wait until fewer calls are on their way than may be at once; the switch counts as it is now."""
        async with self._room:
            await self._room.wait_for(lambda: self._calling < max(1, self._switches.event_parallel))
            self._calling += 1

    async def _end(self) -> None:
        async with self._room:
            self._calling -= 1
            self._room.notify_all()

    def _waits(self) -> Iterator[float]:
        yield 0
        for seconds in RETRY_SECONDS:
            yield seconds * self._switches.event_retry_scale

    async def _attempt(self, delivery: Delivery, headers: dict[str, str]) -> int | str:
        import httpx

        try:
            url = delivery.subscription.callback_url
            response = await self._http().post(url, content=delivery.body, headers=headers)
        except httpx.HTTPError as error:
            return type(error).__name__
        return response.status_code

    def _http(self) -> "httpx.AsyncClient":
        import httpx

        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=TIMEOUT_SECONDS, trust_env=False, follow_redirects=True, max_redirects=3
            )
        return self._client


def _is_retried(attempt: int | str) -> bool:
    """Say whether an attempt is repeated; anything unlisted, too many redirects for one, is not."""
    if isinstance(attempt, str):
        return attempt != "TooManyRedirects"
    return attempt not in _SUCCESS and (attempt in _RETRIED or attempt >= 500)
