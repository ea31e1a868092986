"""How a row of the ledger is stored: `ENTRY#<entry id>` (first row), `ENTRY#<entry id>#<revision>` (corrections)."""

from dataclasses import fields, replace
from datetime import date, datetime
from typing import Any

from shared.aws import work
from shared.aws.table import Item
from shared.domain.feeding.entry_rules import Destination
from shared.domain.feeding.ledger import Row, State
from shared.domain.times import utc_text

ENTRIES = "ENTRY#"


def key(connection_id: str, row: Row) -> dict[str, str]:
    """Where a row is stored."""
    suffix = "" if row.revision == 1 else f"#{row.revision}"
    return {"connection_id": connection_id, "row": f"{ENTRIES}{row.entry_id}{suffix}"}


def attributes(row: Row, now: datetime) -> Item:
    """A row as attributes; all of them, because a rewrite must also clear what an older snapshot said.

    `work` is missing where the row has no place in the index. A row that is ready without a time is ready from `now`.
    """
    if row.state is State.READY and not row.ready_at:
        row = replace(row, ready_at=utc_text(now))
    stored: Item = {field.name: _stored(getattr(row, field.name)) for field in fields(row)}
    entry = work.of_row(row)
    return {**stored, "work": entry} if entry else stored


def row_of(item: Item) -> Row:
    """The row that was stored."""
    known = {field.name: item[field.name] for field in fields(Row) if field.name in item}
    day = known["day"]
    row = Row(**{**known, "state": State(known["state"]), "destination": Destination(known["destination"])})
    return replace(row, day=date.fromisoformat(day) if day else None)


def _stored(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return value.value if isinstance(value, State | Destination) else value
