"""Erasure of a disconnected company's personal data in its partition of LedgerTable, and the record of it.

Ids, amounts, days, states and references remain. Without them, a company that reconnects would be booked twice, and
bookings could not be proven (docs/decisions/0010-disconnecting.md). Only DynamoDB's expiry deletes items, so an item
with nothing to keep is emptied and expires at once.

Items: `DELETED#<due time>` counts what was erased. Every erased item names it in `erased`, so that a repeated run
erases nothing twice and a later deletion starts again from the first item.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import batched

from shared.aws import rows
from shared.aws.ledger_table import LedgerTable, key
from shared.aws.table import Item, TransactionRefusedError, Update
from shared.domain.feeding.ledger import State
from shared.domain.times import utc_text

_TOGETHER = 50
_NOTHING = zlib.compress(b"{}")


class Erasure:
    """Erases one company's personal data."""

    def __init__(self, table: str) -> None:
        self._table = LedgerTable(table)

    def erase(self, connection_id: str, due: str, now: datetime, *, go_on: Callable[[], bool]) -> bool:
        """Erase what is not erased yet while `go_on` is true; return True if nothing is left.

        `due`: when the deletion was due, which identifies it.
        """
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
        expression = "SET #finished_at = if_not_exists(#finished_at, :now)"
        self._table.update(Update(key(connection_id, f"DELETED#{due}"), expression, {"now": utc_text(now)}))
        return True

    def _left(self, connection_id: str, prefix: str, due: str) -> Iterator[Item]:
        return self._table.query(
            "#connection_id = :company AND begins_with(#row, :prefix)",
            {"company": connection_id, "prefix": prefix, "due": due},
            FilterExpression="attribute_not_exists(#erased) OR #erased <> :due",
            ConsistentRead=True,
        )

    def _erase(self, connection_id: str, due: str, counted: str, changes: list[Item], items: tuple[Item, ...]) -> bool:
        """Erase items and count them in one transaction, so that a run after a crash counts each item once.

        Return False if another worker writes one of them at the same time.
        """
        actions = [_update(item, {**change, "erased": due}) for item, change in zip(items, changes, strict=True)]
        record = Update.setting(key(connection_id, f"DELETED#{due}"), {}, add={counted: len(items)})
        try:
            self._table.transact([*actions, record])
        except TransactionRefusedError:
            return False
        return True


def _update(item: Item, change: Item) -> Update:
    """Return the update that makes a change. None means an attribute to remove."""
    return Update.setting(
        key(item["connection_id"], item["row"]),
        {name: value for name, value in change.items() if value is not None},
        remove=[*change],
        condition="attribute_not_exists(#erased) OR #erased <> :erased",
    )


def _entry(item: Item, now: datetime) -> Item:
    """Remove a row's texts. If the row still waits for the feed, the feed will read it from Pleo again."""
    row = replace(rows.row_of(item), counterparty="", purpose="", detail="")
    if row.state is State.READY and row.revision == 1:
        row = replace(row, state=State.INCOMPLETE)
    stored = rows.attributes(row, now)
    changed = {name: stored[name] for name in ("counterparty", "purpose", "detail", "state")}
    return changed | {"work": stored.get("work")}


def _event(_item: Item, now: datetime) -> Item:
    return {"body": None, "expires_at": int(now.timestamp())}


def _export_item(_item: Item, now: datetime) -> Item:
    return {"item": _NOTHING, "text": "", "values": None, "work": None, "expires_at": int(now.timestamp())}
