"""What is kept of a voucher for the month-end sheet: how it was booked, and nobody's name."""

from dataclasses import asdict
from datetime import date
from typing import Any

import pytest
from expenses import (
    ACQUISITION,
    CATEGORIES,
    HOSPITALITY,
    LICENCES_13B,
    OFFICE,
    SETTINGS,
    STAFF_MEALS,
    expense,
    part,
    tax,
    voucher,
)

from shared.domain.exporting.expense import ExpenseLine, Party
from shared.domain.exporting.voucher import Settings
from shared.domain.exporting.voucher_facts import BookedColumn, BookedVoucher, booked_voucher
from shared.domain.money import Money

VENDOR = Party(name="Beispiel Software Inc.", country="US")
REVERSE = tax("19", "reverse")
ZERO = tax("0")


def kept(*parts: ExpenseLine, settings: Settings = SETTINGS, **changes: Any) -> BookedVoucher:
    """What is kept of an expense."""
    given = expense(*parts, **changes)
    return booked_voucher(given, voucher(given, settings), settings)


def test_an_ordinary_purchase_is_its_day_its_columns_and_its_country() -> None:
    assert kept() == BookedVoucher(
        day=date(2026, 1, 12),
        credit=False,
        columns=(BookedColumn("Bürobedarf", 19, 11_900),),
        notices=(),
        reverse=0,
        foreign=False,
        country="DE",
        original=Money(11_900, "EUR"),
    )


def test_nothing_of_it_names_a_person_or_a_merchant() -> None:
    found = kept(
        part(11_900, HOSPITALITY),
        note="Essen mit Max Beispiel",
        user="Erika Muster",
        attendees=("Max Beispiel",),
        vendor=VENDOR,
        supplier=Party(name="Zum Hirschen", country="AT", tax_id="ATU12345678"),
    )

    stored = str(asdict(found))
    assert not [name for name in ("Max", "Erika", "Beispiel", "Hirschen", "ATU") if name in stored]
    assert found.country == "US"


def test_the_columns_are_those_of_the_voucher_and_so_is_their_sum() -> None:
    found = kept(part(10_000), part(1_900, code=tax("7")))

    assert [(column.rate, column.gross) for column in found.columns] == [(19, 10_000), (7, 1_900)]
    assert found.effect == -11_900
    assert kept(type="refund").effect == 11_900


def test_reverse_charge_and_intra_community_acquisition_are_told_apart_by_the_category() -> None:
    found = kept(part(5_000, LICENCES_13B, REVERSE), part(700, ACQUISITION), vendor=VENDOR)

    assert (found.section_13b, found.intra_community, found.reverse) == (5_000, 700, 0)


@pytest.mark.parametrize("sign", [1, -1])
def test_reverse_charge_in_an_ordinary_category_is_kept_apart(sign: int) -> None:
    found = kept(
        part(sign * 4_000, OFFICE, REVERSE), part(sign * 1_000), type="refund" if sign < 0 else "card_purchase"
    )

    assert (found.section_13b, found.reverse) == (0, 4_000)
    assert "REVERSE_CATEGORY" in found.notices


def test_a_tip_is_what_has_no_tax_in_a_meal_that_has_some() -> None:
    assert kept(part(59_500, HOSPITALITY), part(2_000, HOSPITALITY, ZERO)).tip == 2_000
    assert kept(part(59_500, STAFF_MEALS), part(2_000, STAFF_MEALS, ZERO)).tip == 2_000
    assert kept(part(59_500, HOSPITALITY), part(2_000, OFFICE, ZERO)).tip == 0
    assert kept(part(59_500, HOSPITALITY), part(2_000, HOSPITALITY, ZERO), files=()).tip == 0


def test_what_stands_in_the_remark_is_kept_by_its_stable_name() -> None:
    assert "NO_ATTENDEES" in kept(part(5_000, HOSPITALITY)).notices
    assert kept(files=()).notices == ("NO_RECEIPT",)


def test_a_supplier_abroad_is_foreign_unless_it_has_a_german_vat_id() -> None:
    assert kept(supplier=Party(name="M", country="LU")).foreign
    assert not kept(supplier=Party(name="M", country="LU", tax_id="DE123456789")).foreign
    assert not kept(supplier=Party(name="M")).foreign


def test_countries_are_spelt_as_iso_spells_them() -> None:
    assert kept(supplier=Party(name="M", country="UK")).country == "GB"


def test_the_amount_on_the_receipt_is_kept_without_sign() -> None:
    assert kept(type="refund", original=Money(-13_000, "USD")).original == Money(13_000, "USD")


def test_the_name_of_a_category_is_the_one_it_had() -> None:
    assert kept().columns[0].category == CATEGORIES[OFFICE].name
