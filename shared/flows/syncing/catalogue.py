"""Syncing categories and tax codes from lexoffice into Pleo. Every step may be repeated.

Tax codes come first: an account may refer to one (docs/assumptions.md#pleo-account-tax-code).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import islice

from shared.aws.catalogues import MOST_ENTRIES, CatalogueSnapshot
from shared.aws.connections import Connection, Connections
from shared.domain.exporting.taxes import CODE_PREFIX, TaxRule, tax_rules
from shared.domain.syncing import catalogue
from shared.domain.syncing.catalogue import CatalogueChange, Category, ImplausibleCatalogueError, PleoAccount
from shared.domain.times import booking_date, utc_text
from shared.errors import Forbidden, Rejected
from shared.flows.vendors import Remaining, Vendors
from shared.lexoffice.client import LexofficeClient
from shared.lexoffice.models import PostingCategory, Profile
from shared.pleo.client import PleoClient
from shared.pleo.models import NewAccount, NewTaxCode, TaxCode
from shared.telemetry import alert, log_info, log_warning

__all__ = ["CatalogueSyncResult", "ImplausibleCatalogueError", "SyncIncompleteError", "sync"]

WALLET_ACCOUNT_NAME = "Pleo-Wallet (Bankkonto in lexoffice)"
_EXISTS = "EXTERNAL_ID_ALREADY_EXISTS"
# So many waiting expenses are looked at; who has more learns that it is at least so many.
_MOST_EXPENSES = 500


class SyncIncompleteError(Exception):
    """Pleo did not take some accounts; the message counts them and names the reasons."""


@dataclass(frozen=True, slots=True)
class CatalogueSyncResult:
    """How many accounts and tax codes were created and changed."""

    accounts_created: int
    accounts_changed: int
    tax_codes_changed: int


def sync_catalogue(
    connection: Connection, remaining: Remaining, *, connections: Connections, vendors: Vendors, accepted: bool = False
) -> bool:
    """Sync and record the result; return False if the list was refused, which raises an alert. Raises vendor errors.

    A refused list is read again after an hour: lexoffice may have recovered, and nothing is lost meanwhile.
    """
    lexoffice = vendors.lexoffice(connection, remaining)
    try:
        done = sync(
            connection,
            lexoffice.profile(),
            pleo=vendors.pleo(connection),
            lexoffice=lexoffice,
            connections=connections,
            accepted=accepted,
        )
    except (ImplausibleCatalogueError, SyncIncompleteError) as error:
        alert("catalogue not synced", connection_id=connection.connection_id, detail=str(error))
        connections.change(connection.connection_id, catalogue_attempted_at=utc_text(datetime.now(UTC)))
        return False
    connections.change(connection.connection_id, catalogue_synced_at=utc_text(datetime.now(UTC)))
    log_info("catalogue synced", connection_id=connection.connection_id, **asdict(done))
    return True


def sync(
    connection: Connection,
    profile: Profile,
    *,
    pleo: PleoClient,
    lexoffice: LexofficeClient,
    connections: Connections,
    accepted: bool = False,
) -> CatalogueSyncResult:
    """Bring Pleo's tax codes and chart of accounts up to lexoffice.

    The chart also holds the wallet's bank account, so that the admin can choose it as contra account. `accepted`: a
    person says that what was refused last is right; a message that comes days later finds nothing refused, or something
    else, and accepts nothing. Raises ImplausibleCatalogueError, SyncIncompleteError and vendor errors; what was done
    until then stays done. What changed is kept for people to see; of tax codes only what the run that gets through has
    changed itself.
    """
    connection_id, now = connection.connection_id, datetime.now(UTC)
    known = connections.catalogues.snapshot(connection_id)
    rules = tax_rules(small_business=profile.small_business, tax_type=profile.tax_type, today=booking_date(now))
    tax_codes = _TaxCodes(connection.company_id, pleo, rules, known.tax_codes).sync()
    categories = _categories(lexoffice, known.accounts.keys() - {connection.account_id})
    wanted = catalogue.names(categories)
    if wanted:
        wanted[connection.account_id] = WALLET_ACCOUNT_NAME
    existing = [
        PleoAccount(row.id, row.external_id, row.name, row.archived, row.code, row.tax_code_external_id)
        for row in pleo.search_accounts(connection.company_id)
    ]
    try:
        seen = connections.catalogues.last_changes(connection_id).refused if accepted else None
        plan = catalogue.plan(wanted, existing, known.accounts, accepted=seen)
    except ImplausibleCatalogueError as error:
        connections.catalogues.save_refusal(connection_id, error.refusal)
        raise
    hidden = _create(connection.company_id, plan, pleo)
    for update in plan.update:
        pleo.update_account(
            update.account.id,
            name=update.name,
            archived=update.archived,
            code=update.account.code,
            tax_code_external_id=update.account.tax_code,
        )
    told = catalogue.changes(plan, known.accounts)
    # Pleo has it and shows it to nobody: that was told when it happened.
    told = {key: each for key, each in told.items() if key not in hidden & known.accounts.keys()}
    by_account = [*told.items(), *catalogue.flag_changes(categories, known.flags)]
    accounts = {row.external_id: row.id for row in existing}
    changes = [*_with_expenses(connection, by_account, accounts, pleo), *tax_codes]
    if not known.accounts:
        changes = []  # the first sync changes nothing: there was nothing before
    flags = {category.id: category.flags for category in categories}
    synced = CatalogueSnapshot(accounts=plan.remembered, flags=flags, tax_codes=[rule.code for rule in rules])
    connections.catalogues.save(connection_id, synced, changes, now)
    return CatalogueSyncResult(len(plan.create), len(plan.update), len(tax_codes))


def _categories(lexoffice: LexofficeClient, known: Collection[str]) -> list[Category]:
    """The categories for expenses. That one is gone is believed when lexoffice has said so twice."""
    rows = {row.id: row for row in lexoffice.posting_categories()}
    if not rows.keys() >= set(known):
        rows |= {row.id: row for row in lexoffice.posting_categories()}
    return [_category(row) for row in rows.values() if row.type == "outgo"]


def _category(row: PostingCategory) -> Category:
    return Category(
        row.id,
        row.name,
        row.group_name or "",
        contact_required=row.contact_required,
        split_allowed=row.split_allowed,
    )


def _create(company_id: str, plan: catalogue.CataloguePlan, pleo: PleoClient) -> set[str]:
    """Create accounts; those that Pleo has already, though it did not show them, come back by external id."""
    if not plan.create:
        return set()
    accounts = [NewAccount(external_id=key, name=name) for key, name in plan.create.items()]
    failures = pleo.create_accounts(company_id, accounts)
    # Created in an earlier, interrupted run: that is what was wanted.
    serious = [failure for failure in failures if set(failure.reasons) != {_EXISTS}]
    if serious:
        reasons = sorted({reason for failure in serious for reason in failure.reasons})
        raise SyncIncompleteError(f"Pleo refused {len(serious)} accounts: {', '.join(reasons)}")
    return {failure.external_id for failure in failures}


def _with_expenses(
    connection: Connection,
    changes: Sequence[tuple[str, CatalogueChange]],
    accounts: Mapping[str, str],
    pleo: PleoClient,
) -> list[CatalogueChange]:
    """The same changes; those that touch expenses say which of them still wait for their export.

    `changes` with the category's id, `accounts`: Pleo's id by that. Only people read it, so a refusal does not stop the
    sync (docs/assumptions.md#pleo-expenses-of-account).
    """
    touched = {accounts[key] for key, change in changes if change.what in catalogue.TOUCHING and key in accounts}
    using: dict[str, list[str]] = {account: [] for account in touched}
    try:
        waiting = pleo.unexported_entries(connection.company_id, sorted(touched)) if touched else ()
        for entry in islice(waiting, _MOST_EXPENSES):
            if entry.account_id in using:
                using[entry.account_id].append(entry.id)
    except (Forbidden, Rejected) as error:
        log_warning("waiting expenses not readable", connection_id=connection.connection_id, cause=str(error))
    told = []
    for key, change in changes:
        ids = using.get(accounts.get(key, ""), []) if change.what in catalogue.TOUCHING else []
        told.append(replace(change, expenses=len(ids), entry_ids=tuple(ids[:MOST_ENTRIES])))
    if expenses := sum(change.expenses for change in told if change.what == "archived"):
        log_warning("category in use removed", connection_id=connection.connection_id, expenses=expenses)
    return told


@dataclass(frozen=True, slots=True)
class _TaxCodes:
    """Brings one company's tax codes to what `rules` say; `known` are the codes that were synced last time."""

    company_id: str
    pleo: PleoClient
    rules: Collection[TaxRule]
    known: Collection[str]

    def sync(self) -> list[CatalogueChange]:
        """Create, correct and archive; only what this run has changed is told. Codes of others are left alone."""
        wanted = {rule.code: rule for rule in self.rules}
        found: set[str] = set()
        changes = []
        for tax_code in self.pleo.search_tax_codes(self.company_id):
            code = tax_code.code or ""
            if not code.startswith(CODE_PREFIX):
                continue
            rule = wanted.get(code)
            # Pleo knows no uniqueness: a second code of the same name is a leftover of an interrupted run.
            if rule is None or code in found:
                changes += self._archive(tax_code)
                continue
            found.add(code)
            changes += self._correct(tax_code, rule)
        for rule in wanted.values():
            if rule.code not in found:
                self.pleo.create_tax_code(self._new(rule, archived=False))
                changes.append(CatalogueChange(what="tax_code", name=rule.name))
        return changes

    def _correct(self, tax_code: TaxCode, rule: TaxRule) -> list[CatalogueChange]:
        # One that was synced last time and is archived now was archived by the customer, in Pleo: that stays.
        archived = tax_code.archived and rule.code in self.known
        stands = (tax_code.name, tax_code.rate, tax_code.type, tax_code.archived)
        if stands == (rule.name, rule.rate, rule.type, archived):
            return []
        self.pleo.update_tax_code(tax_code.id, self._new(rule, archived=archived))
        before = "" if tax_code.archived and not archived else tax_code.name
        return [CatalogueChange(what="tax_code", name=rule.name, before=before)]

    def _new(self, rule: TaxRule, *, archived: bool) -> NewTaxCode:
        return NewTaxCode(
            company_id=self.company_id,
            name=rule.name,
            rate=rule.rate,
            type=rule.type,
            code=rule.code,
            archived=archived,
        )

    def _archive(self, tax_code: TaxCode) -> list[CatalogueChange]:
        """Archive a tax code of ours; the change has no name then, only one `before`."""
        if tax_code.archived:
            return []
        archived = NewTaxCode(
            company_id=self.company_id,
            name=tax_code.name,
            rate=tax_code.rate,
            type=tax_code.type,
            code=tax_code.code,
            archived=True,
        )
        self.pleo.update_tax_code(tax_code.id, archived)
        return [CatalogueChange(what="tax_code", name="", before=tax_code.name)]
