"""An export item as the product and as Pleo write it, and its company; each test changes what it is about."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from samples import COMPANY_ID, ENTRY_ID

from shared.domain.exporting.expense import Account, Expense, ExpenseLine, File, Party, Tax
from shared.domain.exporting.export_errors import Refusal
from shared.domain.exporting.mapping import voucher_for
from shared.domain.exporting.match import BankLine
from shared.domain.exporting.voucher import Settings, Voucher, VoucherCategory
from shared.domain.money import Money
from shared.texts.error_text import export_error_text
from shared.texts.text import Language

WALLET = "99999999-0000-4000-8000-000000000001"
OFFICE = "16d04a21-fd91-11e1-a21f-0800200c9a66"
SOFTWARE = "aa2d19a0-43e7-4330-a579-75c962254546"
LICENCES_13B = "6d575db0-74e8-433d-a986-27b76ea27f9e"
ACQUISITION = "00000000-0000-4000-8000-000000000042"
HOSPITALITY = "00000000-0000-4000-8000-000000000043"
STAFF_MEALS = "00000000-0000-4000-8000-000000000045"
SINGLE_RATE = "00000000-0000-4000-8000-000000000044"
CATEGORIES = {
    OFFICE: VoucherCategory("Bürobedarf"),
    SOFTWARE: VoucherCategory("Software"),
    LICENCES_13B: VoucherCategory("Lizenzen §13b Drittland", contact_required=True),
    ACQUISITION: VoucherCategory("Innergemeinschaftlicher Erwerb", contact_required=True),
    HOSPITALITY: VoucherCategory("Bewirtungskosten (mit Geschäftspartnern)"),
    STAFF_MEALS: VoucherCategory("Bewirtungskosten (nur Mitarbeiter)"),
    SINGLE_RATE: VoucherCategory("Briefporto", split_allowed=False),
}
SETTINGS = Settings(categories=CATEGORIES, wallet_account_id=WALLET)
CONTRA = Account(name="Pleo-Wallet (Bankkonto in lexoffice)", identifier=WALLET)
RECEIPT = File("https://files.example/receipt?signature=secret", "application/pdf", 20480)


def tax(percent: str = "19", kind: str = "inclusive", amount: int | None = None) -> Tax:
    """A tax code of `percent`."""
    rate = Decimal(percent) / 100
    return Tax(rate=rate, type=kind, code=f"DE-{percent}", amount=None if amount is None else Decimal(amount))


def part(minor: int, category: str = OFFICE, code: Tax | None = tax()) -> ExpenseLine:  # noqa: B008 (frozen)
    """One line in euro cents."""
    name = CATEGORIES[category].name if category in CATEGORIES else "Weggefallen"
    return ExpenseLine(amount=Money(minor, "EUR"), account=Account(name=name, identifier=category), tax=code)


_EXPENSE = Expense(
    entry_id=ENTRY_ID,
    type="card_purchase",
    sub_type=None,
    booked_at=datetime(2026, 1, 12, 9, tzinfo=UTC),
    paid=Money(11900, "EUR"),
    original=Money(11900, "EUR"),
    lines=(part(11900),),
    book_id="4113617",
    supplier=Party(name="Muster Bürobedarf", country="DE"),
    contra_account=CONTRA,
    files=(RECEIPT,),
    user="Erika Muster",
)


def expense(*parts: ExpenseLine, **changes: Any) -> Expense:
    """A card purchase of 119.00 EUR with 19 %; `parts` replace its line and its amounts."""
    if parts:
        paid = Money(sum(line.amount.minor for line in parts), "EUR")
        changes = {"lines": parts, "paid": paid, "original": paid} | changes
    return replace(_EXPENSE, **changes)


def voucher(given: Expense, settings: Settings = SETTINGS, line: BankLine | None = None) -> Voucher:
    """The voucher of an expense that must get one."""
    outcome = voucher_for(given, settings, line)
    assert isinstance(outcome, Voucher), outcome
    return outcome


def refusal(given: Expense, settings: Settings = SETTINGS, line: BankLine | None = None) -> Refusal:
    """The refusal of an expense that must not be booked."""
    outcome = voucher_for(given, settings, line)
    assert isinstance(outcome, Refusal), outcome
    return outcome


def text_of(found: Refusal, language: Language = "de") -> str:
    """The sentences of a refusal, as Pleo and the pages show them."""
    return export_error_text(found.error.code, found.short_values, language)


def columns(given: Voucher) -> list[tuple[str, int, int, int]]:
    """(category, rate, gross, tax) of each column."""
    return [(column.category_id, column.rate, column.gross, column.tax) for column in given.columns]


def _amount() -> dict[str, Any]:
    return {name: {"currency": "EUR", "value": 11900} for name in ("inSupplierCurrency", "inWalletCurrency")}


def wire_item(**changes: Any) -> dict[str, Any]:
    """The same card purchase as Pleo's JSON."""
    return {
        "_links": {"web": {"exportItem": "https://app.example/expenses/555"}},
        "accountingEntryId": ENTRY_ID,
        "companyId": COMPANY_ID,
        "type": "card_purchase",
        "subType": None,
        "date": "2026-01-12T09:00:00Z",
        "amount": _amount(),
        "accountingEntryLines": [
            {
                "accountingEntryLineId": "77777777-7777-4777-8777-777777777771",
                "lineAmount": _amount(),
                "netAmount": _amount(),
                "account": {"id": "a", "name": "Bürobedarf", "code": None, "identifier": OFFICE},
                "tags": None,
                "tax": {"id": "t", "code": "DE-19", "rate": Decimal("0.19"), "type": "inclusive"},
            }
        ],
        "additionalInformation": {"reconciliationId": "4113617", "attendees": None, "invoiceInformation": None},
        "bookkeeping": None,
        "contraAccount": {"id": "c", "name": CONTRA.name, "code": None, "identifier": WALLET},
        "files": [{"url": RECEIPT.url, "type": "application/pdf", "size": 20480}],
        "note": None,
        "servicePeriod": None,
        "supplier": {"name": "Muster Bürobedarf", "country": "DE", "taxIdentifier": None},
        "vendor": None,
        "user": {"id": "u", "name": "Erika Muster", "code": None},
        "team": None,
        **changes,
    }
