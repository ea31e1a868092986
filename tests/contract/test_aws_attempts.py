"""A state is used once, by the browser it was made for, within ten minutes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cloud import Cloud

from shared.aws.attempts import LIFETIME, Attempt, Attempts, StateRefusal, StateRefusedError

NOW = datetime(2026, 1, 12, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def attempts(aws: Cloud) -> Attempts:
    return Attempts(aws.connection_table)


def refusal(
    attempts: Attempts, *, cookie: str = "cookie", vendor: str = "pleo", state: str = "state", now: datetime = NOW
) -> StateRefusal:
    with pytest.raises(StateRefusedError) as caught:
        attempts.claim(cookie, vendor, state, now)
    return caught.value.refusal


def test_the_open_state_is_accepted_and_tells_whose_it_is(attempts: Attempts) -> None:
    attempts.open_state("cookie", "lexoffice", "state", NOW, "c1")

    assert attempts.claim("cookie", "lexoffice", "state", NOW) == Attempt("", "c1", "")


def test_a_state_is_used_once(attempts: Attempts) -> None:
    attempts.open_state("cookie", "pleo", "state", NOW)
    attempts.claim("cookie", "pleo", "state", NOW)

    assert refusal(attempts) is StateRefusal.USED


def test_of_simultaneous_callbacks_one_gets_it(attempts: Attempts) -> None:
    attempts.open_state("cookie", "pleo", "state", NOW)

    def claim(_: int) -> str:
        try:
            attempts.claim("cookie", "pleo", "state", NOW)
        except StateRefusedError as refused:
            return refused.refusal.value
        return "accepted"

    with ThreadPoolExecutor(8) as threads:
        answers = sorted(threads.map(claim, range(8)))

    assert answers == ["accepted"] + ["used"] * 7


def test_a_state_expires(attempts: Attempts) -> None:
    attempts.open_state("cookie", "pleo", "state", NOW)

    assert refusal(attempts, now=NOW + LIFETIME) is StateRefusal.EXPIRED
    assert attempts.claim("cookie", "pleo", "state", NOW + LIFETIME - SECOND).awaiting == ""


def test_another_state_is_refused_and_leaves_the_open_one_open(attempts: Attempts) -> None:
    attempts.open_state("cookie", "pleo", "state", NOW)

    assert refusal(attempts, state="other") is StateRefusal.MISMATCH
    assert refusal(attempts, state="") is StateRefusal.MISMATCH
    assert attempts.claim("cookie", "pleo", "state", NOW).awaiting == ""


@pytest.mark.parametrize("cookie", ["", "foreign"])
def test_another_browser_is_refused(attempts: Attempts, cookie: str) -> None:
    attempts.open_state("cookie", "pleo", "state", NOW)

    assert refusal(attempts, cookie=cookie) is StateRefusal.UNKNOWN


def test_one_vendors_state_is_not_taken_at_the_others_callback(attempts: Attempts) -> None:
    attempts.open_state("cookie", "pleo", "state", NOW)

    refusal(attempts, vendor="lexoffice")
    assert attempts.claim("cookie", "pleo", "state", NOW).awaiting == ""


def test_starting_again_voids_the_state_before(attempts: Attempts) -> None:
    attempts.open_state("cookie", "pleo", "state", NOW)
    attempts.open_state("cookie", "pleo", "newer", NOW)

    assert refusal(attempts) is StateRefusal.MISMATCH
    assert attempts.claim("cookie", "pleo", "newer", NOW).awaiting == ""


def test_the_result_is_for_this_browser_as_often_as_it_asks(attempts: Attempts) -> None:
    attempts.open_state("cookie", "lexoffice", "state", NOW, "c1")
    attempts.finish("cookie", "linked", "c1", NOW)

    assert attempts.read("cookie") == attempts.read("cookie") == Attempt("", "c1", "linked")
    assert attempts.read("foreign") is None
    assert attempts.read("") is None


def test_after_the_end_no_state_is_open(attempts: Attempts) -> None:
    attempts.open_state("cookie", "pleo", "state", NOW)
    attempts.finish("cookie", "linked", "c1", NOW)

    assert refusal(attempts) is StateRefusal.USED


def test_the_table_holds_neither_cookie_nor_state_and_forgets_the_attempt(attempts: Attempts, aws: Cloud) -> None:
    attempts.open_state("the-cookie-itself", "pleo", "the-state-itself", NOW)

    (item,) = aws.dump(aws.connection_table)
    assert "itself" not in str(item)
    assert int(item["expires_at"]["N"]) == int((NOW + timedelta(days=1)).timestamp())
