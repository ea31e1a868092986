"""The courier sends a vendor's webhooks in the background, signs them, retries them and keeps a log.

Each vendor brings its own rules: how a message is signed, what counts as success, and when it is retried.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import httpx

type Status = Literal["pending", "retrying", "held", "delivered", "failed", "dropped"]
type Result = int | str


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """One call to a recipient at `at` (Unix seconds of the machine): the HTTP status, or the kind of failure."""

    at: int
    result: Result


@dataclass(slots=True)
class WebhookDelivery[R]:
    """One message to one recipient. `payload` is its content at the time of the event."""

    recipient: R = field(repr=False)
    url: str
    payload: bytes = field(repr=False)
    message_id: str = ""
    status: Status = "pending"
    attempts: list[DeliveryAttempt] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Return whether no further attempt follows."""
        return self.status in {"delivered", "failed", "dropped"}


class DeliveryRules[R]:
    """How a vendor delivers. A vendor overrides what differs."""

    timeout_seconds = 5.0
    # The time limit of a probe is not documented. A machine under load starts the door slowly.
    probe_seconds = 30.0
    most_redirects = 0

    async def sign(self, delivery: WebhookDelivery[R]) -> tuple[bytes, Mapping[str, str]]:
        """Return body and headers of the next attempt."""
        raise NotImplementedError

    def waits(self) -> Iterable[float]:
        """Return the seconds to wait before each retry."""
        return ()

    def most_at_once(self) -> int:
        """Return the maximum number of calls in progress."""
        return 1

    def is_wanted(self, _delivery: WebhookDelivery[R]) -> bool:
        """Return whether the recipient still wants the delivery."""
        return True

    def is_success(self, result: Result) -> bool:
        """Return whether an attempt delivered the message."""
        return isinstance(result, int) and 200 <= result < 300

    def is_retried(self, _result: Result) -> bool:
        """Return whether a failed attempt is retried."""
        return True

    def end(self, delivery: WebhookDelivery[R]) -> None:
        """Act on a delivery without further attempts: some answers end a subscription."""


class Courier[R]:
    """Deliver in the background of the running event loop, a limited number at a time, and keep a log."""

    def __init__(self, rules: DeliveryRules[R]) -> None:
        self.log: list[WebhookDelivery[R]] = []
        self._rules = rules
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None
        self._calling = 0
        self._slot_free = asyncio.Condition()

    def send(self, deliveries: Iterable[WebhookDelivery[R]]) -> None:
        """Log deliveries and start those that are pending."""
        for delivery in deliveries:
            self.log.append(delivery)
            if delivery.status == "pending":
                self.start(delivery)

    def start(self, delivery: WebhookDelivery[R]) -> None:
        """Start a logged delivery."""
        task = asyncio.get_running_loop().create_task(self._deliver(delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def counts(self) -> dict[Status, int]:
        """Return the number of deliveries that are in progress, wait for a retry, or are held."""
        states: tuple[Status, ...] = ("pending", "retrying", "held")
        return {state: sum(each.status == state for each in self.log) for state in states}

    def reset(self) -> None:
        """Clear the log and stop every delivery."""
        for task in self._tasks:
            task.cancel()
        self.log = []

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Make one POST and return its status. Raise httpx.HTTPError if there was no answer."""
        response = await self._http().post(url, content=body, headers=dict(headers))
        return response.status_code

    async def probe(self, url: str) -> int | None:
        """Send HEAD to an address and return the status; None if there was no answer."""
        import httpx

        try:
            return (await self._http().head(url, timeout=self._rules.probe_seconds)).status_code
        except (httpx.HTTPError, httpx.InvalidURL):
            return None

    async def close(self) -> None:
        """Stop every delivery and close the connections."""
        self.reset()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _deliver(self, delivery: WebhookDelivery[R]) -> None:
        for number, wait in enumerate(chain((0.0,), self._rules.waits())):
            if number:
                delivery.status = "retrying"
                await asyncio.sleep(wait)
            if not self._rules.is_wanted(delivery):
                delivery.status = "dropped"
                return
            result = await self._attempt(delivery)
            if self._rules.is_success(result):
                delivery.status = "delivered"
                break
            if not self._rules.is_retried(result):
                delivery.status = "failed"
                break
        else:
            delivery.status = "failed"
        self._rules.end(delivery)

    async def _attempt(self, delivery: WebhookDelivery[R]) -> Result:
        await self._take_slot()
        try:
            at = int(time.time())
            result = await self._call(delivery)
        finally:
            await self._free_slot()
        delivery.attempts.append(DeliveryAttempt(at, result))
        return result

    async def _call(self, delivery: WebhookDelivery[R]) -> Result:
        import httpx

        body, headers = await self._rules.sign(delivery)
        try:
            return await self.post(delivery.url, body, headers)
        except httpx.HTTPError as error:
            return type(error).__name__

    async def _take_slot(self) -> None:
        """Wait for a free slot, first come, first served. The limit is read again for each call."""
        async with self._slot_free:
            await self._slot_free.wait_for(lambda: self._calling < max(1, self._rules.most_at_once()))
            self._calling += 1

    async def _free_slot(self) -> None:
        async with self._slot_free:
            self._calling -= 1
            # Wake only as many as may begin now: waking a whole long queue each time would take quadratic time.
            self._slot_free.notify(max(1, self._rules.most_at_once() - self._calling))

    def _http(self) -> "httpx.AsyncClient":
        import httpx

        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=self._rules.timeout_seconds,
                trust_env=False,
                follow_redirects=self._rules.most_redirects > 0,
                max_redirects=self._rules.most_redirects,
            )
        return self._client
