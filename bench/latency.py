"""Latency when idle: from our webhook's 2xx until the line can be seen at lexoffice, one payment at a time.

The clock starts when the wake-up is in the queue, which is the receiver's last request and thus a little before its
2xx: the answer passes through Pleo's stand-in, so that the bench hears of it too late. It stops when the line is seen.
"""

import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from bench.figures import Figure
from bench.record import AwsCall, Record
from bench.world import BenchWorld, Customer

PAYMENTS = 30
# Idle also means that lexoffice's limit has recovered: more than one of its slots after the last call.
_REST = 0.6
_POLL = 0.004  # seconds between two looks at lexoffice


def measure(world: BenchWorld, record: Record, customer: Customer) -> list[Figure]:
    """Thirty payments, each after the one before has left nothing to do; a first one, not counted, warms up."""
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
    """One payment, then rest; when its line was seen."""
    entry_id = world.settle(customer, [1_000 + number], silent=True)[0]
    world.deliver(customer, entry_id)
    world.until("a line", lambda: len(world.lines(customer)) == number, every=_POLL)
    seen = datetime.now(UTC)
    world.until("the balance", lambda: _balances(world, customer) == number)
    world.until("the queue", lambda: world.waiting("FeedQueue") == 0)
    time.sleep(_REST)
    return seen


def _balances(world: BenchWorld, customer: Customer) -> int:
    """How often lexoffice has been told a balance."""
    arrivals = world.organization(customer)["arrivals"]
    return sum(arrival["method"] == "PUT" and 200 <= arrival["status"] < 300 for arrival in arrivals)


def _moments(calls: Sequence[AwsCall]) -> tuple[datetime, datetime]:
    """When the wake-up was in the queue, and when the worker's first read was answered."""
    woken = next(call.at for call in calls if call.operation == "SendMessage")
    reads = (call.at for call in calls if call.name == "GetItem ConnectionTable")
    return woken, next(at for at in reads if at > woken)
