"""lexoffice's rules for tokens (https://developers.lexware.io/partner/docs/#security-and-authentication).

A connection has exactly one living access token and one living refresh token; a dead refresh token is refused and ends
nothing.
"""

import base64
import hashlib
import hmac
import json
import secrets
from datetime import datetime

from local.lexoffice.settings import Switches
from local.standin.tokens import Grant
from local.standin.wire import new_id

_SIGNING_KEY = secrets.token_bytes(64)
_DAY = 86_400


class LexofficeTokens:
    """Codes and refresh tokens of 128 characters, access tokens that look like a JWT, with lifetimes by switch."""

    reuse_revokes = False

    def __init__(self, switches: Switches) -> None:
        self._switches = switches

    def code_seconds(self) -> int:
        """Return how long a code lives."""
        return self._switches.code_seconds

    def access_seconds(self) -> int:
        """Return how long an access token lives."""
        return self._switches.access_token_seconds

    def refresh_seconds(self) -> int:
        """Return how long a refresh token lives from its rotation."""
        return self._switches.refresh_token_days * _DAY

    def new_code(self) -> str:
        """Make a code of 128 URL-safe characters."""
        return secrets.token_urlsafe(96)

    def new_access_token(self, grant: Grant, now: datetime) -> str:
        """Make what looks like a JWT of about 900 characters; only its equality counts here."""
        claims = {
            "iss": "lexoffice stand-in",
            "sub": grant.holder_id,
            "cid": grant.id,
            "iat": int(now.timestamp()),
            "jti": new_id(),
            "pad": secrets.token_urlsafe(280),
        }
        signed = ".".join(_base64url(json.dumps(part).encode()) for part in ({"alg": "HS512"}, claims))
        return f"{signed}.{_base64url(hmac.digest(_SIGNING_KEY, signed.encode(), hashlib.sha512))}"

    def new_refresh_token(self) -> str:
        """Make a refresh token of 128 URL-safe characters."""
        return secrets.token_urlsafe(96)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
