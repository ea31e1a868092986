"""When a company is due again after a failed sync, what is recorded of the failure, and when a duty is due."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.syncing.schedule import LastRun, error_name, is_due, most_severe, next_attempt
from shared.errors import IntegrationError, OutOfTime, RateLimited, StoreUnavailable, Unavailable

NOW = datetime(2026, 1, 12, 13, tzinfo=UTC)
LATE, DOWN, FAST = (
    OutOfTime("no time"),
    Unavailable("pleo", "GET /v1/subscriptions", status=503),
    RateLimited("lexoffice", "GET /v1/profile"),
)


@pytest.mark.parametrize(("failures", "minutes"), [(1, 10), (2, 20), (3, 30), (4, 30), (100_000, 30)])
def test_every_failure_in_a_row_doubles_the_pause_to_half_of_what_an_export_job_has(
    failures: int, minutes: int
) -> None:
    assert next_attempt(DOWN, failures, NOW) - NOW == timedelta(minutes=minutes)


@pytest.mark.parametrize(("failures", "minutes"), [(1, 10), (2, 20), (3, 40), (4, 60), (100_000, 60)])
def test_a_company_that_is_refused_for_speed_waits_longer(failures: int, minutes: int) -> None:
    assert next_attempt(FAST, failures, NOW) - NOW == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (DOWN, "pleo unavailable"),
        (FAST, "lexoffice rate limited"),
        (StoreUnavailable("GetItem answered AccessDenied"), "store unavailable"),
    ],
)
def test_a_failure_is_remembered_in_words_without_data(error: IntegrationError, words: str) -> None:
    assert error_name(error) == words


@pytest.mark.parametrize(
    ("errors", "reported"), [([], None), ([LATE], LATE), ([LATE, DOWN, FAST], DOWN), ([FAST, LATE], FAST)]
)
def test_a_lack_of_time_never_hides_a_failure(
    errors: list[IntegrationError], reported: IntegrationError | None
) -> None:
    assert most_severe(errors) is reported


# --- duties ----------------------------------------------------------------------------------------------------------

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def test_a_duty_is_due_an_interval_after_it_was_done_and_at_once_if_it_never_was() -> None:
    assert is_due(LastRun(NOW - DAY), DAY, NOW)
    assert not is_due(LastRun(NOW - DAY + HOUR), DAY, NOW)
    assert is_due(LastRun(None), DAY, NOW)


def test_a_duty_that_failed_is_tried_again_after_an_hour() -> None:
    assert not is_due(LastRun(None, failed_at=NOW - HOUR / 2), DAY, NOW)
    assert is_due(LastRun(None, failed_at=NOW - HOUR), DAY, NOW)
    assert not is_due(LastRun(NOW - HOUR, failed_at=NOW - 2 * HOUR), DAY, NOW)


def test_a_duty_in_progress_continues_at_once_unless_it_failed_within_the_hour() -> None:
    assert is_due(LastRun(NOW - HOUR, in_progress=True), DAY, NOW)
    assert not is_due(LastRun(NOW - HOUR, NOW - HOUR / 2, in_progress=True), DAY, NOW)
    assert is_due(LastRun(NOW - HOUR, NOW - HOUR, in_progress=True), DAY, NOW)
