"""Which of lexoffice's posting categories Pleo's chart of accounts should hold, and what has to change for that.

Matched by lexoffice's id only: names are changed by people, ids are not. Accounts that this product never synced belong
to the customer and are left alone; what disappears from lexoffice is archived, never deleted.
https://developers.pleo.io, "Chart of accounts".
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

NAME_LIMIT = 255
# More than this many at once, and more than this share, is no clean-up but a fault on the way.
_MOST_ARCHIVED = 10
_MOST_ARCHIVED_SHARE = 0.2


class ImplausibleCatalogueError(Exception):
    """lexoffice's list cannot be right; nothing was changed. The message says why."""


@dataclass(frozen=True, slots=True)
class Category:
    """A posting category for expenses."""

    id: str
    name: str
    group: str


@dataclass(frozen=True, slots=True)
class PleoAccount:
    """An account as it stands in Pleo; `code` and `tax_code` are the customer's and only carried along."""

    id: str
    external_id: str
    name: str
    archived: bool
    code: str | None = None
    tax_code: str | None = None


@dataclass(frozen=True, slots=True)
class AccountUpdate:
    """A change of an existing account: its new name and whether it is archived."""

    account: PleoAccount
    name: str
    archived: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, and `wanted` (external id → name) as it will stand afterwards."""

    create: Mapping[str, str]
    update: tuple[AccountUpdate, ...]
    wanted: Mapping[str, str]


def names(categories: Iterable[Category]) -> dict[str, str]:
    """Account names by category id; equal names are told apart by their group, then by a piece of the id."""
    rows = list(categories)
    plain = Counter(row.name for row in rows)
    grouped = Counter((row.name, row.group) for row in rows)
    result = {}
    for row in rows:
        name = row.name
        if plain[row.name] > 1:
            twin = grouped[row.name, row.group] > 1
            name = f"{row.name} ({row.group}{', ' + row.id[:8] if twin else ''})"
        result[row.id] = name[:NAME_LIMIT]
    return result


def plan(wanted: Mapping[str, str], existing: Iterable[PleoAccount], known: Mapping[str, str]) -> Plan:
    """Compare what lexoffice has with what Pleo has.

    `known` is what this product synced last time; only these may be archived. Raises ImplausibleCatalogueError.
    """
    if not wanted:
        raise ImplausibleCatalogueError("lexoffice returned no posting categories for expenses")
    accounts = {account.external_id: account for account in existing}
    updates = []
    for key, name in wanted.items():
        account = accounts.get(key)
        # One that was synced last time and is archived now was archived by the customer, in Pleo: that stays.
        archived = account is not None and account.archived and key in known
        if account is not None and (account.name, account.archived) != (name, archived):
            updates.append(AccountUpdate(account, name, archived))
    gone = [key for key in known if key not in wanted and key in accounts and not accounts[key].archived]
    if len(gone) > max(_MOST_ARCHIVED, len(known) * _MOST_ARCHIVED_SHARE):
        raise ImplausibleCatalogueError(f"{len(gone)} of {len(known)} posting categories disappeared at once")
    updates += [AccountUpdate(accounts[key], accounts[key].name, archived=True) for key in gone]
    create = {key: name for key, name in wanted.items() if key not in accounts}
    return Plan(create, tuple(updates), wanted)
