"""Which of lexoffice's posting categories Pleo's chart of accounts should hold, and what has to change for that.

Matched by lexoffice's id only: names are changed by people, ids are not. Accounts that this product never synced belong
to the customer and are left alone; what disappears from lexoffice is archived, never deleted. The names that employees
see are Pleo's categories, which nothing here touches. https://developers.pleo.io, "Chart of accounts".
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

NAME_LIMIT = 255
# More than this many at once, and more than this share, is no clean-up but a fault on the way.
_MOST = 10
_MOST_SHARE = 0.2
_NAMELESS = "Kategorie ohne Namen"
_MESSAGES = {
    "empty": "lexoffice returned no posting categories for expenses",
    "removed": "{count} of {known} posting categories disappeared at once",
    "renamed": "{count} of {known} posting categories were renamed at once",
}
# What a category takes: the words for a flag that was set, and for one that was taken away.
_FLAGS = {"contact": ("contact_required", "contact_free"), "split": ("several_rates", "one_rate")}
# Changes after which an expense that is coded with the category and waits for its export may be refused there.
TOUCHING = frozenset({"archived", "contact_required", "one_rate"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueChange:
    """One change that a sync made in Pleo or found in lexoffice.

    `what` is created, renamed, archived, restored, tax_code, contact_required, contact_free, several_rates or one_rate
    (the last four change what a category takes; Pleo shows nothing of it). A tax code without `before` is new, one
    without `name` was archived. `expenses`: so many that are not exported yet use what is gone or takes less now,
    `entry_ids` are some of them.
    """

    what: str
    name: str
    before: str = ""
    expenses: int = 0
    entry_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueRefusal:
    """Why the last sync changed nothing: lexoffice's list cannot be right.

    `reason` is empty, removed or renamed; `count` of the `known` categories would have been hit.
    """

    reason: str
    count: int
    known: int

    @property
    def confirmable(self) -> bool:
        """Whether a person may say that it is right all the same; no company is without any category."""
        return self.reason != "empty"


class ImplausibleCatalogueError(Exception):
    """lexoffice's list cannot be right; nothing was changed. The message says why."""

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
        """What it takes, as it is remembered: the names of the flags that are set."""
        known = {"contact": self.contact_required, "split": self.split_allowed}
        return " ".join(name for name, is_set in known.items() if is_set)


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
class CataloguePlan:
    """What to do, and `wanted` (external id → name) as it will stand afterwards.

    `unseen` are accounts of ours that should go and that Pleo did not show: deleted by somebody, or left out of a list
    that was cut short. They stay remembered, so that they can still be archived.
    """

    create: Mapping[str, str]
    update: tuple[AccountUpdate, ...]
    wanted: Mapping[str, str]
    unseen: Mapping[str, str] = field(default_factory=dict)

    @property
    def remembered(self) -> dict[str, str]:
        """External id → name of what is ours from now on."""
        return {**self.unseen, **self.wanted}


def names(categories: Iterable[Category]) -> dict[str, str]:
    """Account names by category id; equal names are told apart by their group, then by a piece of the id."""
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
    """Compare what lexoffice has with what Pleo has.

    `known` is what this product synced last time; only these may be archived. `accepted`: a person has seen this
    refusal and says that it is right; a list that would be refused for more or less than that is refused anew, and an
    empty one always. Raises ImplausibleCatalogueError.
    """
    if not wanted:
        raise ImplausibleCatalogueError("empty")
    accounts = {account.external_id: account for account in existing}
    updates = []
    for key, name in wanted.items():
        account = accounts.get(key)
        # One that was synced last time and is archived now was archived by the customer, in Pleo: that stays.
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
    """What carrying out a plan changes for people, by external id.

    Compared with what was synced last time, not with Pleo alone: a run that died half-way has changed Pleo already, and
    what it changed must be told all the same.
    """
    found = {update.account.external_id: update for update in plan.update}
    told = {}
    for key, name in plan.wanted.items():
        update = found.get(key)
        if key not in known:
            restored = update is not None and update.account.archived
            told[key] = CatalogueChange(what="restored" if restored else "created", name=name)
        elif known[key] != name:
            told[key] = CatalogueChange(what="renamed", name=name, before=known[key])
        elif update is not None:
            # Somebody has renamed it in Pleo.
            told[key] = CatalogueChange(what="renamed", name=name, before=update.account.name)
        elif key in plan.create:
            # Somebody has removed it in Pleo.
            told[key] = CatalogueChange(what="created", name=name)
    gone = [key for key in known if key not in plan.remembered]
    return told | {key: CatalogueChange(what="archived", name=known[key]) for key in gone}


def flag_changes(categories: Iterable[Category], flags: Mapping[str, str]) -> list[tuple[str, CatalogueChange]]:
    """What categories take now and did not take last time, or the other way round, each with the category's id.

    `flags` as remembered, by id.
    """
    told = []
    for category in categories:
        before, now = flags.get(category.id), category.flags
        if before is not None and before != now:
            for flag, (was_set, was_taken) in _FLAGS.items():
                if (flag in now.split()) != (flag in before.split()):
                    what = was_set if flag in now.split() else was_taken
                    told.append((category.id, CatalogueChange(what=what, name=category.name)))
    return told
