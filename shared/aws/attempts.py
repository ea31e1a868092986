"""Connect attempts: one browser on its way through both consents, known by a random cookie that only it holds.

An attempt has at most one open OAuth state at a time. So a state is single-use, expires, and is bound to the browser by
construction. Only hashes of cookie and state are stored.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from shared.aws.table import ConditionFailedError, Item, Table, Update
from shared.domain.feeding.start import Choice
from shared.domain.times import utc_text

LIFETIME = timedelta(minutes=10)
_KEPT_FOR = timedelta(days=1)


class Purpose(StrEnum):
    """What the browser is on its way to."""

    CONNECT = "connect"
    STATUS = "status"  # signing in, which connects nothing


class StateRefusal(StrEnum):
    """Why a callback is not accepted."""

    UNKNOWN = "unknown"  # no cookie, or not ours: another browser, or nobody started here
    EXPIRED = "expired"
    MISMATCH = "mismatch"  # not the state that was sent out
    USED = "used"


class StateRefusedError(Exception):
    """A callback's state is not the open one of this browser."""

    def __init__(self, refusal: StateRefusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.value)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Where a browser stands: the vendor whose answer is awaited (empty: none), and what is known so far.

    `choice` is what the admin chose on the connect page; None for who signs in.
    """

    awaiting: str
    connection_id: str
    result: str
    purpose: Purpose = Purpose.CONNECT
    choice: Choice | None = None


class Attempts:
    """All running attempts, in the connection table."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def open_state(
        self,
        cookie: str,
        vendor: str,
        state: str,
        now: datetime,
        connection_id: str = "",
        *,
        purpose: Purpose = Purpose.CONNECT,
        choice: Choice | None = None,
    ) -> None:
        """Open a state for this browser; one that was open before becomes void."""
        self._table.put(
            {
                "id": _key(cookie),
                "awaiting": vendor,
                "state_hash": _hash(state),
                "valid_until": utc_text(now + LIFETIME),
                "connection_id": connection_id,
                "result": "",
                "purpose": purpose.value,
                **({"start_day": choice.day.isoformat(), "opening": choice.opening} if choice else {}),
                "expires_at": int((now + _KEPT_FOR).timestamp()),
            }
        )

    def claim(self, cookie: str, vendor: str, state: str, now: datetime) -> Attempt:
        """Use a state up. Raises StateRefusedError; of two simultaneous callbacks one gets it."""
        if not cookie:
            raise StateRefusedError(StateRefusal.UNKNOWN)
        update = Update(
            key={"id": _key(cookie)},
            expression="SET #awaiting = :nobody",
            names=["awaiting", "state_hash", "valid_until"],
            values={"nobody": "", "vendor": vendor, "state": _hash(state), "now": utc_text(now)},
            condition="#awaiting = :vendor AND #state_hash = :state AND #valid_until > :now",
        )
        try:
            return _attempt(self._table.update(update))
        except ConditionFailedError as refused:
            raise StateRefusedError(_refusal_of(refused.old, state, now)) from refused

    def finish(self, cookie: str, result: str, connection_id: str, now: datetime) -> None:
        """Remember what to show this browser at the end, for a day."""
        self._table.update(
            Update(
                key={"id": _key(cookie)},
                expression="SET #result = :result, #connection_id = :connection, #awaiting = :none, #expires_at = :end",
                names=["result", "connection_id", "awaiting", "expires_at"],
                values={
                    "result": result,
                    "connection": connection_id,
                    "none": "",
                    "end": int((now + _KEPT_FOR).timestamp()),
                },
            )
        )

    def read(self, cookie: str) -> Attempt | None:
        """What is known of a browser."""
        item = self._table.get({"id": _key(cookie)}) if cookie else None
        return _attempt(item) if item else None


def _refusal_of(old: Item, state: str, now: datetime) -> StateRefusal:
    if not old:
        return StateRefusal.UNKNOWN
    if old.get("state_hash") != _hash(state):
        return StateRefusal.MISMATCH
    return StateRefusal.EXPIRED if old.get("awaiting") and old["valid_until"] <= utc_text(now) else StateRefusal.USED


def _attempt(item: Item) -> Attempt:
    return Attempt(
        item.get("awaiting", ""),
        item.get("connection_id", ""),
        item.get("result", ""),
        Purpose(item.get("purpose", Purpose.CONNECT)),
        Choice(date.fromisoformat(item["start_day"]), item["opening"]) if "start_day" in item else None,
    )


def _key(cookie: str) -> str:
    return f"ATTEMPT#{_hash(cookie)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
