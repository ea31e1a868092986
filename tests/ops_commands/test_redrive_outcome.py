"""The outcome of a redrive, by a company's work before and after: pure decisions."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ops.redrive_outcome import Outcome, Standing, outcome_of
from shared.aws.connections import Connection, Status
from shared.aws.failures import EXPORT, FEED, SYNC, Failure
from shared.domain.connecting.company_state import Hold

OLD = Failure(datetime(2026, 11, 22, 11, tzinfo=UTC), "lexoffice answered 500 to POST /v1/x", 5)
NEW = Failure(datetime(2026, 11, 22, 12, tzinfo=UTC), "lexoffice answered 503 to POST /v1/x", 1)
COMPANY = Connection(connection_id="c", company_id="k", company_name="Alpha GmbH", status=Status.ACTIVE)
BEFORE = Standing(connection=COMPANY, waiting=3, pushed=False, failure=OLD)
AFTER = Standing(connection=COMPANY, waiting=0, pushed=True, failure=OLD)


def test_no_line_waits_any_more_and_those_that_lexoffice_refused_are_counted() -> None:
    assert outcome_of(FEED, BEFORE, AFTER) == (Outcome.DONE, "3 waited, 0 lines waiting now")
    assert outcome_of(FEED, BEFORE, replace(AFTER, to_check=2)) == (
        Outcome.DONE,
        "3 waited, 0 lines waiting now, 2 more to check",
    )


def test_a_failure_does_not_hide_that_the_work_is_done() -> None:
    assert outcome_of(FEED, BEFORE, replace(AFTER, failure=NEW))[0] is Outcome.DONE


def test_nothing_was_missing() -> None:
    assert outcome_of(FEED, AFTER, AFTER) == (Outcome.NOTHING, "0 waited, 0 lines waiting now")


def test_lines_without_their_balance_are_not_finished() -> None:
    assert outcome_of(FEED, BEFORE, replace(AFTER, pushed=False)) == (
        Outcome.OPEN,
        "3 waited, 0 lines waiting now; look again with `ops company`",
    )


def test_a_feed_that_fails_again_says_how_much_waits_and_why() -> None:
    outcome, result = outcome_of(FEED, BEFORE, replace(BEFORE, waiting=2, failure=NEW))
    assert outcome is Outcome.FAILING
    assert result.startswith(
        "3 waited, 2 lines waiting now; still failing: lexoffice answered 503 to POST /v1/x; nothing is lost"
    )


def test_the_failure_that_killed_the_message_is_no_new_one() -> None:
    assert outcome_of(FEED, BEFORE, BEFORE)[0] is Outcome.OPEN


def test_jobs_that_were_open_are_finished_or_not_yet() -> None:
    none, two = Standing(connection=COMPANY), Standing(connection=COMPANY, waiting=2)

    assert outcome_of(EXPORT, two, none) == (Outcome.DONE, "2 waited, 0 jobs waiting now")
    assert outcome_of(EXPORT, two, replace(two, waiting=1))[0] is Outcome.OPEN
    assert outcome_of(EXPORT, two, replace(two, waiting=1, failure=NEW))[0] is Outcome.FAILING
    assert outcome_of(EXPORT, none, none) == (
        Outcome.OPEN,
        "0 waited, 0 jobs waiting now; look again with `ops company`",
    )
    assert outcome_of(EXPORT, none, replace(none, failure=NEW))[0] is Outcome.FAILING


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, Outcome.OPEN),
        ({"caught_up_to": "2026-11-22T12:00:01.000000Z"}, Outcome.DONE),
        ({"caught_up_to": "2026-11-22T12:00:01.000000Z", "sync_failures": 3, "sync_error": "x"}, Outcome.FAILING),
        ({"sync_failures": 2}, Outcome.OPEN),
        ({"stopped": "lexoffice_unavailable"}, Outcome.FAILING),
        ({"status": Status.HELD, "hold": Hold.PLAN}, Outcome.FAILING),
    ],
)
def test_a_sync_is_over_when_the_company_is_caught_up_with(changes: dict[str, object], outcome: Outcome) -> None:
    before = replace(COMPANY, caught_up_to="2026-11-22T11:59:59.000000Z", sync_failures=2)
    now = replace(before, **changes)  # type: ignore[arg-type]
    assert outcome_of(SYNC, Standing(connection=before), Standing(connection=now))[0] is outcome


def test_a_sync_that_fails_again_says_why() -> None:
    before, now = Standing(connection=COMPANY, failure=OLD), Standing(connection=COMPANY, failure=NEW)
    outcome, result = outcome_of(SYNC, before, now)
    assert (outcome, result.split(";")[0]) == (
        Outcome.FAILING,
        "still failing: lexoffice answered 503 to POST /v1/x",
    )


def test_a_company_that_nothing_is_sent_for_says_so() -> None:
    held = Standing(connection=replace(COMPANY, status=Status.HELD, hold=Hold.PLAN))

    for queue in (FEED, EXPORT):
        outcome, result = outcome_of(queue, held, held)
        assert outcome is Outcome.HELD
        assert result.startswith("held: plan — nothing is sent until")
    assert outcome_of(SYNC, held, held)[0] is Outcome.OPEN  # collecting goes on
    left = Standing(connection=replace(COMPANY, status=Status.DISCONNECTED))
    for now in (Standing(connection=None), left):
        assert outcome_of(FEED, BEFORE, now)[0] is Outcome.NOTHING
