"""`/v1/voucherlist` and `/v1/payments` (https://developers.lexware.io/docs/#voucherlist-endpoint)."""

import pytest

from .driver import App, StandIn, item, voucher

ANY = {"voucherType": "any", "voucherStatus": "any"}


def numbers(app: App, **query: str) -> list[str]:
    response = app.get("voucherlist", **(ANY | query))
    assert response.status_code == 200, response.text
    return [row["voucherNumber"] for row in response.json()["content"]]


@pytest.fixture
def three(app: App) -> App:
    app.create_voucher(voucherNumber="B", voucherDate="2026-03-02")
    app.create_voucher(voucherNumber="a", voucherDate="2026-03-03", type="purchasecreditnote")
    app.create_voucher(voucherNumber="C", voucherDate="2026-03-01", dueDate="2099-01-01", contactName=None)
    return app


def test_a_row_says_what_is_open(app: App) -> None:
    id_ = app.create_voucher(dueDate="2099-01-01")

    (row,) = app.get("voucherlist", **ANY).json()["content"]

    assert (row["id"], row["voucherType"], row["voucherStatus"]) == (id_, "purchaseinvoice", "open")
    assert (row["totalAmount"], row["openAmount"], row["currency"]) == (18.9, 18.9, "EUR")
    assert (row["contactId"], row["contactName"], row["archived"]) == (None, "Bahnhofsbuchhandlung", False)


@pytest.mark.parametrize("given", [{}, {"voucherType": "any"}, {"voucherStatus": "any"}], ids=str)
def test_type_and_status_must_both_be_given(app: App, given: dict[str, str]) -> None:
    assert app.get("voucherlist", **given).status_code == 400


def test_the_newest_come_first_unless_sorted_otherwise(three: App) -> None:
    assert numbers(three) == ["a", "B", "C"]
    assert numbers(three, sort="voucherDate") == ["C", "B", "a"]
    assert numbers(three, sort="voucherDate,DESC") == ["a", "B", "C"]
    assert numbers(three, sort="voucherNumber,ASC") == ["B", "C", "a"]
    assert numbers(three, sort="createdDate,ASC") == numbers(three, sort="updatedDate,ASC") == ["B", "a", "C"]


def test_a_number_is_found_in_any_case_but_whole(three: App) -> None:
    assert numbers(three, voucherNumber="A") == ["a"]
    assert numbers(three, voucherNumber="") == []


def test_types_and_statuses_filter(standin: StandIn, three: App) -> None:
    assert numbers(three, voucherType="purchasecreditnote,salesinvoice") == ["a"]
    # An open voucher past its due date is shown as overdue, and found as open, too.
    assert numbers(three, voucherStatus="open") == ["a", "B", "C"]
    assert numbers(three, voucherStatus="overdue") == ["a", "B"]
    assert numbers(three, voucherStatus="paid") == []
    assert numbers(three, archived="true") == []


def test_days_are_whole_and_both_ends_count(three: App) -> None:
    assert numbers(three, voucherDateFrom="2026-03-01", voucherDateTo="2026-03-02") == ["B", "C"]
    assert numbers(three, createdDateTo="2026-03-01") == []
    assert three.get("voucherlist", **ANY, voucherDateFrom="2026-03-01T00:00:00Z").status_code == 400


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"voucherType": "dunning"}, 400),
        ({"voucherType": "any,invoice"}, 400),
        ({"voucherStatus": "any,open"}, 400),
        ({"voucherStatus": "overdue,open"}, 400),
        ({"voucherStatus": "open,,paid"}, 500),
        ({"voucherStatus": ""}, 500),
        ({"sort": "totalAmount"}, 400),
        ({"size": "251"}, 400),
        ({"size": "0"}, 400),
        ({"page": "-1"}, 400),
        ({"page": "40", "size": "250"}, 400),
    ],
    ids=str,
)
def test_a_wrong_parameter_is_refused(app: App, query: dict[str, str], status: int) -> None:
    assert app.get("voucherlist", **(ANY | query)).status_code == status


def test_the_list_comes_in_pages(three: App) -> None:
    page = three.get("voucherlist", **ANY, size="2", page="1").json()

    assert [row["voucherNumber"] for row in page["content"]] == ["C"]
    assert (page["totalElements"], page["totalPages"], page["number"], page["size"]) == (3, 2, 1, 2)
    assert (page["first"], page["last"], page["numberOfElements"]) == (False, True, 1)
    assert page["sort"][0] == {
        "direction": "DESC",
        "property": "voucherDate",
        "ignoreCase": False,
        "nullHandling": "NATIVE",
        "ascending": False,
    }


def test_a_stranger_sees_nothing(three: App, stranger: App) -> None:
    assert numbers(stranger) == []


@pytest.mark.parametrize(
    ("kind", "status", "open_status"),
    [("purchaseinvoice", "paid", "openExpense"), ("purchasecreditnote", "paidoff", "openRevenue")],
)
def test_payments_tell_what_is_open_and_when_it_was_paid(
    standin: StandIn, app: App, kind: str, status: str, open_status: str
) -> None:
    id_ = app.create_voucher(type=kind)

    before = app.get(f"payments/{id_}").json()
    standin.control(f"vouchers/{id_}", status=status)
    after = app.get(f"payments/{id_}").json()

    assert (before["openAmount"], before["paymentStatus"], before["paymentItems"]) == (18.9, open_status, [])
    assert "paidDate" not in before
    assert (after["openAmount"], after["paymentStatus"], after["voucherStatus"]) == (0, "balanced", status)
    assert [row["paymentItemType"] for row in after["paymentItems"]] == ["manualPayment"]
    assert "paidDate" in after


def test_payments_of_a_sale_are_revenue(app: App) -> None:
    sale = voucher(item(119, 19, 19, "8f8664a8-fd86-11e1-a21f-0800200c9a66"), type="salesinvoice")

    id_ = app.post("vouchers", sale).json()["id"]

    assert app.get(f"payments/{id_}").json()["paymentStatus"] == "openRevenue"
