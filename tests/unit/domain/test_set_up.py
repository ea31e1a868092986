"""What the recorded steps of a set-up amount to."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.connecting.set_up import STEPS, USUAL, Progress, StepState, progress

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def shown(recorded: dict[str, str], *, stopped: str = "", ago: timedelta = timedelta(0)) -> Progress:
    return progress(recorded, stopped=stopped, moved_at=NOW - ago, now=NOW)


def test_before_the_worker_has_begun_every_step_waits_in_its_order() -> None:
    assert shown({}).steps == tuple((name, StepState.WAITING) for name in STEPS)
    assert not shown({}).finished


def test_it_is_finished_when_every_step_is_done() -> None:
    assert shown(dict.fromkeys(STEPS, "done")).finished
    assert not shown(dict.fromkeys(STEPS[:-1], "done")).finished


def test_what_runs_what_failed_and_what_waits_is_told_apart() -> None:
    states = [state for _, state in shown({"account": "done", "catalogue": "failed"}, stopped="catalogue").steps]

    assert states[:3] == [StepState.DONE, StepState.FAILED, StepState.WAITING]


@pytest.mark.parametrize(("ago", "slow"), [(USUAL, False), (USUAL + timedelta(seconds=1), True)])
def test_it_is_slow_when_nothing_moved_for_half_a_minute(ago: timedelta, slow: bool) -> None:
    assert shown({"account": "running"}, ago=ago).slow is slow


def test_what_has_stopped_is_not_slow() -> None:
    assert not shown({"account": "failed"}, stopped="half_way", ago=timedelta(hours=1)).slow
