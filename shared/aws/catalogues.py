"""Snapshots of the catalogue in Pleo and what the last sync changed: `CATALOGUE#<connection id>` in ConnectionTable."""

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
    """The catalogue in Pleo as of the last sync.

    - `accounts`: name by external id.
    - `flags`: the flags of each posting category, by its id.
    - `tax_codes`: the codes that we manage.
    """

    accounts: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, str] = field(default_factory=dict)
    tax_codes: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueDiff:
    """The changes of the last sync that changed anything.

    - `more`: the number of changes that are not stored.
    - `changed_at`: UTC text, "" if no sync has changed anything.
    - `refused`: why the last attempt changed nothing, None if it was not refused.
    """

    changes: tuple[CatalogueChange, ...] = ()
    more: int = 0
    changed_at: str = ""
    refused: CatalogueRefusal | None = None


class Catalogues:
    """All companies' catalogues."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def snapshot(self, connection_id: str) -> CatalogueSnapshot:
        """Return the catalogue in Pleo as of the last sync."""
        item = self._item(connection_id)
        return CatalogueSnapshot(
            accounts=dict(item.get("accounts", {})),
            flags=dict(item.get("flags", {})),
            tax_codes=tuple(item.get("tax_codes", ())),
        )

    def save(
        self, connection_id: str, synced: CatalogueSnapshot, changes: Sequence[CatalogueChange], now: datetime
    ) -> None:
        """Store the catalogue in Pleo after a sync and remove an earlier refusal.

        - `changes`: at most 100 are stored, with at most 20 entry ids in all. None: those stored before remain.
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
        self._table.update(Update.setting(_key(connection_id), attributes, remove=["refused"]))

    def save_refusal(self, connection_id: str, refusal: CatalogueRefusal) -> None:
        """Store why a sync changed nothing."""
        self._table.update(Update.setting(_key(connection_id), {"refused": asdict(refusal)}))

    def last_changes(self, connection_id: str) -> CatalogueDiff:
        """Return the changes that the status page shows."""
        item = self._item(connection_id)
        changes = [{**change, "entry_ids": tuple(change.get("entry_ids", ()))} for change in item.get("changes", [])]
        return CatalogueDiff(
            changes=tuple(CatalogueChange(**change) for change in changes),
            more=item.get("more", 0),
            changed_at=item.get("changed_at", ""),
            refused=CatalogueRefusal(**item["refused"]) if "refused" in item else None,
        )

    def _item(self, connection_id: str) -> Item:
        return self._table.get(_key(connection_id)) or {}


def _key(connection_id: str) -> dict[str, str]:
    return {"id": f"CATALOGUE#{connection_id}"}


def _storable_changes(changes: Sequence[CatalogueChange]) -> list[Item]:
    left, kept = MOST_ENTRIES, []
    for change in changes:
        entry_ids = list(change.entry_ids[:left])
        left -= len(entry_ids)
        kept.append({**asdict(change), "entry_ids": entry_ids})
    return kept
