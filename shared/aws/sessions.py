"""Sessions of signed-in admins, in ConnectionTable: `SESSION#<hash of the cookie>`.

A session ends after half an hour, when the admin signs out, or with the company's connection
(`Connection.signed_out_at`, which shared/flows/lookup/session.py reads). The table has only the cookie's hash, so a
dump of it opens no session.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.aws.table import Table, Update
from shared.domain.times import utc_text

LIFETIME = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Session:
    """A session that has not expired; `begun_at` is UTC text."""

    connection_id: str
    begun_at: str


class Sessions:
    """All sessions."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def begin(self, cookie: str, connection_id: str, now: datetime) -> None:
        """Begin a session; `cookie` is a new random value."""
        until = now + LIFETIME
        self._table.put(
            {
                **_key(cookie),
                "connection_id": connection_id,
                "begun_at": utc_text(now),
                "valid_until": utc_text(until),
                "expires_at": int(until.timestamp()),
            }
        )

    def find(self, cookie: str, now: datetime) -> Session | None:
        """Return the session of a cookie unless it has ended. DynamoDB deletes expired items days later."""
        item = self._table.get(_key(cookie)) if cookie else None
        if item is None or item["valid_until"] <= utc_text(now):
            return None
        return Session(item["connection_id"], item["begun_at"])

    def end(self, cookie: str) -> None:
        """End a session at once, also for copies of its cookie."""
        self._table.attempt(Update.setting(_key(cookie), {"valid_until": ""}, condition="attribute_exists(#id)"))


def _key(cookie: str) -> dict[str, str]:
    return {"id": f"SESSION#{hashlib.sha256(cookie.encode()).hexdigest()}"}
