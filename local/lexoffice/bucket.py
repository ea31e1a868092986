"""Rate limits, on the real monotonic clock: the API's token bucket and the authorisation server's guard.

https://developers.lexware.io/docs/#api-rate-limits: two calls a second over all endpoints; a refused call is not
executed. Capacity and key are not published; see the switches.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from local.lexoffice.settings import LexofficeSwitches

type Monotonic = Callable[[], float]


@dataclass(slots=True)
class TokenBucket:
    """Contains up to `capacity` tokens, refilled continuously at `rate` per second. A call takes one or is refused."""

    rate: float
    capacity: float
    now: Monotonic = time.monotonic
    tokens: float = field(init=False)
    _seen: float = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = self.capacity
        self._seen = self.now()

    def take(self) -> bool:
        """Take one token if there is one; return whether there was."""
        self._refill()
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    def drain(self, tokens: float) -> None:
        """Take tokens as another app of the customer would. The bucket may go below zero and must then refill first."""
        self._refill()
        self.tokens -= tokens

    def resize(self, *, rate: float, capacity: float) -> None:
        """Apply another rate and capacity from now on."""
        self._refill()
        self.rate, self.capacity = rate, capacity
        self.tokens = min(self.tokens, capacity)

    def seconds_until_next(self) -> float:
        """Return the seconds until one token is available (infinite without refill)."""
        self._refill()
        missing = max(0.0, 1 - self.tokens)
        if not missing:
            return 0.0
        return missing / self.rate if self.rate else float("inf")

    def _refill(self) -> None:
        now = self.now()
        # A change of the time scale may set the clock back.
        self.tokens = min(self.capacity, self.tokens + max(0.0, now - self._seen) * self.rate)
        self._seen = now


@dataclass(slots=True)
class TokenEndpointGuard:
    """Blocks a client that calls the token endpoint too often. Calls while blocked extend the block."""

    switches: LexofficeSwitches
    now: Monotonic = time.monotonic
    _recent: list[float] = field(default_factory=list)
    _blocked_until: float = 0.0

    def admits(self) -> bool:
        """Count one call and return whether it is allowed."""
        if not self.switches.token_rate:
            return True
        now = self.now()
        self._recent = [moment for moment in self._recent if now - moment < 1] + [now]
        if now < self._blocked_until or len(self._recent) > self.switches.token_rate:
            self._blocked_until = now + self.switches.token_block_seconds
            return False
        return True
