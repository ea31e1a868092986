"""Verify and parse lexoffice's webhooks: RSA-SHA512 over the raw body, without I/O.

The signature covers neither a time nor a unique id, so a delivery can be replayed at any time. Use an event only as a
reason to read the resource. https://developers.lexware.io/docs/#event-subscriptions-endpoint
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from shared.errors import ConfigError

MAX_BODY_BYTES = 64 * 1024
SIGNATURE_HEADER = "x-lxo-signature"
_LONGEST = 100

VOUCHER_EVENTS = frozenset({"payment.changed", "voucher.status.changed"})  # the resource is the voucher
ACCESS_EVENT = "token.revoked"
SUBSCRIBED_EVENTS = (*sorted(VOUCHER_EVENTS), ACCESS_EVENT)


def callback_path(connection_id: str) -> str:
    """Return the path, on our address, to which lexoffice sends a connection's events."""
    return f"/webhooks/lexoffice/{connection_id}"


class LexofficeSignatureRefusedError(ValueError):
    """The request does not prove that lexoffice sent it. Log the message; do not return it to the caller."""


class MalformedLexofficeEventError(ValueError):
    """The body is not an event. The message says why."""


@dataclass(frozen=True, slots=True)
class LexofficeEvent:
    """One delivered event.

    - `event_type`: for example payment.changed.
    - `resource_id`: the voucher's id; for token.revoked, lexoffice's id of the connection.
    """

    organization_id: str
    event_type: str
    resource_id: str


def check_key(public_key_pem: str) -> None:
    """Raise ConfigError unless this is an RSA key in PEM format. Call it at start-up, before the first delivery."""
    _key(public_key_pem)


def verify(headers: Mapping[str, str], body: bytes, public_key_pem: str) -> None:
    """Verify one delivery. Raises LexofficeSignatureRefusedError, or ConfigError for an invalid key.

    - `headers`: with lower-case names.
    - `body`: exactly as received.
    - `public_key_pem`: the key that Lexware publishes.
    """
    key = _key(public_key_pem)
    try:
        signature = base64.b64decode(headers.get(SIGNATURE_HEADER, ""), validate=True)
    except (binascii.Error, ValueError) as error:
        raise LexofficeSignatureRefusedError("the signature is not base64") from error
    if not signature:
        raise LexofficeSignatureRefusedError("the signature is missing")
    try:
        key.verify(signature, body, PKCS1v15(), SHA512())
    except InvalidSignature as error:
        raise LexofficeSignatureRefusedError("the signature does not match") from error


def parse(body: bytes) -> LexofficeEvent:
    """Parse a verified body. Raises MalformedLexofficeEventError."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedLexofficeEventError("the body is not JSON") from error
    if not isinstance(document, dict):
        raise MalformedLexofficeEventError("the body is not an object")
    return LexofficeEvent(
        organization_id=_text(document, "organizationId"),
        event_type=_text(document, "eventType"),
        resource_id=_text(document, "resourceId"),
    )


@cache
def _key(pem: str) -> RSAPublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError as error:
        raise ConfigError("lexoffice's public key is not in PEM format") from error
    if not isinstance(key, RSAPublicKey):
        raise ConfigError("lexoffice's public key is not an RSA key")
    return key


def _text(document: dict[str, object], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedLexofficeEventError(f"{name} is missing")
    # Ids become parts of keys.
    if len(value) > _LONGEST or not value.isascii():
        raise MalformedLexofficeEventError(f"{name} is not plausible")
    return value
