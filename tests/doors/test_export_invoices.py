"""An invoice and its payment: two entries, one voucher, one bank line, brought together by the invoice's number."""

from types import ModuleType
from typing import Any

import pytest

from shared.domain.feeding.line import external_reference

from .conftest import Context, Linked
from .exporting import USUAL, click, hinted, items, run, vouchers

INVOICE = {"invoiceNumber": "RE 2026/17", "invoiceDate": "2026-11-02", "status": "paid"}


def entry(company: Linked, family: str, **details: Any) -> str:
    """A settled entry of an invoice; its id."""
    from functions.feed import app as feed
    from functions.sync import app as sync

    order = {"family": family, "amount": details.pop("amount", 5000), "status": "COMPLETED"}
    if sub_family := details.pop("sub_family", ""):
        order["subFamily"] = sub_family
    (entry_id,) = company.control_pleo("/entries/batch", [order])["ids"]
    company.control_pleo(f"/entries/{entry_id}/bookkeeping", {**USUAL, "invoice": INVOICE, **details})
    sync.handler(company.message("sync"), Context())
    feed.handler(company.message("feed"), Context())
    return str(entry_id)


@pytest.fixture
def invoice(company: Linked) -> str:
    return entry(company, "BILL_INVOICE")


@pytest.fixture
def payment(company: Linked) -> str:
    return entry(company, "BILL_INVOICE_PAYMENT")


def exported(company: Linked, export: ModuleType, *entry_ids: str) -> dict[str, str | None]:
    """Exports these in one job; the voucher that Pleo is told for each."""
    job_id = click(company, list(entry_ids))
    assert run(company, export) == []
    reported = items(company, job_id)
    assert {item["status"] for item in reported.values()} == {"successful"}
    return {entry_id: reported[entry_id]["externalId"] for entry_id in entry_ids}


def test_exported_together_both_point_at_the_invoices_voucher_and_it_is_hinted_to_the_payments_line(
    company: Linked, export: ModuleType, invoice: str, payment: str
) -> None:
    told = exported(company, export, payment, invoice)

    (voucher,) = vouchers(company)
    assert told == {invoice: voucher["id"], payment: voucher["id"]}
    assert hinted(company) == {external_reference(payment): voucher["id"]}


def test_the_invoice_first_waits_for_its_payment_with_the_hint(
    company: Linked, export: ModuleType, invoice: str, payment: str
) -> None:
    exported(company, export, invoice)
    assert hinted(company) == {}

    told = exported(company, export, payment)

    (voucher,) = vouchers(company)
    assert told == {payment: voucher["id"]}
    assert hinted(company) == {external_reference(payment): voucher["id"]}


def test_the_payment_first_succeeds_and_the_invoice_finds_it(
    company: Linked, export: ModuleType, invoice: str, payment: str
) -> None:
    assert exported(company, export, payment) == {payment: None}
    assert vouchers(company) == []

    told = exported(company, export, invoice)

    (voucher,) = vouchers(company)
    assert told == {invoice: voucher["id"]}
    assert hinted(company) == {external_reference(payment): voucher["id"]}


def test_a_payment_that_came_back_points_at_the_voucher_and_takes_no_hint(
    company: Linked, export: ModuleType, invoice: str
) -> None:
    returned = entry(company, "BILL_INVOICE_PAYMENT", sub_family="BILL_INVOICE_PAYMENT_RETURNED")

    told = exported(company, export, invoice, returned)

    (voucher,) = vouchers(company)
    assert told[returned] == voucher["id"]
    assert hinted(company) == {}


def test_another_suppliers_invoice_with_the_same_number_is_not_mixed_up(
    company: Linked, export: ModuleType, invoice: str
) -> None:
    other = entry(company, "BILL_INVOICE_PAYMENT", amount=7000)

    told = exported(company, export, invoice, other)

    assert told[other] is None
    assert hinted(company) == {}
