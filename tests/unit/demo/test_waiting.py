"""Waiting goes by progress: a slow machine takes longer, a silent one is given up."""

from collections.abc import Callable

import pytest

from local.waiting import StalledError, wait_until


class Clock:
    """Stands still but for pauses, and for what a look costs."""

    def __init__(self, *, look: float = 0.0) -> None:
        self.now = 0.0
        self.pauses: list[float] = []
        self._look = look

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def looks(self, condition: Callable[[], bool]) -> Callable[[], bool]:
        def look() -> bool:
            self.now += self._look
            return condition()

        return look


def test_what_holds_already_is_not_waited_for() -> None:
    clock = Clock()

    wait_until(lambda: True, what="it", progress=lambda: 0, clock=clock, sleep=clock.sleep)

    assert clock.pauses == []


def test_as_long_as_something_moves_the_wait_goes_on() -> None:
    clock = Clock()

    # One step every 9 s, 400 of them: an hour, with 10 s of silence allowed.
    wait_until(
        lambda: clock.now >= 3600,
        what="it",
        progress=lambda: clock.now // 9,
        silence=10,
        clock=clock,
        sleep=clock.sleep,
    )

    assert clock.now >= 3600


def test_silence_ends_it_with_a_sentence() -> None:
    clock = Clock()

    with pytest.raises(StalledError, match=r"^The wait for the export was given up: nothing has moved for 1\d s\.$"):
        wait_until(
            lambda: False,
            what="the export",
            progress=lambda: min(clock.now, 50),
            silence=10,
            clock=clock,
            sleep=clock.sleep,
        )

    assert 60 <= clock.now < 62


def test_what_comes_true_in_silence_counts() -> None:
    clock = Clock()

    wait_until(lambda: clock.now > 9, what="it", progress=lambda: 0, silence=10, clock=clock, sleep=clock.sleep)


@pytest.mark.parametrize(("look", "pause"), [(0.0, 0.25), (1.0, 3.0), (60.0, 5.0)])
def test_a_look_that_takes_long_is_repeated_less_often(look: float, pause: float) -> None:
    clock = Clock(look=look)

    wait_until(
        clock.looks(lambda: len(clock.pauses) == 3),
        what="it",
        progress=lambda: clock.now,
        clock=clock,
        sleep=clock.sleep,
    )

    assert clock.pauses == [pause] * 3


def test_where_a_look_takes_long_a_few_of_them_are_no_silence() -> None:
    clock = Clock(look=30.0)

    # One step every 300 s, with 10 s of silence allowed: no step falls between most looks, but the machine is slow.
    wait_until(
        clock.looks(lambda: clock.now > 3600),
        what="it",
        progress=lambda: clock.now // 300,
        silence=10,
        clock=clock,
        sleep=clock.sleep,
    )


def test_every_look_that_finds_it_open_is_reported() -> None:
    clock = Clock()
    reports: list[float] = []

    wait_until(
        lambda: clock.now >= 1,
        what="it",
        progress=lambda: 0,
        report=lambda: reports.append(clock.now),
        clock=clock,
        sleep=clock.sleep,
    )

    assert reports == [0, 0.25, 0.5, 0.75]
