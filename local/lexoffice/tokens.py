"""lexoffice's rules for tokens (https://developers.lexware.io/partner/docs/#security-and-authentication).

A connection has exactly one valid access token and one valid refresh token. An invalid refresh token is refused and
revokes nothing.
"""

import base64
import hashlib
import hmac
import json
import secrets
from datetime import datetime

from local.lexoffice.settings import LexofficeSwitches
from local.standin.tokens import Grant, Lifetimes, TokenRules
from local.standin.wire import new_id

_SIGNING_KEY = secrets.token_bytes(64)
_DAY = 86_400


def token_rules(switches: LexofficeSwitches) -> TokenRules:
    """Return the rules: codes and refresh tokens of 128 characters, JWT-like access tokens, lifetimes by switch."""
    return TokenRules(
        lifetimes=lambda: Lifetimes(
            switches.code_seconds, switches.access_token_seconds, switches.refresh_token_days * _DAY
        ),
        new_code=lambda: secrets.token_urlsafe(96),
        new_access_token=_access_token,
        new_refresh_token=lambda: secrets.token_urlsafe(96),
        reuse_revokes=False,
    )


def _access_token(grant: Grant, now: datetime) -> str:
    """Return a text of about 900 characters in the format of a JWT. The stand-in only compares it for equality."""
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


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
