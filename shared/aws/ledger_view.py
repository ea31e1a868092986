"""Read access to the ledger for pages and support: a few calls per page, whatever the size of the company.

Rows are found through the index `work` (shared/aws/work.py). Eventually consistent reads.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from shared.aws import days, work
from shared.aws.days import DayOfLines
from shared.aws.ledger_table import LedgerTable
from shared.aws.rows import row_of
from shared.aws.table import Item
from shared.domain.feeding.entry_rules import Destination
from shared.domain.feeding.ledger import Row

# A page of DynamoDB's answer is 1 MB and a row is smaller than 1 KB, so this takes about five calls.
_MOST_COUNTED = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Rows of the index.

    - `oldest`: the oldest rows.
    - `count`: the number of rows; `lines`: the number of those that become lines in lexoffice.
    - `amount`: their sum in cents; a row counts 0 while its amount is unknown.
    - `more`: there are more rows than were counted.
    """

    oldest: tuple[Row, ...]
    count: int
    lines: int
    amount: int
    more: bool


class LedgerView:
    """All companies' ledgers, for reading."""

    def __init__(self, table: str) -> None:
        self._table = LedgerTable(table)

    def waiting(self, connection_id: str, shown: int) -> Backlog:
        """Return the rows that wait for the feed: ready, incomplete, or from before the company was connected."""
        return self._backlog(connection_id, work.READY, work.HISTORY + work.LAST, shown)

    def to_check(self, connection_id: str, shown: int) -> Backlog:
        """Return the rows that the admin must check: refused by lexoffice, or held."""
        return self._backlog(connection_id, work.CHECK, work.CHECK + work.LAST, shown)

    def by_hand(self, connection_id: str, limit: int | None = None) -> list[Row]:
        """Return the rows that the customer enters in lexoffice by hand, at most `limit`, newest first."""
        found = self._between(connection_id, work.HAND, work.HAND + work.LAST, limit=limit, ScanIndexForward=False)
        return [row_of(item) for item in found]

    def days(self, connection_id: str, first: date, last: date) -> list[DayOfLines]:
        """Return the days with lines in a period, both ends included, oldest first."""
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

    def _between(self, connection_id: str, first: str, last: str, **options: Any) -> Iterator[Item]:
        return self._table.query(
            "#connection_id = :company AND #work BETWEEN :first AND :last",
            {"company": connection_id, "first": first, "last": last},
            IndexName=work.INDEX,
            **options,
        )
