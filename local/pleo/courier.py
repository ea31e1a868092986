"""The webhook sender: signs, delivers, retries, holds back, multiplies and shuffles, and keeps a log.

Success is any 2xx within 15 seconds; failures are repeated after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h, times
`retry_scale`. That is the default of Svix, whose header names Pleo uses (docs/assumptions.md#pleo-webhooks). A message
keeps its id over retries; timestamp and signature are new each time and follow the machine's clock.
"""

import asyncio
import base64
import json
import random
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local.pleo import signing
from local.pleo.wire import Json, Refusal

if TYPE_CHECKING:
    import httpx

RETRY_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
TIMEOUT_SECONDS = 15.0
PARALLEL = 8


@dataclass(slots=True)
class Manner:
    """How deliveries are made at the moment; set by `POST /control/webhooks`."""

    mode: str = "live"
    copies: int = 1
    shuffle: bool = False
    seed: int = 0
    body_shape: str = "A"
    retry_scale: float = 1.0
    drop: bool = False
    parallel: int = PARALLEL


@dataclass(slots=True)
class Delivery:
    """One message to one endpoint; `payload` is the JSON text `{"data", "eventType", "eventId"}` of the moment."""

    message_id: str
    subscription: Json = field(repr=False)
    secret: str = field(repr=False)
    event_type: str
    payload: str = field(repr=False)
    status: str = "pending"
    attempts: list[Json] = field(default_factory=list)

    def shown(self) -> Json:
        """The delivery in the log: never the secret, never the body."""
        return {
            "messageId": self.message_id,
            "subscriptionId": self.subscription["id"],
            "eventType": self.event_type,
            "status": self.status,
            "attempts": self.attempts,
        }


class Courier:
    """Sends messages in the background of the running event loop, a bounded number at a time."""

    def __init__(self) -> None:
        self.manner = Manner()
        self.log: list[Delivery] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(PARALLEL)
        self._client: httpx.AsyncClient | None = None

    def reset(self) -> None:
        """Forget everything and stop what is on its way."""
        for task in self._tasks:
            task.cancel()
        self.log = []
        self.manner_to(Manner())

    def manner_to(self, manner: Manner) -> None:
        """Deliver in another manner from now on."""
        self.manner = manner
        self._slots = asyncio.Semaphore(manner.parallel)

    def accept(self, subscription: Json, secret: str, *, event_type: str, payload: str) -> None:
        """Take a message: send it, hold it or drop it, as the manner says."""
        message_id = f"msg_{secrets.token_hex(14)}"
        delivery = Delivery(message_id, subscription, secret, event_type, payload)
        if self.manner.drop:
            delivery.status = "dropped"
        elif self.manner.mode == "hold":
            delivery.status = "held"
        self.log.append(delivery)
        if delivery.status == "pending":
            self._start([delivery, *self._copies(delivery)])

    def flush(self) -> int:
        """Send what was held, multiplied and shuffled as the manner says; answers the number of deliveries."""
        held = [each for each in self.log if each.status == "held"]
        for each in held:
            each.status = "pending"
        due = held + [copy for each in held for copy in self._copies(each)]
        if self.manner.shuffle:
            random.Random(self.manner.seed).shuffle(due)  # noqa: S311 - a test's order, not a secret
        self._start(due)
        return len(due)

    def outstanding(self) -> Json:
        """How many deliveries are on their way, wait for a retry, or are held; idle without the first two."""
        waiting = sum(each.status == "retrying" for each in self.log)
        sending = sum(each.status == "pending" for each in self.log)
        held = sum(each.status == "held" for each in self.log)
        return {"idle": not waiting and not sending, "sending": sending, "retrying": waiting, "held": held}

    async def idle(self, *, seconds: float) -> Json:
        """`outstanding`, after waiting at most `seconds` for it to become idle."""
        deadline = time.monotonic() + seconds
        while not (state := self.outstanding())["idle"] and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        return state

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """One POST to an endpoint; its status. Raises httpx.HTTPError when there was no answer."""
        response = await self._http().post(url, content=body, headers=dict(headers))
        return response.status_code

    async def close(self) -> None:
        """Stop every delivery and close the connections."""
        self.reset()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _copies(self, delivery: Delivery) -> list[Delivery]:
        twins = [
            Delivery(
                delivery.message_id,
                delivery.subscription,
                delivery.secret,
                delivery.event_type,
                delivery.payload,
            )
            for _ in range(self.manner.copies - 1)
        ]
        self.log.extend(twins)
        return twins

    def _start(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            task = asyncio.get_running_loop().create_task(self._deliver(delivery))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, delivery: Delivery) -> None:
        for wait in (0, *RETRY_SECONDS):
            if wait:
                delivery.status = "retrying"
                await asyncio.sleep(wait * self.manner.retry_scale)
            if delivery.subscription.get("deletedAt") or delivery.subscription["status"] != "ACTIVE":
                delivery.status = "dropped"
                return
            async with self._slots:
                if await self._attempt(delivery):
                    delivery.status = "delivered"
                    return
        delivery.status = "failed"

    async def _attempt(self, delivery: Delivery) -> bool:
        import httpx

        timestamp = str(int(time.time()))
        body = self._body(delivery, timestamp)
        attempt: Json = {"timestamp": int(timestamp)}
        delivery.attempts.append(attempt)
        try:
            attempt["status"] = await self.post(
                delivery.subscription["endpointUrl"],
                body,
                headers_for(
                    delivery.subscription,
                    delivery.secret,
                    message_id=delivery.message_id,
                    timestamp=timestamp,
                    body=body,
                ),
            )
        except httpx.HTTPError as error:
            attempt["error"] = type(error).__name__
            return False
        return 200 <= int(attempt["status"]) < 300

    def _body(self, delivery: Delivery, timestamp: str) -> bytes:
        inner = delivery.payload.encode()
        if self.manner.body_shape == "A":
            return inner
        # Reading B: the newer docs page prints one object with the headers and the event as `payload`.
        signed = signing.signature(delivery.secret, message_id=delivery.message_id, timestamp=timestamp, body=inner)
        wrapper = {
            "webhook-id": delivery.message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signed,
        }
        return json.dumps(wrapper)[:-1].encode() + b', "payload": ' + inner + b"}"

    def _http(self) -> "httpx.AsyncClient":
        import httpx

        if self._client is None:
            self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False)
        return self._client


def headers_for(subscription: Json, secret: str, *, message_id: str, timestamp: str, body: bytes) -> dict[str, str]:
    """The headers of one delivery: the customer's own, Basic auth when asked for, and the three signed ones."""
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


def manner_from(current: Manner, changes: Json) -> Manner:
    """The present manner with some settings changed. Raises Refusal (400) for one that does not exist."""
    known = {
        "mode": ("live", "hold"),
        "body_shape": ("A", "B"),
        "copies": range(1, 101),
        "parallel": range(1, 65),
    }
    values = {name: getattr(current, name) for name in Manner.__slots__}
    for name, value in changes.items():
        if name not in values or (name in known and value not in known[name]):
            raise Refusal(400, "WRONG_MANNER", f"{name} cannot be {value!r}.")
        values[name] = float(value) if name == "retry_scale" else value
    return Manner(**values)
