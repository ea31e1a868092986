"""`/v1/vouchers` (https://developers.lexware.io/docs/#vouchers-endpoint)."""

import pytest

from .driver import BUEROBEDARF, App, StandIn, issues, item, pdf, voucher

UNKNOWN = "9e107d9d-0000-4000-8000-000000000000"
NIGHT = "f9f05694-fd89-11e1-a21f-0800200c9a66"
LICENCES = "6d575db0-74e8-433d-a986-27b76ea27f9e"  # needs a contact
CARD_FEES = "16d04a23-fd91-11e1-a21f-0800200c9a66"  # one rate only
SALES = "8f8664a8-fd86-11e1-a21f-0800200c9a66"
DISTANCE = "7c112b66-0565-479c-bc18-5845e080880a"


def vendor(app: App, **changes: object) -> str:
    body = {"version": 0, "roles": {"vendor": {}}, "company": {"name": "Druckerei Nord GmbH"}} | changes
    return str(app.post("contacts", body).json()["id"])


def test_a_voucher_is_open_at_once_and_reads_as_it_was_written(app: App) -> None:
    response = app.post("vouchers", voucher(item(119, 19), item(107, 7, 7, NIGHT), remark="Karte 1234"))

    made = response.json()
    read = app.get(f"vouchers/{made['id']}")
    assert (response.status_code, made["version"]) == (200, 1)
    assert response.headers["location"] == made["resourceUri"]
    assert '"totalGrossAmount":226.00,"totalTaxAmount":26.00' in read.text
    assert read.json()["voucherStatus"] == "open"
    assert read.json()["voucherDate"] == read.json()["dueDate"] == "2026-03-02T00:00:00.000+01:00"
    assert (read.json()["remark"], read.json()["contactName"]) == ("Karte 1234", "Bahnhofsbuchhandlung")
    assert [row["taxRatePercent"] for row in read.json()["voucherItems"]] == [19, 7]
    assert (read.json()["files"], "contactId" in read.json()) == ([], False)


@pytest.mark.parametrize(
    "field", ["type", "voucherNumber", "voucherDate", "totalGrossAmount", "totalTaxAmount", "taxType", "voucherItems"]
)
def test_a_missing_field_is_named(app: App, field: str) -> None:
    assert (field, "missing_entity") in issues(app.post("vouchers", voucher(**{field: None})))


