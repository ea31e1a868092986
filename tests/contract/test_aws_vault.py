"""What the vault seals opens for its own context only, and KMS is not asked for every secret."""

import pytest
from cloud import Cloud

from shared.aws.vault import Vault
from shared.errors import StoreUnavailable

CONTEXT = {"purpose": "tokens", "connection_id": "c1", "company_id": "k1", "vendor": "pleo"}


@pytest.fixture
def vault(aws: Cloud) -> Vault:
    return Vault(aws.key_arn)


def test_what_was_sealed_opens_again_also_in_another_process(aws: Cloud, vault: Vault) -> None:
    sealed = vault.seal(b"secret" * 2000, CONTEXT)

    assert vault.open(sealed, CONTEXT) == Vault(aws.key_arn).open(sealed, CONTEXT) == b"secret" * 2000
    assert b"secret" not in sealed


def test_the_order_of_the_context_does_not_matter(vault: Vault) -> None:
    sealed = vault.seal(b"secret", CONTEXT)

    assert vault.open(sealed, dict(reversed(CONTEXT.items()))) == b"secret"


def test_the_same_secret_never_looks_the_same(vault: Vault) -> None:
    assert vault.seal(b"secret", CONTEXT) != vault.seal(b"secret", CONTEXT)


@pytest.mark.parametrize("name", CONTEXT)
@pytest.mark.parametrize("cold", [True, False])
def test_another_context_opens_nothing_with_or_without_a_cached_key(
    aws: Cloud, vault: Vault, *, name: str, cold: bool
) -> None:
    sealed = vault.seal(b"secret", CONTEXT)
    other = CONTEXT | {name: "another"}
    reader = Vault(aws.key_arn) if cold else vault
    reader.seal(b"warm", other)

    with pytest.raises(StoreUnavailable):
        reader.open(sealed, other)


@pytest.mark.parametrize("position", [0, 10, -20, -1])
def test_a_changed_ciphertext_does_not_open(aws: Cloud, vault: Vault, position: int) -> None:
    sealed = bytearray(vault.seal(b"secret", CONTEXT))
    sealed[position] ^= 1

    for reader in (vault, Vault(aws.key_arn)):
        with pytest.raises(StoreUnavailable):
            reader.open(bytes(sealed), CONTEXT)


def test_kms_is_asked_once_per_context_and_again_when_the_key_is_old(aws: Cloud) -> None:
    clock = [0.0]
    vault = Vault(aws.key_arn, monotonic=lambda: clock[0])

    with aws.watched("kms") as calls:
        sealed = [vault.seal(b"x", CONTEXT) for _ in range(5)]
        for each in sealed:
            vault.open(each, CONTEXT)
        assert [name for name, _ in calls] == ["GenerateDataKey"]

        clock[0] = 301.0
        vault.open(sealed[0], CONTEXT)
        vault.seal(b"x", CONTEXT)
        assert [name for name, _ in calls] == ["GenerateDataKey", "Decrypt"]


def test_after_reading_a_secret_its_successor_is_sealed_without_kms(aws: Cloud) -> None:
    """A pair that was just issued can be stored even if KMS fails in that moment."""
    sealed = Vault(aws.key_arn).seal(b"old", CONTEXT)
    vault = Vault(aws.key_arn)
    vault.open(sealed, CONTEXT)

    with aws.watched("kms") as calls:
        vault.seal(b"new", CONTEXT)

    assert [name for name, _ in calls] == []


def test_a_key_that_kms_does_not_know_is_a_store_that_is_unavailable(aws: Cloud) -> None:
    with pytest.raises(StoreUnavailable, match="GenerateDataKey answered NotFoundException"):
        Vault(aws.key_arn + "-unknown").seal(b"secret", CONTEXT)
