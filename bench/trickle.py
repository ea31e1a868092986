"""Cost of payments that arrive one by one, and of reading them again in a scheduled sync."""

import time

from bench.counts import Counted, figures
from bench.figures import Figure
from bench.record import Record, read_units, write_units
from bench.world import BenchWorld, Customer

PAYMENTS = 200
_EVERY = 0.125  # seconds: eight payments per second, far more than one company makes


def measure(world: BenchWorld, record: Record, customer: Customer) -> list[Figure]:
    """Make 200 payments, eight per second, then one sync, which reads all of them from Pleo again.

    Raise RuntimeError if a line is missing at lexoffice.
    """
    before = world.organization(customer)["calls"]
    with record.recording() as calls:
        began = time.perf_counter()
        for number in range(PAYMENTS):
            world.settle(customer, [1_000 + number])
            time.sleep(max(0.0, began + (number + 1) * _EVERY - time.perf_counter()))
        world.until("the webhooks", world.webhooks_done)
        world.until("the feed", lambda: world.waiting("FeedQueue") == 0)
    lines = len(world.lines(customer))
    if lines != PAYMENTS:
        raise RuntimeError(f"{lines} lines at lexoffice, not {PAYMENTS}")
    counted = Counted.of(world, customer, calls, payments=PAYMENTS, calls_before=before)
    return [*figures("trickle", counted), *_turn(world, record, customer)]


def _turn(world: BenchWorld, record: Record, customer: Customer) -> list[Figure]:
    with record.recording() as calls:
        world.reschedule(customer)
    per_entry = {
        "AWS calls": (len(calls), "calls"),
        "read units (computed)": (read_units(calls), "RRU"),
        "write units (computed)": (write_units(calls, refused=True), "WRU"),
    }
    return [
        Figure(name=f"sync, per known entry: {name}", value=value / PAYMENTS, unit=unit, better="lower")
        for name, (value, unit) in per_entry.items()
    ]
