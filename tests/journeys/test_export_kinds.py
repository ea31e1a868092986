"""One job with every kind of item: what becomes a voucher, what needs none, and what each refusal says in Pleo."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from .company import OFFICE_SUPPLIES, Company, now
from .world import Json

pytestmark = pytest.mark.journey

VANISHED = "b3a1f841-fd90-11e1-a21f-0800200c9a66"  # «Internet»
LICENCES_13B = "6d575db0-74e8-433d-a986-27b76ea27f9e"  # «Lizenzen §13b Drittland»
VENDOR = {"id": "dddddddd-0000-4000-8000-000000000001", "name": "Beispiel Software Inc.", "defaultCurrency": "USD"}
PDF, PNG, JPEG = {"kind": "pdf"}, {"kind": "png"}, {"kind": "jpeg"}
MEGABYTE = 1024 * 1024
AUSTRIAN = {"rate": 0.2, "type": "inclusive", "code": "AT-20"}
BAD_TYPE = "validation_failure"


@dataclass(frozen=True, slots=True)
class Kind:
    """An entry at Pleo, what the bookkeeper says about it, and what must come of it.

    `code` and `failure` are those of a refusal; else it succeeds with a `voucher` of that type, "" for none, whose
    receipts are the entry's and which is proposed for the entry's line, or for that of the kind in `paid_by`.
    """

    entry: Json
    coding: Json
    voucher: str = "purchaseinvoice"
    code: str = ""
    failure: str = ""
    paid_by: str = ""


def card(*, amount: int = 11_900, voucher: str = "purchaseinvoice", **entry: Any) -> Kind:
    return Kind({"amount": amount, "settledAt": now(), **entry}, {}, voucher)


def coded(*, voucher: str = "purchaseinvoice", **coding: Any) -> Kind:
    return Kind({"amount": 11_900, "settledAt": now()}, coding, voucher)


def refused(code: str, failure: str, **coding: Any) -> Kind:
    return Kind({"amount": 11_900, "settledAt": now()}, coding, "", code, failure)


def family(name: str, sub: str | None = None, *, voucher: str = "", code: str = "", files: Any = ()) -> Kind:
    entry = {"family": name, "subFamily": sub, "amount": 2_500}
    return Kind(entry, {"files": list(files)}, voucher, code, BAD_TYPE if code else "")


def kinds() -> dict[str, Kind]:
    part = {"account_external_id": OFFICE_SUPPLIES}
    splits = [part | {"amount": 10_000, "tax_code": "DE-19"}, part | {"amount": 1_900, "tax_code": "DE-7"}]
    dollars, euros = {"currency": "USD", "minors": 5_000}, {"currency": "EUR", "minors": 4_630}
    invoice = {"invoiceNumber": "RE 2026/17", "invoiceDate": now()[:10], "status": "paid"}
    billed = {**invoice, "invoiceNumber": "A-4711"}
    return {
        "card purchase": coded(files=[PDF, JPEG, PNG], note="Druckerpapier"),
        "split over two rates": coded(splits=splits),
        "refund": card(refund=True, voucher="purchasecreditnote"),
        "US dollars": card(transactionValue=dollars, totalBillValue=euros),
        "chargeback": Kind(
            {"amount": 11_900, "refund": True, "settledAt": now()}, {"type": "chargeback"}, "purchasecreditnote"
        ),
        "private": coded(type="personal_spend"),
        # Its category wants a real contact, and lexoffice adds the tax by itself.
        "reverse charge": coded(account_external_id=LICENCES_13B, tax_code="DE-RC-19", vendor=VENDOR),
        "cash": card(subFamily="ATM"),
        "without receipt": coded(files=[]),
        "invoice paid by card": coded(type="card_invoice", invoice=invoice),
        "fee": family("PLEO_INVOICE", voucher="purchaseinvoice"),
        "cashback": family("CASHBACK", voucher="purchasecreditnote"),
        "invoice": Kind(
            {"family": "BILL_INVOICE", "amount": 2_500}, {"files": [PDF], "invoice": billed}, paid_by="invoice payment"
        ),
        "invoice payment": Kind({"family": "BILL_INVOICE_PAYMENT", "amount": 2_500}, {"invoice": billed}, ""),
        "top-up": family("WALLET", "LOAD"),
        "withdrawal": family("WALLET", "UNLOAD"),
        "reimbursement": family("REIMBURSEMENT", "REIMBURSEMENT_TO_EMPLOYEE", code="EXP-REIMBURSEMENT"),
        "out of pocket": family("OUT_OF_POCKET", code="EXP-PAID-PRIVATELY"),
        "mileage": family("MILEAGE", code="EXP-PAID-PRIVATELY"),
        "per diem": family("PER_DIEM", code="EXP-PAID-PRIVATELY"),
        "unknown kind": refused("EXP-TYPE-UNKNOWN", BAD_TYPE, type="crypto_purchase"),
        "missing account": refused("EXP-ACCOUNT-MISSING", "missing_configuration", account_external_id=None),
        "missing tax code": refused("EXP-TAX-MISSING", "missing_configuration", tax_code=None),
        "vanished category": refused("EXP-CATEGORY-GONE", "account_unknown", account_external_id=VANISHED),
        "unknown tax code": refused("EXP-TAX-UNKNOWN", "tax_code_unknown", tax=AUSTRIAN),
        "6 MB": refused(
            "EXP-RECEIPT-TOO-LARGE", "receipt_file_size_limit_exceeded", files=[PDF | {"size": 6 * MEGABYTE}]
        ),
        "HEIC": refused("EXP-RECEIPT-TYPE", "receipt_conversion_failure", files=[PDF, {"kind": "heic"}]),
        "HEIC that claims to be JPEG": refused(
            "EXP-RECEIPT-TYPE", "receipt_conversion_failure", files=[{"kind": "heic", "type": "image/jpeg"}]
        ),
        "broken PDF": refused("EXP-RECEIPT-BROKEN", "receipt_conversion_failure", files=[{"kind": "broken_pdf"}]),
        "parts that do not add up": refused("EXP-SPLIT-SUM", BAD_TYPE, splits=splits[:1]),
    }


def test_every_kind_of_item_has_exactly_its_outcome(company: Company) -> None:
    company.set_contra_account()
    wanted = kinds()
    entries = {name: company.code(company.pay(**kind.entry), **kind.coding) for name, kind in wanted.items()}
    company.sync()  # only card payments have webhooks
    company.world.lexoffice("/categories", action="remove", id=VANISHED)

    items = company.ends(company.export(list(entries.values())), "completed_with_errors")

    outcomes = {name: outcome(items[entry]) for name, entry in entries.items()}
    assert outcomes == {name: (kind.code, kind.failure or None) for name, kind in wanted.items()}
    vouchers = {voucher["id"]: voucher for voucher in company.vouchers}
    assert items[entries["invoice payment"]]["externalId"] == items[entries["invoice"]]["externalId"]
    made = {
        name: vouchers.get(items[entry]["externalId"] or "", {}) if name != "invoice payment" else {}
        for name, entry in entries.items()
    }
    assert {name: voucher.get("type", "") for name, voucher in made.items()} == {
        name: kind.voucher for name, kind in wanted.items()
    }
    with_voucher = {name: made[name] for name, kind in wanted.items() if kind.voucher}
    # The receipt that lexoffice cannot read was refused after its voucher had been made.
    assert len(vouchers) == len(with_voucher) + 1
    attached = sum(len(voucher["files"]) for voucher in vouchers.values())
    assert company.organisation["calls"]["by_route"]["POST /v1/vouchers/{id}/files"] == attached + 1  # the broken one
    for name, voucher in with_voucher.items():
        assert receipts(company, voucher) == [each["kind"] for each in wanted[name].coding.get("files", [PDF])], name
        assert leads_to(company, items[entries[name]]["externalUrl"]) == voucher["id"]
    lines = {name: entries[kind.paid_by or name] for name, kind in wanted.items() if kind.voucher}
    assert company.proposed == {f"pleo-{line}": made[name]["id"] for name, line in lines.items()}
    assert len(company.hints) == len(lines)
    amounts_are_right(with_voucher)
    approving_settles_everything(company, {name: made[name] for name in lines})


def outcome(item: Json) -> tuple[str, str | None]:
    """The code of an item's refusal ("" for a success) and Pleo's failure type."""
    if item["status"] == "successful":
        return "", item["failureReasonType"]
    assert item["status"] == "failed"
    code = item["failureReason"].rpartition("[")[2]
    assert code.endswith("]")
    return code.removesuffix("]"), item["failureReasonType"]


def receipts(company: Company, voucher: Json) -> list[str]:
    """What a voucher's files are, in their order, as a person opens them."""
    page = f"{company.world.stack.lexoffice_url}/organisationen/{company.organisation_id}/belege/{voucher['id']}"
    answers = [company.world.http.get(f"{page}/dateien/{file_id}") for file_id in voucher["files"]]
    return [answer.headers["content-type"].partition("/")[2] for answer in answers]


