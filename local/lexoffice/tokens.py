"""Codes and token pairs: what the authorization server hands out, rotates and kills.

https://developers.lexware.io/partner/docs/#security-and-authentication
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.lexoffice.clock import Clock
from local.lexoffice.records import Connection, new_id
from local.lexoffice.settings import Switches

_SIGNING_KEY = secrets.token_bytes(64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """An authorization code's meaning; it lives `code_seconds` and is good for one exchange."""

    organization_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    connection_name: str | None
    expires: datetime


class Grants:
    """All codes and connections, found by what the client presents."""

    def __init__(self, clock: Clock, switches: Switches, ended: Callable[[Connection], None]) -> None:
        self._ended = ended
        self._clock = clock
        self._switches = switches
        self._codes: dict[str, Code] = {}
        self._exchanged: dict[str, Connection] = {}
        self.connections: dict[str, Connection] = {}

    def issue_code(
        self,
        *,
        organization_id: str,
        redirect_uri: str,
        scopes: tuple[str, ...],
        challenge: str,
        connection_name: str | None,
    ) -> str:
        """Make a code of 128 characters for a consent just given."""
        code = opaque_token()
        self._codes[code] = Code(
            organization_id=organization_id,
            redirect_uri=redirect_uri,
            scopes=scopes,
            challenge=challenge,
            connection_name=connection_name,
            expires=self._clock.now() + timedelta(seconds=self._switches.code_seconds),
        )
        return code

    def consume_code(self, code: str) -> Code | None:
        """Use a code up, whatever becomes of the exchange; a second use ends what the first one created."""
        if connection := self._exchanged.get(code):
            self.end(connection)
        return self._codes.pop(code, None)

    def connect(self, code: str, granted: Code) -> Connection:
        """Create the connection for a code that stood all checks."""
        connection = Connection(
            organization_id=granted.organization_id,
            scopes=granted.scopes,
            name=granted.connection_name,
            created=self._clock.now(),
        )
        self.connections[connection.id] = connection
        self._exchanged[code] = connection
        self.rotate(connection)
        return connection

    def rotate(self, connection: Connection) -> None:
        """Give the connection a new pair; the old one is dead at once."""
        now = self._clock.now()
        connection.access_token = _access_token(connection, now)
        connection.access_expires = now + timedelta(seconds=self._switches.access_token_seconds)
        connection.refresh_token = opaque_token()
        connection.refresh_expires = now + timedelta(days=self._switches.refresh_token_days)

    def by_access_token(self, token: str) -> Connection | None:
        """Find the connection a live access token belongs to."""
        for connection in self._alive():
            if connection.access_token == token and self._clock.now() < connection.access_expires:
                return connection
        return None

    def by_refresh_token(self, token: str) -> Connection | None:
        """Find the connection a live refresh token belongs to."""
        for connection in self._alive():
            if connection.refresh_token == token and self._clock.now() < connection.refresh_expires:
                return connection
        return None

    def organization_behind(self, secret: str) -> str | None:
        """Say which organisation a code or a refresh token speaks for, without using it."""
        if code := self._codes.get(secret):
            return code.organization_id
        connection = self.by_refresh_token(secret)
        return connection.organization_id if connection else None

    def revoke_token(self, token: str) -> None:
        """End a connection by its refresh token; an access token alone only dies itself (RFC 7009)."""
        for connection in self._alive():
            if connection.refresh_token == token:
                self.end(connection)
            elif connection.access_token == token:
                connection.access_expires = self._clock.now()

    def end(self, connection: Connection) -> None:
        """End a connection and what hangs on it, once."""
        if not connection.revoked:
            connection.revoked = True
            self._ended(connection)

    def _alive(self) -> list[Connection]:
        return [item for item in self.connections.values() if not item.revoked]


def opaque_token() -> str:
    """Make a token of 128 URL-safe characters."""
    return secrets.token_urlsafe(96)


def _access_token(connection: Connection, now: datetime) -> str:
    """Make what looks like a JWT of about 900 characters; only its equality counts here."""
    claims = {
        "iss": "lexoffice stand-in",
        "sub": connection.organization_id,
        "cid": connection.id,
        "iat": int(now.timestamp()),
        "jti": new_id(),
        "pad": secrets.token_urlsafe(280),
    }
    parts = [_base64url(json.dumps(part).encode()) for part in ({"alg": "HS512"}, claims)]
    signed = ".".join(parts)
    return f"{signed}.{_base64url(hmac.digest(_SIGNING_KEY, signed.encode(), hashlib.sha512))}"


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
