"""Verify Pleo's webhooks: Standard Webhooks over the raw body, without I/O.

Scheme: https://www.standardwebhooks.com. Pleo's header names and sample indicate that Pleo uses it unchanged
(docs/assumptions.md#pleo-webhook-signature).
"""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256

MAX_BODY_BYTES = 256 * 1024
TOLERANCE_SECONDS = 300
_PREFIX = "whsec_"


class PleoSignatureRefusedError(ValueError):
    """The request does not prove that Pleo sent it. Log the message; do not return it to the caller."""


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: float) -> int:
    """Verify one delivery and return the position of the secret that signed it. Raises PleoSignatureRefusedError.

    - `headers`: with lower-case names.
    - `body`: exactly as received.
    - `secrets`: the active `whsec_…` values, several during a rotation.
    - `now`: Unix seconds.
    """
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    offered = headers.get("webhook-signature", "")
    if not message_id or not timestamp or not offered:
        raise PleoSignatureRefusedError("a signature header is missing")
    if not message_id.isascii():
        raise PleoSignatureRefusedError("the message id is not plain text")
    # Accept only ASCII digits: int() also accepts '１', '+1', '1_0' and surrounding blanks.
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise PleoSignatureRefusedError("the timestamp is not a number of seconds")
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise PleoSignatureRefusedError("the timestamp is too old or in the future")
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    candidates = _signatures(offered)
    for position, secret in enumerate(secrets):
        key = _key(secret)
        if not key:
            continue
        expected = hmac.digest(key, signed, sha256)
        if any(hmac.compare_digest(expected, candidate) for candidate in candidates):
            return position
    raise PleoSignatureRefusedError("no signature matches")


def _signatures(header: str) -> list[bytes]:
    """Return the decoded `v1` signatures of a header's first 16 tokens. Ignore other versions and invalid base64."""
    found = []
    for token in header.split(" ")[:16]:
        version, _, value = token.partition(",")
        if version != "v1":
            continue
        try:
            found.append(base64.b64decode(value, validate=True))
        except (binascii.Error, ValueError):
            continue
    return found


def _key(secret: str) -> bytes:
    """Decode a secret, with or without base64 padding; return b"" for an invalid one, which must match nothing."""
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX) + "==")
    except ValueError:
        return b""
