"""What the feed did day by day: lines, and how long they took from `ready_at` to the record of their outcome.

Items in LedgerTable: `DAY#<day in Germany>`, written in the transaction that records the lines, so that each counts
once. Delays are milliseconds; a line whose `ready_at` nobody knows, or of a
payment from before the company was connected, counts without one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from shared.aws.table import Item, Table, Update
from shared.domain.feeding.ledger import Row
from shared.domain.times import booking_date

_DAYS = "DAY#"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfLines:
    """One day: `lines` sent, of which `timed` have a delay; sum and maximum of these in milliseconds."""

    day: date
    lines: int
    timed: int
    delay_ms: int
    longest_ms: int


def count_action(table: Table, connection_id: str, sent: Sequence[Row], now: datetime) -> Update:
    """The action that adds lines to their day, for the transaction that records them.

    Adding twice is what the transaction prevents. The maximum cannot be added, so it is read before and written only
    where it grows; the condition refuses the transaction if another worker has raised it meanwhile.
    """
    key = {"connection_id": connection_id, "row": f"{_DAYS}{booking_date(now).isoformat()}"}
    delays = [_milliseconds(row, now) for row in sent if row.ready_at and not row.history]
    added = {"lines": len(sent), "timed": len(delays), "delay_ms": sum(delays)}
    add = "ADD " + ", ".join(f"#{name} :{name}" for name in added)
    longest = max(delays, default=0)
    if longest <= int((table.get(key) or {}).get("longest_ms", -1)):
        return Update(key=key, expression=add, names=[*added], values=added)
    return Update(
        key=key,
        expression=f"{add} SET #longest_ms = :longest",
        names=[*added, "longest_ms"],
        values={**added, "longest": longest},
        condition="attribute_not_exists(#longest_ms) OR #longest_ms < :longest",
    )


def _milliseconds(row: Row, now: datetime) -> int:
    """Never negative: two machines' clocks differ by more than a fast line takes."""
    return max(0, int((now - datetime.fromisoformat(row.ready_at)).total_seconds() * 1000))


def between(table: Table, connection_id: str, first: date, last: date) -> list[DayOfLines]:
    """The days with lines in a period, both ends included, oldest first."""
    found = table.query(
        condition="#connection_id = :company AND #row BETWEEN :first AND :last",
        names=["connection_id", "row"],
        values={"company": connection_id, "first": f"{_DAYS}{first}", "last": f"{_DAYS}{last}"},
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
