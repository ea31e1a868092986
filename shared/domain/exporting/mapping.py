"""Map an expense to a voucher: the decision for one export item, without I/O.

docs/mapping.md shows the same rules to accountants, table by table; tests compare the two.
"""

from dataclasses import replace

from shared.domain.exporting import export_errors as errors
from shared.domain.exporting.expense import Expense
from shared.domain.exporting.export_errors import Refusal
from shared.domain.exporting.item_rules import BY_TYPE, ExportRule, Treatment
from shared.domain.exporting.match import BankLine, unmet_criteria
from shared.domain.exporting.remark import remark
from shared.domain.exporting.taxes import Column
from shared.domain.exporting.voucher import ContactNeed, Reason, Settings, Voucher, WithoutVoucher, voucher_number
from shared.domain.exporting.voucher_columns import MappingRefused, columns_of, notices
from shared.domain.feeding.ledger import WALLET_CURRENCY
from shared.domain.money import Money
from shared.domain.text import one_line
from shared.domain.times import booking_date
from shared.texts import books

NAME_LIMIT = 70
# Pleo uses country codes that lexoffice does not accept (https://developers.pleo.io, country enum).
COUNTRIES = {"UK": "GB", "EL": "GR"}

type Outcome = Voucher | WithoutVoucher | Refusal


def voucher_for(expense: Expense, settings: Settings, line: BankLine | None = None) -> Outcome:
    """Decide what one export item becomes.

    `line` is its bank line, None if the ledger has none. It gives the voucher its date, and its direction must agree.
    The line of an invoice is that of its payment; the voucher keeps the invoice's own date.
    """
    rule = BY_TYPE.get(expense.type)
    if rule is None:
        return Refusal(errors.TYPE_UNKNOWN, {"type": expense.type})
    try:
        return _without_voucher(expense, rule) or _voucher(expense, rule, settings, line)
    except MappingRefused as refused:
        return refused.refusal


def _without_voucher(expense: Expense, rule: ExportRule) -> WithoutVoucher | None:
    """Return the success of an item that needs no voucher, None for any other item. Raise MappingRefused.

    This comes before all checks of the expense.
    """
    if rule.treatment is Treatment.PAID_PRIVATELY:
        raise MappingRefused(errors.PAID_PRIVATELY, kind=rule.type)
    if rule.treatment is Treatment.REIMBURSEMENT:
        raise MappingRefused(errors.REIMBURSEMENT)
    if rule.type == "invoice_payment":
        return WithoutVoucher(Reason.INVOICE_PAYMENT)
    if rule.treatment is Treatment.NO_VOUCHER:
        return WithoutVoucher(Reason.WALLET_MOVEMENT)
    if not expense.paid.minor and not any(part.amount.minor for part in expense.lines):
        return WithoutVoucher(Reason.ZERO_AMOUNT)
    return None


def _voucher(expense: Expense, rule: ExportRule, settings: Settings, line: BankLine | None) -> Voucher:
    if expense.paid.currency != WALLET_CURRENCY:
        raise MappingRefused(errors.CURRENCY, currency=expense.paid.currency)
    credit = _credit(expense, rule, line)
    _check_contra_account(expense, rule, settings)
    columns = columns_of(expense, rule, settings)
    own = expense.invoice if rule.own_dates else None
    day = own.day if own else line.day if line else booking_date(expense.booked_at)
    due = own.due_date if own and own.due_date else day
    voucher = Voucher(
        credit=credit,
        number=voucher_number(expense, own=rule.own_number),
        day=day,
        due_date=max(day, due),
        columns=columns,
        contact_name=_merchant(expense, rule),
        contact=_contact(expense, columns, settings),
        remark="",
    )
    unmet = unmet_criteria(voucher, line) if line else []
    return replace(voucher, remark=remark(expense, notices(expense, rule, settings, columns), unmet))


def _credit(expense: Expense, rule: ExportRule, line: BankLine | None) -> bool:
    """Return whether the voucher is a credit note. The type decides, and the bank line must agree.

    Amounts are taken as absolute. Pleo does not document the sign of a purchase
    (docs/assumptions.md#pleo-export-amounts), so a negative purchase passes only if its line shows that money left the
    wallet. Raise MappingRefused if direction and type disagree.
    """
    negative = expense.paid.minor < 0 or sum(part.amount.minor for part in expense.lines) < 0
    moved_in = line.amount > 0 if line and line.amount else None
    if rule.treatment is Treatment.EITHER:
        return negative if moved_in is None else moved_in
    credit = rule.treatment is Treatment.CREDIT
    agrees = not negative or credit if moved_in is None else moved_in == credit
    if not agrees:
        moved = Money(line.amount, WALLET_CURRENCY) if line and line.amount else expense.paid
        raise MappingRefused(errors.SIGN, kind=rule.type, amount=str(moved))
    return credit


def _check_contra_account(expense: Expense, rule: ExportRule, settings: Settings) -> None:
    """Raise MappingRefused unless the contra account is the finance account.

    A contra account without lexoffice's id cannot be checked and passes.
    """
    account = expense.contra_account
    if not rule.contra or not settings.contra_required:
        return
    if account is None:
        raise MappingRefused(errors.CONTRA_MISSING)
    if account.identifier and account.identifier != settings.wallet_account_id:
        raise MappingRefused(errors.CONTRA_WRONG, account=account.name)


def _merchant(expense: Expense, rule: ExportRule) -> str:
    fallback = books.PLEO if rule.type in {"fee", "cashback"} else books.UNKNOWN
    return one_line(expense.supplier.name, NAME_LIMIT) or one_line(expense.vendor.name, NAME_LIMIT) or fallback


def _contact(expense: Expense, columns: tuple[Column, ...], settings: Settings) -> ContactNeed | None:
    """Return the vendor contact that a category requires, or None if no category requires one.

    Pleo's master data takes precedence over the card network's text. Raise MappingRefused if neither has a name.
    """
    demanding = [settings.categories[column.category_id] for column in columns]
    needed = next((category for category in demanding if category.contact_required), None)
    if needed is None:
        return None
    parties = (expense.vendor, expense.supplier)
    name = one_line(next((party.name for party in parties if party.name.strip()), ""), NAME_LIMIT)
    if not name:
        raise MappingRefused(errors.CONTACT_MISSING, account=needed.name)
    country = next((party.country for party in parties if party.country), "")
    vat_id = next((party.tax_id for party in parties if party.tax_id), "")
    return ContactNeed(name, COUNTRIES.get(country, country), vat_id)
