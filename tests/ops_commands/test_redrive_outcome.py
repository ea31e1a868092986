"""The outcome of a redrive, by a company's work before and after: pure decisions."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ops.redrive_outcome import Outcome, Work, outcome_of
from shared.aws.connections import Connection, Status
from shared.aws.exports import Job, JobState
from shared.aws.failures import EXPORT, FEED, SYNC, Failure
from shared.domain.connecting.company_state import Hold
from shared.domain.syncing.proof import BalanceProof, Sums
from shared.domain.syncing.requests import NEED_ACTIVE, SyncRequest
from shared.flows.syncing.duties import DUTIES

OLD = Failure(datetime(2026, 11, 22, 11, tzinfo=UTC), "lexoffice answered 500 to POST /v1/x", 5)
NEW = Failure(datetime(2026, 11, 22, 12, tzinfo=UTC), "lexoffice answered 503 to POST /v1/x", 1)
COMPANY = Connection(connection_id="c", company_id="k", company_name="Alpha GmbH", status=Status.ACTIVE)
LATER = "2026-11-22T12:00:01.000000Z"


def work(failure: Failure = OLD, waiting: int = 0, to_check: int = 0) -> Work:
    return Work(COMPANY, failure, waiting, to_check)


def outcome(queue: str, before: Work, now: Work, *requests: SyncRequest) -> Outcome:
    return outcome_of(queue, requests, before, now)[0]


def test_no_line_waits_any_more_and_those_that_lexoffice_refused_are_counted() -> None:
    assert outcome_of(FEED, (), work(waiting=3), work()) == (Outcome.DONE, "3 waited, 0 waiting now")
    assert outcome_of(FEED, (), work(waiting=3), work(to_check=2)) == (
        Outcome.DONE,
        "3 waited, 0 waiting now, 2 to check",
    )
    assert outcome_of(FEED, (), work(), work()) == (Outcome.DONE, "0 waited, 0 waiting now")


def test_a_failure_does_not_hide_that_the_work_is_done() -> None:
    assert outcome(FEED, work(waiting=3), work(NEW)) is Outcome.DONE


def test_a_feed_that_fails_again_says_how_much_waits_and_why() -> None:
    found, result = outcome_of(FEED, (), work(waiting=3), work(NEW, waiting=2))
    assert found is Outcome.FAILING
    assert result.startswith(
        "3 waited, 2 waiting now; still failing: lexoffice answered 503 to POST /v1/x; nothing is lost"
    )


def test_the_failure_that_killed_the_message_is_no_new_one() -> None:
    assert outcome_of(FEED, (), work(waiting=3), work(waiting=3)) == (
        Outcome.OPEN,
        "3 waited, 3 waiting now; look again with `ops company`",
    )


def test_jobs_that_were_open_are_finished_or_not_yet() -> None:
    assert outcome(EXPORT, work(waiting=2), work()) is Outcome.DONE
    assert outcome(EXPORT, work(waiting=2), work(waiting=1)) is Outcome.OPEN
    assert outcome(EXPORT, work(waiting=2), work(NEW, waiting=1)) is Outcome.FAILING
    # Pleo may have a job that no worker has claimed.
    assert outcome(EXPORT, work(), work()) is Outcome.OPEN
    assert outcome(EXPORT, work(), work(NEW)) is Outcome.FAILING
    claimed = work(waiting=1)._replace(last=Job(job_id="j", state=JobState.RUNNING))
    finished = work()._replace(last=Job(job_id="j", state=JobState.FINISHED))
    assert outcome(EXPORT, work(), claimed) is Outcome.OPEN
    assert outcome(EXPORT, work(), finished) is Outcome.DONE
    assert outcome(EXPORT, finished, finished) is Outcome.OPEN


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, Outcome.OPEN),
        ({"caught_up_to": LATER}, Outcome.DONE),
        ({"caught_up_to": LATER, "sync_failures": 3, "sync_error": "x"}, Outcome.FAILING),
        ({"sync_failures": 2}, Outcome.OPEN),
        ({"stopped": "lexoffice_unavailable"}, Outcome.FAILING),
        ({"status": Status.HELD, "hold": Hold.PLAN}, Outcome.FAILING),
    ],
)
def test_a_sync_is_over_when_the_company_is_caught_up_with(changes: dict[str, object], found: Outcome) -> None:
    before = replace(COMPANY, caught_up_to="2026-11-22T11:59:59.000000Z", sync_failures=2)
    now = replace(before, **changes)  # type: ignore[arg-type]
    assert outcome(SYNC, Work(before), Work(now)) is found


@pytest.mark.parametrize(
    ("requests", "changes", "found"),
    [
        ([SyncRequest.SET_UP], {"caught_up_to": LATER}, Outcome.DONE),
        # A sync catches up first; its request may still fail.
        ([SyncRequest.SYNC_CATALOGUE], {"caught_up_to": LATER}, Outcome.OPEN),
        ([SyncRequest.SYNC_CATALOGUE], {"catalogue_synced_at": LATER}, Outcome.DONE),
        ([SyncRequest.SET_UP, SyncRequest.ACCEPT_CATALOGUE], {"catalogue_synced_at": LATER}, Outcome.OPEN),
        ([SyncRequest.CHECK_ACCESS, SyncRequest.SYNC_CATALOGUE], {"caught_up_to": LATER}, Outcome.OPEN),
        ([SyncRequest.PROVE_BALANCE], {"caught_up_to": LATER, "catalogue_synced_at": LATER}, Outcome.OPEN),
    ],
)
def test_a_request_is_done_only_if_the_company_shows_it(
    requests: Sequence[SyncRequest], changes: dict[str, str], found: Outcome
) -> None:
    now = replace(COMPANY, **changes)  # type: ignore[arg-type]
    assert outcome(SYNC, Work(COMPANY), Work(now), *requests) is found
    assert outcome(SYNC, Work(COMPANY), Work(now, NEW), *requests) is Outcome.FAILING


@pytest.mark.parametrize("request_", [SyncRequest.CHECK_ACCESS, SyncRequest.ROTATE_SECRET, SyncRequest.RETIRE_SECRET])
def test_a_request_that_leaves_no_trace_is_woken_at_once_and_nobody_waits_for_it(request_: SyncRequest) -> None:
    synced = replace(COMPANY, catalogue_synced_at=LATER)

    said = (Outcome.WOKEN, f"{request_}: woken; this leaves no trace")
    assert outcome_of(SYNC, [request_], Work(COMPANY), Work(COMPANY)) == said
    assert outcome_of(SYNC, [request_, SyncRequest.SYNC_CATALOGUE], Work(COMPANY), Work(synced)) == said
    assert outcome(SYNC, Work(COMPANY), Work(COMPANY, NEW), request_) is Outcome.FAILING


def test_a_proof_is_done_when_there_is_a_new_one() -> None:
    proof = BalanceProof(proved_at=OLD.at, opening=0, sums=Sums(), total=0, pending=None)
    before, now = Work(COMPANY, last=proof), Work(COMPANY, last=replace(proof, proved_at=NEW.at))

    assert outcome(SYNC, before, now, SyncRequest.PROVE_BALANCE) is Outcome.DONE
    assert outcome(SYNC, before, before, SyncRequest.PROVE_BALANCE) is Outcome.OPEN


def test_a_sync_says_what_it_has_done_or_why_it_fails_again() -> None:
    synced = replace(COMPANY, catalogue_synced_at=LATER)
    asked = [SyncRequest.SYNC_CATALOGUE]
    assert outcome_of(SYNC, asked, Work(COMPANY), Work(synced)) == (Outcome.DONE, "sync_catalogue: done")
    _, result = outcome_of(SYNC, asked, Work(COMPANY, OLD), Work(COMPANY, NEW))
    assert result.startswith("sync_catalogue: not done yet; still failing: lexoffice answered 503 to POST /v1/x;")
    assert outcome_of(SYNC, (), Work(COMPANY), Work(COMPANY))[1].startswith("catch up: not done yet; look again")


def test_a_company_that_nothing_is_sent_for_says_so() -> None:
    held = Work(replace(COMPANY, status=Status.HELD, hold=Hold.PLAN))

    for queue in (FEED, EXPORT):
        found, result = outcome_of(queue, (), held, held)
        assert found is Outcome.HELD
        assert result.startswith("held: plan — nothing is sent until")
    assert outcome(SYNC, held, held) is Outcome.OPEN  # collecting goes on
    disconnected = Work(replace(COMPANY, status=Status.DISCONNECTED))
    for queue in (FEED, EXPORT, SYNC):
        said = outcome_of(queue, (), work(waiting=3), disconnected)
        assert said == (Outcome.HELD, "disconnected: nothing is sent any more")


def test_a_company_whose_data_was_deleted_is_unknown_and_not_disconnected() -> None:
    for queue in (FEED, EXPORT, SYNC):
        for before in (Work(None), Work(COMPANY)):
            said = outcome_of(queue, (), before, Work(None))
            assert said == (Outcome.HELD, "company unknown: its data was deleted")


def test_a_request_that_a_held_companys_sync_skips_is_said_to_be_gone() -> None:
    paused = Work(replace(COMPANY, status=Status.HELD, hold=Hold.PAUSED))

    found, result = outcome_of(SYNC, (SyncRequest.SYNC_CATALOGUE, SyncRequest.PROVE_BALANCE), paused, paused)

    assert found is Outcome.HELD
    assert result.startswith("held: paused — sync_catalogue is skipped: repeat it")
    assert {request for duty in DUTIES if duty.needs_active for request in duty.requests} == NEED_ACTIVE
