"""LedgerTable: a company's items are one partition, in which the local index `work` finds some of them."""

from collections.abc import Iterator
from typing import Any

from shared.aws import work
from shared.aws.table import Item, Table


def key(connection_id: str, row: str) -> dict[str, str]:
    """Return the key of an item."""
    return {"connection_id": connection_id, "row": row}


class LedgerTable(Table):
    """All companies' items. Queries are strongly consistent unless they say otherwise."""

    def with_prefix(self, connection_id: str, prefix: str, *, consistent: bool = True) -> Iterator[Item]:
        """Return a company's items whose `row` begins with a prefix, in text order, page by page."""
        condition = "#connection_id = :company AND begins_with(#row, :prefix)"
        return self.query(condition, {"company": connection_id, "prefix": prefix}, ConsistentRead=consistent)

    def indexed(self, connection_id: str, prefix: str, *, limit: int | None = None, **options: Any) -> Iterator[Item]:
        """Return a company's items whose `work` begins with a prefix of shared/aws/work.py, oldest first."""
        return self.query(
            "#connection_id = :company AND begins_with(#work, :prefix)",
            {"company": connection_id, "prefix": prefix},
            limit=limit,
            IndexName=work.INDEX,
            ConsistentRead=True,
            **options,
        )
