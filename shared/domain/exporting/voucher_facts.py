"""How an expense was booked: the few facts that somebody asks for when the month is closed, and years later.

They are kept with the voucher for good, so they name nobody: days, cents, rates, categories of lexoffice, country and
currency of the supplier, stable words (docs/decisions/0013-month-end-sheet.md).
"""

from dataclasses import dataclass
from datetime import date

from shared.domain.exporting.expense import Expense
from shared.domain.exporting.item_rules import BY_TYPE
from shared.domain.exporting.mapping import COUNTRIES
from shared.domain.exporting.voucher import Settings, Voucher
from shared.domain.exporting.voucher_columns import (
    HOSPITALITY,
    INTRA_COMMUNITY,
    SECTION_13B,
    foreign_supplier,
    notices,
    reverse_outside,
)
from shared.domain.money import Money
from shared.domain.text import one_line

_NAME_LIMIT = 100


@dataclass(frozen=True, slots=True)
class BookedColumn:
    """The gross cents of one category (by the name it had) at one rate in percent; never negative."""

    category: str
    rate: int
    gross: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedVoucher:
    """What stands on the voucher, `day` being its date; a `credit` note's amounts are positive, too.

    `notices` are the names of what was remarkable (shared/domain/exporting/voucher_columns.py, Notice). `reverse`: so
    many cents were coded as reverse charge in a category for which lexoffice adds no tax. `foreign`: the supplier sits
    abroad and has no German VAT id; `country` is ISO alpha-2, "" if Pleo knows none. `original` is what the receipt
    says, unsigned.
    """

    day: date
    credit: bool
    columns: tuple[BookedColumn, ...]
    notices: tuple[str, ...]
    reverse: int
    foreign: bool
    country: str
    original: Money

    @property
    def effect(self) -> int:
        """The gross total in cents as the wallet sees it: negative for money spent, positive for what came back."""
        gross = sum(column.gross for column in self.columns)
        return gross if self.credit else -gross

    @property
    def intra_community(self) -> int:
        """Cents in categories of intra-community acquisitions, for which lexoffice adds the tax that is owed."""
        return sum(column.gross for column in self.columns if INTRA_COMMUNITY in column.category.casefold())

    @property
    def section_13b(self) -> int:
        """Cents in categories of reverse charge, for which lexoffice adds the tax that is owed."""
        names = ((column.category.casefold(), column.gross) for column in self.columns)
        return sum(gross for name, gross in names if SECTION_13B in name and INTRA_COMMUNITY not in name)

    @property
    def tip(self) -> int:
        """Cents without tax in categories of meals that have a part with tax, too (docs/mapping.md, "Tax")."""
        meals = [column for column in self.columns if HOSPITALITY in column.category.casefold()]
        taxed = {column.category for column in meals if column.rate}
        return sum(column.gross for column in meals if not column.rate and column.category in taxed)


def booked_voucher(expense: Expense, voucher: Voucher, settings: Settings) -> BookedVoucher:
    """The facts to keep of a voucher that is about to be made."""
    country = next((party.country for party in (expense.vendor, expense.supplier) if party.country), "")
    found = notices(expense, BY_TYPE[expense.type], settings, voucher.columns)
    return BookedVoucher(
        day=voucher.day,
        credit=voucher.credit,
        columns=tuple(
            BookedColumn(one_line(settings.categories[each.category_id].name, _NAME_LIMIT), each.rate, each.gross)
            for each in voucher.columns
        ),
        notices=tuple(notice.name for notice in found),
        reverse=abs(sum(line.amount.minor for line in reverse_outside(expense, settings))),
        foreign=foreign_supplier(expense),
        country=COUNTRIES.get(country, country),
        original=Money(abs(expense.original.minor), expense.original.currency),
    )
