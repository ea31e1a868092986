"""Syncing categories and tax codes from lexoffice into Pleo. Every step may be repeated.

Tax codes come first: an account may refer to one (docs/assumptions.md#pleo-account-tax-code).
"""

from dataclasses import dataclass

from shared.aws.connections import Connection, Connections
from shared.domain import catalogue
from shared.domain.catalogue import Category, ImplausibleCatalogueError, PleoAccount
from shared.domain.taxes import CODE_PREFIX, TaxRule, tax_rules
from shared.lexoffice.client import LexofficeClient
from shared.lexoffice.models import Profile
from shared.pleo.client import PleoClient
from shared.pleo.models import NewAccount, NewTaxCode, TaxCode

__all__ = ["ImplausibleCatalogueError", "SyncIncompleteError", "SyncResult", "sync"]

WALLET_ACCOUNT_NAME = "Pleo-Wallet (Bankkonto in lexoffice)"
_EXISTS = "EXTERNAL_ID_ALREADY_EXISTS"


class SyncIncompleteError(Exception):
    """Pleo did not take some accounts; the message counts them and names the reasons."""


@dataclass(frozen=True, slots=True)
class SyncResult:
    """How many accounts and tax codes were created and changed."""

    accounts_created: int
    accounts_changed: int
    tax_codes_changed: int


def sync(
    connection: Connection,
    profile: Profile,
    *,
    pleo: PleoClient,
    lexoffice: LexofficeClient,
    connections: Connections,
) -> SyncResult:
    """Bring Pleo's tax codes and chart of accounts up to lexoffice.

    The chart also holds the wallet's bank account, so that the admin can choose it as contra account. Raises
    ImplausibleCatalogueError, SyncIncompleteError and vendor errors; what was done until then stays done.
    """
    changed = _sync_tax_codes(connection.company_id, profile, pleo)
    categories = [
        Category(row.id, row.name, row.group_name or "")
        for row in lexoffice.posting_categories()
        if row.type == "outgo"
    ]
    wanted = catalogue.names(categories)
    if wanted:
        wanted[connection.account_id] = WALLET_ACCOUNT_NAME
    existing = [
        PleoAccount(row.id, row.external_id, row.name, row.archived, row.code, row.tax_code_external_id)
        for row in pleo.search_accounts(connection.company_id)
    ]
    plan = catalogue.plan(wanted, existing, connections.catalogue(connection.connection_id))
    _create(connection.company_id, plan, pleo)
    for update in plan.update:
        pleo.update_account(
            update.account.id,
            name=update.name,
            archived=update.archived,
            code=update.account.code,
            tax_code_external_id=update.account.tax_code,
        )
    connections.remember_catalogue(connection.connection_id, plan.wanted)
    return SyncResult(len(plan.create), len(plan.update), changed)


def _create(company_id: str, plan: catalogue.Plan, pleo: PleoClient) -> None:
    if not plan.create:
        return
    accounts = [NewAccount(external_id=key, name=name) for key, name in plan.create.items()]
    failures = pleo.create_accounts(company_id, accounts)
    # Created in an earlier, interrupted run: that is what was wanted.
    serious = [failure for failure in failures if set(failure.reasons) != {_EXISTS}]
    if serious:
        reasons = sorted({reason for failure in serious for reason in failure.reasons})
        raise SyncIncompleteError(f"Pleo refused {len(serious)} accounts: {', '.join(reasons)}")


def _sync_tax_codes(company_id: str, profile: Profile, pleo: PleoClient) -> int:
    wanted = {rule.code: rule for rule in tax_rules(small_business=profile.small_business, tax_type=profile.tax_type)}
    found: dict[str, TaxCode] = {}
    changed = 0
    for tax_code in pleo.search_tax_codes(company_id):
        if not (tax_code.code or "").startswith(CODE_PREFIX):
            continue
        rule = wanted.get(tax_code.code or "")
        # Pleo knows no uniqueness: a second code of the same name is a leftover of an interrupted run.
        if rule is None or rule.code in found:
            changed += _archive(company_id, tax_code, pleo)
            continue
        found[rule.code] = tax_code
        if _differs(tax_code, rule):
            pleo.update_tax_code(tax_code.id, _new(company_id, rule))
            changed += 1
    for rule in wanted.values():
        if rule.code not in found:
            pleo.create_tax_code(_new(company_id, rule))
            changed += 1
    return changed


def _differs(tax_code: TaxCode, rule: TaxRule) -> bool:
    stands = (tax_code.name, tax_code.rate, tax_code.type, tax_code.archived)
    return stands != (rule.name, rule.rate, rule.type, False)


def _new(company_id: str, rule: TaxRule) -> NewTaxCode:
    return NewTaxCode(company_id=company_id, name=rule.name, rate=rule.rate, type=rule.type, code=rule.code)


def _archive(company_id: str, tax_code: TaxCode, pleo: PleoClient) -> int:
    if tax_code.archived:
        return 0
    archived = NewTaxCode(
        company_id=company_id,
        name=tax_code.name,
        rate=tax_code.rate,
        type=tax_code.type,
        code=tax_code.code,
        archived=True,
    )
    pleo.update_tax_code(tax_code.id, archived)
    return 1
