"""Amounts are whole minor units; text and decimals never lose or invent a cent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.money import Money

MINORS = st.integers(min_value=-(10**15), max_value=10**15)
DIGITS = {"EUR": 2, "USD": 2, "JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3, "CLF": 4}


@pytest.mark.parametrize(
    ("minor", "currency", "decimal", "text"),
    [
        (2677, "EUR", "26.77", "26,77 EUR"),
        (-2677, "EUR", "-26.77", "-26,77 EUR"),
        (1, "EUR", "0.01", "0,01 EUR"),
        (0, "EUR", "0.00", "0,00 EUR"),
        (123456789, "EUR", "1234567.89", "1.234.567,89 EUR"),
        (1500, "JPY", "1500", "1.500 JPY"),
        (1234567, "KWD", "1234.567", "1.234,567 KWD"),
        (12345, "CLF", "1.2345", "1,2345 CLF"),
        (12345, "XTS", "123.45", "123,45 XTS"),
    ],
)
def test_minor_units_are_read_by_the_currencys_exponent(minor: int, currency: str, decimal: str, text: str) -> None:
    amount = Money(minor, currency)

    assert str(amount.decimal) == decimal
    assert str(amount) == text


@given(minor=MINORS, currency=st.sampled_from(sorted(DIGITS)))
def test_the_decimal_has_exactly_the_currencys_decimals_and_leads_back_to_the_minor_units(
    minor: int, currency: str
) -> None:
    decimal = Money(minor, currency).decimal

    assert decimal.as_tuple().exponent == -DIGITS[currency]
    assert decimal * 10 ** DIGITS[currency] == minor


@given(minor=MINORS, currency=st.sampled_from(sorted(DIGITS)))
def test_the_text_leads_back_to_the_amount(minor: int, currency: str) -> None:
    number, _, unit = str(Money(minor, currency)).rpartition(" ")

    assert unit == currency
    assert Decimal(number.replace(".", "").replace(",", ".")) == Money(minor, currency).decimal
