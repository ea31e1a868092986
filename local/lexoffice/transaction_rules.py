"""The rules for a valid finance transaction (https://developers.lexware.io/partner/docs/#finance-endpoint)."""

from decimal import Decimal

from local.lexoffice.call import LexofficeCall, require_permission
from local.lexoffice.problems import Violation
from local.lexoffice.reading import Reader, euros
from local.lexoffice.records import Fee, LexofficeAccount, Transaction
from local.lexoffice.wire import Json

_FEE_RATES = (0, 5, 7, 16, 19)
# The full table of categories and rates is not public; these two pairs are the documentation's samples.
_KNOWN_FEE_PAIRS = frozenset(
    {("16d04a23-fd91-11e1-a21f-0800200c9a66", 0), ("113476af-ac83-4bf2-941d-0daa37022945", 19)}
)


def read_transaction(
    call: LexofficeCall, item: Json, *, prefix: str, violations: list[Violation]
) -> Transaction | None:
    """Check one item of a batch. Add its violations to `violations` and return None if there are any.

    Raise 403 for another organisation's account.
    """
    if not isinstance(item, dict):
        violations.append(Violation("INVALID", prefix.removesuffix("."), "muss ein Objekt sein"))
        return None
    reader = Reader(item, prefix)
    account = _account(call, reader)
    value_date, booking_date = reader.moment("valueDate"), reader.moment("bookingDate")
    if item.get("valueDate") is None and item.get("bookingDate") is None:
        reader.refuse("valueDate", "NOTNULL", "darf nicht leer sein")
    now = call.world.clock.now()
    limits = call.world.switches
    line = Transaction(
        organization_id=call.organization.id,
        account_id=account.id if account else "",
        virtual_account_id=account.virtual_account_id if account else "",
        value_date=value_date,
        booking_date=booking_date,
        purpose="",
        amount=Decimal(),
        created=now,
        modified=now,
        external_reference=reader.text("externalReference", max_length=limits.reference_max_length),
        end_to_end_id=reader.text("endToEndId"),
    )
    _read_changeable(call, reader, line, account)
    line.fee = _fee(reader, line.amount, account)
    _apply_refusal_rules(call, reader, line)
    violations.extend(reader.violations)
    return None if reader.violations else line


def _account(call: LexofficeCall, reader: Reader) -> LexofficeAccount | None:
    account_id = reader.uuid("financialAccountId")
    if account_id is None:
        return None
    account = call.world.accounts.get(account_id)
    if account is None:
        reader.refuse("financialAccountId", "INVALID", "Konto nicht gefunden")
        return None
    require_permission(call, owner_id=account.organization_id)
    if account.deactivated and call.world.switches.deactivated_account == "refuse":
        reader.refuse("financialAccountId", "DEACTIVATED", "Konto ist deaktiviert")
    return account


def _read_changeable(call: LexofficeCall, reader: Reader, line: Transaction, account: LexofficeAccount | None) -> None:
    switches = call.world.switches
    line.purpose = reader.text("purpose", required=True, max_length=switches.purpose_max_length) or ""
    amount = reader.money("amount", required=True)
    if amount is not None and amount == 0:
        reader.refuse("amount", "INVALID", "darf nicht 0 sein")
    line.amount = euros(amount or Decimal())
    line.additional_info = reader.text("additionalInfo")
    line.recipient_or_sender_name = reader.text("recipientOrSenderName", max_length=switches.name_max_length)
    line.recipient_or_sender_email = reader.text("recipientOrSenderEmail")
    line.recipient_or_sender_iban = _bank_detail(reader, "recipientOrSenderIban", account)
    line.recipient_or_sender_bic = _bank_detail(reader, "recipientOrSenderBic", account)


def _bank_detail(reader: Reader, name: str, account: LexofficeAccount | None) -> str | None:
    value = reader.text(name)
    if value is not None and account is not None and account.type == "PAYMENT_PROVIDER":
        reader.refuse(name, "INVALID", "ist nur bei Bankkonten zulässig")
    return value


def _fee(reader: Reader, amount: Decimal, account: LexofficeAccount | None) -> Fee | None:
    """Read the fee. It has the opposite sign of the amount and is allowed on payment providers' accounts only."""
    fee = reader.money("feeAmount")
    if fee is None:
        return None
    if account is not None and account.type != "PAYMENT_PROVIDER":
        reader.refuse("feeAmount", "INVALID", "ist nur bei Zahlungsdienstleistern zulässig")
    if fee * amount >= 0:
        reader.refuse("feeAmount", "INVALID", "muss das umgekehrte Vorzeichen des Betrags haben")
    rate = reader.whole("feeTaxRatePercentage", required=True)
    if rate is not None and rate not in _FEE_RATES:
        reader.refuse("feeTaxRatePercentage", "INVALID", "ist kein zulässiger Steuersatz")
    category = reader.uuid("feePostingCategoryId")
    if rate is None or category is None:
        return None
    if (category, rate) not in _KNOWN_FEE_PAIRS:
        reader.refuse("feePostingCategoryId", "INVALID", "passt nicht zum Steuersatz")
    return Fee(amount=euros(fee), tax_rate_percentage=rate, posting_category_id=category)


def _apply_refusal_rules(call: LexofficeCall, reader: Reader, line: Transaction) -> None:
    for rule in call.organization.refusal_rules:
        if rule.external_reference is not None and rule.external_reference == line.external_reference:
            reader.refuse("externalReference", rule.violation, rule.message)
        elif rule.purpose_contains is not None and rule.purpose_contains in line.purpose:
            reader.refuse("purpose", rule.violation, rule.message)
