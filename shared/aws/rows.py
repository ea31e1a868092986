"""How a row of the ledger is stored: `ENTRY#<entry id>` (first row), `ENTRY#<entry id>#<revision>` (corrections)."""

from dataclasses import replace
from datetime import date, datetime

from shared.aws import ledger_table, work
from shared.aws.table import Item, from_item, to_item
from shared.domain.feeding.entry_rules import Destination
from shared.domain.feeding.ledger import Row, State
from shared.domain.times import utc_text

ENTRIES = "ENTRY#"


def key(connection_id: str, row: Row) -> dict[str, str]:
    """Return the key under which a row is stored."""
    suffix = "" if row.revision == 1 else f"#{row.revision}"
    return ledger_table.key(connection_id, f"{ENTRIES}{row.entry_id}{suffix}")


def attributes(row: Row, now: datetime) -> Item:
    """Return all attributes of a row, because a rewrite must also clear those of an older snapshot.

    `work` is missing if the row is not in the index. A row that is ready without a time is ready from `now`.
    """
    if row.state is State.READY and not row.ready_at:
        row = replace(row, ready_at=utc_text(now))
    stored = to_item(row) | {"day": row.day.isoformat() if row.day else None}
    entry = work.of_row(row)
    return {**stored, "work": entry} if entry else stored


def row_of(item: Item) -> Row:
    """Return the row that an item stores."""
    return from_item(
        Row,
        item,
        state=State(item["state"]),
        destination=Destination(item["destination"]),
        day=date.fromisoformat(item["day"]) if item["day"] else None,
    )
