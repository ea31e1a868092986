"""Convert the lines of an expense into the columns of a voucher: category, rate, cents.

The rules are those of German VAT (docs/mapping.md). An expense that cannot be booked is refused with a reason.
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum

from shared.domain.exporting import export_errors as errors
from shared.domain.exporting.expense import Expense, ExpenseLine, Party, Tax
from shared.domain.exporting.export_errors import ExportError, Refusal
from shared.domain.exporting.item_rules import ExportRule
from shared.domain.exporting.taxes import Column, columns, percent, rates_at
from shared.domain.exporting.voucher import Settings, VoucherCategory
from shared.domain.money import Money
from shared.domain.times import booking_date

# Recognised by name, because the category list has no flag for it (docs/assumptions.md#lexoffice-reverse-charge).
SECTION_13B, INTRA_COMMUNITY = "13b", "innergemeinschaftlich"
HOSPITALITY = "bewirtung"
_STAFF = "mitarbeiter"
# UStG §12 (2) no. 15 (food at 7 %, drinks at 19 %), §28 (1)–(3) (16 and 5 %). The day of the service decides.
_FOOD_AT_7 = date(2026, 1, 1)


class MappingRefused(Exception):
    """An expense cannot be mapped; `refusal` says why."""

    def __init__(self, error: ExportError, **values: str) -> None:
        self.refusal = Refusal(error, values)
        super().__init__(error.code)


class Notice(StrEnum):
    """Something for the bookkeeper to check; it does not stop the export.

    Values are stable words; the texts are in shared/texts/books.py.
    """

    NO_RECEIPT = "NO_RECEIPT"
    NO_RECEIPT_TAX_KEPT = "NO_RECEIPT_TAX_KEPT"
    REVERSE_CATEGORY = "REVERSE_CATEGORY"
    TAX_FREE_REVERSE = "TAX_FREE_REVERSE"
    FOREIGN_SUPPLIER = "FOREIGN_SUPPLIER"
    NO_ATTENDEES = "NO_ATTENDEES"
    RESTAURANT_RATE = "RESTAURANT_RATE"
    RATE_OF_2020 = "RATE_OF_2020"


def reverse_charge(category: VoucherCategory) -> bool:
    """Return whether lexoffice adds the tax of this category by itself (§13b, intra-community acquisition)."""
    name = category.name.casefold()
    return SECTION_13B in name or INTRA_COMMUNITY in name


def reverse_outside(expense: Expense, settings: Settings) -> list[ExpenseLine]:
    """Return the lines coded as reverse charge in a category for which lexoffice does not add the tax."""
    coded = [line for line in expense.lines if _coded_reverse(line)]
    categories = [settings.categories.get(line.account.identifier) if line.account else None for line in coded]
    return [line for line, each in zip(coded, categories, strict=True) if each and not reverse_charge(each)]


def columns_of(expense: Expense, rule: ExportRule, settings: Settings) -> tuple[Column, ...]:
    """Return the voucher's columns. All are positive, and their sum is the amount paid. Raise MappingRefused."""
    amounts = _gross_amounts(expense)
    if not sum(amounts):
        raise MappingRefused(errors.NEGATIVE_PART, account=_names(expense), amount=str(expense.paid))
    sign = -1 if sum(amounts) < 0 else 1
    parts = []
    for line, amount in zip(expense.lines, amounts, strict=True):
        if amount:  # lexoffice accepts no items of 0 euros (https://developers.lexware.io/docs, Vouchers Endpoint)
            category_id = _category_id(line, settings)
            rate = _rate(line, settings.categories[category_id], expense=expense, rule=rule, settings=settings)
            parts.append((category_id, rate, sign * amount))
    result = columns(parts)
    _check(result, settings)
    return result


def notices(expense: Expense, rule: ExportRule, settings: Settings, booked: tuple[Column, ...]) -> list[Notice]:
    """Return what a bookkeeper should check about the expense."""
    categories = [settings.categories[column.category_id] for column in booked]
    reverse_lines = [line for line in expense.lines if _coded_reverse(line)]
    reverse_categories = [category for category in categories if reverse_charge(category)]
    without_receipt = rule.receipt and not expense.files
    kept = settings.input_tax_without_receipt
    found = {
        Notice.NO_RECEIPT: without_receipt and not kept,
        Notice.NO_RECEIPT_TAX_KEPT: without_receipt and kept,
        Notice.REVERSE_CATEGORY: not settings.tax_free and bool(reverse_outside(expense, settings)),
        Notice.TAX_FREE_REVERSE: settings.tax_free and bool(reverse_lines or reverse_categories),
        Notice.FOREIGN_SUPPLIER: foreign_supplier(expense) and any(column.rate for column in booked),
        Notice.NO_ATTENDEES: not expense.attendees and any(_business_meal(category) for category in categories),
        Notice.RESTAURANT_RATE: _service_day(expense) >= _FOOD_AT_7 and _only_drinks(booked, settings),
        Notice.RATE_OF_2020: not _rates(booked) <= rates_at(_service_day(expense)),
    }
    return [notice for notice, applies in found.items() if applies]