@pytest.mark.parametrize("field", ["amount", "taxAmount", "taxRatePercent", "categoryId"])
def test_a_missing_field_of_an_item_is_named(app: App, field: str) -> None:
    row = {name: value for name, value in item(18.9, 3.02).items() if name != field}

    response = app.post("vouchers", voucher(voucherItems=[row]))

    assert issues(response) == [(f"voucherItems[0].{field}", "missing_entity")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"totalGrossAmount": 18.89}, ("totalGrossAmount", "invalid_total_amount")),
        ({"totalTaxAmount": 3.01}, ("totalTaxAmount", "invalid_taxamount")),
        ({"taxType": "vatfree"}, ("taxType", "invalid_value")),
        ({"type": "invoice"}, ("type", "invalid_value")),
        ({"voucherDate": "02.03.2026"}, ("voucherDate", "invalid_value")),
        ({"voucherDate": "2026-02-30"}, ("voucherDate", "invalid_value")),
        ({"voucherDate": "2026-03-02T00:00:00.000+01:00"}, ("voucherDate", "invalid_value")),
        ({"shippingDate": "2026-03-02"}, ("shippingDate", "invalid_value")),
        ({"voucherStatus": "open"}, ("voucherStatus", "invalid_value")),
        ({"voucherStatus": "unchecked"}, ("voucherStatus", "invalid_value")),
        ({"useCollectiveContact": None}, ("contactId", "Missing_ContactId")),
        ({"useCollectiveContact": False, "contactId": UNKNOWN}, ("contactId", "invalid_value")),
        ({"useCollectiveContact": "yes"}, ("useCollectiveContact", "invalid_value")),
        ({"totalGrossAmount": 18.901}, ("totalGrossAmount", "invalid_value")),
        ({"remark": "x" * 1001}, ("remark", "invalid_value")),
        ({"voucherNumber": "x" * 61}, ("voucherNumber", "invalid_value")),
    ],
    ids=str,
)
def test_a_wrong_field_is_refused(
    standin: StandIn, app: App, changes: dict[str, object], expected: tuple[str, str]
) -> None:
    assert expected in issues(app.post("vouchers", voucher(**changes)))
    assert standin.state()["vouchers"] == []


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (item(18.9, 3.01), ("voucherItems[0].taxAmount", "invalid_taxamount")),
        (item(18.9, 3.59), ("voucherItems[0].taxAmount", "invalid_taxamount")),
        (item(18.9, -3.02), ("voucherItems[0].taxAmount", "invalid_taxamount")),
        (item(-18.9, 0, 0), ("voucherItems[0].amount", "invalid_value")),
        (item(0, 0), ("voucherItems[0].amount", "invalid_value")),
        (item(18.9, 0, -100), ("voucherItems[0].taxRatePercent", "invalid_taxrate_-100")),
        (item(18.9, 1.4, 8), ("voucherItems[0].taxRatePercent", "invalid_taxrate_8")),
        (item(18.9, 3.02, 19, UNKNOWN), ("voucherItems[0].categoryId", "invalid_value")),
        (item(18.9, 3.02, 19, SALES), ("voucherItems[0].categoryId", "invalid_value")),
        (item(18.9, 3.02, 19, "Bürobedarf"), ("voucherItems[0].categoryId", "invalid_value")),
        (item(18.9, 0, 0, LICENCES), ("contactId", "Missing_ContactId")),
    ],
    ids=str,
)
def test_a_wrong_item_is_refused(app: App, row: dict[str, object], expected: tuple[str, str]) -> None:
    assert expected in issues(app.post("vouchers", voucher(row)))


@pytest.mark.parametrize(
    ("amount", "tax", "rate"),
    [(119, 19, 19), (0.03, 0, 19), (0.04, 0.01, 19), (10.7, 0.7, 7), (11.6, 1.6, 16), (1.05, 0.05, 5), (9.99, 0, 0)],
)
def test_tax_within_a_gross_amount_is_rounded_to_the_cent(app: App, amount: float, tax: float, rate: int) -> None:
    assert app.post("vouchers", voucher(item(amount, tax, rate))).status_code == 200


def test_tax_on_a_net_amount_is_added_and_rounded_half_up(app: App) -> None:
    # 19 % of 0.50 is 9.5 cents.
    response = app.post("vouchers", voucher(item(0.5, 0.1), taxType="net", totalGrossAmount=0.6))

    assert response.status_code == 200


def test_tax_is_that_of_the_column_not_of_the_item(app: App) -> None:
    # Each of 0.10 alone bears 2 cents, the column of 0.30 bears 5.
    summed = [item(0.1, 0.02), item(0.1, 0.02), item(0.1, 0.01)]
    single = [item(0.1, 0.02), item(0.1, 0.02), item(0.1, 0.02)]

    assert app.post("vouchers", voucher(*summed)).status_code == 200
    assert issues(app.post("vouchers", voucher(*single))) == [("voucherItems[0].taxAmount", "invalid_taxamount")]
    apart = [item(0.1, 0.02), item(0.1, 0.02, 19, NIGHT)]
    assert app.post("vouchers", voucher(*apart)).status_code == 200


def test_a_category_may_allow_one_rate_only(app: App) -> None:
    split = [item(10, 0, 0, CARD_FEES), item(11.9, 1.9, 19, CARD_FEES)]

    assert issues(app.post("vouchers", voucher(*split))) == [("voucherItems[1].taxRatePercent", "invalid_value")]
    allowed = [item(10, 0, 0), item(11.9, 1.9)]
    assert app.post("vouchers", voucher(*allowed)).status_code == 200


def test_distance_sales_are_not_mixed_with_others(app: App) -> None:
    mixed = voucher(item(119, 19, 19, DISTANCE), item(119, 19, 19, SALES), type="salesinvoice")

    assert issues(app.post("vouchers", mixed)) == [("voucherItems", "invalid_value")]


