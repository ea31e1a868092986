"""Rotating tokens: one refresh at a time, stored before use, and nothing usable in a dump of the table."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from cloud import Cloud

from shared.aws.tokens import LEASE_SECONDS, LEEWAY_SECONDS, CompanyTokens, TokenStore
from shared.aws.vault import Vault
from shared.domain.connecting.tokens import TokenPair
from shared.errors import (
    AccessGone,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    StoreUnavailable,
    Unavailable,
    VendorError,
)
from shared.telemetry import door

WHO = ("c1", "company-1", "pleo")
KEY = {"connection_id": {"S": "c1"}, "vendor": {"S": "pleo"}}
START = 1_768_469_400.0
HOUR = 3600


class Clock:
    """Time that moves when somebody sleeps or the test says so."""

    def __init__(self) -> None:
        self.now = START
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds


class Vendor:
    """An authorisation server that rotates: a refresh token is good for one refresh."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.good = "refresh-0"
        self.failure: VendorError | None = None
        self.before: Callable[[], None] = lambda: None

    def refresh(self, refresh_token: str) -> TokenPair:
        self.calls.append(refresh_token)
        self.before()
        if self.failure is not None:
            raise self.failure
        if refresh_token != self.good:
            raise AccessGone("pleo", "POST /oauth/token", status=400)
        number = int(self.good.removeprefix("refresh-")) + 1
        self.good = f"refresh-{number}"
        return TokenPair(f"access-{number}", self.good, HOUR)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def store(aws: Cloud, clock: Clock) -> TokenStore:
    store = TokenStore(aws.token_table, Vault(aws.key_arn), now=clock)
    store.save(*WHO, TokenPair("access-0", "refresh-0", HOUR))
    return store


@pytest.fixture
def tokens(store: TokenStore, vendor: Vendor, clock: Clock) -> CompanyTokens:
    return worker(store, vendor, clock)


def worker(store: TokenStore, vendor: Vendor, clock: Clock) -> CompanyTokens:
    return CompanyTokens(store, *WHO, vendor.refresh, now=clock, sleep=clock.sleep)


# --- reading and refreshing ------------------------------------------------------------------------------------------


def test_a_valid_token_is_used_as_it_is(tokens: CompanyTokens, vendor: Vendor) -> None:
    assert [tokens.current(), tokens.current()] == ["access-0", "access-0"]
    assert vendor.calls == []


def test_a_token_is_refreshed_a_little_before_it_expires(tokens: CompanyTokens, vendor: Vendor, clock: Clock) -> None:
    clock.now = START + HOUR - LEEWAY_SECONDS - 1
    assert tokens.current() == "access-0"

    clock.now += 1
    assert tokens.current() == "access-1"
    assert vendor.calls == ["refresh-0"]


def test_the_new_pair_is_stored_before_it_is_used(store: TokenStore, tokens: CompanyTokens, clock: Clock) -> None:
    clock.now += HOUR

    token = tokens.current()

    assert store.read(*WHO).access == token
    assert store.read(*WHO).refresh == "refresh-1"


def test_every_refresh_uses_the_newest_pair(tokens: CompanyTokens, vendor: Vendor, clock: Clock) -> None:
    for _ in range(3):
        clock.now += HOUR
        tokens.current()

    assert vendor.calls == ["refresh-0", "refresh-1", "refresh-2"]


def test_without_a_pair_the_access_is_gone(store: TokenStore, vendor: Vendor, clock: Clock) -> None:
    nobody = CompanyTokens(store, "c2", "company-2", "pleo", vendor.refresh, now=clock, sleep=clock.sleep)

    with pytest.raises(AccessGone):
        nobody.current()


def test_a_pair_that_somebody_else_refreshed_is_found_in_the_store(
    store: TokenStore, tokens: CompanyTokens, vendor: Vendor, clock: Clock
) -> None:
    tokens.current()
    clock.now += HOUR
    worker(store, vendor, clock).current()

    assert tokens.current() == "access-1"
    assert len(vendor.calls) == 1


# --- at the same time ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [2, 20])
def test_workers_meeting_an_expired_token_make_one_refresh(
    store: TokenStore, vendor: Vendor, clock: Clock, workers: int
) -> None:
    clock.now += HOUR
    together = threading.Barrier(workers)

    def current(_: int) -> str:
        mine = worker(store, vendor, clock)
        together.wait(timeout=20)
        return mine.current()

    with ThreadPoolExecutor(workers) as threads:
        answers = list(threads.map(current, range(workers)))

    assert answers == ["access-1"] * workers
    assert vendor.calls == ["refresh-0"]


