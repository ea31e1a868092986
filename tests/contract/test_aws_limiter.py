"""lexoffice's limit, shared by every process: the pace, its slowing down, its recovery."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from cloud import Cloud

from shared.aws.limiter import SLOWEST_MS, STEADY_MS, Limiter
from shared.errors import OutOfTime

START = 1_768_469_400.0
PACE = STEADY_MS / 1000
LATE = 0.06


class Clock:
    """Time that moves by sleeping only."""

    def __init__(self, now: float = START) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def limiter(aws: Cloud, clock: Clock, *keys: str, remaining: float = 1000.0) -> Limiter:
    return Limiter(aws.connection_table, keys or ("org",), remaining=lambda: remaining, now=clock, sleep=clock.sleep)


def paced(one: Limiter, clock: Clock, calls: int) -> list[float]:
    """When each of so many calls was let through, in seconds from now."""
    begun, moments = clock.now, []
    for _ in range(calls):
        one.wait()
        moments.append(round(clock.now - begun, 3))
    return moments


def test_the_first_call_goes_at_once_and_the_next_ones_in_step(aws: Cloud, clock: Clock) -> None:
    assert paced(limiter(aws, clock), clock, 4) == pytest.approx([0, PACE, 2 * PACE, 3 * PACE], abs=0.002)


def test_the_pace_stays_below_two_calls_a_second(aws: Cloud, clock: Clock) -> None:
    moments = paced(limiter(aws, clock), clock, 20)

    assert all(later - earlier > 0.5 for earlier, later in pairwise(moments))
    assert moments[-1] < 19 * 0.55


def test_a_pause_saves_up_no_burst(aws: Cloud, clock: Clock) -> None:
    one = limiter(aws, clock)
    one.wait()
    clock.now += 3600

    # An idle slot is used a little late, so the next one keeps its distance from that.
    assert paced(one, clock, 3) == pytest.approx([0, LATE + PACE, LATE + 2 * PACE], abs=0.002)


def test_two_workers_share_the_slots(aws: Cloud, clock: Clock) -> None:
    other = Clock()
    limiter(aws, clock).wait()
    limiter(aws, other).wait()
    limiter(aws, clock).wait()

    assert [*clock.slept, *other.slept] == pytest.approx([2 * PACE, PACE], abs=0.002)


def test_many_workers_at_once_never_get_the_same_slot(aws: Cloud) -> None:
    def slot(_: int) -> float:
        mine = Clock()
        limiter(aws, mine).wait()
        return mine.now

    with ThreadPoolExecutor(8) as threads:
        slots = sorted(threads.map(slot, range(16)))

    assert slots == pytest.approx([START + number * PACE for number in range(16)], abs=0.002)


def test_organisations_do_not_wait_for_each_other(aws: Cloud, clock: Clock) -> None:
    limiter(aws, clock, "one").wait()
    limiter(aws, clock, "two").wait()

    assert clock.slept == []


def test_with_two_keys_a_call_waits_for_both(aws: Cloud, clock: Clock) -> None:
    limiter(aws, clock, "client").wait()
    limiter(aws, clock, "client").wait()

    limiter(aws, clock, "org", "client").wait()

    assert clock.now - START == pytest.approx(2 * PACE, abs=0.002)


def test_a_slot_that_comes_too_late_is_not_waited_for(aws: Cloud, clock: Clock) -> None:
    limiter(aws, clock).wait()

    with pytest.raises(OutOfTime):
        limiter(aws, clock, remaining=PACE / 2).wait()

    assert clock.slept == []


def test_a_slot_that_is_not_waited_for_is_left_to_others(aws: Cloud, clock: Clock) -> None:
    """Else workers that give up would push the queue further and further away from everybody."""
    limiter(aws, clock).wait()
    for _ in range(5):
        with pytest.raises(OutOfTime):
            limiter(aws, clock, remaining=PACE / 2).wait()

    limiter(aws, clock).wait()

    assert clock.slept == pytest.approx([PACE], abs=0.002)


def test_without_time_left_not_even_a_free_slot_is_taken(aws: Cloud, clock: Clock) -> None:
    with pytest.raises(OutOfTime):
        limiter(aws, clock, remaining=-1).wait()


def gaps(one: Limiter, clock: Clock, calls: int) -> list[float]:
    moments = paced(one, clock, calls)
    return [round(later - earlier, 3) for earlier, later in pairwise(moments)]


def test_a_refusal_makes_everybody_pause_and_then_go_slower(aws: Cloud, clock: Clock) -> None:
    one, other = limiter(aws, clock), limiter(aws, clock)
    one.wait()
    one.record_refusal()

    other.wait()

    assert clock.now - START >= 1.0
    assert gaps(other, clock, 3) == pytest.approx([1.5 * PACE] * 2, abs=0.005)


def test_the_pace_never_sinks_below_its_floor(aws: Cloud, clock: Clock) -> None:
    one = limiter(aws, clock)
    for _ in range(20):
        one.record_refusal()

    assert max(gaps(one, clock, 4)) == pytest.approx(SLOWEST_MS / 1000)


def test_a_refusal_does_not_shorten_a_longer_queue(aws: Cloud, clock: Clock) -> None:
    for _ in range(10):
        limiter(aws, Clock()).wait()
    limiter(aws, clock).record_refusal()

    limiter(aws, clock).wait()

    assert clock.now - START >= 9 * PACE


def test_without_refusals_the_pace_recovers_step_by_step(aws: Cloud, clock: Clock) -> None:
    one = limiter(aws, clock)
    for _ in range(6):
        one.record_refusal()
    slow = gaps(one, clock, 2)[0]

    clock.now += 31
    one.wait()
    clock.now += 0.001
    faster = gaps(one, clock, 2)[0]
    assert slow * 0.75 < faster < slow

    for _ in range(20):
        clock.now += 31
        one.wait()
    assert gaps(one, clock, 3) == pytest.approx([PACE] * 2, abs=0.002)
