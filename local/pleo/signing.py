"""Standard Webhooks signatures as in Pleo's sample.

https://developers.pleo.io/reference/webhooks/webhooks-authentication-authorisation and
https://www.standardwebhooks.com: `v1,` + base64(HMAC-SHA256(key, id + "." + timestamp + "." + raw body)).
"""

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"


def new_secret() -> str:
    """Return a random signing secret in Pleo's format `whsec_<base64 of 24 bytes>`."""
    return PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()


def signature(secret: str, *, message_id: str, timestamp: str, body: bytes) -> str:
    """Return the `webhook-signature` of one delivery. `timestamp` is Unix seconds as text."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    content = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
