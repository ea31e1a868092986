"""What is asked of lexoffice about vouchers, receipts, hints, payments, contacts and events."""

from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from scripted import Step, body_of, path_of, scripted

from shared.errors import (
    Conflict,
    Issue,
    NotFound,
    OutcomeUnknown,
    Rejected,
    UnexpectedAnswer,
)
from shared.http.client import Http
from shared.lexoffice.client import LexofficeClient
from shared.lexoffice.models import NewVoucher, NewVoucherItem, Payments, issues

PURCHASES = ("purchaseinvoice", "purchasecreditnote")
ACTION_RESULT = {"id": "v-1", "resourceUri": "https://api.example/v1/x", "version": 1}
VOUCHER: dict[str, object] = {
    "id": "v-1",
    "organizationId": "org-1",
    "type": "purchaseinvoice",
    "voucherStatus": "open",
    "voucherNumber": "PLEO-4113617",
    "voucherDate": "2026-03-01T00:00:00.000+01:00",
    "dueDate": "2026-03-01T00:00:00.000+01:00",
    "totalGrossAmount": 226.0,
    "totalTaxAmount": 26.0,
    "taxType": "gross",
    "useCollectiveContact": True,
    "contactName": "Gasthaus Grüner Baum",
    "remark": "Pleo 4113617",
    "voucherItems": [],
    "files": ["f-1", "f-2"],
    "version": 2,
}
ROW: dict[str, object] = {
    "id": "v-1",
    "voucherType": "purchaseinvoice",
    "voucherStatus": "open",
    "voucherNumber": "PLEO-4113617",
    "voucherDate": "2026-03-01T00:00:00.000+01:00",
    "contactId": None,
    "contactName": "Sammellieferant",
    "totalAmount": 226.0,
    "openAmount": 226.0,
    "currency": "EUR",
    "archived": False,
}
VENDOR: dict[str, object] = {
    "id": "c-1",
    "version": 0,
    "roles": {"vendor": {"number": 70001}},
    "company": {"name": "Cloud & Söhne Ltd", "vatRegistrationId": "IE1234567X"},
    "addresses": {"billing": [{"countryCode": "IE"}]},
    "archived": False,
}


def answering(*steps: Step) -> tuple[LexofficeClient, list[httpx.Request]]:
    transport, requests = scripted(*steps)
    http = Http("lexoffice", "https://api.example", issues=issues, transport=transport, sleep=lambda _: None)
    return LexofficeClient(http), requests


def listed(*rows: object, last: bool = True) -> dict[str, object]:
    return {"content": list(rows), "first": True, "last": last, "totalPages": 1, "size": 250, "number": 0, "sort": []}


def query_of(request: httpx.Request) -> dict[str, str]:
    return dict(request.url.params.multi_items())


def item(**changes: Any) -> dict[str, Any]:
    return {
        "amount": Decimal("119.00"),
        "tax_amount": Decimal("19.00"),
        "tax_rate_percent": 19,
        "category_id": "cat-1",
    } | changes


def voucher(**changes: Any) -> NewVoucher:
    return NewVoucher.model_validate(
        {
            "type": "purchaseinvoice",
            "voucher_number": "PLEO-4113617",
            "voucher_date": date(2026, 3, 1),
            "total_gross_amount": Decimal("119.00"),
            "total_tax_amount": Decimal("19.00"),
            "contact_name": "Gasthaus Grüner Baum",
            "voucher_items": [item()],
        }
        | changes
    )


# Writing vouchers


