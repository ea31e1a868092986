"""Hints, proposals and their approval
(https://developers.lexware.io/partner/docs/#transaction-assignment-hint-endpoint).
"""

from typing import Any

import pytest

from .driver import HOME, XRECHNUNG, App, StandIn, item, pdf, violations, voucher

UNKNOWN = "9e107d9d-0000-4000-8000-000000000000"


@pytest.fixture
def account_id(app: App) -> str:
    return app.open_account()


def hint(app: App, voucher_id: str, **changes: object) -> None:
    response = app.post(
        "transaction-assignment-hint", {"voucherId": voucher_id, "externalReference": "entry-1"} | changes
    )
    assert response.status_code == 201, response.text


def judged(standin: StandIn) -> Any:
    (found,) = standin.http.get("/control/proposals").json()
    return found


def test_a_hint_is_echoed_and_books_nothing(standin: StandIn, app: App, account_id: str) -> None:
    voucher_id, line_id = app.create_voucher(), app.feed(account_id)
    body = {"voucherId": voucher_id, "externalReference": "entry-1"}

    response = app.post("transaction-assignment-hint", body)

    assert (response.status_code, response.json()) == (201, body)
    assert app.get(f"finance/transactions/{line_id}").json()["state"] is None
    assert app.get(f"vouchers/{voucher_id}").json()["voucherStatus"] == "open"
    assert judged(standin) == {
        "voucherId": voucher_id,
        "externalReference": "entry-1",
        "endToEndId": None,
        "financialTransactionId": line_id,
        "proposed": True,
        "missed": None,
    }


@pytest.mark.parametrize("keys", [{}, {"externalReference": "a", "endToEndId": "b"}], ids=str)
def test_exactly_one_key_is_given(app: App, keys: dict[str, str]) -> None:
    response = app.post("transaction-assignment-hint", {"voucherId": app.create_voucher()} | keys)

    assert violations(response) == [("externalReference", "INVALID")]


def test_a_voucher_takes_one_hint_for_good(app: App) -> None:
    voucher_id = app.create_voucher()
    hint(app, voucher_id)

    second = app.post("transaction-assignment-hint", {"voucherId": voucher_id, "externalReference": "entry-1"})

    assert violations(second) == [("voucherId", "UNIQUE")]


def test_an_unknown_voucher_takes_none(app: App) -> None:
    response = app.post("transaction-assignment-hint", {"voucherId": UNKNOWN, "externalReference": "entry-1"})

    assert response.status_code == 404


def test_a_foreign_voucher_takes_none(app: App, stranger: App) -> None:
    body = {"voucherId": stranger.create_voucher(), "externalReference": "entry-1"}

    assert app.post("transaction-assignment-hint", body).status_code == 403


def test_a_hint_may_be_stored_although_the_answer_was_a_timeout(standin: StandIn, app: App) -> None:
    standin.control("faults", route="/transaction-assignment-hint$", status=504, when="after")
    body = {"voucherId": app.create_voucher(), "externalReference": "entry-1"}

    assert app.post("transaction-assignment-hint", body).status_code == 504
    assert app.post("transaction-assignment-hint", body).status_code == 406


def test_the_line_may_come_after_the_hint(standin: StandIn, app: App, account_id: str) -> None:
    hint(app, app.create_voucher())

    assert judged(standin)["missed"] == "line missing"
    app.feed(account_id)
    assert judged(standin)["proposed"]


def test_the_end_to_end_id_is_a_key_too(standin: StandIn, app: App, account_id: str) -> None:
    hint(app, app.create_voucher(), externalReference=None, endToEndId="E2E-1")
    app.feed(account_id, endToEndId="E2E-1")

    assert judged(standin)["proposed"]


def test_a_strangers_line_is_never_proposed(standin: StandIn, app: App, stranger: App) -> None:
    hint(app, app.create_voucher())
    stranger.feed(stranger.open_account())

    assert judged(standin)["missed"] == "line missing"


@pytest.mark.parametrize(
    ("amount", "line", "kind", "missed"),
    [
        (95, -100, "purchaseinvoice", None),
        (105, -100, "purchaseinvoice", None),
        (94.99, -100, "purchaseinvoice", "amount"),
        (105.01, -100, "purchaseinvoice", "amount"),
        (100, 100, "purchaseinvoice", "direction"),
        (100, 100, "purchasecreditnote", None),
        (100, -100, "purchasecreditnote", "direction"),
    ],
)
def test_amounts_may_differ_by_five_per_cent_and_flow_the_same_way(
    standin: StandIn, app: App, account_id: str, amount: float, line: float, kind: str, missed: str | None
) -> None:
    made = app.post("vouchers", voucher(item(amount, 0, 0), type=kind)).json()
    app.feed(account_id, amount=line)
    hint(app, made["id"])

    assert judged(standin)["missed"] == missed


