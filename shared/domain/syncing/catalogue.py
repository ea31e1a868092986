"""Plan the sync of lexoffice's posting categories to Pleo's chart of accounts.

- Accounts are matched by lexoffice's id only, because names change and ids do not.
- Accounts that this product never synced belong to the customer and are not changed.
- A category that disappears from lexoffice is archived in Pleo, never deleted.
- Employees see Pleo's categories, which the sync does not change.

Source: https://developers.pleo.io, "Chart of accounts".
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

NAME_LIMIT = 255
# More than this number at once, and more than this share, is not a clean-up but a faulty list.
_MOST = 10
_MOST_SHARE = 0.2
_NAMELESS = "Kategorie ohne Namen"
_MESSAGES = {
    "empty": "lexoffice returned no posting categories for expenses",
    "removed": "{count} of {known} posting categories disappeared at once",
    "renamed": "{count} of {known} posting categories were renamed at once",
}
# Flags of a category: the change's name when the flag was set, and when it was removed.
_FLAGS = {"contact": ("contact_required", "contact_free"), "split": ("several_rates", "one_rate")}
# Changes after which the export of an expense that is coded with the category may be refused.
TOUCHING = frozenset({"archived", "contact_required", "one_rate"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueChange:
    """One change that a sync made in Pleo or found in lexoffice.

    - `what`: created, renamed, archived, restored, tax_code, contact_required, contact_free, several_rates or one_rate.
      The last four change the category's flags, which Pleo does not show.
    - `name`, `before`: the new and the old name. A tax code without `before` is new, one without `name` was archived.
    - `expenses`: number of expenses that are not exported yet and use a category that is gone or accepts less now.
    - `entry_ids`: some of these expenses.
    """

    what: str
    name: str
    before: str = ""
    expenses: int = 0
    entry_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueRefusal:
    """Why the last sync changed nothing: lexoffice's list is implausible.

    `reason` is "empty", "removed" or "renamed". The sync would have changed `count` of the `known` categories.
    """

    reason: str
    count: int
    known: int

    @property
    def confirmable(self) -> bool:
        """Whether the admin may accept the list anyway. An empty list is always wrong."""
        return self.reason != "empty"


class ImplausibleCatalogueError(Exception):
    """lexoffice's list is implausible, so nothing was changed. The message says why."""

    def __init__(self, reason: str, *, count: int = 0, known: int = 0) -> None:
        self.refusal = CatalogueRefusal(reason=reason, count=count, known=known)
        super().__init__(_MESSAGES[reason].format(count=count, known=known))


@dataclass(frozen=True, slots=True)
class Category:
    """A posting category for expenses."""

    id: str
    name: str
    group: str
    contact_required: bool = False
    split_allowed: bool = False

    @property
    def flags(self) -> str:
        """The names of the flags that are set, separated by spaces, as they are stored."""
        known = {"contact": self.contact_required, "split": self.split_allowed}
        return " ".join(name for name, is_set in known.items() if is_set)


@dataclass(frozen=True, slots=True)
class PleoAccount:
    """An account in Pleo. `code` and `tax_code` belong to the customer and are sent back unchanged."""

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
class CataloguePlan:
    """Changes to make in Pleo. Mappings are external id → name.

    - `create`, `update`: accounts to create and to change.
    - `wanted`: the accounts as they will be afterwards.
    - `unseen`: synced accounts to archive that Pleo did not return: deleted there, or missing from a truncated list.
      They stay stored, so that a later sync can archive them.
    """

    create: Mapping[str, str]
    update: tuple[AccountUpdate, ...]
    wanted: Mapping[str, str]
    unseen: Mapping[str, str] = field(default_factory=dict)

    @property
    def remembered(self) -> dict[str, str]:
        """External id → name of the accounts to store as synced."""
        return {**self.unseen, **self.wanted}


