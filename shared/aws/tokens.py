"""Token pairs in TokenTable: encrypted, refreshed by one worker at a time, stored before they are used.

Both vendors rotate tokens: a refresh invalidates the old pair at once (https://developers.lexware.io/partner/docs,
Refresh tokens; https://developers.pleo.io/docs/oauth). A lease and a version prevent two failures:

- A new pair is lost, and with it the connection.
- Two workers refresh at the same time, and one of them gets an invalid token.
"""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.aws.table import Table, Update
from shared.aws.vault import Vault
from shared.domain.connecting.tokens import TokenPair
from shared.errors import AccessGone, StoreUnavailable, Unavailable, VendorError
from shared.telemetry import count, log_warning

# A token is refreshed this long before it expires, so that a call that starts now arrives in time.
LEEWAY_SECONDS = 90
# Longer than a refresh with every timeout; a worker that has crashed blocks the others for this long.
LEASE_SECONDS = 60
_POLL_SECONDS = 0.1
_STORE_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)
_SAVE_TRIES = 5
_REVOKE_SECONDS = 10  # the longest wait for the lease
_LEASE = ("lease_owner", "lease_until")

type Refresh = Callable[[str], TokenPair]


@dataclass(frozen=True, slots=True)
class StoredPair:
    """One pair as it was read.

    - `version`: grows with every pair.
    - `expires_at`: of the access token, Unix seconds.
    - `gone`: the vendor refuses the pair permanently.
    """

    version: int
    expires_at: int
    gone: bool
    access: str = field(repr=False)
    refresh: str = field(repr=False)


class StoredByAnotherError(StoreUnavailable):
    """Another worker has stored a pair, or erased it, since the last read."""


class TokenStore:
    """The pairs of all connections."""

    def __init__(self, table: str, vault: Vault, *, now: Callable[[], float] = time.time) -> None:
        self._table = Table(table)
        self._vault = vault
        self._now = now

    def save(self, connection_id: str, company_id: str, vendor: str, pair: TokenPair) -> None:
        """Store the first pair of an authorisation in place of any other.

        A refresh of the old pair may be stored at the same time; the authorisation is newer and wins.
        """
        for _ in range(_SAVE_TRIES):
            try:
                return self._write(
                    connection_id, company_id, vendor, pair, version=self._version(connection_id, vendor)
                )
            except StoredByAnotherError:
                continue
        raise StoreUnavailable("these tokens kept changing while a new pair was stored")

    def erase(self, connection_id: str, vendor: str) -> None:
        """Erase a pair permanently. A refresh in progress cannot store its result."""
        for _ in range(_SAVE_TRIES):
            version = self._version(connection_id, vendor)
            erased = Update.setting(
                _key(connection_id, vendor),
                {"version": version + 1, "gone": True},
                remove=["sealed", *_LEASE],
                condition="#version = :seen",
                values={"seen": version},
            )
            if not version or self._table.attempt(erased):
                return
        raise StoreUnavailable("these tokens kept changing while they were erased")

    def read(self, connection_id: str, company_id: str, vendor: str) -> StoredPair:
        """Return a pair. Strongly consistent read. Raises AccessGone if there is none, or if the vendor refuses it."""
        item = self._table.get(_key(connection_id, vendor))
        if item is None or item.get("gone"):
            raise AccessGone(vendor, "the token store", reason="no valid tokens; an admin must reconnect")
        plain = json.loads(self._vault.open(item["sealed"], _context(connection_id, company_id, vendor)))
        return StoredPair(
            version=int(item["version"]),
            expires_at=int(item["expires_at"]),
            gone=False,
            access=plain["access"],
            refresh=plain["refresh"],
        )

    def lease(self, connection_id: str, vendor: str, version: int) -> str | None:
        """Take the lease to refresh this version; return its owner, or None if another worker has it."""
        owner = secrets.token_hex(8)
        now = int(self._now())
        update = Update.setting(
            _key(connection_id, vendor),
            {"lease_owner": owner, "lease_until": now + LEASE_SECONDS},
            condition="#version = :version AND (attribute_not_exists(#lease_until) OR #lease_until < :now)",
            values={"version": version, "now": now},
        )
        return owner if self._table.attempt(update) else None

    def release(self, connection_id: str, vendor: str, owner: str) -> None:
        """End a lease without a new pair."""
        self._table.attempt(
            Update.setting(
                _key(connection_id, vendor),
                {},
                remove=_LEASE,
                condition="#lease_owner = :owner",
                values={"owner": owner},
            )
        )

    def replace(self, connection_id: str, company_id: str, vendor: str, pair: TokenPair, *, version: int) -> None:
        """Store the pair that replaces `version`, with or without lease. Raises StoredByAnotherError.

        The new pair is the only valid one, even if its worker was too slow for the lease.
        """
        self._write(connection_id, company_id, vendor, pair, version=version)

    def mark_gone(self, connection_id: str, vendor: str, version: int) -> bool:
        """Store that the vendor refuses this version permanently; return False if there is a newer one."""
        return self._table.attempt(
            Update.setting(
                _key(connection_id, vendor),
                {"gone": True},
                remove=_LEASE,
                condition="#version = :version",
                values={"version": version},
            )
        )

    def _version(self, connection_id: str, vendor: str) -> int:
        return int((self._table.get(_key(connection_id, vendor)) or {}).get("version", 0))

    def _write(self, connection_id: str, company_id: str, vendor: str, pair: TokenPair, *, version: int) -> None:
        plain = json.dumps({"access": pair.access_token, "refresh": pair.refresh_token}).encode()
        update = Update.setting(
            _key(connection_id, vendor),
            {
                "version": version + 1,
                "sealed": self._vault.seal(plain, _context(connection_id, company_id, vendor)),
                "expires_at": int(self._now()) + pair.expires_in,
                "refreshed_at": int(self._now()),
            },
            remove=["gone", *_LEASE],
            condition="attribute_not_exists(#version) OR #version = :seen",
            values={"seen": version},
        )
        if not self._table.attempt(update):
            raise StoredByAnotherError("another worker stored tokens for this connection at the same time")


