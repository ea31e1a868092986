"""Signing secrets of webhook subscriptions, encrypted by KMS itself.

Not in shared/aws/vault.py, because the receiver may decrypt only these and must start without a crypto library.
"""

from shared.aws.clients import client, translate_errors


def seal(key_arn: str, connection_id: str, secret: str) -> bytes:
    """Encrypt a `whsec_…` secret for one connection."""
    with translate_errors("Encrypt"):
        answer = client("kms").encrypt(
            KeyId=key_arn, Plaintext=secret.encode(), EncryptionContext=_context(connection_id)
        )
    return bytes(answer["CiphertextBlob"])


def unseal(key_arn: str, connection_id: str, sealed: bytes) -> str:
    """Decrypt a secret. Raises StoreUnavailable if KMS refuses, also for a ciphertext of another connection."""
    with translate_errors("Decrypt"):
        answer = client("kms").decrypt(KeyId=key_arn, CiphertextBlob=sealed, EncryptionContext=_context(connection_id))
    return bytes(answer["Plaintext"]).decode()


def _context(connection_id: str) -> dict[str, str]:
    return {"purpose": "webhook-secret", "connection_id": connection_id}
