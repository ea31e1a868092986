"""Matches of the vouchers that this product created, with the state of each in lexoffice.

Items in LedgerTable: `MATCH#<voucher id>`, kept permanently. A match to review is in the index `work` under `match#`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.aws import ledger_table, work
from shared.aws.ledger_table import LedgerTable
from shared.aws.table import Insert, Item, Update, from_item
from shared.domain.exporting.match import MatchState
from shared.domain.times import utc_text


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRecord:
    """The match of a voucher with the line of its entry.

    - `state`: what the worker found at `looked_at` (UTC text; "" before the first review).
    - `work`: the reason for the next review; changes with every event and is "" without one.
    """

    voucher_id: str
    entry_id: str
    state: MatchState
    looked_at: str = ""
    work: str = ""


class Matches:
    """All companies' matches."""

    def __init__(self, table: str) -> None:
        self._table = LedgerTable(table)

    def register(self, connection_id: str, voucher_id: str, entry_id: str) -> None:
        """Register a voucher as ours, so that the worker handles lexoffice's events about it. Idempotent."""
        new = {"voucher_id": voucher_id.lower(), "entry_id": entry_id, "state": MatchState.OPEN, "looked_at": ""}
        self._table.insert(Insert({**_key(connection_id, voucher_id), **new}, key="row"))

    def get(self, connection_id: str, voucher_id: str) -> MatchRecord | None:
        """Return the match of a voucher, None if the voucher is not ours."""
        item = self._table.get(_key(connection_id, voucher_id))
        return _record(item) if item else None

    def get_many(self, connection_id: str, voucher_ids: Iterable[str]) -> dict[str, MatchRecord]:
        """Return the matches of at most 100 vouchers, by entry id. Eventually consistent read."""
        keys = [_key(connection_id, voucher_id) for voucher_id in voucher_ids]
        return {record.entry_id: record for record in map(_record, self._table.get_many(keys))}

    def mark_for_review(self, connection_id: str, voucher_id: str, now: datetime) -> bool:
        """Request a review of a voucher's match; return False, and write nothing, if the voucher is not ours."""
        entry = f"{work.MATCH}{utc_text(now)}#{voucher_id.lower()}"
        return self._table.attempt(
            Update.setting(_key(connection_id, voucher_id), {"work": entry}, condition="attribute_exists(#row)")
        )

    def waiting(self, connection_id: str, limit: int) -> list[MatchRecord]:
        """Return the matches to review, oldest request first. Strongly consistent read."""
        return [_record(item) for item in self._table.indexed(connection_id, work.MATCH, limit=limit)]

    def save_result(self, connection_id: str, record: MatchRecord, state: MatchState, now: datetime) -> bool:
        """Store the result of a review and end the request.

        Return False, and write nothing, if there is a newer request: the result may be older than its reason.
        """
        return self._table.attempt(
            Update.setting(
                _key(connection_id, record.voucher_id),
                {"state": state, "looked_at": utc_text(now)},
                remove=["work"],
                condition="#work = :seen",
                values={"seen": record.work},
            )
        )


def _key(connection_id: str, voucher_id: str) -> dict[str, str]:
    return ledger_table.key(connection_id, f"MATCH#{voucher_id.lower()}")


def _record(item: Item) -> MatchRecord:
    return from_item(MatchRecord, item, state=MatchState(item["state"]))
