"""Token pairs in DynamoDB: encrypted, refreshed by one worker at a time, stored before they are used.

Both vendors rotate: a refresh kills the old pair at once, so a pair that is fetched and lost is a lost connection, and
two refreshes at the same time leave one worker with a dead token (https://developers.lexware.io/partner/docs, Refresh
tokens; https://developers.pleo.io/docs/oauth). A lease and a version keep them apart.
"""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.aws.table import ConditionFailedError, Item, Table, Update
from shared.aws.vault import Vault
from shared.domain.connecting.tokens import TokenPair
from shared.errors import AccessGone, StoreUnavailable, Unavailable, VendorError
from shared.telemetry import count, log_warning

# Refreshed this long before it expires, so that a call that starts now still arrives in time.
LEEWAY_SECONDS = 90
# Longer than a refresh may take with every timeout used up; a worker that dies blocks nobody for longer.
LEASE_SECONDS = 60
_POLL_SECONDS = 0.1
_STORE_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)
_SAVE_TRIES = 5
_SURRENDER_SECONDS = 10

type Refresh = Callable[[str], TokenPair]


@dataclass(frozen=True, slots=True)
class StoredPair:
    """One pair as it was read; `version` grows with every pair, `gone` says that the vendor wants no more of it."""

    version: int
    expires_at: int
    gone: bool
    access: str = field(repr=False)
    refresh: str = field(repr=False)


class StoredByAnotherError(StoreUnavailable):
    """Another pair was stored, or the pairs were erased, in between."""


