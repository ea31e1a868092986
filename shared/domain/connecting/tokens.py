"""OAuth values: client credentials, token pairs and the code verifier. Secrets never appear in a repr or a log line.

Proof Key for Code Exchange (PKCE) uses method S256, the only one that both vendors accept
(https://www.rfc-editor.org/rfc/rfc7636).
"""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

# RFC 7636 §4.1 allows 43–128 characters: exactly the base64url length of 32–96 bytes.
_FEWEST_BYTES, _MOST_BYTES = 32, 96


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """Client id and secret of this product at one vendor."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The tokens that a vendor just issued for one authorisation. The previous pair is no longer valid.

    `expires_in` is the lifetime of the access token in seconds, counted from the vendor's answer.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int


def pkce_verifier(random: bytes) -> str:
    """Encode 32–96 bytes from a cryptographic source as a code verifier. Raise ValueError for any other length."""
    if not _FEWEST_BYTES <= len(random) <= _MOST_BYTES:
        raise ValueError("a code verifier is made of 32 to 96 random bytes")
    return _base64url(random)


def pkce_challenge(code_verifier: str) -> str:
    """Return the S256 challenge for the authorisation request."""
    return _base64url(hashlib.sha256(code_verifier.encode("ascii")).digest())


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
