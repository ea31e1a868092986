"""The ledger in DynamoDB: one item per row, a company's rows in one partition, its open work in the index `work`.

Items in LedgerTable:

- `ENTRY#<…>`: a row (shared/aws/rows.py).
- `BALANCE`: the sums of the recorded rows.
- `DAY#<day>`: lines per day (shared/aws/days.py).
- `PARKED#<event id>`: an event that cannot be used.
- `PROOF`: the last proof of the balance (shared/aws/proofs.py).
- `LAST_WEBHOOK`: when a webhook last came.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from shared.aws import days, rows, work
from shared.aws.ledger_table import LedgerTable, key
from shared.aws.table import ConditionFailedError, Insert, Item, TransactionRefusedError, Update
from shared.domain.feeding.ledger import REWRITABLE, WORK, Correction, Row, State
from shared.domain.times import utc_text
from shared.errors import StoreUnavailable

PARKED_FOR = timedelta(days=30)
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Balance:
    """The sums of a company's rows, in cents.

    - `total`: the sum of all final rows.
    - `pushed`: the balance last sent to this account of lexoffice, None before the first.
    - `by_hand`: the part of `total` that the customer enters in lexoffice.
    - `last_line_at`: when a line was last recorded as sent, UTC text, "" before the first.
    """

    total: int
    pushed: int | None
    by_hand: int = 0
    last_line_at: str = ""


class Ledger:
    """All companies' rows."""

    def __init__(self, table: str) -> None:
        self._table = LedgerTable(table)

    def accept(self, connection_id: str, row: Row, *, from_api: bool = False) -> Row:
        """Store a row unless the ledger has a better one; return the row that the ledger has then.

        One conditional write replaces a row in a state of REWRITABLE, without corrections, by

        - a newer version;
        - the same version, if the row is held or incomplete: the new row may have more facts;
        - the same version, or any version if the row is held or incomplete, with `from_api`: Pleo's API gives the
          current state.
        """
        newer = "#version < :version OR (#version = :version AND #state IN (:held, :incomplete))"
        states = {f"state{number}": state for number, state in enumerate(sorted(REWRITABLE))}
        update = Update.setting(
            rows.key(connection_id, row),
            rows.attributes(row, datetime.now(UTC)),
            remove=["work"],
            condition=(
                "attribute_not_exists(#row) OR (#revisions = :one"
                f" AND #state IN ({', '.join(':' + name for name in states)})"
                f" AND ({'#version <= :version OR #state IN (:held, :incomplete)' if from_api else newer}))"
            ),
            values={**states, "one": 1, "held": State.HELD, "incomplete": State.INCOMPLETE},
        )
        try:
            return rows.row_of(self._table.update(update))
        except ConditionFailedError as refused:
            return rows.row_of(refused.old)

    def correct(self, connection_id: str, correction: Correction) -> bool:
        """Store an entry's new state and its correcting row, if any, together.

        Return False, and write nothing, if another worker has corrected the entry.
        """
        first, row = correction.first, correction.row
        update = Update.setting(
            rows.key(connection_id, first),
            {"total": first.total, "version": first.version, "revisions": first.revisions},
            condition="#version = :replaced",
            values={"replaced": correction.replaces_version},
        )
        if row is None:
            return self._table.attempt(update)
        new = {**rows.key(connection_id, row), **rows.attributes(row, datetime.now(UTC))}
        try:
            self._table.transact([update, Insert(new, key="row")])
        except TransactionRefusedError:
            return False
        return True

    def open_rows(self, connection_id: str, limit: int) -> list[Row]:
        """Return a company's rows that wait for the feed, at most `limit`, oldest first. Strongly consistent read."""
        found = self._table.query(
            "#connection_id = :company AND #work < :letters",
            {"company": connection_id, "letters": work.LETTERS},
            limit=limit,
            IndexName=work.INDEX,
            ConsistentRead=True,
        )
        return [rows.row_of(item) for item in found]

    def versions(self, connection_id: str, entry_ids: Sequence[str]) -> dict[str, tuple[str, int]]:
        """Of at most 100 entries, return version and total of those whose row needs no more work, by entry id.

        Eventually consistent read: the caller offers an entry that is missing here to `accept` once more.
        """
        found = [item for item in self._first_items(connection_id, entry_ids) if item["state"] not in WORK]
        return {item["entry_id"]: (item["version"], int(item["total"])) for item in found}

    def first_rows(self, connection_id: str, entry_ids: Sequence[str]) -> dict[str, Row]:
        """Return the first rows of at most 100 entries by entry id, without those that the ledger does not have.

        Eventually consistent read.
        """
        return {item["entry_id"]: rows.row_of(item) for item in self._first_items(connection_id, entry_ids)}

    def _first_items(self, connection_id: str, entry_ids: Sequence[str]) -> list[Item]:
        return self._table.get_many([_entry_key(connection_id, entry_id) for entry_id in dict.fromkeys(entry_ids)])

    def first_row(self, connection_id: str, entry_id: str) -> Row | None:
        """Return the row of an entry, None if the ledger does not have it."""
        item = self._table.get(_entry_key(connection_id, entry_id))
        return rows.row_of(item) if item else None

    def rows_of(self, connection_id: str, entry_id: str) -> list[Row]:
        """Return an entry's row and its corrections in order. Strongly consistent read."""
        found = self._rows(connection_id, f"{rows.ENTRIES}{entry_id}")
        # Another entry's id may begin with this one. Text order puts the tenth correction before the second.
        return sorted((row for row in found if row.entry_id == entry_id), key=lambda row: row.revision)

    def complete(self, connection_id: str, incomplete: Row, row: Row) -> None:
        """Replace an incomplete row by the one that Pleo's API gave, unless it has changed since it was read."""
        self._table.attempt(
            Update.setting(
                rows.key(connection_id, incomplete),
                rows.attributes(row, datetime.now(UTC)),
                remove=["work"],
                condition="#state = :incomplete AND #version = :seen",
                values={"incomplete": State.INCOMPLETE, "seen": incomplete.version},
            )
        )

    def record(self, connection_id: str, outcomes: Sequence[Row], now: datetime) -> int:
        """Record final outcomes (sent, listed, failed) of at most 98 rows and their sums in one transaction.

        Return the number of new outcomes. A row with a recorded outcome is skipped, so that a repeated call counts it
        once.
        """
        left = list(outcomes)
        for _ in range(_TRIES):
            if not left:
                return 0
            actions = [*(_outcome(connection_id, row, now) for row in left), _sums(connection_id, left, now)]
            if sent := [row for row in left if row.state is State.SENT]:
                actions.append(days.count_action(self._table, connection_id, sent, now))
            try:
                self._table.transact(actions)
            except TransactionRefusedError as refused:
                reasons = refused.reasons[: len(left)]
                left = [row for row, code in zip(left, reasons, strict=True) if code != "ConditionalCheckFailed"]
                continue
            return len(left)
        raise StoreUnavailable("TransactWriteItems was refused again and again")

    def make_ready_again(self, connection_id: str, refused: Row, now: datetime) -> bool:
        """Make a line that lexoffice refused ready again, unchanged; return False if its row has changed.

        lexoffice has not stored the line, and no sum includes it. The write is conditional: of two simultaneous
        requests one succeeds, and a newer snapshot from Pleo makes both fail.
        """
        row = replace(
            refused,
            state=State.READY,
            reason="correction" if refused.revision > 1 else "",
            detail="",
            ready_at=utc_text(now),
            final_at="",
        )
        changed = ("state", "reason", "detail", "ready_at", "final_at", "work")
        attributes = rows.attributes(row, now)
        return self._table.attempt(
            Update.setting(
                rows.key(connection_id, row),
                {name: attributes[name] for name in changed},
                condition="#state = :failed AND #version = :seen",
                values={"failed": State.FAILED, "seen": refused.version},
            )
        )

    def balance(self, connection_id: str, account_id: str) -> Balance:
        """Return the sums of a company's rows, zero before the first."""
        item = self._table.get(key(connection_id, "BALANCE")) or {}
        return Balance(
            total=item.get("total", 0),
            pushed=item["pushed"] if item.get("pushed_to") == account_id else None,
            by_hand=item.get("by_hand", 0),
            last_line_at=item.get("last_line_at", ""),
        )

    def record_pushed_balance(self, connection_id: str, account_id: str, pushed: int) -> None:
        """Store the balance that was sent to this account of lexoffice."""
        attributes = {"pushed": pushed, "pushed_to": account_id}
        self._table.update(Update.setting(key(connection_id, "BALANCE"), attributes))

    def park(self, connection_id: str, event_id: str, body: bytes, reason: str, now: datetime) -> None:
        """Store a verified event that this product cannot use, for support; it expires after 30 days."""
        self._table.put(
            {
                **key(connection_id, f"PARKED#{event_id}"),
                "body": body,
                "reason": reason,
                "parked_at": utc_text(now),
                "expires_at": int((now + PARKED_FOR).timestamp()),
            }
        )

    def record_webhook(self, connection_id: str, now: datetime) -> None:
        """Store when a webhook came."""
        self._table.update(Update.setting(key(connection_id, "LAST_WEBHOOK"), {"last_webhook_at": utc_text(now)}))

    def last_webhook_at(self, connection_id: str) -> str:
        """Return when a webhook last came, at most 15 minutes too early: UTC text, "" before the first."""
        item = self._table.get(key(connection_id, "LAST_WEBHOOK")) or {}
        return str(item.get("last_webhook_at", ""))

    def rows(self, connection_id: str) -> list[Row]:
        """Return every row of a company, for proofs and support. Strongly consistent read."""
        return self._rows(connection_id, rows.ENTRIES)

    def _rows(self, connection_id: str, prefix: str) -> list[Row]:
        return [rows.row_of(item) for item in self._table.with_prefix(connection_id, prefix)]


def _entry_key(connection_id: str, entry_id: str) -> dict[str, str]:
    return key(connection_id, f"{rows.ENTRIES}{entry_id}")


def _outcome(connection_id: str, row: Row, now: datetime) -> Update:
    changed = ("state", "reason", "detail", "transaction_id", "final_at", "work")
    attributes = rows.attributes(replace(row, final_at=utc_text(now)), now)
    return Update.setting(
        rows.key(connection_id, row),
        {name: attributes[name] for name in changed if name in attributes},
        remove=["work"],
        condition="#state = :ready",
        values={"ready": State.READY},
    )


def _sums(connection_id: str, outcomes: Sequence[Row], now: datetime) -> Update:
    attributes = {"updated_at": utc_text(now)}
    if any(row.state is State.SENT for row in outcomes):
        attributes["last_line_at"] = utc_text(now)
    return Update.setting(
        key(connection_id, "BALANCE"),
        attributes,
        add={
            "total": sum(row.amount for row in outcomes if row.state is not State.FAILED),
            "by_hand": sum(row.amount for row in outcomes if row.state is State.LISTED),
        },
    )
