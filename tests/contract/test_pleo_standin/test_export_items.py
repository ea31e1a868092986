"""What an export item holds for every kind of entry."""

from decimal import Decimal
from typing import Any

import pytest

from local.pleo.driver import Driver

from .driver import describe, entry, item

pytestmark = pytest.mark.usefixtures("exporting")


def euro(value: int) -> dict[str, Any]:
    return {name: {"currency": "EUR", "value": value} for name in ("inSupplierCurrency", "inWalletCurrency")}


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({}, ("card_purchase", None)),
        ({"refund": True}, ("refund", None)),
        ({"subFamily": "ATM"}, ("atm_withdrawal", None)),
        ({"family": "CASHBACK"}, ("cashback", None)),
        ({"family": "OUT_OF_POCKET"}, ("out_of_pocket", None)),
        ({"family": "MILEAGE"}, ("mileage", None)),
        ({"family": "PER_DIEM"}, ("per_diem", None)),
        ({"family": "PLEO_INVOICE", "subFamily": "PLEO_INVOICE"}, ("fee", None)),
        ({"family": "PLEO_INVOICE", "subFamily": "PLEO_INVOICE_REFUND"}, ("refund", None)),
        ({"family": "OVERDRAFT", "subFamily": "INTEREST"}, ("fee", "interest")),
        ({"family": "WALLET", "subFamily": "FEE"}, ("fee", None)),
        ({"family": "WALLET", "subFamily": "LOAD"}, ("wallet_topup", None)),
        ({"family": "WALLET", "subFamily": "UNLOAD"}, ("wallet_unload", None)),
        ({"family": "BILL_INVOICE"}, ("invoice", None)),
        ({"family": "BILL_INVOICE_PAYMENT"}, ("invoice_payment", "invoice_payment_sent")),
        (
            {"family": "BILL_INVOICE_PAYMENT", "subFamily": "BILL_INVOICE_PAYMENT_RETURNED"},
            ("invoice_payment", "invoice_payment_returned"),
        ),
        (
            {"family": "REIMBURSEMENT", "subFamily": "REIMBURSEMENT_TO_EMPLOYEE"},
            ("direct_reimbursement", "reimbursement_to_employee"),
        ),
        (
            {"family": "REIMBURSEMENT", "status": "COMPLETED_EXTERNALLY", "subFamily": "REIMBURSEMENT_TO_EMPLOYEE"},
            ("external_reimbursement", "reimbursement_to_employee"),
        ),
    ],
)
def test_every_kind_of_entry_has_its_type(pleo: Driver, order: dict[str, Any], expected: tuple[str, Any]) -> None:
    shown = item(pleo, entry(pleo, **order))

    assert (shown["type"], shown.get("subType")) == expected


@pytest.mark.parametrize("kind", ["card_invoice", "chargeback", "personal_spend", "something_new"])
def test_types_that_no_entry_shows_can_be_ordered(pleo: Driver, kind: str) -> None:
    entry_id = entry(pleo)
    describe(pleo, entry_id, type=kind)

    assert item(pleo, entry_id)["type"] == kind


def test_a_coded_purchase_carries_account_tax_and_contra_account(pleo: Driver) -> None:
    entry_id = entry(pleo)
    describe(pleo, entry_id, account_external_id="supplies", tax_code="19", note="Papier", attendees=["A. Muster"])

    shown = item(pleo, entry_id)
    line = shown["accountingEntryLines"][0]

    assert line["account"]["identifier"] == "supplies"
    assert (line["tax"]["code"], line["tax"]["rate"], line["tax"]["type"]) == ("19", Decimal("0.19"), "inclusive")
    assert line["tax"]["amount"] == euro(1900)
    assert line["lineAmount"] == line["netAmount"] == shown["amount"] == euro(11900)
    assert shown["contraAccount"]["identifier"] == "wallet"
    assert shown["note"] == "Papier"
    assert shown["additionalInformation"]["attendees"] == ["A. Muster"]
    assert shown["additionalInformation"]["reconciliationId"].isdigit()
    assert shown["supplier"]["name"] == "Muster Bürobedarf"
    assert shown["user"]["name"] == "Erika Muster"


def test_the_category_has_the_employees_name_and_the_accounts_identifier(pleo: Driver) -> None:
    pleo.control("POST", "/categories", {"name": "Stifte", "account_external_id": "supplies", "tax_code": "19"})
    entry_id = entry(pleo)
    describe(pleo, entry_id, category="Stifte")

    line = item(pleo, entry_id)["accountingEntryLines"][0]

    assert (line["account"]["name"], line["account"]["identifier"], line["tax"]["code"]) == ("Stifte", "supplies", "19")


def test_an_entry_without_category_has_neither_account_nor_tax(pleo: Driver) -> None:
    line = item(pleo, entry(pleo))["accountingEntryLines"][0]

    assert not {"account", "tax"} & set(line)


def test_an_account_that_the_accounting_system_no_longer_has_can_be_ordered(pleo: Driver) -> None:
    entry_id = entry(pleo)
    gone = {"id": "88888888-8888-4888-8888-888888888881", "name": "Alt", "identifier": "gone"}
    describe(pleo, entry_id, account=gone)

    assert item(pleo, entry_id)["accountingEntryLines"][0]["account"] == gone


def test_a_split_expense_has_a_line_for_each_part(pleo: Driver) -> None:
    entry_id = entry(pleo)
    parts = [
        {"amount": 10700, "account_external_id": "supplies", "tax_code": "7"},
        {"amount": 1200, "account_external_id": "travel", "tax_code": "19"},
    ]
    describe(pleo, entry_id, splits=parts)

    lines = item(pleo, entry_id)["accountingEntryLines"]

    assert [line["account"]["identifier"] for line in lines] == ["supplies", "travel"]
    assert [line["lineAmount"]["inWalletCurrency"]["value"] for line in lines] == [10700, 1200]
    assert [line["tax"]["amount"]["inWalletCurrency"]["value"] for line in lines] == [700, 192]
    assert len({line["accountingEntryLineId"] for line in lines}) == 2


