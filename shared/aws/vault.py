"""Encryption of secrets in the tables, bound to their owner.

Envelope encryption with the customer-managed key, because tokens are longer than the 4 KB that KMS itself encrypts.
The context (purpose, connection, company, vendor) is KMS's encryption context and AES-GCM's associated data. Therefore,
a ciphertext that is copied to another row does not decrypt.
https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html
"""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.aws.clients import client, translate_errors
from shared.errors import StoreUnavailable

_FORMAT = b"\x01"
_NONCE_BYTES = 12
_KEY_LIFETIME = 300.0  # seconds that a process reuses a data key
_CACHED_KEYS = 256

type Context = Mapping[str, str]


@dataclass(frozen=True, slots=True, repr=False)
class _DataKey:
    plain: bytes
    encrypted: bytes
    expires: float


class Vault:
    """Encrypts and decrypts small secrets, with one KMS call per context, process and 5 minutes."""

    def __init__(self, key_arn: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._key_arn = key_arn
        self._kms = client("kms")
        self._monotonic = monotonic
        self._sealing: dict[bytes, _DataKey] = {}
        self._opening: dict[tuple[bytes, bytes], _DataKey] = {}

    def seal(self, plain: bytes, context: Context) -> bytes:
        """Encrypt a secret; the result contains the encrypted data key."""
        bound = _bound(context)
        key = self._sealing.get(bound)
        if key is None or key.expires <= self._monotonic():
            with translate_errors("GenerateDataKey"):
                answer = self._kms.generate_data_key(
                    KeyId=self._key_arn, KeySpec="AES_256", EncryptionContext=dict(context)
                )
            key = self._remember(bound, answer["Plaintext"], answer["CiphertextBlob"])
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(key.plain).encrypt(nonce, plain, bound)
        return _FORMAT + len(key.encrypted).to_bytes(2) + key.encrypted + nonce + sealed

    def open(self, sealed: bytes, context: Context) -> bytes:
        """Decrypt a secret. Raises StoreUnavailable if KMS refuses or the ciphertext is of another context."""
        if sealed[:1] != _FORMAT:
            raise StoreUnavailable("a ciphertext has an unknown format")
        length = int.from_bytes(sealed[1:3])
        encrypted, rest = sealed[3 : 3 + length], sealed[3 + length :]
        bound = _bound(context)
        key = self._opening.get((bound, encrypted))
        if key is None or key.expires <= self._monotonic():
            with translate_errors("Decrypt"):
                answer = self._kms.decrypt(
                    CiphertextBlob=encrypted, KeyId=self._key_arn, EncryptionContext=dict(context)
                )
            key = self._remember(bound, answer["Plaintext"], encrypted)
        try:
            return AESGCM(key.plain).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], bound)
        except InvalidTag as error:
            raise StoreUnavailable("a ciphertext does not belong to its row") from error

    def _remember(self, bound: bytes, plain: bytes, encrypted: bytes) -> _DataKey:
        key = _DataKey(plain, encrypted, self._monotonic() + _KEY_LIFETIME)
        for cache in (self._sealing, self._opening):
            if len(cache) >= _CACHED_KEYS:
                cache.clear()
        self._sealing[bound] = key
        self._opening[bound, encrypted] = key
        return key


def _bound(context: Context) -> bytes:
    return "\n".join(f"{name}={context[name]}" for name in sorted(context)).encode()
