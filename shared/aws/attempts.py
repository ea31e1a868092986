"""Connect attempts: a browser's progress through both vendors' consents.

Items in ConnectionTable: `ATTEMPT#<hash of the cookie>`.

An attempt has at most one open OAuth state. So a state is single-use, expires, and is bound to the browser that has the
cookie, a random value. The table has only hashes of cookie and state.
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
    """What the browser gets at the end."""

    CONNECT = "connect"
    STATUS = "status"  # a session for the status page


class StateRefusal(StrEnum):
    """Why a callback is refused."""

    UNKNOWN = "unknown"  # no cookie, or no attempt with it: another browser, or a callback without a start
    EXPIRED = "expired"
    MISMATCH = "mismatch"  # not the open state
    USED = "used"


class StateRefusedError(Exception):
    """A callback's state is not the open one of its browser."""

    def __init__(self, refusal: StateRefusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.value)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A browser's progress.

    - `awaiting`: the vendor whose callback is due, "" for none.
    - `choice`: what the admin chose on the connect page, None when signing in.
    """

    awaiting: str
    connection_id: str
    result: str
    purpose: Purpose = Purpose.CONNECT
    choice: Choice | None = None


class Attempts:
    """All attempts."""

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
        """Open a state for a browser in place of any that was open before."""
        self._table.put(
            {
                **_key(cookie),
                "awaiting": vendor,
                "state_hash": _hash(state),
                "valid_until": utc_text(now + LIFETIME),
                "connection_id": connection_id,
                "result": "",
                "purpose": purpose,
                **({"start_day": choice.day.isoformat(), "opening": choice.opening} if choice else {}),
                "expires_at": int((now + _KEPT_FOR).timestamp()),
            }
        )

    def claim(self, cookie: str, vendor: str, state: str, now: datetime) -> Attempt:
        """Close a state. Raises StateRefusedError, also for the later of two callbacks with the same state."""
        if not cookie:
            raise StateRefusedError(StateRefusal.UNKNOWN)
        update = Update.setting(
            _key(cookie),
            {"awaiting": ""},
            condition="#awaiting = :vendor AND #state_hash = :state AND #valid_until > :now",
            values={"vendor": vendor, "state": _hash(state), "now": utc_text(now)},
        )
        try:
            return _attempt(self._table.update(update))
        except ConditionFailedError as refused:
            raise StateRefusedError(_refusal_of(refused.old, state, now)) from refused

    def finish(self, cookie: str, result: str, connection_id: str, now: datetime) -> None:
        """Store for a day what to show the browser at the end."""
        end = int((now + _KEPT_FOR).timestamp())
        attributes = {"result": result, "connection_id": connection_id, "awaiting": "", "expires_at": end}
        self._table.update(Update.setting(_key(cookie), attributes))

    def read(self, cookie: str) -> Attempt | None:
        """Return the attempt of a browser."""
        item = self._table.get(_key(cookie)) if cookie else None
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


def _key(cookie: str) -> dict[str, str]:
    return {"id": f"ATTEMPT#{_hash(cookie)}"}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
