"""Erasing a disconnected company's personal data from its partition of LedgerTable, and the record of it.

What is kept is needed to book nothing twice if the company connects again, and to prove what was booked: ids, amounts,
days, states, references (docs/decisions/0010-disconnecting.md). Nothing but DynamoDB's own expiry deletes items, so
what may go altogether is emptied and expires at once.

Items: `DELETED#<when it was due>` counts what was erased; every erased item names it in `erased`, so that repeating
erases nothing twice and a later deletion begins anew. Every method raises StoreUnavailable when AWS does not do what
was asked.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import batched
from typing import Any

from shared.aws import rows
from shared.aws.table import Item, Table, TransactionRefusedError, Update
from shared.domain.ledger import State
from shared.domain.times import utc_text

_TOGETHER = 50
_NOTHING = zlib.compress(b"{}")


class Erasure:
    """Erases one company's personal data."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def erase(self, connection_id: str, due: str, now: datetime, *, go_on: Callable[[], bool]) -> bool:
        """Erase what is left to erase while `go_on`; True when nothing is left. `due` names the deletion."""
        complete = True
        for prefix, counted, erased in (
            (rows.ENTRIES, "entries", _entry),
            ("PARKED#", "events", _event),
            ("EXPORT#", "export_items", _export_item),
        ):
            for some in batched(self._left(connection_id, prefix, due), _TOGETHER):
                if not go_on():
                    return False
                changes = [erased(item, now) for item in some]
                complete = self._erase(connection_id, due, counted, changes, some) and complete
        if not complete:
            return False
        record = Update(
            key=_record(connection_id, due),
            expression="SET #finished_at = if_not_exists(#finished_at, :now)",
            names=["finished_at"],
            values={"now": utc_text(now)},
        )
        self._table.update(record)
        return True

    def _left(self, connection_id: str, prefix: str, due: str) -> Iterator[Item]:
        return self._table.query(
            condition="#connection_id = :company AND begins_with(#row, :prefix)",
            names=["connection_id", "row", "erased"],
            values={"company": connection_id, "prefix": prefix, "due": due},
            FilterExpression="attribute_not_exists(#erased) OR #erased <> :due",
            ConsistentRead=True,
        )

    def _erase(self, connection_id: str, due: str, counted: str, changes: list[Item], items: tuple[Item, ...]) -> bool:
        """Some items and their count, together or not at all: what dies in between is done again and counted once.

        False when somebody else erases or writes them at the same time.
        """
        actions = [
            {"Update": _update(item, {**change, "erased": due}).request(self._table.name)}
            for item, change in zip(items, changes, strict=True)
        ]
        record = Update(
            key=_record(connection_id, due),
            expression=f"ADD #{counted} :number",
            names=[counted],
            values={"number": len(items)},
        )
        try:
            self._table.transact([*actions, {"Update": record.request(self._table.name)}])
        except TransactionRefusedError:
            return False
        return True


def _update(item: Item, change: Item) -> Update:
    """Set what is erased, and take it out of the index where it has no place in it any more."""
    removed = [name for name, value in change.items() if value is None]
    stored = {name: value for name, value in change.items() if value is not None}
    return Update(
        key={"connection_id": item["connection_id"], "row": item["row"]},
        expression="SET "
        + ", ".join(f"#{name} = :{name}" for name in stored)
        + (" REMOVE " + ", ".join(f"#{name}" for name in removed) if removed else ""),
        names=[*stored, *removed],
        values={**stored, "this": stored["erased"]},
        condition="attribute_not_exists(#erased) OR #erased <> :this",
    )


def _entry(item: Item, now: datetime) -> Item:
    """A row without texts. One that still waits to be fed is read from Pleo again if it ever is."""
    row = replace(rows.row_of(item), counterparty="", purpose="", detail="")
    if row.state is State.READY and row.revision == 1:
        row = replace(row, state=State.INCOMPLETE)
    stored: dict[str, Any] = rows.attributes(row, now)
    changed = {name: stored[name] for name in ("counterparty", "purpose", "detail", "state")}
    return changed | {"work": stored.get("work")}


def _event(_item: Item, now: datetime) -> Item:
    return {"body": None, "expires_at": int(now.timestamp())}


def _export_item(_item: Item, now: datetime) -> Item:
    emptied: Item = {"item": _NOTHING, "text": "", "values": None, "work": None}
    return emptied | {"expires_at": int(now.timestamp())}


def _record(connection_id: str, due: str) -> dict[str, str]:
    return {"connection_id": connection_id, "row": f"DELETED#{due}"}