def names(categories: Iterable[Category]) -> dict[str, str]:
    """Return unique account names by category id. Equal names get the group added, then the start of the id."""
    rows = list(categories)
    called = {row.id: row.name.strip() or _NAMELESS for row in rows}
    plain = Counter(called.values())
    grouped = Counter((called[row.id], row.group) for row in rows)
    result = {}
    for row in rows:
        name = called[row.id]
        if plain[name] > 1:
            twin = grouped[name, row.group] > 1
            name = f"{name} ({row.group}{', ' + row.id[:8] if twin else ''})"
        result[row.id] = name[:NAME_LIMIT]
    return result


def plan(
    wanted: Mapping[str, str],
    existing: Iterable[PleoAccount],
    known: Mapping[str, str],
    *,
    accepted: CatalogueRefusal | None = None,
) -> CataloguePlan:
    """Compare lexoffice's categories with Pleo's accounts. Raise ImplausibleCatalogueError for an implausible list.

    - `wanted`: account names by external id, from lexoffice.
    - `existing`: the accounts in Pleo.
    - `known`: what this product synced last time. Only these accounts may be archived.
    - `accepted`: the refusal that the admin accepted. A list with any other refusal is refused again, an empty list
      always.
    """
    if not wanted:
        raise ImplausibleCatalogueError("empty")
    accounts = {account.external_id: account for account in existing}
    updates = []
    for key, name in wanted.items():
        account = accounts.get(key)
        # An account that was synced last time and is archived now was archived in Pleo by the customer: keep it so.
        archived = account is not None and account.archived and key in known
        if account is not None and (account.name, account.archived) != (name, archived):
            updates.append(AccountUpdate(account, name, archived))
    gone = [key for key in known if key not in wanted and key in accounts and not accounts[key].archived]
    renamed = sum(wanted.get(key, name) != name for key, name in known.items())
    refusals = [
        CatalogueRefusal(reason=reason, count=count, known=len(known))
        for reason, count in (("removed", len(gone)), ("renamed", renamed))
        if count > max(_MOST, len(known) * _MOST_SHARE)
    ]
    if refusals and accepted not in refusals:
        raise ImplausibleCatalogueError(refusals[0].reason, count=refusals[0].count, known=len(known))
    updates += [AccountUpdate(accounts[key], accounts[key].name, archived=True) for key in gone]
    create = {key: name for key, name in wanted.items() if key not in accounts}
    unseen = {key: name for key, name in known.items() if key not in wanted and key not in accounts}
    return CataloguePlan(create, tuple(updates), wanted, unseen)


def changes(plan: CataloguePlan, known: Mapping[str, str]) -> dict[str, CatalogueChange]:
    """Return the changes of a plan to report to the customer, by external id.

    The plan is compared with the last sync, not only with Pleo: a run that crashed part-way has already changed Pleo,
    and these changes must be reported too.
    """
    updates = {update.account.external_id: update for update in plan.update}
    found = {}
    for key, name in plan.wanted.items():
        update = updates.get(key)
        if key not in known:
            restored = update is not None and update.account.archived
            found[key] = CatalogueChange(what="restored" if restored else "created", name=name)
        elif known[key] != name:
            found[key] = CatalogueChange(what="renamed", name=name, before=known[key])
        elif update is not None:
            # The customer has renamed the account in Pleo.
            found[key] = CatalogueChange(what="renamed", name=name, before=update.account.name)
        elif key in plan.create:
            # The customer has removed the account in Pleo.
            found[key] = CatalogueChange(what="created", name=name)
    gone = [key for key in known if key not in plan.remembered]
    return found | {key: CatalogueChange(what="archived", name=known[key]) for key in gone}


def flag_changes(categories: Iterable[Category], flags: Mapping[str, str]) -> list[tuple[str, CatalogueChange]]:
    """Return the flags that were set or removed since the last sync, each with the category's id.

    `flags` are the flags as stored, by category id.
    """
    found = []
    for category in categories:
        before, now = flags.get(category.id), category.flags
        if before is not None and before != now:
            for flag, (was_set, was_taken) in _FLAGS.items():
                if (flag in now.split()) != (flag in before.split()):
                    what = was_set if flag in now.split() else was_taken
                    found.append((category.id, CatalogueChange(what=what, name=category.name)))
    return found
