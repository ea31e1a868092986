"""`/v1/finance/accounts` (https://developers.lexware.io/partner/docs/#finance-endpoint).

lexoffice never computes a balance: its users see what the partner last sent.
"""

from dataclasses import replace
from decimal import Decimal

from local.lexoffice import clock, problems
from local.lexoffice.call import Endpoint, LexofficeCall
from local.lexoffice.problems import RefusedError
from local.lexoffice.reading import Reader, euros
from local.lexoffice.records import LexofficeAccount
from local.lexoffice.resources import action_result, find
from local.lexoffice.wire import LexofficeAnswer

TYPES = ("GIRO", "SAVINGS", "FIXEDTERM", "SECURITIES", "LOAN", "CREDITCARD", "CASH", "PAYMENT_PROVIDER")
_COLLECTION = "finance/accounts"
_CARD_PROVIDERS = ("VISA", "MASTERCARD", "AMEX", "DINERSCLUB")


def create(call: LexofficeCall) -> LexofficeAnswer:
    """Create an account. The answer is an action result with version 0, although a read shows version 1."""
    reader = Reader(call.json_object())
    now = call.world.clock.now()
    account = LexofficeAccount(
        organization_id=call.organization.id,
        account_system=reader.choice("accountSystem", call.world.switches.account_systems.split()) or "",
        type=reader.choice("type", TYPES) or "",
        name="",
        bank_name=reader.text("bankName", required=True),
        balance=Decimal(),
        created=now,
        modified=now,
    )
    _read_common(account, reader)
    account.bic = reader.text("bic", required=account.type == "GIRO")
    if account.type == "CREDITCARD":
        reader.text("creditCardNumber", required=True)
    if reader.violations:
        raise problems.invalid(*reader.violations)
    _check_reference(call, account)
    call.world.accounts[account.id] = account
    answer = action_result(call, account, collection=_COLLECTION, version=0)
    if call.world.switches.account_create_answer == "full":
        answer = LexofficeAnswer(201, as_json(account))
    return LexofficeAnswer(201, answer.body, {"Location": call.location(f"finance/accounts/{account.id}")})


def read(call: LexofficeCall) -> LexofficeAnswer:
    """Return one account."""
    return LexofficeAnswer(200, as_json(find(call, call.world.accounts, "Financial account")))


def list_all(call: LexofficeCall) -> LexofficeAnswer:
    """List the organisation's accounts, or those with an `iban` or an `externalReference`, not both."""
    iban, reference = call.query.get("iban"), call.query.get("externalReference")
    if iban is not None and reference is not None:
        raise RefusedError(400, "iban and externalReference cannot be combined")
    found = call.world.accounts_of(call.organization.id)
    if iban is not None:
        found = [account for account in found if account.iban == iban]
    if reference is not None:
        found = [account for account in found if account.external_reference == reference]
    return LexofficeAnswer(200, [as_json(account) for account in found])


def update(call: LexofficeCall) -> LexofficeAnswer:
    """Replace what a partner may change: omitted fields are emptied, read-only fields are ignored."""
    account = find(call, call.world.accounts, "Financial account")
    reader = Reader(call.json_object())
    version = reader.whole("lockVersion", required=True)
    if reader.choice("type", TYPES) not in {None, account.type}:
        reader.refuse("type", "INVALID", "kann nicht geändert werden")
    changed = replace(account, bank_name=reader.text("bankName"), bic=reader.text("bic"))
    _read_common(changed, reader)
    if reader.violations:
        raise problems.invalid(*reader.violations)
    if version != account.lock_version:
        raise RefusedError(409, "The resource was changed in the meantime")
    changed.lock_version += 1
    changed.modified = call.world.clock.now()
    call.world.accounts[account.id] = changed
    return action_result(call, changed, collection=_COLLECTION, version=changed.lock_version)


def _read_common(account: LexofficeAccount, reader: Reader) -> None:
    account.name = reader.text("name", required=True) or ""
    account.account_holder = reader.text("accountHolder")
    account.balance = euros(reader.money("balance", required=True) or Decimal())
    account.iban = reader.text("iban", required=account.type == "GIRO")
    account.external_reference = reader.text("externalReference")
    account.provider = (
        reader.choice("provider", _CARD_PROVIDERS) if account.type == "CREDITCARD" else reader.text("provider")
    )


def _check_reference(call: LexofficeCall, account: LexofficeAccount) -> None:
    if not call.world.switches.account_reference_unique or account.external_reference is None:
        return
    others = call.world.accounts_of(call.organization.id)
    if any(other.external_reference == account.external_reference for other in others):
        raise problems.invalid(
            problems.Violation("UNIQUE", "externalReference", "wird bereits verwendet"),
        )


def as_json(account: LexofficeAccount) -> dict[str, object]:
    """Return an account with the undocumented fields that real answers contain."""
    return {
        "financialAccountId": account.id,
        "organizationId": account.organization_id,
        "type": account.type,
        "accountSystem": account.account_system,
        "name": account.name,
        "bankName": account.bank_name,
        "accountHolder": account.account_holder,
        "balance": account.balance,
        "iban": account.iban,
        "bic": account.bic,
        "provider": account.provider,
        "externalReference": account.external_reference,
        "lockVersion": account.lock_version,
        "deactivated": account.deactivated,
        "createdDate": clock.utc_text(account.created),
        "lastModifiedDate": clock.utc_text(account.modified),
        "initialSyncDate": None,
        "state": {
            "organizationId": account.organization_id,
            "status": "IDLE",
            "errorMessage": None,
            "errorOnSync": False,
            "syncStartDate": None,
            "syncEndDate": None,
        },
        "virtualAcountId": account.virtual_account_id,  # lexoffice's spelling
        "balanceDate": clock.utc_text(account.modified),
        "connectionType": account.account_system,
        "usingProfileType": "BUSINESS",
        "availableActions": ["DELETE", "DISCONNECT_VIA_PARTNER", "EDIT", "DEACTIVATE", "IMPORT_CSV"],
        **dict.fromkeys(_NULL_EXTRAS),
        **dict.fromkeys(_FALSE_EXTRAS, False),
        **dict.fromkeys(_TRUE_EXTRAS, True),
    }


_NULL_EXTRAS = (
    "accountHolderOrigin",
    "openingBalanceDate",
    "openingAmount",
    "brandColor",
    "brandLogoUrlLight",
    "brandLogoUrlDark",
    "brandLogoUrlColor",
    "brandLogoUrlAvatar",
)
_FALSE_EXTRAS = (
    "financialContact",
    "synchronizable",
    "canIgnoreTransactions",
    "readBalancesAllowed",
    "readTransactionsAllowed",
    "sendBankTransferAllowed",
    "sendScheduledBankTransferAllowed",
    "sendStandingBankTransferAllowed",
    "sendCombinedBankTransferAllowed",
    "sepaInstantAllowed",
    "sepaInstantCapable",
    "printSepaTransferConfirmationAllowed",
)
_TRUE_EXTRAS = ("balanceAccessible", "connected")

_ONE = "/v1/finance/accounts/{id}"
ENDPOINTS = (
    Endpoint(method="POST", path="/v1/finance/accounts", scope="finance.write", serve=create),
    Endpoint(method="GET", path="/v1/finance/accounts", scope="finance.read", serve=list_all),
    Endpoint(method="GET", path=_ONE, scope="finance.read", serve=read),
    Endpoint(method="PUT", path=_ONE, scope="finance.write", serve=update),
)