def leads_to(company: Company, url: str) -> str:
    """The voucher that Pleo's link to an exported item opens."""
    answer = company.world.http.get(url, follow_redirects=True)
    assert answer.status_code == 200
    return answer.url.path.rpartition("/")[2]


def amounts_are_right(vouchers: dict[str, Json]) -> None:
    columns = {
        name: sorted((item["taxRatePercent"], item["amount"]) for item in voucher["voucherItems"])
        for name, voucher in vouchers.items()
    }
    assert columns["split over two rates"] == [(7, Decimal("19.00")), (19, Decimal("100.00"))]
    assert columns["US dollars"] == [(19, Decimal("46.30"))]
    assert columns["without receipt"] == [(0, Decimal("119.00"))]
    assert columns["reverse charge"] == [(0, Decimal("119.00"))]
    assert vouchers["reverse charge"]["contactId"]


def approving_settles_everything(company: Company, vouchers: dict[str, Json]) -> None:
    references = set(company.proposed)
    company.world.lexoffice("/proposals/approve", organization_id=company.organisation_id)
    assert company.proposed == {}
    settled = {line["externalReference"] for line in company.lines if line["state"] == "completely_assigned"}
    assert settled == references
    ids = {voucher["id"] for voucher in vouchers.values()}
    statuses = Counter(voucher["voucherStatus"] for voucher in company.vouchers if voucher["id"] in ids)
    returned = sum(voucher["type"] == "purchasecreditnote" for voucher in vouchers.values())
    assert statuses == {"paid": len(ids) - returned, "paidoff": returned}
