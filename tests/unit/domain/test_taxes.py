"""The tax codes an organisation may use."""

from decimal import Decimal

import pytest

from shared.domain.taxes import CODE_PREFIX, tax_rules


@pytest.mark.parametrize("tax_type", ["net", "gross"])
def test_a_regular_company_has_the_german_rates_and_reverse_charge(tax_type: str) -> None:
    rules = {rule.code: (rule.rate, rule.type) for rule in tax_rules(small_business=False, tax_type=tax_type)}

    assert rules == {
        "DE-19": (Decimal("0.19"), "inclusive"),
        "DE-7": (Decimal("0.07"), "inclusive"),
        "DE-0": (Decimal("0.00"), "inclusive"),
        "DE-RC-19": (Decimal("0.19"), "reverse"),
    }


@pytest.mark.parametrize(("small_business", "tax_type"), [(True, "net"), (True, "vatfree"), (False, "vatfree")])
def test_a_small_or_tax_free_business_has_no_tax_only(small_business: bool, tax_type: str) -> None:
    assert [rule.code for rule in tax_rules(small_business=small_business, tax_type=tax_type)] == ["DE-0"]


def test_our_codes_are_recognisable_and_of_a_type_that_pleo_takes() -> None:
    rules = tax_rules(small_business=False, tax_type="net")

    assert all(rule.code.startswith(CODE_PREFIX) for rule in rules)
    assert {rule.type for rule in rules} <= {"inclusive", "reverse"}