def test_workers_whose_token_was_refused_make_one_refresh(store: TokenStore, vendor: Vendor, clock: Clock) -> None:
    first, second = worker(store, vendor, clock), worker(store, vendor, clock)
    rejected = first.current()
    assert second.current() == rejected

    assert [first.renew(rejected), second.renew(rejected)] == ["access-1", "access-1"]
    assert len(vendor.calls) == 1


def test_the_lease_of_a_worker_that_died_runs_out(store: TokenStore, vendor: Vendor, clock: Clock) -> None:
    patient = CompanyTokens(store, *WHO, vendor.refresh, now=clock, sleep=lambda _: clock.sleep(4))
    clock.now += HOUR
    begun = clock.now
    assert store.lease("c1", "pleo", store.read(*WHO).version)

    assert patient.current() == "access-1"
    assert LEASE_SECONDS <= clock.now - begun <= LEASE_SECONDS + 5
    assert len(vendor.calls) == 1


def test_a_lease_is_for_one_worker_and_for_the_pair_it_saw(store: TokenStore) -> None:
    version = store.read(*WHO).version

    assert store.lease("c1", "pleo", version + 1) is None
    owner = store.lease("c1", "pleo", version)
    assert owner
    assert store.lease("c1", "pleo", version) is None

    store.release("c1", "pleo", "somebody else")
    assert store.lease("c1", "pleo", version) is None
    store.release("c1", "pleo", owner)
    assert store.lease("c1", "pleo", version)


def test_a_slow_worker_does_not_overwrite_a_newer_pair(store: TokenStore) -> None:
    version = store.read(*WHO).version
    store.replace(*WHO, TokenPair("access-1", "refresh-1", HOUR), version=version)

    with pytest.raises(StoreUnavailable):
        store.replace(*WHO, TokenPair("late", "late", HOUR), version=version)

    assert store.read(*WHO).access == "access-1"


# --- when the refresh fails ------------------------------------------------------------------------------------------


def test_a_refused_refresh_token_ends_the_access(store: TokenStore, tokens: CompanyTokens, vendor: Vendor) -> None:
    vendor.good = "another"

    with pytest.raises(AccessGone):
        tokens.renew("access-0")
    with pytest.raises(AccessGone):
        store.read(*WHO)
    assert len(vendor.calls) == 1


def test_a_refusal_is_not_believed_when_a_newer_pair_was_stored_meanwhile(
    store: TokenStore, tokens: CompanyTokens, vendor: Vendor
) -> None:
    version = store.read(*WHO).version

    def somebody_is_faster() -> None:
        store.replace(*WHO, TokenPair("access-9", "refresh-9", HOUR), version=version)
        vendor.good = "refresh-9"

    vendor.before = somebody_is_faster

    assert tokens.renew("access-0") == "access-9"
    assert store.read(*WHO).refresh == "refresh-9"


