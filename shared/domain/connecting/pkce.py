"""Proof Key for Code Exchange, method S256: the only one both vendors accept.

https://www.rfc-editor.org/rfc/rfc7636
"""

import hashlib
from base64 import urlsafe_b64encode

# RFC 7636 §4.1 allows 43–128 characters; base64url turns 32–96 bytes into exactly that.
_FEWEST_BYTES, _MOST_BYTES = 32, 96


def verifier(random: bytes) -> str:
    """Spell 32–96 bytes from a cryptographic source as a code verifier; ValueError for any other length."""
    if not _FEWEST_BYTES <= len(random) <= _MOST_BYTES:
        raise ValueError("a code verifier is made of 32 to 96 random bytes")
    return _base64url(random)


def challenge(code_verifier: str) -> str:
    """Return the S256 challenge that goes into the authorisation request."""
    return _base64url(hashlib.sha256(code_verifier.encode("ascii")).digest())


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
