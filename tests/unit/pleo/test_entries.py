"""Pleo's entries on the wire: what is missing is named, what is new is no obstacle, money is never a float."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import ENTRY_ID, entry, wire

from shared.domain.feeding.ledger import row_for
from shared.domain.money import Money
from shared.pleo.entries import MalformedEntryError, parse

FIRST, LAST = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (1971, 9000))
REQUIRED = ["id", "family", "status", "performedAt", "updatedAt", "transactionValue"]
OPTIONAL = ["companyId", "subFamily", "settledAt", "deletedAt", "totalBillValue", "merchant"]


def test_a_complete_entry_is_read() -> None:
    assert parse(wire()) == entry()


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", ["missing", None, "", 5, True, [], {}])
def test_a_required_field_that_is_missing_or_of_another_type_is_named(name: str, value: object) -> None:
    data = wire(**{name: value})
    if value == "missing":
        del data[name]

    with pytest.raises(MalformedEntryError, match=name):
        parse(data)


@pytest.mark.parametrize("name", OPTIONAL)
def test_an_optional_field_may_be_missing_or_null(name: str) -> None:
    without = wire()
    del without[name]

    assert parse(without) == parse(wire(**{name: None}))


@pytest.mark.parametrize("name", ["subFamily", "settledAt", "deletedAt", "totalBillValue"])
def test_an_optional_field_of_another_type_is_named(name: str) -> None:
    with pytest.raises(MalformedEntryError, match=name):
        parse(wire(**{name: 5}))


@pytest.mark.parametrize("data", [None, [], "text", 5])
def test_what_is_no_object_is_no_entry(data: object) -> None:
    with pytest.raises(MalformedEntryError, match="not an object"):
        parse(data)


def test_unknown_fields_and_new_enum_values_are_accepted() -> None:
    read = parse(wire(family="NEW_FAMILY", subFamily="NEW", status="NEW", exportStatus="NEW", brandNew={"x": [None]}))

    assert (read.family, read.sub_family, read.status) == ("NEW_FAMILY", "NEW", "NEW")


@pytest.mark.parametrize("merchant", [None, {}, {"name": None}, {"name": 5}, "text", [], {"name": ""}])
def test_a_merchant_without_a_name_is_none(merchant: object) -> None:
    assert parse(wire(merchant=merchant)).merchant == ""


@pytest.mark.parametrize("name", ["family", "subFamily", "status"])
def test_text_that_no_database_takes_is_malformed(name: str) -> None:
    with pytest.raises(MalformedEntryError, match=f"{name} is not readable text"):
        parse(wire(**{name: "half a character: \ud800"}))


def test_ids_are_compared_in_lower_case() -> None:
    assert parse(wire(id=ENTRY_ID.upper())).id == ENTRY_ID


@pytest.mark.parametrize("value", ["a#2", "a/b", "a b", "..", "ä", "a\n", "x" * 65, "a_b", "１"])
def test_an_id_that_could_become_another_key_is_refused(value: str) -> None:
    with pytest.raises(MalformedEntryError, match=r"id is not (an id|readable text)"):
        parse(wire(id=value))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-12T09:00:00Z", datetime(2026, 1, 12, 9, tzinfo=UTC)),
        ("2026-01-12T09:00:00.5Z", datetime(2026, 1, 12, 9, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-01-12T09:00:00.123Z", datetime(2026, 1, 12, 9, 0, 0, 123_000, tzinfo=UTC)),
        ("2026-01-12T09:00:00.123456789Z", datetime(2026, 1, 12, 9, 0, 0, 123_456, tzinfo=UTC)),
        ("2026-01-12T10:00:00+01:00", datetime(2026, 1, 12, 9, tzinfo=UTC)),
        ("2026-01-12T09:00:00+0000", datetime(2026, 1, 12, 9, tzinfo=UTC)),
    ],
)
def test_a_moment_may_have_any_fraction_and_offset(text: str, moment: datetime) -> None:
    read = parse(wire(updatedAt=text))

    assert read.updated_at == moment
    assert read.updated_at.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-12T09:00:00",
        "2026-01-12",
        "2026-02-30T09:00:00Z",
        "12.01.2026 09:00",
        "yesterday",
        "1768469400",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T23:59:59Z",
        "0999-01-01T00:00:00Z",
    ],
)
@pytest.mark.parametrize("name", ["performedAt", "settledAt", "updatedAt", "deletedAt"])
def test_a_moment_without_zone_or_meaning_is_named(name: str, text: str) -> None:
    with pytest.raises(MalformedEntryError, match=name):
        parse(wire(**{name: text}))


@pytest.mark.parametrize(
    "minors",
    [True, False, 26.77, 2677.0, Decimal("26.77"), Decimal(2677), "2677", None, [], 10**15, -(10**15), 10**400],
)
def test_minors_are_whole_numbers_of_a_plausible_size(minors: object) -> None:
    with pytest.raises(MalformedEntryError, match=r"totalBillValue\.minors"):
        parse(wire(totalBillValue={"currency": "EUR", "minors": minors}))


@pytest.mark.parametrize("currency", [None, "", 978, []])
def test_an_amount_has_a_currency(currency: object) -> None:
    with pytest.raises(MalformedEntryError, match=r"transactionValue\.currency"):
        parse(wire(transactionValue={"currency": currency, "minors": 1}))


def test_a_large_amount_keeps_every_digit() -> None:
    assert parse(wire(totalBillValue={"currency": "EUR", "minors": 10**15 - 1})).bill == Money(10**15 - 1, "EUR")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "minors", "currency"]), inner),
    max_leaves=4,
)


@given(changes=st.dictionaries(st.sampled_from([*REQUIRED, *OPTIONAL]), _JSON, max_size=4))
def test_any_json_is_an_entry_that_leads_to_a_row_or_malformed(changes: dict[str, Any]) -> None:
    data = json.loads(json.dumps(wire(**changes)))
    try:
        read = parse(data)
    except MalformedEntryError:
        return
    assert row_for(read, announced_settled=True).entry_id == read.id


@given(moment=st.datetimes(FIRST, LAST), offset=st.integers(-23, 23))
def test_every_plausible_moment_leads_to_a_row(moment: datetime, offset: int) -> None:
    text = f"{moment.isoformat()}{offset:+03d}:00"

    assert row_for(parse(wire(settledAt=text, updatedAt=text, performedAt=text))).day is not None
