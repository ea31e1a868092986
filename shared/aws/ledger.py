"""The ledger in DynamoDB: one item per row, a company's rows in one partition, its open work in the index `work`.

Items: `ENTRY#<entry id>` (first row), `ENTRY#<entry id>#<revision>` (corrections), `BALANCE`, `PARKED#<event id>`.
Every method raises StoreUnavailable when AWS does not do what was asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any

from shared.aws.table import ConditionFailedError, Item, Table, TransactionRefusedError, Update, encode
from shared.domain.booking import Destination
from shared.domain.ledger import REWRITABLE, WORK, Correction, Row, State
from shared.domain.times import utc_text
from shared.errors import StoreUnavailable

PARKED_FOR = timedelta(days=30)
_WORK_INDEX = "work"
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Balance:
    """What the company's rows add up to, in cents: `total` of all final rows, `pushed` what lexoffice was last told.

    `pushed` is None as long as this account of lexoffice was told nothing.
    """

    total: int
    pushed: int | None


class Ledger:
    """All companies' rows."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def accept(self, connection_id: str, row: Row, *, from_api: bool = False) -> Row:
        """Write a row unless the ledger knows better, and return what the ledger holds afterwards.

        A row is replaced only by a newer snapshot and only while nothing was promised for it; the caller compares
        the result with what it offered. A row that is held or incomplete also gives way to a snapshot of the same
        version: Pleo may have known more by then, or this product may; and every one to what Pleo's API says now.
        One conditional write.
        """
        newer = "#version < :version OR (#version = :version AND #state IN (:held, :incomplete))"
        rewritable = [state.value for state in sorted(REWRITABLE)]
        states = {f"state{number}": value for number, value in enumerate(rewritable)}
        attributes = _attributes(row)
        removed = [] if "work" in attributes else ["work"]
        update = Update(
            key=_key(connection_id, row),
            expression=_set(attributes) + (" REMOVE #work" if removed else ""),
            names=[*attributes, *removed, *({"row"} - set(attributes))],
            values={
                **attributes,
                **states,
                "one": 1,
                "held": State.HELD.value,
                "incomplete": State.INCOMPLETE.value,
            },
            condition=(
                "attribute_not_exists(#row) OR (#revisions = :one"
                f" AND #state IN ({', '.join(':' + name for name in states)})"
                f" AND ({'#version <= :version OR #state IN (:held, :incomplete)' if from_api else newer}))"
            ),
        )
        try:
            return _row(self._table.update(update))
        except ConditionFailedError as refused:
            return _row(refused.old)

    def correct(self, connection_id: str, correction: Correction) -> bool:
        """Write a correcting row, if any, and the entry's new state together; False when somebody else was faster."""
        first = Update(
            key=_key(connection_id, correction.first),
            expression="SET #total = :total, #version = :version, #revisions = :revisions",
            names=["total", "version", "revisions"],
            values={
                "total": correction.first.total,
                "version": correction.first.version,
                "revisions": correction.first.revisions,
                "replaced": correction.replaces_version,
            },
            condition="#version = :replaced",
        )
        try:
            if correction.row is None:
                self._table.update(first)
            else:
                self._table.transact(
                    [{"Update": first.request(self._table.name)}, self._new(connection_id, correction.row)]
                )
        except (ConditionFailedError, TransactionRefusedError):
            return False
        return True

    def _new(self, connection_id: str, row: Row) -> dict[str, Any]:
        return {
            "Put": {
                "TableName": self._table.name,
                "Item": encode({**_key(connection_id, row), **_attributes(row)}),
                "ConditionExpression": "attribute_not_exists(#row)",
                "ExpressionAttributeNames": {"#row": "row"},
            }
        }

    def work(self, connection_id: str, limit: int) -> list[Row]:
        """The company's oldest rows that wait for the feed, read consistently."""
        found = self._table.query(
            # The index holds other work, too, whose values begin with a letter (`match#…`).
            condition="#connection_id = :company AND #work < :letters",
            names=["connection_id", "work"],
            values={"company": connection_id, "letters": "A"},
            IndexName=_WORK_INDEX,
            ConsistentRead=True,
            Limit=limit,
        )
        return [_row(item) for _, item in zip(range(limit), found, strict=False)]

    def known(self, connection_id: str, entry_ids: Sequence[str]) -> dict[str, tuple[str, int]]:
        """Version and total of those entries that are no work any more, for a quick look before accepting many.

        Read without consistency: a row that is missed here is merely offered once more. At most 100 entries.
        """
        keys = [{"connection_id": connection_id, "row": f"ENTRY#{entry_id}"} for entry_id in dict.fromkeys(entry_ids)]
        working = {state.value for state in WORK}
        rows = [item for item in self._table.get_many(keys) if item["state"] not in working]
        return {item["entry_id"]: (item["version"], int(item["total"])) for item in rows}

    def first_row(self, connection_id: str, entry_id: str) -> Row | None:
        """The row of an entry, None if the ledger does not know it."""
        item = self._table.get({"connection_id": connection_id, "row": f"ENTRY#{entry_id}"})
        return _row(item) if item else None

    def complete(self, connection_id: str, incomplete: Row, row: Row) -> None:
        """Replace an incomplete row by what Pleo's API says; a row that has moved on meanwhile stays as it is."""
        attributes = _attributes(row)
        work = "" if "work" in attributes else " REMOVE #work"
        update = Update(
            key=_key(connection_id, incomplete),
            expression=_set(attributes) + work,
            names=[*attributes, *([] if "work" in attributes else ["work"])],
            values={**attributes, "incomplete": State.INCOMPLETE.value, "seen": incomplete.version},
            condition="#state = :incomplete AND #version = :seen",
        )
        try:
            self._table.update(update)
        except ConditionFailedError:
            return

    def record(self, connection_id: str, rows: Sequence[Row], now: datetime) -> int:
        """Record final outcomes (sent, listed, failed) and their sum in one transaction; return how many were new.

        Rows whose outcome is recorded already are passed over, so recording twice counts once. At most 99 rows.
        """
        left = list(rows)
        for _ in range(_TRIES):
            if not left:
                return 0
            actions = [{"Update": self._outcome(connection_id, row, now)} for row in left]
            added = sum(row.amount for row in left if row.state is not State.FAILED)
            total = Update(
                key={"connection_id": connection_id, "row": "BALANCE"},
                expression="ADD #total :added SET #updated_at = :now",
                names=["total", "updated_at"],
                values={"added": added, "now": utc_text(now)},
            )
            try:
                self._table.transact([*actions, {"Update": total.request(self._table.name)}])
            except TransactionRefusedError as refused:
                reasons = refused.reasons[: len(left)]
                left = [row for row, code in zip(left, reasons, strict=True) if code != "ConditionalCheckFailed"]
                continue
            return len(left)
        raise StoreUnavailable("TransactWriteItems was refused again and again")

    def _outcome(self, connection_id: str, row: Row, now: datetime) -> dict[str, Any]:
        outcome = {
            "state": row.state.value,
            "reason": row.reason,
            "detail": row.detail,
            "transaction_id": row.transaction_id,
            "final_at": utc_text(now),
        }
        return Update(
            key=_key(connection_id, row),
            expression=_set(outcome) + " REMOVE #work",
            names=[*outcome, "work"],
            values={**outcome, "ready": State.READY.value},
            condition="#state = :ready",
        ).request(self._table.name)

    def balance(self, connection_id: str, account_id: str) -> Balance:
        """The running sum; zero for a company of which nothing was recorded yet."""
        item = self._table.get({"connection_id": connection_id, "row": "BALANCE"}) or {}
        told = item.get("pushed_to") == account_id
        return Balance(int(item.get("total", 0)), int(item["pushed"]) if told else None)

    def balance_pushed(self, connection_id: str, account_id: str, pushed: int) -> None:
        """Remember what this account of lexoffice was told."""
        self._table.update(
            Update(
                key={"connection_id": connection_id, "row": "BALANCE"},
                expression="SET #pushed = :pushed, #pushed_to = :account",
                names=["pushed", "pushed_to"],
                values={"pushed": pushed, "account": account_id},
            )
        )

    def park(self, connection_id: str, event_id: str, body: bytes, reason: str, now: datetime) -> None:
        """Keep a verified event that nobody can use yet, for inspection; it disappears after 30 days."""
        self._table.put(
            {
                "connection_id": connection_id,
                "row": f"PARKED#{event_id}",
                "body": body,
                "reason": reason,
                "parked_at": utc_text(now),
                "expires_at": int((now + PARKED_FOR).timestamp()),
            }
        )

    def rows(self, connection_id: str) -> list[Row]:
        """Every row of a company; for proofs and support, not for the hot path."""
        found = self._table.query(
            condition="#connection_id = :company AND begins_with(#row, :entries)",
            names=["connection_id", "row"],
            values={"company": connection_id, "entries": "ENTRY#"},
            ConsistentRead=True,
        )
        return [_row(item) for item in found]


def _key(connection_id: str, row: Row) -> dict[str, str]:
    suffix = "" if row.revision == 1 else f"#{row.revision}"
    return {"connection_id": connection_id, "row": f"ENTRY#{row.entry_id}{suffix}"}


def _attributes(row: Row) -> Item:
    """A row as attributes; all of them, because a rewrite must also clear what an older snapshot said."""
    attributes: Item = {field.name: _stored(getattr(row, field.name)) for field in fields(row)}
    if row.state in WORK:
        # What can be fed goes first: rows that Pleo must complete never keep it waiting.
        urgency = 1 if row.state is State.READY else 2
        attributes["work"] = f"{urgency}#{row.settled_at}#{row.entry_id}#{row.revision}"
    return attributes


def _stored(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return value.value if isinstance(value, State | Destination) else value


def _row(item: Item) -> Row:
    known = {field.name: item[field.name] for field in fields(Row) if field.name in item}
    day = known["day"]
    row = Row(**{**known, "state": State(known["state"]), "destination": Destination(known["destination"])})
    return replace(row, day=date.fromisoformat(day) if day else None)


def _set(attributes: Item) -> str:
    return "SET " + ", ".join(f"#{name} = :{name}" for name in attributes)