class TokenStore:
    """The pairs of all connections."""

    def __init__(self, table: str, vault: Vault, *, now: Callable[[], float] = time.time) -> None:
        self._table = Table(table)
        self._vault = vault
        self._now = now

    def save(self, connection_id: str, company_id: str, vendor: str, pair: TokenPair) -> None:
        """Store the first pair of an authorisation, whatever was there before.

        A refresh of the pair before may be stored at the same moment; the authorisation is newer and wins.
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
        """Erase a pair for good; a refresh that is under way cannot store its successor any more."""
        for _ in range(_SAVE_TRIES):
            version = self._version(connection_id, vendor)
            forgotten = Update(
                key=_key(connection_id, vendor),
                expression="SET #version = :next, #gone = :yes REMOVE #sealed, #lease_owner, #lease_until",
                names=["version", "gone", "sealed", "lease_owner", "lease_until"],
                values={"next": version + 1, "yes": True, "seen": version},
                condition="#version = :seen",
            )
            if not version or self._try_update(forgotten):
                return
        raise StoreUnavailable("these tokens kept changing while they were erased")

    def read(self, connection_id: str, company_id: str, vendor: str) -> StoredPair:
        """Read a pair consistently. Raises AccessGone where there is none, or none that is still wanted."""
        item = self._table.get(_key(connection_id, vendor))
        if item is None or item.get("gone"):
            raise AccessGone(vendor, "the token store", reason="no valid tokens; somebody must reconnect")
        plain = json.loads(self._vault.open(item["sealed"], _context(connection_id, company_id, vendor)))
        return StoredPair(
            version=int(item["version"]),
            expires_at=int(item["expires_at"]),
            gone=False,
            access=plain["access"],
            refresh=plain["refresh"],
        )

    def lease(self, connection_id: str, vendor: str, version: int) -> str | None:
        """Try to become the one who refreshes this version; returns the lease, or None when somebody else has it."""
        owner = secrets.token_hex(8)
        now = int(self._now())
        update = Update(
            key=_key(connection_id, vendor),
            expression="SET #lease_owner = :owner, #lease_until = :until",
            names=["lease_owner", "lease_until", "version"],
            values={"owner": owner, "until": now + LEASE_SECONDS, "now": now, "version": version},
            condition="#version = :version AND (attribute_not_exists(#lease_until) OR #lease_until < :now)",
        )
        return owner if self._try_update(update) else None

    def release(self, connection_id: str, vendor: str, owner: str) -> None:
        """Give a lease back without a new pair."""
        self._try_update(
            Update(
                key=_key(connection_id, vendor),
                expression="REMOVE #lease_owner, #lease_until",
                names=["lease_owner", "lease_until"],
                values={"owner": owner},
                condition="#lease_owner = :owner",
            )
        )

    def replace(self, connection_id: str, company_id: str, vendor: str, pair: TokenPair, *, version: int) -> None:
        """Store the pair that replaces `version`.

        The lease plays no part: a pair that was just issued is the only living one, even if its worker was slow.
        """
        self._write(connection_id, company_id, vendor, pair, version=version)

    def mark_gone(self, connection_id: str, vendor: str, version: int) -> bool:
        """Remember that the vendor refuses this version for good; False when there is a newer one."""
        return self._try_update(
            Update(
                key=_key(connection_id, vendor),
                expression="SET #gone = :yes REMOVE #lease_owner, #lease_until",
                names=["gone", "lease_owner", "lease_until", "version"],
                values={"yes": True, "version": version},
                condition="#version = :version",
            )
        )

    def _version(self, connection_id: str, vendor: str) -> int:
        return int((self._table.get(_key(connection_id, vendor)) or {}).get("version", 0))

    def _write(self, connection_id: str, company_id: str, vendor: str, pair: TokenPair, *, version: int) -> None:
        plain = json.dumps({"access": pair.access_token, "refresh": pair.refresh_token}).encode()
        item: Item = {
            "version": version + 1,
            "sealed": self._vault.seal(plain, _context(connection_id, company_id, vendor)),
            "expires_at": int(self._now()) + pair.expires_in,
            "refreshed_at": int(self._now()),
        }
        applied = self._try_update(
            Update(
                key=_key(connection_id, vendor),
                expression="SET "
                + ", ".join(f"#{name} = :{name}" for name in item)
                + " REMOVE #gone, #lease_owner, #lease_until",
                names=[*item, "gone", "lease_owner", "lease_until"],
                values={**item, "seen": version},
                condition="attribute_not_exists(#version) OR #version = :seen",
            )
        )
        if not applied:
            raise StoredByAnotherError("somebody else stored tokens for this connection at the same time")

    def _try_update(self, update: Update) -> bool:
        try:
            self._table.update(update)
        except ConditionFailedError:
            return False
        return True


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
        """A valid access token, refreshed in time. Raises AccessGone."""
        if self._pair is None or self._expired(self._pair):
            self._pair = self._store.read(*self._owner)
        if self._expired(self._pair):
            self._pair = self._newer_than(self._pair)
        return self._pair.access

    def renew(self, rejected: str) -> str:
        """Another token than the one the vendor just refused. Raises AccessGone."""
        stored = self._store.read(*self._owner)
        pair = stored if stored.access != rejected else self._newer_than(stored)
        if pair.access == rejected:
            # Kept because it has not expired, but the vendor just refused it: sending it again would look as if the
            # access were gone, when only the refresh has to wait.
            raise Unavailable(self._owner[2], "the token refresh", reason="no other token at the moment")
        self._pair = pair
        return pair.access

    def revoke(self, revoke: Callable[[str], None]) -> None:
        """Have the refresh token revoked while nobody else exchanges it. Raises AccessGone if there is none."""
        connection_id, _, vendor = self._owner
        deadline = self._now() + _SURRENDER_SECONDS
        while True:
            stored = self._store.read(*self._owner)
            # Whoever holds the lease longer than a refresh takes has died: no reason to keep a token alive.
            if self._store.lease(connection_id, vendor, stored.version) or self._now() > deadline:
                return revoke(stored.refresh)
            self._sleep(_POLL_SECONDS)

    def _expired(self, pair: StoredPair) -> bool:
        return pair.expires_at - LEEWAY_SECONDS <= self._now()

    def _newer_than(self, old: StoredPair) -> StoredPair:
        """Refresh, or wait for the worker who is refreshing."""
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
            # Believed only if nobody stored a newer pair in between.
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
            # Whatever the authorisation server said, the call that needs the token was not made.
            raise Unavailable(vendor, "the token refresh", reason=str(error), request_id=error.request_id) from error
        self._store_pair(pair, old.version)
        return self._store.read(*self._owner)

    def _store_pair(self, pair: TokenPair, version: int) -> None:
        """Store the only living pair, and do not give up easily: without it the customer must reconnect."""
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