def _gross_amounts(expense: Expense) -> list[int]:
    """Return the gross cents of each line. Raise MappingRefused if they do not add up to the amount paid.

    The tax of lines that exclude it (`exclusive`) is added only if the lines do not add up without it.
    """
    plain = [line.amount.minor for line in expense.lines]
    for amounts in (plain, [minor + _tax_on_top(line.tax) for minor, line in zip(plain, expense.lines, strict=True)]):
        if abs(sum(amounts)) == abs(expense.paid.minor):
            return amounts
    parts = Money(sum(plain), expense.paid.currency)
    raise MappingRefused(errors.SPLIT_SUM, parts=str(parts), paid=str(expense.paid))


def _tax_on_top(tax: Tax | None) -> int:
    # A tax with fractions of a cent cannot be the charged amount: it counts as 0, the sum differs, and the expense is
    # refused.
    whole = tax is not None and tax.type == "exclusive" and tax.amount is not None and tax.amount == int(tax.amount)
    return int(tax.amount) if tax and whole and tax.amount is not None else 0


def _category_id(line: ExpenseLine, settings: Settings) -> str:
    account = line.account
    if account is None:
        raise MappingRefused(errors.ACCOUNT_MISSING)
    if not account.identifier or account.identifier == settings.wallet_account_id:
        raise MappingRefused(errors.ACCOUNT_UNKNOWN, account=account.name)
    if account.identifier not in settings.categories:
        raise MappingRefused(errors.CATEGORY_GONE, account=account.name)
    return account.identifier


def _rate(
    line: ExpenseLine, category: VoucherCategory, *, expense: Expense, rule: ExportRule, settings: Settings
) -> int:
    """Return the rate in percent that the gross amount includes."""
    tax = line.tax
    if _coded_reverse(line) or reverse_charge(category):
        # The supplier charged no tax: enter the charged amount, and lexoffice adds the tax itself.
        if not settings.reverse_charge and not settings.tax_free:
            raise MappingRefused(errors.REVERSE_CHARGE)
        return 0
    if settings.tax_free or (rule.receipt and not expense.files and not settings.input_tax_without_receipt):
        return 0
    if tax is None:
        if rule.untaxed:
            return 0
        raise MappingRefused(errors.TAX_MISSING)
    rate = percent(tax.rate)
    if rate is None or tax.type not in {"inclusive", "exclusive"}:
        raise MappingRefused(errors.TAX_UNKNOWN, tax=tax.code or f"{tax.rate * 100:f} %")
    return rate


def _check(booked: tuple[Column, ...], settings: Settings) -> None:
    rates: dict[str, int] = {}
    for column in booked:
        category = settings.categories[column.category_id]
        if column.gross < 0:
            amount = str(Money(column.gross, "EUR"))
            raise MappingRefused(errors.NEGATIVE_PART, account=category.name, amount=amount)
        if rates.setdefault(column.category_id, column.rate) != column.rate and not category.split_allowed:
            raise MappingRefused(errors.SPLIT_NOT_ALLOWED, account=category.name)


def _names(expense: Expense) -> str:
    return ", ".join(line.account.name for line in expense.lines if line.account)


def foreign_supplier(expense: Expense) -> bool:
    """Return whether the supplier is abroad and has no German VAT id, with which it would charge German VAT."""
    parties: tuple[Party, ...] = (expense.vendor, expense.supplier)
    country = next((party.country for party in parties if party.country), "DE")
    return country != "DE" and not any(party.tax_id.upper().startswith("DE") for party in parties)


def _coded_reverse(line: ExpenseLine) -> bool:
    return line.tax is not None and line.tax.type == "reverse"


def _service_day(expense: Expense) -> date:
    return expense.service_to or expense.service_from or booking_date(expense.booked_at)


def _rates(booked: Iterable[Column]) -> set[int]:
    return {column.rate for column in booked}


def _only_drinks(booked: Iterable[Column], settings: Settings) -> bool:
    """Return whether a business meal has 19 % only and no 7 %: drinks without food."""
    meals = [column for column in booked if _business_meal(settings.categories[column.category_id])]
    return _rates(meals) - {0} == {19}


def _business_meal(category: VoucherCategory) -> bool:
    name = category.name.casefold()
    return HOSPITALITY in name and _STAFF not in name