def test_a_voucher_is_written_with_days_cents_and_no_status() -> None:
    client, requests = answering((200, ACTION_RESULT))
    wanted = NewVoucher(
        type="purchaseinvoice",
        voucher_number="PLEO-4113617",
        voucher_date=date(2026, 3, 1),
        due_date=date(2026, 3, 2),
        total_gross_amount=Decimal(226),
        total_tax_amount=Decimal("26.0"),
        contact_name="Gasthaus Grüner Baum",
        remark="Pleo 4113617",
        voucher_items=(
            NewVoucherItem.model_validate(item()),
            NewVoucherItem.model_validate(
                item(amount=Decimal(107), tax_amount=Decimal(7), tax_rate_percent=Decimal(7))
            ),
        ),
    )

    assert client.create_voucher(wanted) == "v-1"
    assert path_of(requests[0]) == "POST /v1/vouchers"
    assert b'"totalGrossAmount":226.00,"totalTaxAmount":26.00' in requests[0].content
    assert b'"amount":107.00,"taxAmount":7.00,"taxRatePercent":7,' in requests[0].content
    assert body_of(requests[0]) == {
        "type": "purchaseinvoice",
        "voucherNumber": "PLEO-4113617",
        "voucherDate": "2026-03-01",
        "dueDate": "2026-03-02",
        "totalGrossAmount": Decimal("226.00"),
        "totalTaxAmount": Decimal("26.00"),
        "taxType": "gross",
        "useCollectiveContact": True,
        "contactName": "Gasthaus Grüner Baum",
        "remark": "Pleo 4113617",
        "voucherItems": [
            {
                "amount": Decimal("119.00"),
                "taxAmount": Decimal("19.00"),
                "taxRatePercent": 19,
                "categoryId": "cat-1",
            },
            {"amount": Decimal("107.00"), "taxAmount": Decimal("7.00"), "taxRatePercent": 7, "categoryId": "cat-1"},
        ],
    }


def test_a_voucher_with_a_contact_of_its_own_says_so() -> None:
    client, requests = answering((201, ACTION_RESULT))

    client.create_voucher(voucher(use_collective_contact=False, contact_id="c-1", contact_name=None))

    body = body_of(requests[0])
    assert (body["useCollectiveContact"], body["contactId"]) == (False, "c-1")
    assert "contactName" not in body
    assert "dueDate" not in body


