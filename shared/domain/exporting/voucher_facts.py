"""Facts about a booked voucher that are kept for good: date, amounts per category and rate, notices.

The month-end sheet shows them. They are stored with the voucher permanently, so they contain no personal data: only
days, cents, rates, lexoffice's categories, the supplier's country and currency, and stable words
(docs/decisions/0013-month-end-sheet.md).
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
    """The gross cents of one category at one rate in percent, never negative.

    `category` is the category's name at the time of the export.
    """

    category: str
    rate: int
    gross: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedVoucher:
    """The content of a voucher.

    - `day`: the voucher's date.
    - `credit`: whether it is a credit note. Its amounts are positive too.
    - `notices`: names of the notices (shared/domain/exporting/voucher_columns.py, Notice).
    - `reverse`: cents coded as reverse charge in a category for which lexoffice adds no tax.
    - `foreign`: the supplier is abroad and has no German VAT id.
    - `country`: the supplier's, ISO 3166-1 alpha-2, "" if Pleo has none.
    - `original`: the amount on the receipt, unsigned.
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
        """The effect on the wallet in gross cents: negative for money spent, positive for money returned."""
        gross = sum(column.gross for column in self.columns)
        return gross if self.credit else -gross

    @property
    def intra_community(self) -> int:
        """Cents in categories of intra-community acquisitions, for which lexoffice adds the tax due."""
        return sum(column.gross for column in self.columns if INTRA_COMMUNITY in column.category.casefold())

    @property
    def section_13b(self) -> int:
        """Cents in categories of reverse charge, for which lexoffice adds the tax due."""
        names = ((column.category.casefold(), column.gross) for column in self.columns)
        return sum(gross for name, gross in names if SECTION_13B in name and INTRA_COMMUNITY not in name)

    @property
    def tip(self) -> int:
        """Untaxed cents in meal categories that also have a taxed column (docs/mapping.md, "Tax")."""
        meals = [column for column in self.columns if HOSPITALITY in column.category.casefold()]
        taxed = {column.category for column in meals if column.rate}
        return sum(column.gross for column in meals if not column.rate and column.category in taxed)


def booked_voucher(expense: Expense, voucher: Voucher, settings: Settings) -> BookedVoucher:
    """Collect the facts to keep about a voucher before it is created."""
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
