"""A large export in virtual time, beside the feed of the same company: pace, fairness, and nothing twice.

The code under test, both stand-ins and their limits are the real ones; only waiting takes no time. The bench does the
same with 700 items.
"""

from datetime import UTC, datetime

import pytest

from bench.export_harness import Latency
from bench.export_pace import simulate
from bench.export_product import at_work
from bench.virtual_time import VirtualClock
from shared.aws import limiter

ITEMS = 150
HOUR = 3600.0


def test_an_export_keeps_lexoffices_limit_and_the_feed_goes_on() -> None:
    pace = simulate(ITEMS)

    assert (pace.status, pace.outcomes) == ("completed", {"successful": ITEMS})
    assert pace.refused == 0
    # 2 calls a second are the vendor's limit; 700 items at this pace are done in well under their hour.
    assert ITEMS * 3 / 2 <= pace.seconds <= ITEMS * 3 / 2 * 1.2
    # Voucher, receipt, hint; profile and categories once per process; the item that a run's end interrupts.
    assert pace.per_item == 3
    assert pace.besides <= 6
    assert pace.payments >= 4
    assert max(pace.delays) < 30
    assert max(pace.silences) < HOUR / 12
    assert (pace.vouchers, pace.vouchers_twice) == (ITEMS, 0)
    assert (pace.lines, pace.lines_twice) == (ITEMS + pace.payments, 0)


def test_an_outage_of_ten_minutes_costs_time_but_makes_nothing_twice_and_blames_no_item() -> None:
    pace = simulate(60, outage=600)

    assert pace.outcomes == {"successful": 60}
    assert (pace.vouchers_twice, pace.lines_twice) == (0, 0)
    assert pace.lines == 60 + pace.payments
    assert pace.refused == 0
    assert 600 < max(pace.silences) < HOUR / 2


def test_a_slow_vendor_is_not_called_too_fast() -> None:
    assert simulate(100, latency=Latency(aws=0.01, vendor=0.5)).refused == 0


def test_every_run_of_a_simulation_is_the_same_run() -> None:
    assert simulate(5) == simulate(5)


def test_the_stand_in_refuses_whoever_is_faster_than_two_calls_a_second_of_virtual_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limiter, "STEADY_MS", 450)

    assert simulate(2).refused > 0


def test_a_job_with_which_nothing_was_done_for_an_hour_of_virtual_time_expires() -> None:
    with at_work(Latency()) as product:
        entry = product.control_pleo(
            "/entries", {"amount": 1_000, "settledAt": product.pleo_world.clock.stamp(), "silent": True}
        )
        account_id = next(iter(product.lexoffice_world.accounts))
        product.control_pleo("/contra-account", {"account_external_id": account_id})
        product.control_lexoffice("/outage", {"on": True})
        job_id = product.control_pleo("/export", {"entry_ids": [entry["id"]]})["id"]
        product.deliver()
        product.clock.sleep(10)
        # Pleo cannot be told why, either: else the job would be ended with its reason before the hour is over.
        product.control_pleo("/faults", {"route": "/v3/export-job-events", "status": 503, "times": None})
        product.clock.sleep(HOUR - 60)
        before = product.pleo.get(f"/control/export/{job_id}").json()
        product.clock.sleep(120)
        after = product.pleo.get(f"/control/export/{job_id}").json()

    assert before["status"] == "in_progress"
    assert (after["status"], after["failureReasonType"]) == ("failed", "job_expired")


def test_time_passes_only_while_everybody_waits() -> None:
    clock = VirtualClock(datetime(2026, 3, 2, tzinfo=UTC))
    began, seen = clock.time(), []

    def work(name: str, pause: float, times: int) -> None:
        for _ in range(times):
            clock.sleep(pause)
            seen.append((name, clock.time() - began))

    clock.start(lambda: work("quick", 2, 3), "quick")
    clock.start(lambda: work("slow", 3, 2), "slow")
    clock.sleep(10)
    clock.stop()

    assert seen == [("quick", 2), ("slow", 3), ("quick", 4), ("slow", 6), ("quick", 6)]


def test_a_failure_in_any_thread_ends_the_simulation() -> None:
    clock = VirtualClock(datetime(2026, 3, 2, tzinfo=UTC))

    def fail() -> None:
        clock.sleep(1)
        raise ValueError("a bug")

    clock.start(fail, "failing")

    with pytest.raises(ValueError, match="a bug"):
        clock.sleep(10)
    clock.stop()
