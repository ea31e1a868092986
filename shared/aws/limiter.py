"""lexoffice's rate limit, shared by every process of every door: a generic cell rate algorithm in DynamoDB.

One item per key holds `next_at`, the moment from which the next call may be sent, in milliseconds. Taking a slot is one
atomic update. Limit and its evidence: https://developers.lexware.io/docs (API rate limits: 2 requests per second) and
docs/assumptions.md#lexoffice-limit-key.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.aws.connections import Connection
from shared.aws.table import ConditionFailedError, Item, Table, Update
from shared.errors import OutOfTime
from shared.telemetry import count

# A little slower than 2/s: exactly 2/s is refused by a bucket of one token whenever a call arrives a moment early.
STEADY_MS = 520
SLOWEST_MS = 4000
# An idle slot is used late by what taking it costs (two writes at most); the next must not come that much too early.
_LATE_MS = 60
_LEAST_GAP = 0.99  # of the pace, between two calls that really leave this process
_PENALTY_MS = 1000
_NEVER = 2**53
_RECOVERY_MS = 30_000  # without a refusal for so long, the pace grows by a fifth

_last_call: dict[str, float] = {}


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast calls may be sent: milliseconds between two of them, and the moment of the next (Unix, milliseconds)."""

    interval_ms: int
    next_at: int


def pace(table: str, connection: Connection) -> Pace:
    """How fast a company's calls to lexoffice may be sent right now. Takes no slot."""
    item = Table(table).get({"id": f"LIMITER#{organisation_key(connection)}"}) or {}
    return Pace(item.get("interval_ms", STEADY_MS), item.get("next_at", 0))


def organisation_key(connection: Connection) -> str:
    """What lexoffice's limit counts a company's calls by.

    Before the first call nobody knows the organisation; its limit is then as good as unused.
    """
    return f"lexoffice.{connection.organisation_id or connection.connection_id}"


class Limiter:
    """Hands out the slots of one or more keys; every call waits for a slot of each (a `shared.http.client.Pacer`)."""

    def __init__(
        self,
        table: str,
        keys: Sequence[str],
        *,
        remaining: Callable[[], float],
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`remaining` tells how many seconds the invocation may still spend waiting."""
        self._table = Table(table)
        self._keys = [f"LIMITER#{key}" for key in keys]
        self._remaining = remaining
        self._now = now
        self._sleep = sleep

    def wait(self) -> None:
        """Take the next slot of every key and sleep until it comes. Raises OutOfTime when it comes too late."""
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
        """Keep the gap to this process's last call even if that one left late: slots are planned, calls happen."""
        since = self._now() - _last_call.get(key, -math.inf)
        if 0 <= since < gap:
            self._sleep(gap - since)

    def record_sent(self) -> None:
        """Remember when a call really left."""
        for key in self._keys:
            _last_call[key] = self._now()

    def charge(self) -> None:
        """Book a call that was made before anybody knew whose limit it counts towards."""
        for key in self._keys:
            self._take(key, latest=_NEVER)

    def record_refusal(self, retry_after: float | None = None) -> None:
        """Slow down: another app of the same customer takes part of the share. `retry_after` in seconds, if told."""
        count("LimitHit")
        for key in self._keys:
            now = self._milliseconds()
            item = self._table.get({"id": key}) or {}
            slower = min(int(item.get("interval_ms", STEADY_MS)) * 3 // 2, SLOWEST_MS)
            self._table.update(
                Update(
                    key={"id": key},
                    expression="SET #interval_ms = :slower, #refused_at = :now, #next_at = :next",
                    names=["interval_ms", "refused_at", "next_at"],
                    values={
                        "slower": slower,
                        "now": now,
                        "next": max(
                            int(item.get("next_at", 0)), now + max(_PENALTY_MS, int((retry_after or 0) * 1000))
                        ),
                    },
                )
            )

    def _take(self, key: str, latest: int) -> tuple[int, int]:
        """One slot and the pace, in milliseconds: behind the slots already taken, or now when nobody waits.

        Raises OutOfTime, and takes none, when it would be later than `latest`.
        """
        now = self._milliseconds()
        queued = Update(
            key={"id": key},
            expression="SET #next_at = #next_at + #interval_ms",
            names=["next_at", "interval_ms"],
            values={"now": now, "latest": latest},
            condition="#next_at > :now AND #next_at <= :latest",
        )
        idle = Update(
            key={"id": key},
            expression="SET #next_at = :late + #interval_ms",
            names=["next_at", "interval_ms"],
            values={"now": now, "late": now + _LATE_MS},
            condition="attribute_exists(#interval_ms) AND #next_at <= :now",
        )
        first = Update(
            key={"id": key},
            expression="SET #next_at = :next, #interval_ms = :steady",
            names=["next_at", "interval_ms"],
            values={"next": now + STEADY_MS, "steady": STEADY_MS},
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
            if int((self._table.get({"id": key}) or {}).get("next_at", 0)) > latest:
                raise OutOfTime("the next call to lexoffice is due after this run ends")

    def _recover(self, key: str, item: Item, now: int) -> None:
        interval = int(item["interval_ms"])
        if interval == STEADY_MS or now - int(item.get("refused_at", 0)) < _RECOVERY_MS:
            return
        faster = Update(
            key={"id": key},
            expression="SET #interval_ms = :faster, #refused_at = :now",
            names=["interval_ms", "refused_at"],
            values={"faster": max(interval * 4 // 5, STEADY_MS), "now": now, "seen": interval},
            condition="#interval_ms = :seen",
        )
        try:
            self._table.update(faster)
        except ConditionFailedError:
            return  # another worker did it

    def _milliseconds(self) -> int:
        return int(self._now() * 1000)