def test_a_refusal_for_good_is_counted_apart_from_other_failures(
    tokens: CompanyTokens, vendor: Vendor, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    clock.now = START + HOUR - 1  # expiring, not expired: the old token is kept
    vendor.failure = Unavailable("pleo", "POST /oauth/token", status=503)
    tokens.current()
    assert counted(capsys) == {"RefreshFailed": [1.0]}

    vendor.failure = AccessGone("pleo", "POST /oauth/token", status=400)
    with pytest.raises(AccessGone):
        tokens.current()
    assert counted(capsys) == {"RefreshRefused": [1.0]}


def test_a_refusal_of_a_pair_that_was_replaced_meanwhile_is_not_counted(
    store: TokenStore, tokens: CompanyTokens, vendor: Vendor, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    clock.now += HOUR
    vendor.good = "another"
    vendor.before = lambda: store.save(*WHO, TokenPair("fresh", "refresh-9", HOUR))

    assert tokens.current() == "fresh"

    assert counted(capsys) == {}


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str, list[float]]:
    """What was counted since the last look."""
    door(lambda _event, _context: None)({}, None)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    return {name: line[name] for line in lines for name in line if name.startswith("Refresh")}


def test_connecting_again_revives_an_ended_access(store: TokenStore, tokens: CompanyTokens, vendor: Vendor) -> None:
    vendor.good = "another"
    with pytest.raises(AccessGone):
        tokens.renew("access-0")

    store.save(*WHO, TokenPair("access-new", "refresh-new", HOUR))

    assert store.read(*WHO).access == "access-new"


FAILURES: list[VendorError] = [
    Unavailable("pleo", "POST /oauth/token", status=503),
    OutcomeUnknown("pleo", "POST /oauth/token"),
    RateLimited("pleo", "POST /oauth/token", retry_after=30),
    Rejected("pleo", "POST /oauth/token", status=401),
    Forbidden("pleo", "POST /oauth/token", status=403),
    NotFound("pleo", "POST /oauth/token", status=404),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_a_token_that_is_still_valid_is_kept_when_the_refresh_fails(
    store: TokenStore, tokens: CompanyTokens, vendor: Vendor, clock: Clock, failure: VendorError
) -> None:
    vendor.failure = failure
    clock.now = START + HOUR - LEEWAY_SECONDS

    assert tokens.current() == "access-0"

    vendor.failure = None
    assert tokens.current() == "access-1", "the lease was given back"
    assert store.read(*WHO).access == "access-1"


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_a_failed_refresh_is_never_mistaken_for_the_vendors_answer_to_the_call(
    tokens: CompanyTokens, vendor: Vendor, clock: Clock, failure: VendorError
) -> None:
    """Else a 404 of the authorisation server would look like a deleted account, a 401 like a refused line."""
    vendor.failure = failure
    clock.now += HOUR

    with pytest.raises(Unavailable):
        tokens.current()


def test_a_token_that_was_just_refused_is_not_handed_out_again(
    tokens: CompanyTokens, vendor: Vendor, clock: Clock
) -> None:
    """Sent a second time it would be refused a second time, which reads as if the access were gone."""
    vendor.failure = Unavailable("pleo", "POST /oauth/token", status=503)
    rejected = tokens.current()

    with pytest.raises(Unavailable):
        tokens.renew(rejected)

    vendor.failure = None
    assert tokens.renew(rejected) == "access-1"


def test_a_pair_that_was_just_issued_is_not_given_up_because_the_table_is_out_of_reach_for_seconds(
    store: TokenStore, tokens: CompanyTokens, aws: Cloud, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the only living one: dropping it would mean that the customer must connect again."""
    replace, failures = store.replace, [StoreUnavailable("UpdateItem answered InternalServerError")] * 3

    def unreliable(*who: str, pair: TokenPair, version: int) -> None:
        if failures:
            raise failures.pop()
        replace(who[0], who[1], who[2], pair, version=version)

    monkeypatch.setattr(
        store, "replace", lambda a, b, c, pair, *, version: unreliable(a, b, c, pair=pair, version=version)
    )
    clock.now += HOUR

    assert tokens.current() == "access-1"
    assert failures == []


# --- what the table shows --------------------------------------------------------------------------------------------


def test_a_dump_of_the_table_holds_no_token(store: TokenStore, aws: Cloud) -> None:
    store.save("c2", "company-2", "lexoffice", TokenPair("access-secret", "refresh-secret", HOUR))

    dump = repr(aws.dump(aws.token_table))

    assert len(aws.dump(aws.token_table)) == 2
    assert "access-" not in dump
    assert "refresh-" not in dump


def test_tokens_do_not_show_in_a_repr(store: TokenStore) -> None:
    shown = repr(store.read(*WHO)) + repr(TokenPair("access-0", "refresh-0", HOUR))

    assert "access-0" not in shown
    assert "refresh-0" not in shown


@pytest.mark.parametrize(
    "target",
    [("c2", "company-2", "pleo"), ("c1", "company-1", "lexoffice"), ("c1", "company-2", "pleo")],
    ids=["other connection", "other vendor", "other company"],
)
def test_a_ciphertext_moved_elsewhere_does_not_decrypt(
    store: TokenStore, aws: Cloud, target: tuple[str, str, str]
) -> None:
    connection_id, _, vendor = target
    dynamodb = aws.client("dynamodb")
    item = dynamodb.get_item(TableName=aws.token_table, Key=KEY)["Item"]
    dynamodb.put_item(
        TableName=aws.token_table, Item={**item, "connection_id": {"S": connection_id}, "vendor": {"S": vendor}}
    )

    for reader in (store, TokenStore(aws.token_table, Vault(aws.key_arn))):
        with pytest.raises(StoreUnavailable):
            reader.read(*target)


def test_an_older_pair_put_back_is_seen_as_what_it_is(store: TokenStore, tokens: CompanyTokens, vendor: Vendor) -> None:
    """Restoring a backup brings back a dead pair: the vendor says so, and the connection asks for a new consent."""
    vendor.good = "refresh-7"

    with pytest.raises(AccessGone):
        tokens.renew("access-0")