class CompanyTokens:
    """One company's access at one vendor (a `shared.http.client.AccessTokens`)."""

    def __init__(
        self,
        store: TokenStore,
        connection_id: str,
        company_id: str,
        vendor: str,
        refresh: Refresh,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._owner = (connection_id, company_id, vendor)
        self._refresh = refresh
        self._now = now
        self._sleep = sleep
        self._pair: StoredPair | None = None

    def current(self) -> str:
        """Return a valid access token and refresh it first if it expires soon. Raises AccessGone."""
        if self._pair is None or self._expired(self._pair):
            self._pair = self._store.read(*self._owner)
        if self._expired(self._pair):
            self._pair = self._newer_than(self._pair)
        return self._pair.access

    def renew(self, rejected: str) -> str:
        """Return another token than the one that the vendor has just refused. Raises AccessGone, Unavailable."""
        stored = self._store.read(*self._owner)
        pair = stored if stored.access != rejected else self._newer_than(stored)
        if pair.access == rejected:
            # The refresh failed and left this token, which has not expired but was refused. A second refusal would be
            # taken for a lost access.
            raise Unavailable(self._owner[2], "the token refresh", reason="no other token at the moment")
        self._pair = pair
        return pair.access

    def revoke(self, revoke: Callable[[str], None]) -> None:
        """Call `revoke` with the refresh token while no other worker uses it. Raises AccessGone if there is none."""
        connection_id, _, vendor = self._owner
        deadline = self._now() + _REVOKE_SECONDS
        while True:
            stored = self._store.read(*self._owner)
            # A worker that has the lease for longer than a refresh takes has crashed.
            if self._store.lease(connection_id, vendor, stored.version) or self._now() > deadline:
                return revoke(stored.refresh)
            self._sleep(_POLL_SECONDS)

    def _expired(self, pair: StoredPair) -> bool:
        return pair.expires_at - LEEWAY_SECONDS <= self._now()

    def _newer_than(self, old: StoredPair) -> StoredPair:
        """Refresh a pair, or wait for the worker that does."""
        connection_id, _, vendor = self._owner
        deadline = self._now() + LEASE_SECONDS + 5
        while self._now() < deadline:
            lease = self._store.lease(connection_id, vendor, old.version)
            if lease is not None:
                return self._refresh_pair(old, lease)
            current = self._store.read(*self._owner)
            if current.version != old.version:
                return current
            self._sleep(_POLL_SECONDS)
        raise StoreUnavailable("another worker holds the refresh of these tokens")

    def _refresh_pair(self, old: StoredPair, lease: str) -> StoredPair:
        connection_id, _, vendor = self._owner
        try:
            pair = self._refresh(old.refresh)
        except AccessGone:
            # Valid only if no other worker has stored a newer pair.
            if self._store.mark_gone(connection_id, vendor, old.version):
                log_warning("refresh refused", connection_id=connection_id, vendor=vendor)
                count("RefreshRefused")
                raise
            return self._store.read(*self._owner)
        except VendorError as error:
            self._store.release(connection_id, vendor, lease)
            log_warning("refresh failed", connection_id=connection_id, vendor=vendor, cause=str(error))
            count("RefreshFailed")
            if old.expires_at > self._now():
                return old
            # The call that needs the token was not sent, whatever the authorisation server has answered.
            raise Unavailable(vendor, "the token refresh", reason=str(error), request_id=error.request_id) from error
        self._store_pair(pair, old.version)
        return self._store.read(*self._owner)

    def _store_pair(self, pair: TokenPair, version: int) -> None:
        """Store the only valid pair. Retried for about 8 seconds: without it the customer must reconnect."""
        for pause in _STORE_PAUSES:
            try:
                return self._store.replace(*self._owner, pair, version=version)
            except StoreUnavailable:
                self._sleep(pause)
        return self._store.replace(*self._owner, pair, version=version)


def _key(connection_id: str, vendor: str) -> dict[str, str]:
    return {"connection_id": connection_id, "vendor": vendor}


def _context(connection_id: str, company_id: str, vendor: str) -> dict[str, str]:
    return {"purpose": "tokens", "connection_id": connection_id, "company_id": company_id, "vendor": vendor}