@pytest.mark.parametrize("business", [{"smallBusiness": True}, {"taxType": "vatfree"}], ids=str)
def test_without_vat_only_rate_0_is_allowed(standin: StandIn, business: dict[str, object]) -> None:
    made = standin.control("organizations", companyName="Klein", **business)
    small = standin.connect(organization_id=made["id"])

    refused = small.post("vouchers", voucher())
    assert issues(refused) == [("voucherItems[0].taxRatePercent", "invalid_taxrate_19")]
    assert small.post("vouchers", voucher(item(18.9, 0, 0))).status_code == 200


def test_a_category_that_requires_a_contact_takes_a_vendor(app: App) -> None:
    with_contact = {"useCollectiveContact": None, "contactId": vendor(app)}

    response = app.post("vouchers", voucher(item(50, 0, 0, LICENCES), **with_contact))

    assert app.get(f"vouchers/{response.json()['id']}").json()["contactId"] == with_contact["contactId"]


def test_a_purchase_needs_a_contact_with_the_role_of_a_vendor(app: App) -> None:
    customer = vendor(app, roles={"customer": {}})

    response = app.post("vouchers", voucher(useCollectiveContact=False, contactId=customer))

    assert issues(response) == [("contactId", "invalid_value")]


def test_a_foreign_contact_does_not_exist(app: App, stranger: App) -> None:
    response = app.post("vouchers", voucher(useCollectiveContact=False, contactId=vendor(stranger)))

    assert issues(response) == [("contactId", "invalid_value")]


def test_the_same_number_makes_a_second_voucher(standin: StandIn, app: App) -> None:
    assert app.create_voucher() != app.create_voucher()
    assert len(standin.state()["vouchers"]) == 2


def test_a_put_replaces_everything(app: App) -> None:
    id_ = app.create_voucher(remark="alt")

    response = app.put(f"vouchers/{id_}", voucher(item(119, 19), version=1, voucherNumber="P-2"))

    now = app.get(f"vouchers/{id_}").json()
    assert (response.status_code, response.json()["version"]) == (200, 2)
    assert (now["voucherNumber"], now["totalGrossAmount"], "remark" in now) == ("P-2", 119, False)


def test_a_put_may_send_back_what_was_read(app: App) -> None:
    id_ = app.create_voucher()
    read = app.get(f"vouchers/{id_}").json()

    assert app.put(f"vouchers/{id_}", read).status_code == 200
    again = app.get(f"vouchers/{id_}").json()
    assert again["voucherDate"] == read["voucherDate"]


def test_a_put_may_name_no_status_but_open(app: App) -> None:
    id_ = app.create_voucher()

    assert issues(app.put(f"vouchers/{id_}", voucher(version=1, voucherStatus="paid"))) == [
        ("voucherStatus", "invalid_value")
    ]
    assert app.put(f"vouchers/{id_}", voucher(version=1, voucherStatus="open")).status_code == 200


def test_a_stale_version_is_a_conflict(app: App) -> None:
    id_ = app.create_voucher()

    assert app.put(f"vouchers/{id_}", voucher(version=0)).status_code == 409
    assert issues(app.put(f"vouchers/{id_}", voucher())) == [("version", "missing_entity")]


def test_a_put_deletes_the_files_it_leaves_out(app: App) -> None:
    id_ = app.create_voucher()
    first, second = (app.upload(f"vouchers/{id_}/files", f"{n}.pdf", pdf(str(n))).json()["id"] for n in range(2))

    app.put(f"vouchers/{id_}", voucher(version=3, files=[second]))

    assert app.get(f"vouchers/{id_}").json()["files"] == [second]
    assert app.get(f"files/{first}").status_code == 404
    app.put(f"vouchers/{id_}", voucher(version=4))
    assert app.get(f"vouchers/{id_}").json()["files"] == []


def test_a_put_cannot_bring_files_of_its_own(app: App) -> None:
    id_ = app.create_voucher()

    assert issues(app.put(f"vouchers/{id_}", voucher(version=1, files=[UNKNOWN]))) == [("files", "invalid_file_ids")]


