"""lexoffice's own computation of VAT: per column, that is per category and rate, never per receipt line.

Whole cents and whole per cent only, half a cent rounded up. It shares no method with the product's computation.
"""

from collections.abc import Sequence
from decimal import Decimal

from local.lexoffice.voucher_records import VoucherItem


def cents(amount: Decimal) -> int:
    """Convert EUR with at most two decimals to cents."""
    return int(amount.scaleb(2))


def tax_of(column: int, rate: int, *, gross: bool) -> int:
    """Return the tax, in cents, that a column's sum contains (gross) or that is added to it (net)."""
    divisor = 100 + rate if gross else 100
    return (2 * column * rate + divisor) // (2 * divisor)


def wrong_columns(items: Sequence[VoucherItem], *, gross: bool, tolerance: int) -> list[int]:
    """Return the columns whose tax is off by more than `tolerance` cents, each as its first item's index."""
    columns: dict[tuple[str, int], list[int]] = {}
    for index, item in enumerate(items):
        columns.setdefault((item.category_id, item.tax_rate), []).append(index)
    wrong = []
    for (_, rate), indexes in columns.items():
        amount = sum(cents(items[index].amount) for index in indexes)
        tax = sum(cents(items[index].tax_amount) for index in indexes)
        if abs(tax - tax_of(amount, rate, gross=gross)) > tolerance:
            wrong.append(indexes[0])
    return wrong


def split_columns(items: Sequence[VoucherItem], unsplittable: set[str]) -> list[int]:
    """Return the items that give a category a second rate although it allows only one."""
    first: dict[str, int] = {}
    return [
        index
        for index, item in enumerate(items)
        if item.category_id in unsplittable and first.setdefault(item.category_id, item.tax_rate) != item.tax_rate
    ]
