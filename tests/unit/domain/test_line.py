"""What a bookkeeper reads on a line."""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import ENTRY_ID, entry

from shared.domain.feeding.entry_rules import RULES, Destination
from shared.domain.feeding.line import (
    NAME_LIMIT,
    PURPOSE_LIMIT,
    correction_purpose,
    counterparty,
    external_reference,
    purpose,
)
from shared.domain.money import Money
from shared.domain.times import booking_date, midnight, utc_text
from shared.texts.labels import KINDS

FIRST, LAST = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (1971, 9000))
ANY_TEXT = st.text(st.characters(codec=None), max_size=300)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_purchase_names_kind_merchant_and_the_day_it_was_made() -> None:
    assert purpose(entry(), "card_purchase") == "Kartenzahlung Muster Bürobedarf vom 10.01.2026"


def test_the_day_is_left_out_when_it_is_the_lines_own() -> None:
    same_day = entry(performed_at=at("2026-01-12T08:00:00+00:00"))

    assert purpose(same_day, "card_purchase") == "Kartenzahlung Muster Bürobedarf"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Money(2900, "USD"), "(29,00 USD)"),
        (Money(-2900, "USD"), "(29,00 USD)"),
        (Money(4500, "JPY"), "(4.500 JPY)"),
        (Money(1234567, "KWD"), "(1.234,567 KWD)"),
    ],
)
def test_the_original_currency_stands_in_the_text_without_a_sign(value: Money, shown: str) -> None:
    assert purpose(entry(value=value), "card_purchase").endswith(shown)


def test_euros_are_not_repeated() -> None:
    assert "EUR" not in purpose(entry(), "card_purchase")


def test_a_fee_without_merchant_is_pleos() -> None:
    fee = entry(merchant="")

    assert (counterparty(fee, "fee"), counterparty(fee, "card_purchase")) == ("Pleo", "Unbekannt")


def test_control_characters_and_line_breaks_become_single_blanks() -> None:
    odd = entry(merchant="  Café\n\x00\tMüller\u202e  GmbH\u00a0\ud800 ", performed_at=entry().settled_at)

    assert counterparty(odd, "card_purchase") == "Café Müller GmbH"
    assert purpose(odd, "card_purchase") == "Kartenzahlung Café Müller GmbH"


@given(merchant=ANY_TEXT, currency=st.text(max_size=200))
def test_whatever_the_merchant_is_called_the_texts_are_one_printable_line_within_the_limits(
    merchant: str, currency: str
) -> None:
    odd = entry(merchant=merchant, value=Money(1, currency))
    texts = {counterparty(odd, "card_purchase"): NAME_LIMIT, purpose(odd, "card_purchase"): PURPOSE_LIMIT}
    correction = correction_purpose(purpose(odd, "card_purchase"), counterparty(odd, "card_purchase"), odd.updated_at)
    texts |= {correction: PURPOSE_LIMIT}

    for text, limit in texts.items():
        assert 1 <= len(text) <= limit
        assert text == text.strip()
        assert not [ch for ch in text if unicodedata.category(ch).startswith("C")]


def test_a_long_name_is_cut_visibly() -> None:
    assert counterparty(entry(merchant="x" * 71), "card_purchase") == "x" * 69 + "…"
    assert counterparty(entry(merchant="x" * 70), "card_purchase") == "x" * 70


@pytest.mark.parametrize("kind", sorted({rule.kind for rule in RULES if rule.destination is Destination.LINE}))
def test_day_and_original_amount_survive_the_longest_merchant_name_also_in_a_correction(kind: str) -> None:
    long = entry(merchant="x" * 300, value=Money(99999999999, "USD"))
    line = purpose(long, kind)
    correction = correction_purpose(line, counterparty(long, kind), at("2026-02-01T12:00:00+00:00"))

    assert line == f"{KINDS[kind].de} {'x' * 69}… vom 10.01.2026 (999.999.999,99 USD)"
    assert correction.startswith(f"Korrektur 01.02.2026 zu: {KINDS[kind].de} xxxxxxxxxx")
    assert correction.endswith("x… vom 10.01.2026 (999.999.999,99 USD)")
    assert len(correction) <= PURPOSE_LIMIT


def test_a_correction_says_what_it_corrects() -> None:
    text = correction_purpose("Kartenzahlung Muster", "Muster", at("2026-02-01T23:30:00+00:00"))

    assert text == "Korrektur 02.02.2026 zu: Kartenzahlung Muster"


def test_the_reference_is_a_function_of_entry_and_revision_only() -> None:
    assert external_reference(ENTRY_ID) == f"pleo-{ENTRY_ID}"
    assert external_reference(ENTRY_ID, 2) == f"pleo-{ENTRY_ID}-2"


@given(
    left=st.tuples(st.uuids(), st.integers(1, 1000)),
    right=st.tuples(st.uuids(), st.integers(1, 1000)),
)
def test_two_lines_share_a_reference_only_if_they_are_the_same(
    left: tuple[object, int], right: tuple[object, int]
) -> None:
    same = external_reference(str(left[0]), left[1]) == external_reference(str(right[0]), right[1])

    assert same == (left == right)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-01-11T22:59:59+00:00", "2026-01-11"),
        ("2026-01-11T23:00:00+00:00", "2026-01-12"),
        ("2026-07-11T21:59:59+00:00", "2026-07-11"),
        ("2026-07-11T22:00:00+00:00", "2026-07-12"),
        ("2026-03-29T00:59:59+00:00", "2026-03-29"),
        ("2026-03-28T23:00:00+00:00", "2026-03-29"),
        ("2026-10-25T21:59:00+00:00", "2026-10-25"),
        ("2026-10-25T23:00:00+00:00", "2026-10-26"),
        ("2025-12-31T23:30:00+00:00", "2026-01-01"),
    ],
)
def test_the_booking_day_is_the_day_in_germany(moment: str, day: str) -> None:
    assert booking_date(at(moment)).isoformat() == day


@pytest.mark.parametrize(
    ("day", "start"),
    [
        ("2026-01-12T12:00:00+00:00", "2026-01-12T00:00:00+01:00"),
        ("2026-03-29T12:00:00+00:00", "2026-03-29T00:00:00+01:00"),
        ("2026-03-30T12:00:00+00:00", "2026-03-30T00:00:00+02:00"),
        ("2026-10-25T12:00:00+00:00", "2026-10-25T00:00:00+02:00"),
        ("2026-10-26T12:00:00+00:00", "2026-10-26T00:00:00+01:00"),
    ],
)
def test_a_german_day_starts_with_the_offset_of_its_own_midnight(day: str, start: str) -> None:
    assert midnight(booking_date(at(day))).isoformat() == start


@given(moments=st.lists(st.datetimes(FIRST, LAST, timezones=st.timezones()), min_size=2, max_size=5))
def test_moments_as_text_sort_like_the_moments(moments: list[datetime]) -> None:
    assert sorted(map(utc_text, moments)) == [utc_text(moment) for moment in sorted(moments)]


def test_text_is_utc() -> None:
    assert utc_text(at("2026-01-12T10:00:00.5+01:00")) == "2026-01-12T09:00:00.500000Z"
    assert utc_text(datetime(2026, 1, 12, tzinfo=UTC)) == "2026-01-12T00:00:00.000000Z"
