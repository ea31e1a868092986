"""Latency when idle: from the receiver's 2xx until the line is visible at lexoffice, one payment at a time.

- Start: the wake-up is in the queue. This is the receiver's last request, slightly before its 2xx. The 2xx itself
  passes through Pleo's stand-in, so the bench receives it too late.
- End: the bench sees the line.
"""

import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from bench.figures import Figure
from bench.record import AwsCall, Record
from bench.world import BenchWorld, Customer

PAYMENTS = 30
# Seconds after the last call: longer than one slot of lexoffice's limit, so that the limit has recovered.
_REST = 0.6
_POLL = 0.004  # seconds between polls of lexoffice


def measure(world: BenchWorld, record: Record, customer: Customer) -> list[Figure]:
    """Measure 30 payments, each made when everything is idle. A first, uncounted payment warms up."""
    _pay(world, customer, number=1)
    seconds, handed_over = [], []
    for number in range(2, PAYMENTS + 2):
        with record.recording() as calls:
            seen = _pay(world, customer, number)
        woken, started = _moments(calls)
        seconds.append((seen - woken).total_seconds())
        handed_over.append((started - woken).total_seconds())
    p95 = statistics.quantiles(seconds, n=20, method="inclusive")[-1]
    return [
        Figure(name="latency when idle, p50", value=statistics.median(seconds), unit="s", better="lower", bound=0.5),
        Figure(name="latency when idle, p95", value=p95, unit="s", better="lower", bound=1.0),
        Figure(
            name="latency when idle, p50: queue to worker (emulator)",
            value=statistics.median(handed_over),
            unit="s",
            better="lower",
        ),
    ]


def _pay(world: BenchWorld, customer: Customer, number: int) -> datetime:
    """Make one payment and wait until everything is idle. Return when its line was seen."""
    entry_id = world.settle(customer, [1_000 + number], silent=True)[0]
    world.deliver(customer, entry_id)
    world.until("a line", lambda: len(world.lines(customer)) == number, every=_POLL)
    seen = datetime.now(UTC)
    world.until("the balance", lambda: _balances(world, customer) == number)
    world.until("the queue", lambda: world.waiting("FeedQueue") == 0)
    time.sleep(_REST)
    return seen


def _balances(world: BenchWorld, customer: Customer) -> int:
    """Return the number of balances that lexoffice has accepted."""
    arrivals = world.organization(customer)["arrivals"]
    return sum(arrival["method"] == "PUT" and 200 <= arrival["status"] < 300 for arrival in arrivals)


def _moments(calls: Sequence[AwsCall]) -> tuple[datetime, datetime]:
    """Return when the wake-up was in the queue, and when the worker's first read was answered."""
    woken = next(call.at for call in calls if call.operation == "SendMessage")
    reads = (call.at for call in calls if call.name == "GetItem ConnectionTable")
    return woken, next(at for at in reads if at > woken)
