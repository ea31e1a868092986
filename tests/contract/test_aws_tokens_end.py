"""Ending a pair: revoked while nobody refreshes it, erased so that nothing brings it back."""

import pytest
from cloud import Cloud

from shared.aws.tokens import LEASE_SECONDS, CompanyTokens, TokenStore
from shared.aws.vault import Vault
from shared.domain.connecting.tokens import TokenPair
from shared.errors import AccessGone, StoreUnavailable

WHO = ("c1", "company-1", "pleo")
OLD, NEW = TokenPair("access-0", "refresh-0", 3600), TokenPair("access-1", "refresh-1", 3600)


@pytest.fixture
def store(aws: Cloud) -> TokenStore:
    store = TokenStore(aws.token_table, Vault(aws.key_arn))
    store.save(*WHO, OLD)
    return store


def never(_: str) -> TokenPair:
    raise AssertionError("nobody refreshes here")


def test_an_erased_pair_is_nowhere_in_the_table(store: TokenStore, aws: Cloud) -> None:
    store.erase("c1", "pleo")

    (item,) = aws.dump(aws.token_table)
    assert "sealed" not in item
    with pytest.raises(AccessGone):
        store.read(*WHO)


def test_erasing_nothing_leaves_nothing_behind(aws: Cloud) -> None:
    TokenStore(aws.token_table, Vault(aws.key_arn)).erase("c1", "pleo")

    assert aws.dump(aws.token_table) == []


def test_a_refresh_that_was_under_way_cannot_bring_a_pair_back(store: TokenStore) -> None:
    version = store.read(*WHO).version
    store.erase("c1", "pleo")

    with pytest.raises(StoreUnavailable):
        store.replace(*WHO, NEW, version=version)


def test_connecting_again_stores_a_pair_as_ever(store: TokenStore) -> None:
    store.erase("c1", "pleo")

    store.save(*WHO, NEW)

    assert store.read(*WHO).access == "access-1"


def test_a_pair_is_revoked_while_nobody_else_may_refresh_it(store: TokenStore) -> None:
    seen: list[tuple[str, str | None]] = []

    def revoke(token: str) -> None:
        seen.append((token, store.lease("c1", "pleo", store.read(*WHO).version)))

    CompanyTokens(store, *WHO, never).revoke(revoke)

    assert seen == [("refresh-0", None)]


def test_the_pair_of_a_refresh_that_ends_meanwhile_is_the_one_that_is_revoked(store: TokenStore) -> None:
    version = store.read(*WHO).version
    assert store.lease("c1", "pleo", version)
    revoked: list[str] = []

    def refreshed(_: float) -> None:
        store.replace(*WHO, NEW, version=version)

    CompanyTokens(store, *WHO, never, sleep=refreshed).revoke(revoked.append)

    assert revoked == ["refresh-1"]


def test_a_worker_that_died_with_the_lease_keeps_no_token_alive(store: TokenStore) -> None:
    store.lease("c1", "pleo", store.read(*WHO).version)
    moments = iter(range(1000))
    revoked: list[str] = []

    tokens = CompanyTokens(store, *WHO, never, now=lambda: float(next(moments)), sleep=lambda _: None)
    tokens.revoke(revoked.append)

    assert revoked == ["refresh-0"]
    assert next(moments) < LEASE_SECONDS


def test_a_fresh_authorisation_wins_over_a_refresh_of_the_one_before(
    store: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = store._version
    raced: list[int] = []

    def overtaken(connection_id: str, vendor: str) -> int:
        version = read(connection_id, vendor)
        if not raced:
            raced.append(version)
            store.replace(*WHO, TokenPair("access-old", "refresh-old", 3600), version=version)
        return version

    monkeypatch.setattr(store, "_version", overtaken)
    store.save(*WHO, NEW)

    assert store.read(*WHO).access == "access-1"
