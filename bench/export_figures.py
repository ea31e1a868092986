"""Figures of a 700-item export in virtual time: undisturbed, and with a ten-minute lexoffice outage."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from bench.export_pace import ExportPace, simulate
from bench.figures import Figure

ITEMS = 700
OUTAGE = 600.0
# Voucher, receipt, hint.
CALLS_PER_ITEM = 3
# Profile and categories once per process, and one read of the item that was interrupted by the end of a run.
MOST_FURTHER_CALLS = 10
LONGEST_DELAY = 30.0
# Pleo fails a job after one hour without an update: https://developers.pleo.io/reference/export-api
# Most of that hour must be left for a further failure.
LONGEST_JOB = 60.0
LONGEST_SILENCE = 300.0
LONGEST_SILENCE_IN_OUTAGE = 1800.0
_CALLS_PER_SECOND = 2  # https://developers.lexware.io/docs/#api-rate-limits


def measure() -> list[Figure]:
    """Run both simulations concurrently, each in its own process."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        disturbed = processes.submit(simulate, ITEMS, outage=OUTAGE)
        calm = processes.submit(simulate, ITEMS)
        return [*_pace(calm.result()), *_outage(disturbed.result())]


def _pace(pace: ExportPace) -> list[Figure]:
    subject = f"export of {pace.items}"
    return [
        Figure(
            name=f"{subject}: from the click to the final event, virtual time",
            value=pace.seconds / 60,
            unit="min",
            better="lower",
            peer="lexoffice's limit alone (computed)",
            peer_value=pace.items * CALLS_PER_ITEM / _CALLS_PER_SECOND / 60,
            bound=LONGEST_JOB,
        ),
        _counted(f"{subject}: items not successful", pace.items - pace.outcomes["successful"], "items", 0),
        _counted(f"{subject}: lexoffice calls per item", pace.per_item, "calls", CALLS_PER_ITEM),
        _counted(f"{subject}: further lexoffice calls", pace.besides, "calls", MOST_FURTHER_CALLS),
        _counted(f"{subject}: calls refused for speed", pace.refused, "calls", 0),
        _counted(f"{subject}: longest delay of the feed meanwhile, virtual time", max(pace.delays), "s", LONGEST_DELAY),
        _counted(f"{subject}: longest silence towards Pleo, virtual time", max(pace.silences), "s", LONGEST_SILENCE),
        _counted(f"{subject}: AWS calls of all doors per item", pace.aws_calls / pace.items, "calls"),
    ]


def _outage(pace: ExportPace) -> list[Figure]:
    subject = f"export of {pace.items}, lexoffice away for {OUTAGE / 60:.0f} min"
    twice = pace.vouchers_twice + pace.lines_twice
    undecided = pace.items - pace.outcomes["successful"] - pace.outcomes["failed"]
    return [
        _counted(f"{subject}: to the final event, virtual time", pace.seconds / 60, "min", LONGEST_JOB),
        _counted(f"{subject}: vouchers or lines twice", twice, "", 0),
        _counted(f"{subject}: items not decided", undecided, "items", 0),
        _counted(f"{subject}: items given up", pace.outcomes["failed"], "items", 0),
        _counted(
            f"{subject}: longest silence towards Pleo, virtual time",
            max(pace.silences),
            "s",
            LONGEST_SILENCE_IN_OUTAGE,
        ),
    ]


def _counted(name: str, value: float, unit: str, bound: float | None = None) -> Figure:
    return Figure(name=name, value=value, unit=unit, better="lower", bound=bound)
