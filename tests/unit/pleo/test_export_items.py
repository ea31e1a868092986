"""Pleo's export items on the wire: what a booking needs must be right, what people only read may be missing."""

import json
from copy import deepcopy
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from expenses import SETTINGS, expense, wire_item
from hypothesis import given
from hypothesis import strategies as st
from samples import ENTRY_ID

from shared.domain.exporting.expense import Account, Invoice, Party, Tax
from shared.domain.exporting.mapping import voucher_for
from shared.domain.exporting.voucher import Voucher
from shared.domain.money import Money
from shared.pleo.export_items import MalformedExportItemError, parse

REQUIRED = ["accountingEntryId", "type", "date", "amount", "accountingEntryLines", "additionalInformation"]
OPTIONAL = [
    "_links", "companyId", "subType", "bookkeeping", "contraAccount", "files", "note", "servicePeriod", "supplier",
    "vendor", "user",
]  # fmt: skip


def _with(path: str, value: object) -> dict[str, Any]:
    """The item with one nested value changed; numbers in the path are list indexes."""
    item = deepcopy(wire_item())
    target: Any = item
    *way, last = path.split(".")
    for step in way:
        target = target[int(step)] if isinstance(target, list) else target[step]
    target[last] = value
    return item


def test_a_complete_item_is_read() -> None:
    read = parse(wire_item())

    assert read == expense(link="https://app.example/expenses/555", lines=read.lines)
    assert read.lines[0].amount == Money(11900, "EUR")
    assert read.lines[0].tax == Tax(rate=Decimal("0.19"), type="inclusive", code="DE-19")
    assert isinstance(voucher_for(read, SETTINGS), Voucher)


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", ["missing", None, "", 5, True, [], {}])
def test_a_required_field_that_is_missing_or_of_another_type_is_malformed(name: str, value: object) -> None:
    item = wire_item(**{name: value})
    if value == "missing":
        del item[name]

    with pytest.raises(MalformedExportItemError):
        parse(item)


@pytest.mark.parametrize("name", OPTIONAL)
def test_an_optional_field_may_be_missing_or_null(name: str) -> None:
    without = wire_item()
    del without[name]

    assert parse(without) == parse(wire_item(**{name: None}))


@pytest.mark.parametrize("data", [None, [], "text", 5])
def test_what_is_no_object_is_no_item(data: object) -> None:
    with pytest.raises(MalformedExportItemError, match="not an object"):
        parse(data)


def test_a_malformed_item_still_says_which_it_is_and_where() -> None:
    with pytest.raises(MalformedExportItemError) as caught:
        parse(_with("accountingEntryLines.0.lineAmount", None))

    assert (caught.value.entry_id, caught.value.field) == (ENTRY_ID, "lineAmount")


def test_unknown_fields_and_new_enum_values_are_accepted() -> None:
    read = parse(wire_item(type="new_type", subType="new_sub_type", brandNew={"x": [None]}))

    assert (read.type, read.sub_type) == ("new_type", "new_sub_type")


@pytest.mark.parametrize("value", [11900, Decimal(11900), Decimal("11900.00"), Decimal("1.19E+4")])
def test_an_amount_may_be_written_as_any_whole_number(value: object) -> None:
    assert parse(_with("amount.inWalletCurrency.value", value)).paid == Money(11900, "EUR")


@pytest.mark.parametrize(
    "value", [119.0, "11900", None, True, Decimal("11900.5"), Decimal("NaN"), Decimal("Infinity"), 10**15, 10**400, []]
)
@pytest.mark.parametrize("place", ["amount.inWalletCurrency", "accountingEntryLines.0.lineAmount.inWalletCurrency"])
def test_an_amount_that_is_no_whole_number_of_minor_units_is_malformed(place: str, value: object) -> None:
    item = json.loads(json.dumps(wire_item(), default=str), parse_float=Decimal)
    item["accountingEntryLines"][0]["tax"] = None
    target = item
    for step in place.split("."):
        target = target[int(step)] if isinstance(target, list) else target[step]
    target["value"] = value

    with pytest.raises(MalformedExportItemError, match=r"[aA]mount"):
        parse(item)


def test_lines_in_another_currency_than_the_whole_are_malformed() -> None:
    item = _with("accountingEntryLines.0.lineAmount.inWalletCurrency", {"currency": "USD", "value": 11900})

    with pytest.raises(MalformedExportItemError, match="accountingEntryLines"):
        parse(item)


def test_the_original_amount_is_that_of_the_supplier_or_else_the_wallets() -> None:
    assert parse(_with("amount.inSupplierCurrency", {"currency": "USD", "value": 2900})).original == Money(2900, "USD")
    assert parse(_with("amount.inSupplierCurrency", None)).original == Money(11900, "EUR")


def test_a_line_may_be_without_account_or_tax() -> None:
    assert parse(_with("accountingEntryLines.0.account", None)).lines[0].account is None
    assert parse(_with("accountingEntryLines.0.tax", None)).lines[0].tax is None


