"""Sums to the cent: what is paid stays what is paid, and the tax is that of each column, rounded half-up."""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from random import Random

import pytest
from expenses import CATEGORIES, HOSPITALITY, OFFICE, SOFTWARE, columns, expense, part, tax, voucher
from hypothesis import given, settings
from hypothesis import strategies as st

from local.lexoffice.column_tax import wrong_columns
from local.lexoffice.voucher_records import VoucherItem
from shared.domain.exporting.expense import Expense
from shared.domain.exporting.taxes import Column, percent
from shared.domain.money import Money

RATES = ["19", "7", "0", "16", "5"]
KINDS = ["card_purchase", "card_invoice", "personal_spend", "fee", "refund", "chargeback", "cashback"]
BATCHES, BATCH = 100, 100  # together the 10,000 expenses that the sums are promised for


@pytest.mark.parametrize(
    ("rate", "gross", "net_tax"),
    [(19, 11900, 1900), (7, 10700, 700), (19, 1, 0), (19, 3, 0), (19, 4, 1), (16, 29, 4), (5, 21, 1), (0, 999, 0)],
)
def test_tax_is_taken_out_of_the_gross_column(rate: int, gross: int, net_tax: int) -> None:
    assert Column(OFFICE, rate, gross).tax == net_tax


def test_no_gross_column_holds_exactly_half_a_cent_so_every_way_of_rounding_agrees() -> None:
    # 2 · gross · rate = odd · (100 + rate) has no solution for these rates; the pattern repeats after 100 + rate cents.
    halves = [
        (rate, cents)
        for rate in (5, 7, 16, 19)
        for cents in range(200)
        if 2 * cents * rate % (200 + 2 * rate) == 100 + rate
    ]

    assert not halves


@pytest.mark.parametrize(("rate", "whole"), [("0.19", 19), ("0.190", 19), ("0.07", 7), ("0", 0), ("-0", 0)])
def test_a_fraction_is_whole_percent(rate: str, whole: int) -> None:
    assert percent(Decimal(rate)) == whole


@pytest.mark.parametrize("rate", ["0.2", "0.195", "0.1900001", "19", "-0.19", "1E+10"])
def test_a_rate_that_lexoffice_does_not_take_is_none(rate: str) -> None:
    assert percent(Decimal(rate)) is None


def _expense(random: Random) -> Expense:
    categories = (OFFICE, SOFTWARE, HOSPITALITY)
    most = random.choice((99, 9_999, 5_000_000))
    parts = [
        (random.randint(1, most), random.choice(categories), random.choice(RATES)) for _ in range(random.randint(1, 9))
    ]
    kind = random.choice(KINDS)
    sign = random.choice((1, -1)) if kind in {"refund", "chargeback", "cashback"} else 1
    lines = [part(sign * minor, category, tax(rate)) for minor, category, rate in parts]
    original = Money(random.randint(1, 10**7), random.choice(("EUR", "USD", "JPY", "KWD")))
    return expense(*lines, type=kind, original=original)


def _item(column: Column) -> VoucherItem:
    amount, net = Decimal(column.gross).scaleb(-2), Decimal(column.tax).scaleb(-2)
    return VoucherItem(amount=amount, tax_amount=net, tax_rate=column.rate, category_id=column.category_id)


def _expected(given: Expense) -> dict[tuple[str, int], tuple[Decimal, Decimal]]:
    """Gross and tax in euros per column, by the formula of the documentation and decimal arithmetic."""
    gross: dict[tuple[str, int], Decimal] = {}
    for line in given.lines:
        assert line.account is not None
        assert line.tax is not None
        key = (line.account.identifier, int(line.tax.rate.scaleb(2)))
        gross[key] = gross.get(key, Decimal(0)) + abs(Decimal(line.amount.minor)) / 100
    cent = Decimal("0.01")
    with localcontext(prec=50):
        return {
            key: (amount, (amount - amount / (1 + Decimal(key[1]) / 100)).quantize(cent, ROUND_HALF_UP))
            for key, amount in gross.items()
        }


@settings(max_examples=BATCHES, deadline=None)
@given(seed=st.integers(0, 2**64))
def test_ten_thousand_expenses_keep_the_paid_amount_and_the_tax_of_every_column(seed: int) -> None:
    random = Random(seed)  # noqa: S311 (no secret; one seed stands for a whole batch)
    for _ in range(BATCH):
        spent = _expense(random)
        made, expected = voucher(spent), _expected(spent)

        found = {(key, rate): (Decimal(gross) / 100, Decimal(net) / 100) for key, rate, gross, net in columns(made)}
        assert found == expected
        assert made.total_gross == abs(spent.paid.minor)
        assert made.total_tax == 100 * sum(net for _, net in expected.values())
        assert all(column.category_id in CATEGORIES and column.gross > 0 for column in made.columns)
        assert not wrong_columns([_item(column) for column in made.columns], gross=True, tolerance=0)
