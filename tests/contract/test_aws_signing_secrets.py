"""Signing secrets belong to one connection."""

import pytest
from cloud import Cloud

from shared.aws import signing_secrets
from shared.errors import StoreUnavailable


def test_a_sealed_secret_is_unsealed_for_its_own_connection(aws: Cloud) -> None:
    sealed = signing_secrets.seal(aws.key_arn, "c1", "whsec_dGVzdA==")

    assert signing_secrets.unseal(aws.key_arn, "c1", sealed) == "whsec_dGVzdA=="
    assert b"dGVzdA" not in sealed


def test_a_secret_copied_to_another_connection_does_not_decrypt(aws: Cloud) -> None:
    sealed = signing_secrets.seal(aws.key_arn, "c1", "whsec_dGVzdA==")

    with pytest.raises(StoreUnavailable, match="Decrypt answered"):
        signing_secrets.unseal(aws.key_arn, "c2", sealed)
