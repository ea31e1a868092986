"""What is said of a redrive, by what the ledger shows: pure decisions."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ops.aftermath import Fate, barred, exported, fed, still_failing, turned
from shared.aws.connections import Connection, Status
from shared.aws.exports import Job, JobState
from shared.aws.failures import EXPORT, FEED, SYNC, Failure
from shared.domain.feeding.ledger import State

BEGAN = datetime(2026, 11, 22, 12, tzinfo=UTC)
FAILURE = Failure(BEGAN, "lexoffice answered 503 to POST /v1/x", 1)
COMPANY = Connection(connection_id="c", company_id="k", company_name="Alpha GmbH", status=Status.ACTIVE)


def test_everything_that_waited_became_a_line() -> None:
    states = Counter({State.SENT: 3, State.LISTED: 1, State.FAILED: 2})
    assert fed(states, waiting=0, balance_told=True, failure=None) == (
        Fate.DONE,
        "3 lines sent, 1 listed for entry by hand, 2 refused by lexoffice",
    )


def test_an_old_failure_does_not_hide_that_the_work_is_done() -> None:
    assert fed(Counter({State.SENT: 1}), waiting=0, balance_told=True, failure=FAILURE) == (Fate.DONE, "1 line sent")


def test_nothing_was_missing() -> None:
    assert fed(Counter(), waiting=0, balance_told=True, failure=None)[0] is Fate.NOTHING


def test_lines_without_their_balance_are_not_finished() -> None:
    fate, says = fed(Counter({State.SENT: 1}), waiting=0, balance_told=False, failure=None)
    assert (fate, says) == (Fate.OPEN, "1 line sent; not finished yet: look again with `ops company`")


def test_a_feed_that_fails_again_says_what_it_did_before_and_why_it_stopped() -> None:
    fate, says = fed(Counter({State.SENT: 1}), waiting=2, balance_told=False, failure=FAILURE)
    assert fate is Fate.FAILING
    assert says.startswith(
        "1 line sent, 2 waiting; still failing: lexoffice answered 503 to POST /v1/x; nothing is lost"
    )


def test_jobs_that_were_open_are_finished_or_not_yet() -> None:
    done = Job(job_id="1", state=JobState.FINISHED, successful=28, failed=2)
    running = Job(job_id="2", state=JobState.RUNNING)

    assert exported([done], None) == (Fate.DONE, "1 job finished: 28 exported, 2 failed")
    assert exported([done, running], None)[0] is Fate.OPEN
    assert exported([done, running], FAILURE) == (Fate.FAILING, still_failing(FAILURE))
    assert exported([], None)[0] is Fate.OPEN
    assert exported([], FAILURE)[0] is Fate.FAILING


@pytest.mark.parametrize(
    ("changes", "fate"),
    [
        ({}, Fate.OPEN),
        ({"caught_up_to": "2026-11-22T11:59:59.000000Z"}, Fate.OPEN),
        ({"caught_up_to": "2026-11-22T12:00:01.000000Z"}, Fate.DONE),
        ({"caught_up_to": "2026-11-22T12:00:01.000000Z", "sync_failures": 3}, Fate.FAILING),
        ({"sync_failures": 2}, Fate.OPEN),
        ({"stopped": "lexoffice_unavailable"}, Fate.FAILING),
    ],
)
def test_a_turn_is_over_when_the_company_is_caught_up_with(changes: dict[str, object], fate: Fate) -> None:
    assert turned(replace(COMPANY, **changes), 2, BEGAN, None)[0] is fate  # type: ignore[arg-type]


def test_who_may_not_work_is_told_so() -> None:
    held = replace(COMPANY, status=Status.HELD, hold="plan")

    assert barred(FEED, COMPANY) is None
    for queue in (FEED, EXPORT):
        found = barred(queue, held)
        assert found is not None
        assert found[0] is Fate.HELD
        assert found[1].startswith("held: plan — nothing is sent until")
    assert barred(SYNC, held) is None  # collecting goes on
    gone, left = barred(FEED, None), barred(FEED, replace(COMPANY, status=Status.DISCONNECTED))
    assert gone is not None
    assert left is not None
    assert (gone[0], left[0]) == (Fate.NOTHING, Fate.NOTHING)