@pytest.mark.parametrize(
    ("day", "value_date", "missed"),
    [
        ("2026-05-31", "2026-05-30T22:00:00Z", None),
        ("2026-05-31", "2026-05-30T21:59:59Z", "voucher dated after line"),
        ("2026-02-28", "2026-05-31T00:00:00+02:00", None),
        ("2026-02-27", "2026-05-31T00:00:00+02:00", "voucher too old"),
        ("2025-12-02", "2026-03-02T00:00:00+01:00", None),
        ("2025-12-01", "2026-03-02T00:00:00+01:00", "voucher too old"),
    ],
)
def test_a_voucher_is_dated_at_most_three_months_before_its_line(
    standin: StandIn, app: App, account_id: str, day: str, value_date: str, missed: str | None
) -> None:
    hint(app, app.create_voucher(voucherDate=day))
    app.feed(account_id, valueDate=value_date)

    assert judged(standin)["missed"] == missed


def test_only_open_vouchers_and_visible_lines_are_proposed(standin: StandIn, app: App, account_id: str) -> None:
    voucher_id, line_id = app.create_voucher(), app.feed(account_id)
    hint(app, voucher_id)

    standin.control(f"transactions/{line_id}", invisible=True)
    assert judged(standin)["missed"] == "line not open"
    standin.control(f"vouchers/{voucher_id}", status="voided")
    assert judged(standin)["missed"] == "voucher not open"
    standin.control(f"vouchers/{voucher_id}", delete=True)
    assert judged(standin)["missed"] == "voucher missing"


def test_approving_settles_voucher_and_line(standin: StandIn, app: App, account_id: str) -> None:
    voucher_id, line_id = app.create_voucher(), app.feed(account_id)
    hint(app, voucher_id)

    assert standin.control("proposals/approve", voucher_id=voucher_id) == {"approved": [voucher_id]}

    line = app.get(f"finance/transactions/{line_id}").json()
    assert (line["state"], line["openAmount"], line["lockVersion"]) == ("completely_assigned", 0, 1)
    assert app.get(f"finance/transactions/{line_id}/assignments").json() == [{"id": voucher_id, "type": "voucher"}]
    assert app.get(f"vouchers/{voucher_id}").json()["voucherStatus"] == "paid"
    payment = app.get(f"payments/{voucher_id}").json()
    assert (payment["openAmount"], payment["paymentStatus"]) == (0, "balanced")
    assert [(row["paymentItemType"], row["amount"]) for row in payment["paymentItems"]] == [
        ("partPaymentFinancialTransaction", 18.9)
    ]


def test_a_refund_settles_a_credit_note(standin: StandIn, app: App, account_id: str) -> None:
    voucher_id = app.create_voucher(type="purchasecreditnote")
    app.feed(account_id, amount=18.9)
    hint(app, voucher_id)

    standin.control("proposals/approve")

    assert app.get(f"vouchers/{voucher_id}").json()["voucherStatus"] == "paidoff"


@pytest.mark.parametrize(
    ("line", "line_open", "state", "voucher_open", "status"),
    [(-104, -4, "partly_assigned", 0, "paid"), (-96, 0, "completely_assigned", 4, "open")],
)
def test_the_smaller_one_is_settled_and_the_other_stays_open(
    standin: StandIn,
    app: App,
    account_id: str,
    line: int,
    line_open: int,
    state: str,
    voucher_open: int,
    status: str,
) -> None:
    voucher_id = app.post("vouchers", voucher(item(100, 0, 0))).json()["id"]
    line_id = app.feed(account_id, amount=line)
    hint(app, voucher_id)

    standin.control("proposals/approve")

    settled = app.get(f"finance/transactions/{line_id}").json()
    payment = app.get(f"payments/{voucher_id}").json()
    assert (settled["state"], settled["openAmount"]) == (state, line_open)
    assert (payment["openAmount"], payment["voucherStatus"]) == (voucher_open, status)


