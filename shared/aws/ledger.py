"""The ledger in DynamoDB: one item per row, a company's rows in one partition, its open work in the index `work`.

Items: `ENTRY#<…>` (shared/aws/rows.py), `BALANCE` (the sums of what is recorded), `DAY#<day>` (shared/aws/days.py),
`PARKED#<event id>`, `PROOF` (shared/aws/proofs.py), `LAST_WEBHOOK` (when a webhook last came). Every method raises
StoreUnavailable when AWS does not do what was asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.aws import days, rows, work
from shared.aws.table import ConditionFailedError, Item, Table, TransactionRefusedError, Update, encode
from shared.domain.feeding.ledger import REWRITABLE, WORK, Correction, Row, State
from shared.domain.times import utc_text
from shared.errors import StoreUnavailable

PARKED_FOR = timedelta(days=30)
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Balance:
    """What the company's rows add up to, in cents: `total` of all final rows, `pushed` what lexoffice was last told.

    `pushed` is None as long as this account of lexoffice was told nothing. `by_hand` is the share of `total` that a
    person enters in lexoffice, `last_line_at` (UTC text, "" before the first) when a line was last recorded as sent.
    """

    total: int
    pushed: int | None
    by_hand: int = 0
    last_line_at: str = ""


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
        attributes = rows.attributes(row, datetime.now(UTC))
        removed = [] if "work" in attributes else ["work"]
        update = Update(
            key=rows.key(connection_id, row),
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
            return rows.row_of(self._table.update(update))
        except ConditionFailedError as refused:
            return rows.row_of(refused.old)

    def correct(self, connection_id: str, correction: Correction) -> bool:
        """Write a correcting row, if any, and the entry's new state together; False when somebody else was faster."""
        first = Update(
            key=rows.key(connection_id, correction.first),
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
                "Item": encode({**rows.key(connection_id, row), **rows.attributes(row, datetime.now(UTC))}),
                "ConditionExpression": "attribute_not_exists(#row)",
                "ExpressionAttributeNames": {"#row": "row"},
            }
        }

    def open_rows(self, connection_id: str, limit: int) -> list[Row]:
        """The company's oldest rows that wait for the feed, read consistently."""
        found = self._table.query(
            condition="#connection_id = :company AND #work < :letters",
            names=["connection_id", "work"],
            values={"company": connection_id, "letters": work.LETTERS},
            IndexName=work.INDEX,
            ConsistentRead=True,
            Limit=limit,
        )
        return [rows.row_of(item) for _, item in zip(range(limit), found, strict=False)]

    def versions(self, connection_id: str, entry_ids: Sequence[str]) -> dict[str, tuple[str, int]]:
        """Version and total of those entries that are no work any more, for a quick look before accepting many.

        Read without consistency: a row that is missed here is merely offered once more. At most 100 entries.
        """
        names = dict.fromkeys(f"{rows.ENTRIES}{entry_id}" for entry_id in entry_ids)
        keys = [{"connection_id": connection_id, "row": name} for name in names]
        working = {state.value for state in WORK}
        found = [item for item in self._table.get_many(keys) if item["state"] not in working]
        return {item["entry_id"]: (item["version"], int(item["total"])) for item in found}

    def first_rows(self, connection_id: str, entry_ids: Sequence[str]) -> dict[str, Row]:
        """The rows of those entries that the ledger knows, by entry id, read without consistency. At most 100."""
        names = dict.fromkeys(f"{rows.ENTRIES}{entry_id}" for entry_id in entry_ids)
        found = self._table.get_many([{"connection_id": connection_id, "row": name} for name in names])
        return {item["entry_id"]: rows.row_of(item) for item in found}

    def first_row(self, connection_id: str, entry_id: str) -> Row | None:
        """The row of an entry, None if the ledger does not know it."""
        item = self._table.get({"connection_id": connection_id, "row": f"{rows.ENTRIES}{entry_id}"})
        return rows.row_of(item) if item else None

    def rows_of(self, connection_id: str, entry_id: str) -> list[Row]:
        """An entry's row and its corrections in order, read consistently; none if the ledger does not know it."""
        found = self._rows(connection_id, f"{rows.ENTRIES}{entry_id}")
        # An id may be the beginning of another one; and text order puts the tenth correction before the second.
        return sorted((row for row in found if row.entry_id == entry_id), key=lambda row: row.revision)

    def complete(self, connection_id: str, incomplete: Row, row: Row) -> None:
        """Replace an incomplete row by what Pleo's API says; a row that has moved on meanwhile stays as it is."""
        attributes = rows.attributes(row, datetime.now(UTC))
        update = Update(
            key=rows.key(connection_id, incomplete),
            expression=_set(attributes) + ("" if "work" in attributes else " REMOVE #work"),
            names=[*attributes, *([] if "work" in attributes else ["work"])],
            values={**attributes, "incomplete": State.INCOMPLETE.value, "seen": incomplete.version},
            condition="#state = :incomplete AND #version = :seen",
        )
        try:
            self._table.update(update)
        except ConditionFailedError:
            return

    def record(self, connection_id: str, outcomes: Sequence[Row], now: datetime) -> int:
        """Record final outcomes (sent, listed, failed) and their sums in one transaction; return how many were new.

        Rows whose outcome is recorded already are passed over, so recording twice counts once. At most 98 rows.
        """
        left = list(outcomes)
        for _ in range(_TRIES):
            if not left:
                return 0
            actions = [{"Update": self._outcome(connection_id, row, now)} for row in left]
            sums = [self._sums(connection_id, left, now)]
            if sent := [row for row in left if row.state is State.SENT]:
                sums.append(days.count_action(self._table, connection_id, sent, now))
            try:
                self._table.transact([*actions, *({"Update": each.request(self._table.name)} for each in sums)])
            except TransactionRefusedError as refused:
                reasons = refused.reasons[: len(left)]
                left = [row for row, code in zip(left, reasons, strict=True) if code != "ConditionalCheckFailed"]
                continue
            return len(left)
        raise StoreUnavailable("TransactWriteItems was refused again and again")

    def make_ready_again(self, connection_id: str, refused: Row, now: datetime) -> bool:
        """Make a line that lexoffice refused ready once more, word for word; False if it is not refused any more.

        lexoffice took nothing of it, so it is in no sum, and nothing of it is there. One conditional write: of two
        people who press at once one makes it ready, and a newer snapshot from Pleo goes before both.
        """
        row = replace(
            refused,
            state=State.READY,
            reason="correction" if refused.revision > 1 else "",
            detail="",
            ready_at=utc_text(now),
            final_at="",
        )
        changed = {
            "state": row.state.value,
            "reason": row.reason,
            "detail": row.detail,
            "ready_at": row.ready_at,
            "final_at": row.final_at,
            "work": work.of_row(row),
        }
        update = Update(
            key=rows.key(connection_id, row),
            expression=_set(changed),
            names=[*changed, "version"],
            values={**changed, "failed": State.FAILED.value, "seen": refused.version},
            condition="#state = :failed AND #version = :seen",
        )
        try:
            self._table.update(update)
        except ConditionFailedError:
            return False
        return True

    def _sums(self, connection_id: str, outcomes: Sequence[Row], now: datetime) -> Update:
        added = {
            "total": sum(row.amount for row in outcomes if row.state is not State.FAILED),
            "by_hand": sum(row.amount for row in outcomes if row.state is State.LISTED),
        }
        times = {"updated_at": utc_text(now)}
        if any(row.state is State.SENT for row in outcomes):
            times["last_line_at"] = utc_text(now)
        return Update(
            key={"connection_id": connection_id, "row": "BALANCE"},
            expression="ADD #total :total, #by_hand :by_hand " + _set(times),
            names=[*added, *times],
            values={**added, **times},
        )

    def _outcome(self, connection_id: str, row: Row, now: datetime) -> dict[str, Any]:
        entry = work.of_row(row)
        outcome = {
            "state": row.state.value,
            "reason": row.reason,
            "detail": row.detail,
            "transaction_id": row.transaction_id,
            "final_at": utc_text(now),
            **({"work": entry} if entry else {}),
        }
        return Update(
            key=rows.key(connection_id, row),
            expression=_set(outcome) + ("" if entry else " REMOVE #work"),
            names=[*outcome, *([] if entry else ["work"])],
            values={**outcome, "ready": State.READY.value},
            condition="#state = :ready",
        ).request(self._table.name)

    def balance(self, connection_id: str, account_id: str) -> Balance:
        """The running sum; zero for a company of which nothing was recorded yet."""
        item = self._table.get({"connection_id": connection_id, "row": "BALANCE"}) or {}
        record_webhook = item.get("pushed_to") == account_id
        return Balance(
            total=item.get("total", 0),
            pushed=item["pushed"] if record_webhook else None,
            by_hand=item.get("by_hand", 0),
            last_line_at=item.get("last_line_at", ""),
        )

    def record_pushed_balance(self, connection_id: str, account_id: str, pushed: int) -> None:
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

    def record_webhook(self, connection_id: str, now: datetime) -> None:
        """Remember that a webhook came (item `LAST_WEBHOOK`)."""
        self._table.update(
            Update(
                key={"connection_id": connection_id, "row": "LAST_WEBHOOK"},
                expression="SET #last_webhook_at = :now",
                names=["last_webhook_at"],
                values={"now": utc_text(now)},
            )
        )

    def last_webhook_at(self, connection_id: str) -> str:
        """When a webhook last came, as UTC text, "" if none ever did; up to a quarter of an hour too early."""
        item = self._table.get({"connection_id": connection_id, "row": "LAST_WEBHOOK"}) or {}
        return str(item.get("last_webhook_at", ""))

    def rows(self, connection_id: str) -> list[Row]:
        """Every row of a company; for proofs and support, not for the hot path."""
        return self._rows(connection_id, rows.ENTRIES)

    def _rows(self, connection_id: str, prefix: str) -> list[Row]:
        found = self._table.query(
            condition="#connection_id = :company AND begins_with(#row, :entries)",
            names=["connection_id", "row"],
            values={"company": connection_id, "entries": prefix},
            ConsistentRead=True,
        )
        return [rows.row_of(item) for item in found]


def _set(attributes: Item) -> str:
    return "SET " + ", ".join(f"#{name} = :{name}" for name in attributes)
