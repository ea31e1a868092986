"""OAuth's values: client credentials, token pairs and the code verifier. Secrets never show in a repr or a log line.

Proof Key for Code Exchange uses method S256, the only one both vendors accept (https://www.rfc-editor.org/rfc/rfc7636).
"""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

# RFC 7636 §4.1 allows 43–128 characters; base64url turns 32–96 bytes into exactly that.
_FEWEST_BYTES, _MOST_BYTES = 32, 96


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """This product's own identity at one vendor."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """One authorisation's tokens as the vendor just issued them; the pair before it is dead from now on.

    `expires_in` counts seconds from the answer and concerns the access token only. `scope` is space separated
    and may be empty.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    scope: str = ""


def pkce_verifier(random: bytes) -> str:
    """Return 32–96 bytes from a cryptographic source as a code verifier; ValueError for any other length."""
    if not _FEWEST_BYTES <= len(random) <= _MOST_BYTES:
        raise ValueError("a code verifier is made of 32 to 96 random bytes")
    return _base64url(random)


def pkce_challenge(code_verifier: str) -> str:
    """Return the S256 challenge that goes into the authorisation request."""
    return _base64url(hashlib.sha256(code_verifier.encode("ascii")).digest())


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