def test_a_paid_voucher_cannot_be_changed(standin: StandIn, app: App) -> None:
    id_ = app.create_voucher()
    version = standin.control(f"vouchers/{id_}", status="paid")["version"]

    assert issues(app.put(f"vouchers/{id_}", voucher(version=version))) == [("voucherStatus", "invalid_value")]


def test_a_number_is_searched_exactly(app: App) -> None:
    id_ = app.create_voucher(voucherNumber="Pleo-7")
    app.create_voucher(voucherNumber="Pleo-77")

    found = app.get("vouchers", voucherNumber="Pleo-7").json()

    assert [row["id"] for row in found["content"]] == [id_]
    assert (found["totalElements"], found["first"], found["last"], "sort" in found) == (1, True, True, False)
    assert app.get("vouchers", voucherNumber="PLEO-7").json()["content"] == []
    assert app.get("vouchers", voucherNumber="").status_code == 400


def test_a_number_is_searched_html_encoded(app: App) -> None:
    app.create_voucher(voucherNumber="A & B")

    assert app.get("vouchers", voucherNumber="A & B").json()["content"] == []
    assert len(app.get("vouchers", voucherNumber="A &amp; B").json()["content"]) == 1


def test_a_text_comes_back_html_encoded(app: App) -> None:
    text = "A &amp; &lt;B&gt;"
    id_ = app.create_voucher(remark="A & <B>", contactName="A & <B>")

    assert app.get(f"vouchers/{id_}").json()["remark"] == text
    (row,) = app.get("voucherlist", voucherType="any", voucherStatus="any").json()["content"]
    assert row["contactName"] == text


def test_a_foreign_voucher_is_forbidden_and_an_unknown_one_missing(app: App, stranger: App) -> None:
    id_ = stranger.create_voucher()

    assert app.get(f"vouchers/{id_}").status_code == 403
    assert app.put(f"vouchers/{id_}", voucher(version=1)).status_code == 403
    assert app.get(f"vouchers/{UNKNOWN}").status_code == 404


def test_no_call_deletes_a_voucher(app: App) -> None:
    assert app.delete(f"vouchers/{app.create_voucher()}").status_code == 404


def test_a_closed_period_refuses_a_voucher_with_its_reason(standin: StandIn, app: App) -> None:
    standin.control("refuse", voucher_number="P-1", violation="period_closed")

    assert issues(app.post("vouchers", voucher())) == [("voucherNumber", "period_closed")]
    assert app.post("vouchers", voucher(voucherNumber="P-2")).status_code == 200


def test_a_voucher_may_exist_although_the_answer_was_a_timeout(standin: StandIn, app: App) -> None:
    standin.control("faults", route="/v1/vouchers$", status=504, when="after")

    assert app.post("vouchers", voucher()).status_code == 504
    found = app.get("voucherlist", voucherType="purchaseinvoice", voucherStatus="any", voucherNumber="p-1").json()
    assert [row["voucherNumber"] for row in found["content"]] == ["P-1"]


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("vouchers.read", "POST", "vouchers"),
        ("vouchers.write", "GET", "vouchers"),
        ("vouchers.write", "POST", f"vouchers/{UNKNOWN}/files"),
        ("files.read", "POST", "files"),
        ("files.write", "GET", f"files/{UNKNOWN}"),
        ("files.read", "GET", f"files/{UNKNOWN}/status"),
        ("vouchers.read", "GET", "voucherlist"),
        ("vouchers.read", "GET", f"payments/{UNKNOWN}"),
        ("contacts.read", "POST", "contacts"),
        ("contacts.write", "GET", "contacts"),
        ("vouchers.write", "POST", "transaction-assignment-hint"),
    ],
)
def test_every_call_needs_its_scope(standin: StandIn, scope: str, method: str, path: str) -> None:
    limited = standin.connect(scope=scope)

    assert limited.raw(method, path, b"{}").json() == {"message": "Forbidden"}


def test_the_category_of_the_samples_exists(app: App) -> None:
    assert BUEROBEDARF in {category["id"] for category in app.get("posting-categories").json()}
