"""The RSA key that signs the stand-in's events (https://developers.lexware.io/docs/#event-subscriptions).

A 4096-bit key can take seconds, so a thread generates it, once per process, while the other parts start.
"""

import base64
import threading
from concurrent.futures import Future

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_KEY_BITS = 4096
_once = threading.Lock()
_key: Future[rsa.RSAPrivateKey] | None = None


def prepare() -> Future[rsa.RSAPrivateKey]:
    """Start generating the key, unless it has been started."""
    global _key  # noqa: PLW0603 - one key per process
    with _once:
        if _key is None:
            _key = Future()
            # A caller that stops waiting must not cancel it for the others.
            _key.set_running_or_notify_cancel()
            threading.Thread(target=_make, args=(_key,), name="event key", daemon=True).start()
    return _key


def public_pem(key: rsa.RSAPrivateKey) -> bytes:
    """Return the public key in lexoffice's format."""
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def signature(key: rsa.RSAPrivateKey, body: bytes) -> str:
    """Sign the raw body: RSA-SHA512, PKCS#1 v1.5, in base64."""
    return base64.b64encode(key.sign(body, padding.PKCS1v15(), hashes.SHA512())).decode()


def _make(promise: Future[rsa.RSAPrivateKey]) -> None:
    promise.set_result(rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS))
