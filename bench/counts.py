"""Calls and capacity per payment, from the record of AWS requests and the vendor's own count."""

import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from bench.figures import Figure
from bench.record import AwsCall, by_operation, item_bytes, read_units, write_units
from bench.world import BenchWorld, Customer, Json

_LARGEST_ITEM = 1024  # bytes per write unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Requests that a number of payments of a customer caused.

    - `operations`: AWS requests by operation and resource
    - `write_units`, `read_units`: computed DynamoDB capacity
    - `vendor_calls`: calls to lexoffice, including refused ones
    - `runs`: runs of the feed door
    """

    payments: int
    operations: Counter[str]
    write_units: int
    read_units: float
    vendor_calls: int
    runs: int

    @classmethod
    def of(
        cls, world: BenchWorld, customer: Customer, calls: Iterable[AwsCall], *, payments: int, calls_before: Json
    ) -> Self:
        """Count the requests of `payments`.

        Raise RuntimeError if the units cannot be computed: a row exceeds one write unit, or the record is incomplete.
        """
        calls = list(calls)
        sizes = [item_bytes(item) for item in world.ledger_items(customer)]
        if max(sizes) > _LARGEST_ITEM:
            raise RuntimeError(f"a row of the ledger has {max(sizes)} bytes, so that it costs more than one unit")
        operations = by_operation(calls)
        if operations["UpdateItem LedgerTable"] < payments:
            raise RuntimeError("the emulator's record is not complete")
        after = world.organization(customer)["calls"]
        return cls(
            payments=payments,
            operations=operations,
            write_units=write_units(calls),
            read_units=read_units(calls, queried_bytes=payments * statistics.mean(sizes)),
            vendor_calls=after["accepted"] + after["refused"] - calls_before["accepted"] - calls_before["refused"],
            runs=world.feed_runs(customer),
        )


def figures(stage: str, counted: Counted) -> list[Figure]:
    """Return figures per payment: sums first, then every operation."""
    sums = {
        "AWS calls": (counted.operations.total(), "calls"),
        "queue polls by Lambda (computed)": (2 * counted.runs, "calls"),
        "write units (computed)": (counted.write_units, "WRU"),
        "read units (computed)": (counted.read_units, "RRU"),
    }
    operations = {name: (times, "calls") for name, times in counted.operations.most_common()}
    return [
        Figure(
            name=f"{stage}, per payment: lexoffice calls",
            value=counted.vendor_calls / counted.payments,
            unit="calls",
            better="lower",
            peer="one line a call",
            peer_value=1.0,
        ),
        *(
            Figure(name=f"{stage}, per payment: {name}", value=value / counted.payments, unit=unit, better="lower")
            for name, (value, unit) in (sums | operations).items()
        ),
    ]
