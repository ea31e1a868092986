"""What was synced into Pleo per company, and what the syncs changed: items `CATALOGUE#<connection id>` of
ConnectionTable. Every method raises StoreUnavailable when AWS does not do what was asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from shared.aws.table import Item, Table, Update
from shared.domain.syncing.catalogue import CatalogueChange, CatalogueRefusal
from shared.domain.times import utc_text

MOST_CHANGES = 100
MOST_ENTRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueSnapshot:
    """What stands in Pleo by our doing: accounts (external id → name), what their categories take, our tax codes."""

    accounts: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, str] = field(default_factory=dict)
    tax_codes: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueDiff:
    """What the last sync that changed something changed, how many changes `more` were not kept, and when.

    `changed_at` is UTC text, "" if never. `refused`: the last attempt changed nothing, and why.
    """

    changes: tuple[CatalogueChange, ...] = ()
    more: int = 0
    changed_at: str = ""
    refused: CatalogueRefusal | None = None


class Catalogues:
    """All companies' lists."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def snapshot(self, connection_id: str) -> CatalogueSnapshot:
        """What was synced last time."""
        item = self._item(connection_id)
        return CatalogueSnapshot(
            accounts=dict(item.get("accounts", {})),
            flags=dict(item.get("flags", {})),
            tax_codes=tuple(item.get("tax_codes", ())),
        )

    def save(
        self, connection_id: str, synced: CatalogueSnapshot, changes: Sequence[CatalogueChange], now: datetime
    ) -> None:
        """Remember what was synced, and at most 100 of the changes, until a sync changes something again.

        Of all the entries that the changes name 20 are kept. An earlier refusal is over.
        """
        attributes: Item = {
            "accounts": dict(synced.accounts),
            "flags": dict(synced.flags),
            "tax_codes": [*synced.tax_codes],
        }
        if changes:
            attributes["changes"] = _storable_changes(changes[:MOST_CHANGES])
            attributes["more"] = max(len(changes) - MOST_CHANGES, 0)
            attributes["changed_at"] = utc_text(now)
        sets = ", ".join(f"#{name} = :{name}" for name in attributes)
        self._change(connection_id, f"SET {sets} REMOVE #refused", names=[*attributes, "refused"], values=attributes)

    def save_refusal(self, connection_id: str, refusal: CatalogueRefusal) -> None:
        """Remember why a sync changed nothing."""
        self._change(connection_id, "SET #refused = :refused", names=["refused"], values={"refused": asdict(refusal)})

    def last_changes(self, connection_id: str) -> CatalogueDiff:
        """What people are shown."""
        item = self._item(connection_id)
        changes = [{**change, "entry_ids": tuple(change.get("entry_ids", ()))} for change in item.get("changes", [])]
        return CatalogueDiff(
            changes=tuple(CatalogueChange(**change) for change in changes),
            more=item.get("more", 0),
            changed_at=item.get("changed_at", ""),
            refused=CatalogueRefusal(**item["refused"]) if "refused" in item else None,
        )

    def _item(self, connection_id: str) -> Item:
        return self._table.get({"id": f"CATALOGUE#{connection_id}"}) or {}

    def _change(self, connection_id: str, expression: str, *, names: list[str], values: Item) -> None:
        key = {"id": f"CATALOGUE#{connection_id}"}
        self._table.update(Update(key=key, expression=expression, names=names, values=values))


def _storable_changes(changes: Sequence[CatalogueChange]) -> list[Item]:
    left, kept = MOST_ENTRIES, []
    for change in changes:
        entry_ids = list(change.entry_ids[:left])
        left -= len(entry_ids)
        kept.append({**asdict(change), "entry_ids": entry_ids})
    return kept
