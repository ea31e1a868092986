"""Signs webhooks as https://www.standardwebhooks.com says, apart from the product and from the stand-in."""

import base64
import hmac


def signature(secret: str, *, message_id: str, timestamp: str, body: bytes) -> str:
    """The value of `webhook-signature` for one delivery; `secret` is a `whsec_…`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
