"""lexoffice's rate limit, shared by all processes: a generic cell rate algorithm in DynamoDB.

Items in ConnectionTable: `LIMITER#<key>` with `next_at`, when the next call may be sent (Unix, milliseconds). Taking a
slot is one atomic update. Limit and its evidence: https://developers.lexware.io/docs (API rate limits: 2 requests per
second) and docs/assumptions.md#lexoffice-limit-key.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.aws.connections import Connection
from shared.aws.table import ConditionFailedError, Item, Table, Update
from shared.errors import OutOfTime
from shared.telemetry import count

# Milliseconds. Slower than 2 calls per second: at exactly 2, a bucket of one token refuses every early call.
STEADY_MS = 520
SLOWEST_MS = 4000
# Taking an idle slot costs up to two writes, so the call leaves late. Shift the next slot to keep the interval.
_LATE_MS = 60
_LEAST_GAP = 0.99  # of the interval, between two calls that leave this process
_PENALTY_MS = 1000
_NEVER = 2**53
_RECOVERY_MS = 30_000  # after this time without a refusal, the interval shrinks by a fifth

_last_call: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast calls may be sent: milliseconds between two calls, and when the next may leave (Unix, milliseconds)."""

    interval_ms: int
    next_at: int


def pace(table: str, connection: Connection) -> Pace:
    """Return how fast a company's calls to lexoffice may be sent now. Takes no slot."""
    item = Table(table).get(_key(organisation_key(connection))) or {}
    return Pace(item.get("interval_ms", STEADY_MS), item.get("next_at", 0))


def organisation_key(connection: Connection) -> str:
    """Return the key by which lexoffice's limit counts a company's calls.

    Before the first call the organisation is unknown, and its limit is practically unused.
    """
    return f"lexoffice.{connection.organisation_id or connection.connection_id}"


class Limiter:
    """Paces calls by one or more keys; every call waits for a slot of each (a `shared.http.client.Pacer`)."""

    def __init__(
        self,
        table: str,
        keys: Sequence[str],
        *,
        remaining: Callable[[], float],
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`remaining` returns the seconds that the invocation may still spend waiting."""
        self._table = Table(table)
        self._keys = keys
        self._remaining = remaining
        self._now = now
        self._sleep = sleep

    def wait(self) -> None:
        """Take the next slot of every key and sleep until it begins. Raises OutOfTime if it begins too late."""
        for key in self._keys:
            remaining = self._remaining()
            if remaining < 0:
                raise OutOfTime("no time is left for a call to lexoffice")
            latest = self._milliseconds() + int(remaining * 1000)
            slot, interval = self._take(key, latest)
            pause = slot / 1000 - self._now()
            if pause > 0:
                self._sleep(pause)
            self._keep_apart(key, interval / 1000 * _LEAST_GAP)

    def _keep_apart(self, key: str, gap: float) -> None:
        """Sleep until the gap to this process's last call is large enough: it may have left after its slot began."""
        since = self._now() - _last_call.get(key, -math.inf)
        if 0 <= since < gap:
            self._sleep(gap - since)

    def record_sent(self) -> None:
        """Record that a call leaves now."""
        for key in self._keys:
            _last_call[key] = self._now()

    def charge(self) -> None:
        """Take a slot for a call that was sent before its organisation was known."""
        for key in self._keys:
            self._take(key, latest=_NEVER)

    def record_refusal(self, retry_after: float | None = None) -> None:
        """Slow down after a refused call: another app of the customer uses the limit too. `retry_after`: seconds."""
        count("LimitHit")
        for key in self._keys:
            now = self._milliseconds()
            item = self._table.get(_key(key)) or {}
            slower = min(int(item.get("interval_ms", STEADY_MS)) * 3 // 2, SLOWEST_MS)
            next_at = max(int(item.get("next_at", 0)), now + max(_PENALTY_MS, int((retry_after or 0) * 1000)))
            attributes = {"interval_ms": slower, "refused_at": now, "next_at": next_at}
            self._table.update(Update.setting(_key(key), attributes))

    def _take(self, key: str, latest: int) -> tuple[int, int]:
        """Take the next slot: now, or behind those already taken. Return it and the interval, in milliseconds.

        Raises OutOfTime, and takes none, if the slot would be later than `latest`.
        """
        now = self._milliseconds()
        queued = Update(
            _key(key),
            "SET #next_at = #next_at + #interval_ms",
            {"now": now, "latest": latest},
            "#next_at > :now AND #next_at <= :latest",
        )
        idle = Update(
            _key(key),
            "SET #next_at = :late + #interval_ms",
            {"now": now, "late": now + _LATE_MS},
            "attribute_exists(#interval_ms) AND #next_at <= :now",
        )
        first = Update.setting(
            _key(key),
            {"next_at": now + STEADY_MS, "interval_ms": STEADY_MS},
            condition="attribute_not_exists(#interval_ms)",
        )
        while True:
            for attempt in (queued, idle, first):
                try:
                    item = self._table.update(attempt)
                except ConditionFailedError:
                    continue
                self._recover(key, item, now)
                interval = int(item["interval_ms"])
                slot = int(item["next_at"]) - interval
                return (slot - _LATE_MS if attempt is idle else slot), interval
            if int((self._table.get(_key(key)) or {}).get("next_at", 0)) > latest:
                raise OutOfTime("the next call to lexoffice is due after this run ends")

    def _recover(self, key: str, item: Item, now: int) -> None:
        interval = int(item["interval_ms"])
        if interval == STEADY_MS or now - int(item.get("refused_at", 0)) < _RECOVERY_MS:
            return
        # The condition fails if another worker has shortened the interval.
        faster = {"interval_ms": max(interval * 4 // 5, STEADY_MS), "refused_at": now}
        self._table.attempt(
            Update.setting(_key(key), faster, condition="#interval_ms = :seen", values={"seen": interval})
        )

    def _milliseconds(self) -> int:
        return int(self._now() * 1000)


def _key(key: str) -> dict[str, str]:
    return {"id": f"LIMITER#{key}"}