def test_a_split_looks_clean_in_the_entries_api(pleo: Driver) -> None:
    entry_id = entry(pleo)
    describe(pleo, entry_id, splits=[{"amount": 1, "account_external_id": "supplies"}])

    split = pleo.api("GET", f"/v1/accounting-entries/{entry_id}").json()["data"]["splitItems"][0]

    assert set(split) == {"id", "createdAt", "updatedAt", "tags", "totalBillValue", "transactionValue", "accountId"}


def test_many_entries_are_described_in_one_call(pleo: Driver) -> None:
    ids = [entry(pleo), entry(pleo)]

    pleo.control("POST", "/entries/bookkeeping", [{"id": each, "note": f"Notiz {each}"} for each in ids])

    assert [pleo.control("GET", f"/entries/{each}")["note"] for each in ids] == [f"Notiz {each}" for each in ids]


def test_a_new_account_replaces_what_was_ordered_before(pleo: Driver) -> None:
    entry_id = entry(pleo)
    describe(pleo, entry_id, account=None, tax={"code": "x", "rate": 0.5, "type": "inclusive"})
    describe(pleo, entry_id, account_external_id="supplies", tax_code="7")

    line = item(pleo, entry_id)["accountingEntryLines"][0]

    assert (line["account"]["identifier"], line["tax"]["code"]) == ("supplies", "7")


def test_reverse_charge_is_on_top_of_what_was_paid(pleo: Driver) -> None:
    entry_id = entry(pleo, amount=10000)
    describe(pleo, entry_id, account_external_id="supplies", tax_code="rc")

    line = item(pleo, entry_id)["accountingEntryLines"][0]

    assert line["tax"]["amount"]["inWalletCurrency"]["value"] == 1900
    assert line["netAmount"] == line["lineAmount"] == euro(10000)


def test_an_inclusive_tax_is_in_the_net_amount(pleo: Driver) -> None:
    entry_id = entry(pleo)
    describe(pleo, entry_id, tax_code="19")

    assert item(pleo, entry_id)["accountingEntryLines"][0]["netAmount"] == euro(11900)


def test_money_in_is_negative(pleo: Driver) -> None:
    found = []
    for refund in (False, True):
        entry_id = entry(pleo, refund=refund, amount=100)
        job = pleo.control("POST", "/export", {"entry_ids": [entry_id]})
        shown = pleo.api("GET", "/v3/export-items", job_id=job["id"]).json()["data"][0]
        found.append(shown["amount"]["inWalletCurrency"]["value"])
        pleo.control("POST", f"/export/{job['id']}/cancel")

    assert found == [100, -100]


def test_values_are_numbers_that_look_like_fractions(pleo: Driver) -> None:
    job = pleo.control("POST", "/export", {"entry_ids": [entry(pleo)]})

    assert b'"value":11900.0' in pleo.api("GET", "/v3/export-items", job_id=job["id"]).content


def test_a_currency_without_decimals_keeps_its_own_units(pleo: Driver) -> None:
    paid = {"currency": "JPY", "minors": 1500}
    entry_id = entry(pleo, transactionValue=paid, totalBillValue={"currency": "EUR", "minors": 921})

    shown = item(pleo, entry_id)["amount"]

    assert shown["inSupplierCurrency"] == {"currency": "JPY", "value": 1500}
    assert shown["inWalletCurrency"] == {"currency": "EUR", "value": 921}


def test_an_item_is_dated_to_the_midnight_of_settlement(pleo: Driver) -> None:
    assert item(pleo, entry(pleo))["date"] == "2026-03-02T00:00:00Z"


def test_an_invoice_carries_its_own_number_and_date(pleo: Driver) -> None:
    entry_id = entry(pleo, family="BILL_INVOICE")
    invoice = {"invoiceNumber": "RE-77", "invoiceDate": "2026-02-20", "status": "paid"}
    describe(pleo, entry_id, invoice=invoice)

    shown = item(pleo, entry_id)

    assert shown["additionalInformation"]["invoiceInformation"] == invoice
    assert "contraAccount" not in shown


def test_everything_else_an_item_may_hold_can_be_ordered(pleo: Driver) -> None:
    entry_id = entry(pleo)
    vendor = {"id": "99999999-9999-4999-8999-999999999991", "name": "Muster AG", "defaultCurrency": "EUR"}
    describe(
        pleo,
        entry_id,
        vendor=vendor,
        team={"id": vendor["id"], "name": "Vertrieb"},
        supplier={"name": "EXAMPLE*SAAS", "country": "US"},
        service_period={"from": "2026-01-01", "to": "2026-12-31"},
        reconciliation_id="4113617",
        reconciled_entries=["4113000"],
        user=None,
    )

    shown = item(pleo, entry_id)

    assert shown["vendor"] == vendor
    assert shown["team"]["name"] == "Vertrieb"
    assert shown["supplier"]["country"] == "US"
    assert shown["servicePeriod"] == {"from": "2026-01-01", "to": "2026-12-31"}
    assert shown["additionalInformation"] == {"reconciliationId": "4113617", "reconciledEntries": ["4113000"]}
    assert "user" not in shown


def test_an_entry_in_a_running_job_is_locked(pleo: Driver) -> None:
    entry_id = entry(pleo)
    item(pleo, entry_id)

    assert pleo.http.post(f"/control/entries/{entry_id}/bookkeeping", json={"note": "x"}).status_code == 409
