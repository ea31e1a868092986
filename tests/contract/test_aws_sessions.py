"""Sessions: found by their cookie until they end, by time or by hand."""

from datetime import UTC, datetime, timedelta

import pytest
from cloud import Cloud

from shared.aws.sessions import LIFETIME, Sessions

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def sessions(aws: Cloud) -> Sessions:
    sessions = Sessions(aws.connection_table)
    sessions.begin("cookie", "c1", NOW)
    return sessions


def test_a_session_is_found_by_its_cookie_only(sessions: Sessions) -> None:
    found = sessions.find("cookie", NOW)

    assert found is not None
    assert found.connection_id == "c1"
    assert sessions.find("another", NOW) is None
    assert sessions.find("", NOW) is None


def test_a_session_is_over_after_half_an_hour_although_the_item_is_still_there(sessions: Sessions) -> None:
    assert sessions.find("cookie", NOW + LIFETIME - timedelta(microseconds=1)) is not None
    assert sessions.find("cookie", NOW + LIFETIME) is None


def test_a_session_that_was_ended_is_over(sessions: Sessions) -> None:
    sessions.end("cookie")

    assert sessions.find("cookie", NOW) is None


def test_ending_what_never_began_leaves_nothing_behind(sessions: Sessions, aws: Cloud) -> None:
    before = aws.dump(aws.connection_table)
    sessions.end("never begun")

    assert aws.dump(aws.connection_table) == before


def test_the_table_forgets_a_session_and_never_knew_its_cookie(aws: Cloud) -> None:
    Sessions(aws.connection_table).begin("the-cookie-itself", "c1", NOW)

    (item,) = aws.dump(aws.connection_table)
    assert "itself" not in str(item)
    assert int(item["expires_at"]["N"]) == int((NOW + LIFETIME).timestamp())
