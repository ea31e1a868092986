"""Sync categories and tax codes from lexoffice to Pleo. Every step is idempotent.

Tax codes come first, because an account may refer to one (docs/assumptions.md#pleo-account-tax-code).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import islice

from shared.aws.catalogues import MOST_ENTRIES, Catalogues, CatalogueSnapshot
from shared.aws.connections import Connection
from shared.aws.stores import Stores
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
# Limit of waiting expenses that are read; beyond it, the status page shows a lower bound.
_MOST_EXPENSES = 500


class SyncIncompleteError(Exception):
    """Pleo refused some accounts; the message has their number and the reasons."""


@dataclass(frozen=True, slots=True)
class CatalogueSyncResult:
    """Number of accounts created, accounts changed, and tax codes created or changed."""

    accounts_created: int
    accounts_changed: int
    tax_codes_changed: int


def sync_catalogue(
    connection: Connection, remaining: Remaining, *, stores: Stores, vendors: Vendors, accepted: bool = False
) -> bool:
    """Sync the catalogue and record the result; return False and raise an alert if it was refused.

    A refused catalogue is read again after an hour: lexoffice may have recovered, and nothing is lost meanwhile.
    `accepted`: see `sync`. Raises vendor errors.
    """
    lexoffice = vendors.lexoffice(connection, remaining)
    try:
        done = sync(
            connection,
            lexoffice.profile(),
            pleo=vendors.pleo(connection),
            lexoffice=lexoffice,
            catalogues=stores.catalogues,
            accepted=accepted,
        )
    except (ImplausibleCatalogueError, SyncIncompleteError) as error:
        alert("catalogue not synced", connection_id=connection.connection_id, detail=str(error))
        stores.connections.change(connection.connection_id, catalogue_attempted_at=utc_text(datetime.now(UTC)))
        return False
    stores.connections.change(connection.connection_id, catalogue_synced_at=utc_text(datetime.now(UTC)))
    log_info("catalogue synced", connection_id=connection.connection_id, **asdict(done))
    return True


def sync(
    connection: Connection,
    profile: Profile,
    *,
    pleo: PleoClient,
    lexoffice: LexofficeClient,
    catalogues: Catalogues,
    accepted: bool = False,
) -> CatalogueSyncResult:
    """Update Pleo's tax codes and chart of accounts from lexoffice.

    - The chart also contains the wallet's bank account, so that the admin can choose it as contra account.
    - `accepted`: the admin or the operator confirms the catalogue that was last refused. A confirmation that arrives
      days later finds no refusal, or a different one, and accepts nothing.
    - The changes are stored for the status page. For tax codes, only the changes of the run that completes are stored.

    Raises ImplausibleCatalogueError, SyncIncompleteError and vendor errors; completed steps are kept.
    """
    connection_id, now = connection.connection_id, datetime.now(UTC)
    known = catalogues.snapshot(connection_id)
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
        seen = catalogues.last_changes(connection_id).refused if accepted else None
        plan = catalogue.plan(wanted, existing, known.accounts, accepted=seen)
    except ImplausibleCatalogueError as error:
        catalogues.save_refusal(connection_id, error.refusal)
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
    found = catalogue.changes(plan, known.accounts)
    # Pleo has these accounts but does not list them. The change was stored when it happened.
    found = {key: each for key, each in found.items() if key not in hidden & known.accounts.keys()}
    by_account = [*found.items(), *catalogue.flag_changes(categories, known.flags)]
    accounts = {row.external_id: row.id for row in existing}
    changes = [*_with_expenses(connection, by_account, accounts, pleo), *tax_codes]
    if not known.accounts:
        changes = []  # the first sync has no previous catalogue to compare with
    flags = {category.id: category.flags for category in categories}
    synced = CatalogueSnapshot(accounts=plan.remembered, flags=flags, tax_codes=[rule.code for rule in rules])
    catalogues.save(connection_id, synced, changes, now)
    return CatalogueSyncResult(len(plan.create), len(plan.update), len(tax_codes))


def _categories(lexoffice: LexofficeClient, known: Collection[str]) -> list[Category]:
    """Return the categories for expenses. If a known one is missing, read them twice before it counts as gone."""
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
    """Create accounts; return the external ids of those that Pleo already has but did not list."""
    if not plan.create:
        return set()
    accounts = [NewAccount(external_id=key, name=name) for key, name in plan.create.items()]
    failures = pleo.create_accounts(company_id, accounts)
    # An account that an earlier, interrupted run created is no failure.
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
    """Return the changes; add the expenses that still wait for their export to changes that affect expenses.

    - `changes`: each with its category's id.
    - `accounts`: Pleo's account id by category id.

    The result is only displayed, so a refusal by Pleo does not stop the sync
    (docs/assumptions.md#pleo-expenses-of-account).
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
    found = []
    for key, change in changes:
        ids = using.get(accounts.get(key, ""), []) if change.what in catalogue.TOUCHING else []
        found.append(replace(change, expenses=len(ids), entry_ids=tuple(ids[:MOST_ENTRIES])))
    if expenses := sum(change.expenses for change in found if change.what == "archived"):
        log_warning("category in use removed", connection_id=connection.connection_id, expenses=expenses)
    return found


@dataclass(frozen=True, slots=True)
class _TaxCodes:
    """Syncs one company's tax codes to `rules`; `known` are the codes of the last sync."""

    company_id: str
    pleo: PleoClient
    rules: Collection[TaxRule]
    known: Collection[str]

    def sync(self) -> list[CatalogueChange]:
        """Create, correct and archive tax codes; return this run's changes. Tax codes of others are not touched."""
        wanted = {rule.code: rule for rule in self.rules}
        found: set[str] = set()
        changes = []
        for tax_code in self.pleo.search_tax_codes(self.company_id):
            code = tax_code.code or ""
            if not code.startswith(CODE_PREFIX):
                continue
            rule = wanted.get(code)
            # Pleo does not enforce unique codes: a duplicate is left over from an interrupted run.
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
        # A code of the last sync that is archived now was archived by the customer in Pleo: keep it archived.
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
        """Archive one of our tax codes; return the change, with an empty `name` and the old name in `before`."""
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
