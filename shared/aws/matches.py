"""The vouchers made here and what became of their suggested matches.

Items in LedgerTable: `MATCH#<voucher id>`, kept for good. A match to be looked at is in the index `work` under
`match#`. Every method raises StoreUnavailable when AWS does not do what was asked.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime

from shared.aws import work
from shared.aws.table import ConditionFailedError, Item, Table, Update
from shared.domain.exporting.match import MatchState
from shared.domain.times import utc_text


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRecord:
    """The match of a voucher with the line of its entry.

    `state` is what was seen at `looked_at` (UTC text; empty: nobody has looked yet). `work` changes with every reason
    to look again and is empty while there is none.
    """

    voucher_id: str
    entry_id: str
    state: MatchState
    looked_at: str = ""
    work: str = ""


class Matches:
    """All companies' matches."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def register(self, connection_id: str, voucher_id: str, entry_id: str) -> None:
        """Remember that a voucher is ours, so that lexoffice's events about it are heeded. Repeating it is harmless."""
        voucher_id = voucher_id.lower()
        new = {"voucher_id": voucher_id, "entry_id": entry_id, "state": MatchState.OPEN.value, "looked_at": ""}
        try:
            self._table.put_new({**_key(connection_id, voucher_id), **new}, key="row")
        except ConditionFailedError:
            return

    def get(self, connection_id: str, voucher_id: str) -> MatchRecord | None:
        """The match of a voucher; None if the voucher is not ours."""
        item = self._table.get(_key(connection_id, voucher_id))
        return _record(item) if item else None

    def get_many(self, connection_id: str, voucher_ids: Iterable[str]) -> dict[str, MatchRecord]:
        """The matches of vouchers, by entry id, read without consistency. At most 100 vouchers."""
        keys = [_key(connection_id, voucher_id) for voucher_id in voucher_ids]
        return {record.entry_id: record for record in map(_record, self._table.get_many(keys))}

    def mark_for_review(self, connection_id: str, voucher_id: str, now: datetime) -> bool:
        """Note that something happened to a voucher; False, and nothing is written, if it is not ours."""
        update = Update(
            key=_key(connection_id, voucher_id),
            expression="SET #work = :work",
            names=["work", "row"],
            values={"work": f"{work.MATCH}{utc_text(now)}#{voucher_id.lower()}"},
            condition="attribute_exists(#row)",
        )
        try:
            self._table.update(update)
        except ConditionFailedError:
            return False
        return True

    def waiting(self, connection_id: str, limit: int) -> list[MatchRecord]:
        """The matches to be looked at, the longest waiting first, read consistently."""
        found = self._table.query(
            condition="#connection_id = :company AND begins_with(#work, :matches)",
            names=["connection_id", "work"],
            values={"company": connection_id, "matches": work.MATCH},
            IndexName=work.INDEX,
            ConsistentRead=True,
            Limit=limit,
        )
        return [_record(item) for _, item in zip(range(limit), found, strict=False)]

    def save_result(self, connection_id: str, record: MatchRecord, state: MatchState, now: datetime) -> bool:
        """Store what was seen of a waiting match, which then waits no more.

        False, and nothing is written, when there is a newer reason to look: what was seen may be older than it.
        """
        update = Update(
            key=_key(connection_id, record.voucher_id),
            expression="SET #state = :state, #looked_at = :now REMOVE #work",
            names=["state", "looked_at", "work"],
            values={"state": state.value, "now": utc_text(now), "seen": record.work},
            condition="#work = :seen",
        )
        try:
            self._table.update(update)
        except ConditionFailedError:
            return False
        return True


def _key(connection_id: str, voucher_id: str) -> dict[str, str]:
    return {"connection_id": connection_id, "row": f"MATCH#{voucher_id.lower()}"}


def _record(item: Item) -> MatchRecord:
    known = {each.name: item[each.name] for each in fields(MatchRecord) if each.name in item}
    return MatchRecord(**{**known, "state": MatchState(known["state"])})