def test_a_line_is_taken_by_one_voucher_only(standin: StandIn, app: App, account_id: str) -> None:
    first, second = app.create_voucher(), app.create_voucher()
    app.feed(account_id)
    hint(app, first)
    hint(app, second)

    assert standin.control("proposals/approve") == {"approved": [first]}
    assert standin.control("proposals/approve") == {"approved": []}


def test_an_assignment_can_be_undone(standin: StandIn, app: App, account_id: str) -> None:
    voucher_id, line_id = app.create_voucher(), app.feed(account_id)
    hint(app, voucher_id)
    standin.control("proposals/approve")

    standin.control(f"transactions/{line_id}", unassign=True)

    assert app.get(f"vouchers/{voucher_id}").json()["voucherStatus"] == "open"
    assert app.get(f"payments/{voucher_id}").json()["openAmount"] == 18.9
    assert judged(standin)["proposed"]


def test_approving_what_is_not_proposed_is_told(standin: StandIn, app: App) -> None:
    response = standin.http.post("/control/proposals/approve", json={"voucher_id": app.create_voucher()})

    assert response.status_code == 404


def test_a_person_approves_one_proposal_or_all(standin: StandIn, app: App, account_id: str) -> None:
    tab = f"/organisationen/{HOME}/bank/{account_id}/zuordnungsvorschlaege"
    vouchers = []
    for number in range(3):
        vouchers.append(app.create_voucher(voucherNumber=f"Pleo-{number}"))
        app.feed(account_id, externalReference=f"entry-{number}")
        hint(app, vouchers[-1], externalReference=f"entry-{number}")

    before = standin.http.get(tab).text
    assert all(f'value="{voucher_id}"' in before for voucher_id in vouchers)
    assert "Alle zuordnen" in before
    one = standin.http.post(tab, data={"voucher_id": vouchers[1]})
    assert (one.status_code, one.headers["location"]) == (303, tab)
    assert "Pleo-1" not in standin.http.get(tab).text
    assert "Pleo-2" in standin.http.get(tab).text
    standin.http.post(tab, data={"alle": "1"})
    assert "Keine Zuordnungsvorschläge" in standin.http.get(tab).text
    lines = standin.http.get(f"/organisationen/{HOME}/bank/{account_id}").text
    assert lines.count("zugeordnet") == 3
    assert f'/belege/{vouchers[0]}">Beleg Pleo-0</a>' in lines


def test_a_person_finds_a_voucher_with_its_receipt(standin: StandIn, app: App, account_id: str) -> None:
    voucher_id = app.create_voucher(remark="<b>Notiz</b>")
    file_id = app.upload(f"vouchers/{voucher_id}/files", "beleg.pdf", pdf()).json()["id"]
    app.feed(account_id)
    hint(app, voucher_id)
    standin.control("proposals/approve")
    page = f"/organisationen/{HOME}/belege/{voucher_id}"

    listed, shown = standin.http.get(f"/organisationen/{HOME}/belege").text, standin.http.get(page).text

    assert f'href="{page}">P-1</a>' in listed
    assert "bezahlt" in listed
    assert "&lt;b&gt;Notiz&lt;/b&gt;" in shown
    assert "Bürobedarf" in shown
    assert "Umsatz «Karte 1234 Bahnhofsbuchhandlung»" in shown
    file = standin.http.get(f"{page}/dateien/{file_id}")
    assert (file.content, file.headers["content-type"]) == (pdf(), "application/pdf")
    assert file.headers["x-content-type-options"] == "nosniff"
    assert standin.http.get(f"/permalink/vouchers/view/{voucher_id}").headers["location"] == page


def test_an_e_invoice_is_shown_without_running_anything_in_it(standin: StandIn, app: App) -> None:
    voucher_id = app.create_voucher()
    file_id = app.upload(f"vouchers/{voucher_id}/files", "rechnung.xml", XRECHNUNG).json()["id"]

    file = standin.http.get(f"/organisationen/{HOME}/belege/{voucher_id}/dateien/{file_id}")

    assert file.content == XRECHNUNG
    assert "sandbox" in file.headers["content-security-policy"]


def test_a_voucher_is_only_shown_within_its_organisation(standin: StandIn, app: App, stranger: App) -> None:
    voucher_id = stranger.create_voucher()

    assert standin.http.get(f"/organisationen/{HOME}/belege/{voucher_id}").status_code == 404
    assert standin.http.get(f"/permalink/vouchers/view/{UNKNOWN}").status_code == 404
