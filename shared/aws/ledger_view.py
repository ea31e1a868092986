"""What people are shown of the ledger: read only, and a handful of calls however large the company is.

Rows are found through the index `work` (shared/aws/work.py). Every method raises StoreUnavailable when AWS does not do
what was asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice

from shared.aws import days, work
from shared.aws.days import DayOfLines
from shared.aws.rows import row_of
from shared.aws.table import Item, Table
from shared.domain.feeding.entry_rules import Destination
from shared.domain.feeding.ledger import Row

# At less than a kilobyte a row DynamoDB answers more than a thousand at once, so this takes a few calls at most.
_MOST_COUNTED = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Rows of the index: the oldest ones, how many there are, and what they add up to in cents.

    What a row adds is 0 as long as it is not known: Pleo must complete it, or a person explain it. `lines` counts those
    that go to lexoffice. With `more`, counting stopped before the end.
    """

    oldest: tuple[Row, ...]
    count: int
    lines: int
    amount: int
    more: bool


class LedgerView:
    """All companies' ledgers, for reading."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def waiting(self, connection_id: str, shown: int) -> Backlog:
        """The rows that wait for the feed: ready, to be completed by Pleo, or from before connecting."""
        return self._backlog(connection_id, work.READY, work.HISTORY + work.LAST, shown)

    def to_check(self, connection_id: str, shown: int) -> Backlog:
        """The rows that a person must look at: refused by lexoffice, or held."""
        return self._backlog(connection_id, work.CHECK, work.CHECK + work.LAST, shown)

    def by_hand(self, connection_id: str, limit: int | None = None) -> list[Row]:
        """The rows that are entered in lexoffice by hand, the newest first; all of them without a limit."""
        options = {"Limit": limit} if limit else {}
        found = self._between(connection_id, work.HAND, work.HAND + work.LAST, ScanIndexForward=False, **options)
        return [row_of(item) for item in islice(found, limit)]

    def days(self, connection_id: str, first: date, last: date) -> list[DayOfLines]:
        """What the feed did on the days of a period, both ends included, oldest first, those without lines left out."""
        return days.between(self._table, connection_id, first, last)

    def _backlog(self, connection_id: str, first: str, last: str, shown: int) -> Backlog:
        oldest: list[Row] = []
        count = lines = amount = 0
        found = self._between(connection_id, first, last)
        for item in islice(found, _MOST_COUNTED):
            row = row_of(item)
            if count < shown:
                oldest.append(row)
            count += 1
            lines += row.destination is Destination.LINE
            amount += row.amount
        more = count == _MOST_COUNTED and next(found, None) is not None
        return Backlog(oldest=tuple(oldest), count=count, lines=lines, amount=amount, more=more)

    def _between(self, connection_id: str, first: str, last: str, **options: object) -> Iterator[Item]:
        return self._table.query(
            condition="#connection_id = :company AND #work BETWEEN :first AND :last",
            names=["connection_id", "work"],
            values={"company": connection_id, "first": first, "last": last},
            IndexName=work.INDEX,
            **options,
        )