def test_an_account_never_synced_has_no_identifier() -> None:
    account = {"id": "x", "name": "Telefon", "code": "4920"}

    assert parse(_with("accountingEntryLines.0.account", account)).lines[0].account == Account(name="Telefon")


@pytest.mark.parametrize("rate", [0.19, "19 %", None, True])
def test_a_rate_that_is_no_exact_number_is_malformed(rate: object) -> None:
    with pytest.raises(MalformedExportItemError, match=r"tax\.rate"):
        parse(_with("accountingEntryLines.0.tax.rate", rate))


def test_the_tax_amount_is_kept_with_its_fractions() -> None:
    amount = {"inWalletCurrency": {"currency": "EUR", "value": Decimal("508.63")}}
    read = parse(_with("accountingEntryLines.0.tax.amount", amount))

    assert read.lines[0].tax is not None
    assert read.lines[0].tax.amount == Decimal("508.63")


@pytest.mark.parametrize("day", ["2025-12-20", "2025-12-20T00:00:00Z"])
def test_an_invoices_dates_may_be_days_or_moments(day: str) -> None:
    info = {"invoiceNumber": "RE-1", "invoiceDate": day, "dueDate": "2026-01-19", "status": "paid"}

    assert parse(_with("additionalInformation.invoiceInformation", info)).invoice == Invoice(
        number="RE-1", day=date(2025, 12, 20), due_date=date(2026, 1, 19)
    )


@pytest.mark.parametrize("day", [None, "", "20.12.2025", "2025-02-30", "0001-01-01", 5])
def test_an_invoice_without_a_date_is_malformed(day: object) -> None:
    with pytest.raises(MalformedExportItemError, match="invoiceDate"):
        parse(_with("additionalInformation.invoiceInformation", {"invoiceNumber": "RE-1", "invoiceDate": day}))


def test_parties_are_read_leniently() -> None:
    supplier = {"name": "SAAS*1", "country": "undefined", "taxIdentifier": "DE 123 456 789"}
    vendor = {"id": "v", "name": "SaaS Ltd", "country": "gb", "taxRegistrationNumber": None}
    read = parse(wire_item(supplier=supplier, vendor=vendor))

    assert read.supplier == Party(name="SAAS*1", tax_id="DE123456789")
    assert read.vendor == Party(name="SaaS Ltd", country="GB")


def test_people_notes_and_periods_are_read() -> None:
    item = wire_item(note="Messe", servicePeriod={"from": "2026-01-01T00:00:00Z", "to": None})
    item["additionalInformation"] = {"reconciliationId": "1", "attendees": ["A. Gast", "", None, 5]}
    read = parse(item)

    assert (read.note, read.attendees, read.service_from, read.service_to) == (
        "Messe",
        ("A. Gast",),
        date(2026, 1, 1),
        None,
    )


@pytest.mark.parametrize("name", ["contraAccount", "supplier", "vendor", "user", "servicePeriod", "files", "_links"])
def test_a_structure_of_another_type_is_named(name: str) -> None:
    with pytest.raises(MalformedExportItemError, match=name):
        parse(wire_item(**{name: "text"}))


@pytest.mark.parametrize("entry_id", ["a#2", "a/b", "a b", "..", "ä", "x" * 65])
def test_an_id_that_could_become_another_key_is_refused(entry_id: str) -> None:
    with pytest.raises(MalformedExportItemError, match="accountingEntryId"):
        parse(wire_item(accountingEntryId=entry_id))


@pytest.mark.parametrize("text", ["2026-01-12T09:00:00", "2026-02-30T09:00:00Z", "9999-12-31T23:59:59Z", "gestern"])
def test_a_moment_without_zone_or_meaning_is_named(text: str) -> None:
    with pytest.raises(MalformedExportItemError, match="date"):
        parse(wire_item(date=text))


def test_a_moment_is_utc_whatever_its_offset() -> None:
    read = parse(wire_item(date="2026-01-12T10:00:00.123456789+01:00"))

    assert read.booked_at == datetime(2026, 1, 12, 9, 0, 0, 123_456, tzinfo=UTC)


def test_only_a_safe_link_leads_back_to_pleo() -> None:
    assert parse(wire_item(_links={"web": {"exportItem": "javascript:alert(1)"}})).link == ""


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["name", "value", "currency", "inWalletCurrency", "tax", "lineAmount"]), inner
        )
    ),
    max_leaves=5,
)
_PLACES = [
    *REQUIRED,
    *OPTIONAL,
    "amount.inWalletCurrency",
    "accountingEntryLines.0.tax",
    "accountingEntryLines.0.account",
    "additionalInformation.invoiceInformation",
]


@given(place=st.sampled_from(_PLACES), value=_JSON)
def test_any_json_is_an_item_with_an_outcome_or_malformed(place: str, value: object) -> None:
    try:
        read = parse(_with(place, value))
    except MalformedExportItemError:
        return
    assert voucher_for(read, SETTINGS) is not None
