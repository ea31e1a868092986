"""Sessions of signed-in admins, in the connection table: `SESSION#<hash of the cookie>`.

A session ends after half an hour, by signing out, or with its company's connection (`Connection.signed_out_at`, which
shared/flows/lookup/session.py looks at). Only a hash of the cookie is stored, so the table opens no session.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.aws.table import ConditionFailedError, Table, Update
from shared.domain.times import utc_text

LIFETIME = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Session:
    """A session that has not ended by itself; `begun_at` is UTC text."""

    connection_id: str
    begun_at: str


class Sessions:
    """All sessions."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def begin(self, cookie: str, connection_id: str, now: datetime) -> None:
        """Begin a session; `cookie` is random and was never used before."""
        until = now + LIFETIME
        self._table.put(
            {
                "id": _key(cookie),
                "connection_id": connection_id,
                "begun_at": utc_text(now),
                "valid_until": utc_text(until),
                "expires_at": int(until.timestamp()),
            }
        )

    def find(self, cookie: str, now: datetime) -> Session | None:
        """The session of a cookie, if it has not ended. Read by the clock: DynamoDB forgets items days later."""
        item = self._table.get({"id": _key(cookie)}) if cookie else None
        if item is None or item["valid_until"] <= utc_text(now):
            return None
        return Session(item["connection_id"], item["begun_at"])

    def end(self, cookie: str) -> None:
        """End a session at once; a copy of its cookie is worth nothing from now on."""
        try:
            self._table.update(
                Update(
                    key={"id": _key(cookie)},
                    expression="SET #valid_until = :over",
                    names=["valid_until", "id"],
                    values={"over": ""},
                    condition="attribute_exists(#id)",
                )
            )
        except ConditionFailedError:
            return


def _key(cookie: str) -> str:
    return f"SESSION#{hashlib.sha256(cookie.encode()).hexdigest()}"
