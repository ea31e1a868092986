"""Lines per day and their delays from `ready_at` to the record of their outcome, in milliseconds.

Items in LedgerTable: `DAY#<day in Germany>`, written in the transaction that records the lines, so that each counts
once. `shared.domain.feeding.ledger.delays` decides which lines have a delay; the others count without one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from shared.aws.ledger_table import key
from shared.aws.table import Item, Table, Update
from shared.domain.feeding.ledger import Row, delays
from shared.domain.times import booking_date

_DAYS = "DAY#"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfLines:
    """One day: `lines` sent, of which `timed` have a delay; `delay_ms` is their sum, `longest_ms` their maximum."""

    day: date
    lines: int
    timed: int
    delay_ms: int
    longest_ms: int


def count_action(table: Table, connection_id: str, sent: Sequence[Row], now: datetime) -> Update:
    """Return the action that adds lines to their day, for the transaction that records them.

    DynamoDB cannot update a maximum, so the maximum is read first and written only if it grows. The condition refuses
    the transaction if another worker has raised it since that read.
    """
    day = key(connection_id, f"{_DAYS}{booking_date(now).isoformat()}")
    delays_ms = [int(seconds * 1000) for seconds in delays(sent, now)]
    added = {"lines": len(sent), "timed": len(delays_ms), "delay_ms": sum(delays_ms)}
    longest = max(delays_ms, default=0)
    if longest <= int((table.get(day) or {}).get("longest_ms", -1)):
        return Update.setting(day, {}, add=added)
    return Update.setting(
        day,
        {"longest_ms": longest},
        add=added,
        condition="attribute_not_exists(#longest_ms) OR #longest_ms < :longest_ms",
    )


def between(table: Table, connection_id: str, first: date, last: date) -> list[DayOfLines]:
    """Return the days with lines in a period, both ends included, oldest first."""
    found = table.query(
        "#connection_id = :company AND #row BETWEEN :first AND :last",
        {"company": connection_id, "first": f"{_DAYS}{first}", "last": f"{_DAYS}{last}"},
    )
    return [_day(item) for item in found]


def _day(item: Item) -> DayOfLines:
    return DayOfLines(
        day=date.fromisoformat(item["row"].removeprefix(_DAYS)),
        lines=item["lines"],
        timed=item["timed"],
        delay_ms=item["delay_ms"],
        longest_ms=item.get("longest_ms", 0),
    )