@pytest.mark.parametrize(
    "change",
    [
        {"type": "salesinvoice"},
        {"tax_type": "net"},
        {"voucher_number": ""},
        {"voucher_date": datetime(2026, 3, 1)},  # noqa: DTZ001 - the point of the test
        {"voucher_date": "2026-03-01T00:00:00"},
        {"total_gross_amount": Decimal("119.001")},
        {"total_tax_amount": 19.0},
        {"voucher_items": []},
        {"voucher_items": [item(amount=119.0)]},
        {"voucher_items": [item(tax_rate_percent=Decimal("0.19"))]},
        {"voucher_items": [item(category_id="")]},
        {"contact_id": "c-1"},
        {"use_collective_contact": False},
        {"use_collective_contact": False, "contact_id": "c-1", "contact_name": "x"},
        {"voucher_status": "open"},
    ],
)
def test_a_voucher_that_cannot_be_meant_is_refused_before_it_is_sent(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        voucher(**change)


@pytest.mark.parametrize(
    "step", [(504, {"message": "Endpoint request timed out"}), (500, b""), httpx.ReadTimeout("")], ids=str
)
def test_a_voucher_whose_fate_is_unknown_is_not_written_again(step: Step) -> None:
    client, requests = answering(step)

    with pytest.raises(OutcomeUnknown):
        client.create_voucher(voucher())

    assert len(requests) == 1


def test_a_refused_voucher_brings_lexoffices_reasons() -> None:
    refusal = {"IssueList": [{"i18nKey": "invalid_taxamount", "source": "voucherItems[0].taxAmount"}]}
    client, _ = answering((406, refusal))

    with pytest.raises(Rejected) as caught:
        client.create_voucher(voucher())

    assert caught.value.issues == (Issue("voucherItems[0].taxAmount", "invalid_taxamount"),)


# Reading and finding vouchers


@pytest.mark.parametrize("body", [VOUCHER, {"voucherStatus": "open", "files": ["f-1", "f-2"]}], ids=["full", "bare"])
def test_a_voucher_is_read_with_its_files(body: object) -> None:
    client, requests = answering((200, body))

    read = client.voucher("v-1")

    assert path_of(requests[0]) == "GET /v1/vouchers/v-1"
    assert (read.voucher_status, read.files) == ("open", ("f-1", "f-2"))


def test_vouchers_are_found_in_every_state_by_their_number() -> None:
    bare = {"id": "v-2", "voucherStatus": "voided", "voucherNumber": "PLEO-4113617"}
    client, requests = answering((200, listed(ROW, bare)))

    found = client.find_vouchers("PLEO-4113617", PURCHASES)

    assert [(row.id, row.voucher_status) for row in found] == [("v-1", "open"), ("v-2", "voided")]
    assert path_of(requests[0]) == "GET /v1/voucherlist"
    assert query_of(requests[0]) == {
        "voucherType": "purchaseinvoice,purchasecreditnote",
        "voucherStatus": "any",
        "voucherNumber": "PLEO-4113617",
        "page": "0",
        "size": "250",
    }


def test_a_number_that_differs_in_case_is_another_voucher() -> None:
    """lexoffice's filter ignores case, and one that it did not know would list everything."""
    client, _ = answering(
        (200, listed(ROW | {"voucherNumber": "pleo-4113617"}, ROW | {"voucherNumber": None}, ROW | {"id": "v-2"}))
    )

    assert [row.id for row in client.find_vouchers("PLEO-4113617", PURCHASES)] == ["v-2"]


def test_a_number_is_searched_html_encoded_and_compared_as_it_is() -> None:
    number = "R&D <7>"
    client, requests = answering(
        (200, listed(ROW | {"voucherNumber": number}, ROW | {"voucherNumber": "R&amp;D &lt;7&gt;"}))
    )

    assert len(client.find_vouchers(number, PURCHASES)) == 2
    assert query_of(requests[0])["voucherNumber"] == "R&amp;D &lt;7&gt;"
    assert "voucherNumber=R%26amp%3BD" in str(requests[0].url)


def test_the_search_follows_all_pages() -> None:
    client, requests = answering(
        (200, listed(ROW, last=False)), (200, listed(last=False)), (200, listed(ROW | {"id": "v-2"}))
    )

    assert [row.id for row in client.find_vouchers("PLEO-4113617", PURCHASES)] == ["v-1", "v-2"]
    assert [query_of(request)["page"] for request in requests] == ["0", "1", "2"]


def test_a_search_without_end_is_not_taken_for_a_complete_one() -> None:
    client, requests = answering((200, listed(last=False)))

    with pytest.raises(UnexpectedAnswer, match="does not end"):
        client.find_vouchers("PLEO-4113617", PURCHASES)

    assert len(requests) == 40


@pytest.mark.parametrize("body", [b"", [], {}, {"content": None}, {"content": [{}]}])
def test_an_unreadable_list_is_not_an_empty_one(body: object) -> None:
    client, _ = answering((200, body))

    with pytest.raises(UnexpectedAnswer):
        client.find_vouchers("PLEO-4113617", PURCHASES)


# Receipts


def test_a_receipt_is_attached_as_the_part_file() -> None:
    client, requests = answering((202, {"id": "f-1"}))

    assert client.upload_file("v-1", "beleg-1.pdf", "application/pdf", BytesIO(b"%PDF-1.7 x")) == "f-1"
    assert path_of(requests[0]) == "POST /v1/vouchers/v-1/files"
    assert requests[0].headers["content-type"].startswith("multipart/form-data")
    assert b'name="file"; filename="beleg-1.pdf"' in requests[0].content
    assert b"%PDF-1.7 x" in requests[0].content


@pytest.mark.parametrize(
    "key",
    [
        "max_file_size_exceeded",
        "inacceptable_file_extension",
        "image_conversion_error",
        "voucher_upload_toxic_pdf",
        "invalid_xrechnung",
    ],
)
def test_a_refused_receipt_brings_lexoffices_reason(key: str) -> None:
    client, _ = answering((406, {"IssueList": [{"i18nKey": key, "source": "file", "type": "validation_failure"}]}))

    with pytest.raises(Rejected) as caught:
        client.upload_file("v-1", "x.pdf", "application/pdf", BytesIO(b"x"))

    assert [issue.kind for issue in caught.value.issues] == [key]


def test_a_receipt_whose_fate_is_unknown_is_not_attached_again() -> None:
    client, requests = answering((504, {"message": "Endpoint request timed out"}))

    with pytest.raises(OutcomeUnknown):
        client.upload_file("v-1", "x.pdf", "application/pdf", BytesIO(b"x"))

    assert len(requests) == 1


# Hints, payments, assignments


@pytest.mark.parametrize("answer", [(200, {"voucherId": "v-1", "externalReference": "pleo-e-1"}), (201, b"")])
def test_a_hint_joins_a_voucher_and_a_line(answer: Step) -> None:
    client, requests = answering(answer)

    client.hint("v-1", "pleo-e-1")

    assert path_of(requests[0]) == "POST /v1/transaction-assignment-hint"
    assert body_of(requests[0]) == {"voucherId": "v-1", "externalReference": "pleo-e-1"}


def test_a_second_hint_is_refused() -> None:
    client, _ = answering((406, {"message": "only one hint"}))

    with pytest.raises(Rejected):
        client.hint("v-1", "pleo-e-1")


def test_payments_tell_what_is_open_and_what_paid() -> None:
    body = {
        "openAmount": "0.00",
        "currency": "EUR",
        "paymentStatus": "balanced",
        "voucherType": "purchaseinvoice",
        "voucherStatus": "paid",
        "paidDate": "2026-03-03T00:00:00.000+01:00",
        "paymentItems": [
            {
                "paymentItemType": "partPaymentFinancialTransaction",
                "postingDate": "2026-03-02T00:00:00.000+01:00",
                "amount": 226.0,
                "currency": "EUR",
            }
        ],
    }
    client, requests = answering((200, body))

    payments = client.payments("v-1")

    assert path_of(requests[0]) == "GET /v1/payments/v-1"
    assert (payments.open_amount, payments.voucher_status) == (Decimal(0), "paid")


def test_payments_are_read_from_what_is_open_and_the_status_alone() -> None:
    client, _ = answering((200, {"openAmount": 226.0, "voucherStatus": "open"}))

    assert client.payments("v-1") == Payments(open_amount=Decimal("226.0"), voucher_status="open")


def test_a_lines_assignments_are_read() -> None:
    client, requests = answering((200, [{"id": "v-1", "type": "voucher"}, {"id": "i-1"}]))

    assert [found.id for found in client.assignments("ft-1")] == ["v-1", "i-1"]
    assert path_of(requests[0]) == "GET /v1/finance/transactions/ft-1/assignments"


# Contacts


def test_a_vendor_is_found_by_its_name() -> None:
    client, requests = answering((200, listed(VENDOR)))

    vendor = client.find_vendor("Cloud & Söhne Ltd")

    assert vendor is not None
    assert (vendor.id, vendor.name, vendor.vendor_number) == ("c-1", "Cloud & Söhne Ltd", 70001)
    assert path_of(requests[0]) == "GET /v1/contacts"
    assert query_of(requests[0]) == {
        "name": "Cloud &amp; Söhne Ltd",
        "vendor": "true",
        "page": "0",
        "size": "250",
    }


@pytest.mark.parametrize(
    "change",
    [
        {"company": {"name": "Cloud & Söhne Ltd, Zweigstelle"}},
        {"company": None, "person": {"lastName": "Cloud & Söhne Ltd"}},
        {"roles": {"customer": {"number": 10001}}},
        {"archived": True},
    ],
)
def test_a_contact_that_only_looks_like_the_vendor_is_not_taken(change: dict[str, object]) -> None:
    client, _ = answering((200, listed(VENDOR | change)))

    assert client.find_vendor("Cloud & Söhne Ltd") is None


def test_the_oldest_of_several_vendors_is_taken_whatever_the_case() -> None:
    younger = VENDOR | {"id": "c-2", "roles": {"vendor": {"number": 70002}}}
    client, _ = answering((200, listed(younger, VENDOR | {"company": {"name": "CLOUD &amp; SÖHNE LTD"}})))

    vendor = client.find_vendor("Cloud & Söhne Ltd")

    assert vendor is not None
    assert vendor.id == "c-1"


@pytest.mark.parametrize(("name", "searched"), [("HP", "HP%"), ("X", "X%%"), ("IBM", "IBM")])
def test_a_name_too_short_to_be_searched_is_filled_up(name: str, searched: str) -> None:
    client, requests = answering((200, listed(VENDOR | {"company": {"name": name}, "addresses": {}})))

    vendor = client.find_vendor(name)

    assert vendor is not None
    assert query_of(requests[0])["name"] == searched


def test_a_vendor_is_created_with_what_is_known_of_it() -> None:
    client, requests = answering((200, {"id": "c-1", "version": 1}))

    assert client.create_vendor("Cloud & Söhne Ltd", "IE", "IE1234567X") == "c-1"
    assert client.create_vendor("Kiosk", None, None) == "c-1"
    assert [path_of(request) for request in requests] == ["POST /v1/contacts"] * 2
    assert body_of(requests[0]) == {
        "version": 0,
        "roles": {"vendor": {}},
        "company": {"name": "Cloud & Söhne Ltd", "vatRegistrationId": "IE1234567X"},
        "addresses": {"billing": [{"countryCode": "IE"}]},
    }
    assert body_of(requests[1]) == {"version": 0, "roles": {"vendor": {}}, "company": {"name": "Kiosk"}}


def test_a_vendor_whose_fate_is_unknown_is_not_created_again() -> None:
    client, requests = answering((504, b""))

    with pytest.raises(OutcomeUnknown):
        client.create_vendor("Kiosk", None, None)

    assert len(requests) == 1


# Events


def test_subscriptions_are_listed_without_pages() -> None:
    row = {
        "subscriptionId": "s-1",
        "organizationId": "org-1",
        "createdDate": "2026-03-01T00:00:00.000+01:00",
        "eventType": "payment.changed",
        "callbackUrl": "https://bridge.example/webhooks/lexoffice/1",
    }
    client, requests = answering((200, {"content": [row]}))

    (found,) = client.event_subscriptions()

    assert path_of(requests[0]) == "GET /v1/event-subscriptions"
    assert (found.id, found.event_type) == ("s-1", "payment.changed")
    assert found.callback_url == "https://bridge.example/webhooks/lexoffice/1"


@pytest.mark.parametrize("answer", [{"id": "s-1", "version": 0}, b""])
def test_an_event_is_subscribed_to(answer: object) -> None:
    client, requests = answering((201, answer))

    client.subscribe("payment.changed", "https://bridge.example/webhooks/lexoffice/1")

    assert path_of(requests[0]) == "POST /v1/event-subscriptions"
    assert body_of(requests[0]) == {
        "eventType": "payment.changed",
        "callbackUrl": "https://bridge.example/webhooks/lexoffice/1",
    }


@pytest.mark.parametrize(("status", "expected"), [(409, Conflict), (406, Rejected)])
def test_a_subscription_that_exists_is_told_from_an_address_that_fails(
    status: int, expected: type[Conflict | Rejected]
) -> None:
    client, _ = answering((status, {"message": "no"}))

    with pytest.raises(expected):
        client.subscribe("payment.changed", "https://bridge.example/")


@pytest.mark.parametrize("status", [204, 404])
def test_ending_a_subscription_that_is_gone_already_is_fine(status: int) -> None:
    client, requests = answering((status, b""))

    client.unsubscribe("s-1")

    assert [path_of(request) for request in requests] == ["DELETE /v1/event-subscriptions/s-1"]


@pytest.mark.parametrize("call", ["voucher", "payments", "assignments"])
def test_what_does_not_exist_is_not_found(call: str) -> None:
    client, requests = answering((404, {"message": "no"}))

    with pytest.raises(NotFound):
        getattr(client, call)("../x")

    assert "..%2Fx" in str(requests[0].url)
