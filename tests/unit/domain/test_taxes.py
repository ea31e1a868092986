"""The tax codes an organisation may use, and the days on which the law knows each rate."""

from datetime import date
from decimal import Decimal

import pytest

from shared.domain.exporting.taxes import CODE_PREFIX, LAW, RATES, rates_at, tax_rules

TODAY = date(2026, 3, 2)
USUAL = ["DE-19", "DE-7", "DE-0", "DE-RC-19"]
OF_2020 = ["DE-16", "DE-5", "DE-RC-16"]


def codes(today: date, *, small_business: bool = False, tax_type: str = "net") -> set[str]:
    return {rule.code for rule in tax_rules(small_business=small_business, tax_type=tax_type, today=today)}


@pytest.mark.parametrize("tax_type", ["net", "gross"])
def test_a_regular_company_has_the_german_rates_and_reverse_charge(tax_type: str) -> None:
    found = tax_rules(small_business=False, tax_type=tax_type, today=TODAY)

    assert {rule.code: (rule.rate, rule.type) for rule in found} == {
        "DE-19": (Decimal("0.19"), "inclusive"),
        "DE-7": (Decimal("0.07"), "inclusive"),
        "DE-0": (Decimal("0.00"), "inclusive"),
        "DE-RC-19": (Decimal("0.19"), "reverse"),
    }


@pytest.mark.parametrize("today", [TODAY, date(2020, 9, 1)])
@pytest.mark.parametrize(("small_business", "tax_type"), [(True, "net"), (True, "vatfree"), (False, "vatfree")])
def test_a_small_or_tax_free_business_has_no_tax_only(small_business: bool, tax_type: str, today: date) -> None:
    assert codes(today, small_business=small_business, tax_type=tax_type) == {"DE-0"}


@pytest.mark.parametrize(
    ("today", "offered"),
    [
        (date(2020, 6, 23), USUAL),
        (date(2020, 6, 24), USUAL + OF_2020),
        (date(2020, 7, 1), USUAL + OF_2020),
        (date(2020, 12, 31), USUAL + OF_2020),
        (date(2022, 12, 31), USUAL + OF_2020),
        (date(2023, 1, 3), USUAL),
        (TODAY, USUAL),
    ],
)
def test_a_rate_is_offered_from_a_week_before_its_first_day_until_two_years_after_its_last(
    today: date, offered: list[str]
) -> None:
    assert codes(today) == set(offered)


@pytest.mark.parametrize(
    ("day", "rates"),
    [
        (date(2020, 6, 30), {0, 7, 19}),
        (date(2020, 7, 1), {0, 5, 16}),
        (date(2020, 12, 31), {0, 5, 16}),
        (date(2021, 1, 1), {0, 7, 19}),
        (TODAY, {0, 7, 19}),
    ],
)
def test_the_day_of_the_service_decides_which_rates_hold(day: date, rates: set[int]) -> None:
    assert rates_at(day) == rates


def test_our_codes_are_recognisable_unique_of_a_type_that_pleo_takes_and_of_a_rate_that_lexoffice_takes() -> None:
    assert all(rule.code.startswith(CODE_PREFIX) for rule in LAW)
    assert len({rule.code for rule in LAW}) == len({rule.name for rule in LAW}) == len(LAW)
    assert {rule.type for rule in LAW} <= {"inclusive", "reverse"}
    assert {rule.rate * 100 for rule in LAW} <= RATES
