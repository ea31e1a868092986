"""`/v1/finance/transactions` (https://developers.lexware.io/partner/docs/#finance-endpoint)."""

import pytest

from .driver import App, StandIn, account, line, violations

UNKNOWN = "9e107d9d-0000-4000-8000-000000000000"
FEE = {
    "amount": 100,
    "feeAmount": -1.5,
    "feeTaxRatePercentage": 0,
    "feePostingCategoryId": "16d04a23-fd91-11e1-a21f-0800200c9a66",
}


@pytest.fixture
def account_id(app: App) -> str:
    return app.open_account()


def test_the_answer_is_the_whole_batch_enriched(app: App, account_id: str) -> None:
    response = app.post(
        "finance/transactions",
        [line(account_id, bookingDate="2026-03-01T00:00:00Z"), line(account_id, externalReference="entry-2")],
    )

    first, second = response.json()
    assert response.status_code == 201
    assert '"amount":-18.90,' in response.text
    assert first["amountAsString"] == "-18,90"
    assert first["transactionDate"] == first["valueDate"] == "2026-03-02T00:00:00.000+01:00"
    assert first["bookingDate"] == "2026-03-01T01:00:00.000+01:00"
    assert (first["state"], first["openAmount"], first["lockVersion"]) == (None, None, 0)
    assert second["externalReference"] == "entry-2"
    assert app.get(f"finance/transactions/{first['financialTransactionId']}").json() == first


def test_26_lines_are_too_many(standin: StandIn, app: App, account_id: str) -> None:
    batch = [line(account_id, externalReference=f"entry-{number}") for number in range(26)]

    assert app.post("finance/transactions", batch).status_code == 406
    assert standin.state()["transactions"] == []
    assert len(app.post("finance/transactions", batch[:25]).json()) == 25


def test_an_empty_batch_is_refused(app: App) -> None:
    assert app.post("finance/transactions", []).status_code == 406


def test_one_bad_line_in_25_refuses_the_whole_batch(standin: StandIn, app: App, account_id: str) -> None:
    batch = [line(account_id, externalReference=f"entry-{number}") for number in range(25)]
    batch[3]["purpose"] = " "

    assert violations(app.post("finance/transactions", batch)) == [("[3].purpose", "NOTBLANK")]
    assert standin.state()["transactions"] == []


def test_a_known_reference_silently_returns_the_stored_line(standin: StandIn, app: App, account_id: str) -> None:
    stored = app.post("finance/transactions", [line(account_id)]).json()

    response = app.post("finance/transactions", [line(account_id, amount=-99, purpose="geändert")])

    assert (response.status_code, response.json()) == (201, stored)
    assert len(standin.state()["transactions"]) == 1
    assert standin.state()["silent_duplicates"] == 1


def test_a_reference_twice_in_one_batch_is_one_line(standin: StandIn, app: App, account_id: str) -> None:
    first, second = app.post("finance/transactions", [line(account_id), line(account_id, amount=-1)]).json()

    assert first == second
    assert len(standin.state()["transactions"]) == 1


def test_a_reference_counts_in_its_account_only(standin: StandIn, app: App) -> None:
    batch = [line(app.open_account()), line(app.open_account())]

    assert len(app.post("finance/transactions", batch).json()) == 2
    assert len(standin.state()["transactions"]) == 2


def test_lines_without_a_reference_are_never_duplicates(standin: StandIn, app: App, account_id: str) -> None:
    app.post("finance/transactions", [line(account_id, externalReference=None)] * 2)

    assert len(standin.state()["transactions"]) == 2


@pytest.mark.parametrize(
    "date", ["2026-03-02T00:00:00+01:00", "2026-03-02T00:00:00.123Z", "2024-02-29T23:59:59.999-05:00"]
)
def test_timestamps_may_leave_out_milliseconds(app: App, account_id: str, date: str) -> None:
    assert app.post("finance/transactions", [line(account_id, valueDate=date)]).status_code == 201


@pytest.mark.parametrize(
    "date",
    [
        "2026-03-02T00:00:00",
        "2026-03-02T00:00:00.000",
        "2026-03-02",
        "2026-03-02 00:00:00+01:00",
        "2026-03-02T00:00:00.1+01:00",
        "2026-03-02T00:00:00+0100",
        "2026-02-30T00:00:00+01:00",
        "02.03.2026",
        "",
        1772406000,
    ],
)
def test_any_other_timestamp_is_refused(app: App, account_id: str, date: object) -> None:
    response = app.post("finance/transactions", [line(account_id, valueDate=date)])

    assert violations(response) == [("[0].valueDate", "INVALID")]


def test_either_date_is_enough_but_one_must_be_there(app: App, account_id: str) -> None:
    only_booking = line(account_id, valueDate=None, bookingDate="2026-03-01T00:00:00+01:00")
    (stored,) = app.post("finance/transactions", [only_booking]).json()

    assert (stored["valueDate"], stored["transactionDate"]) == (None, "2026-03-01T00:00:00.000+01:00")
    neither = app.post("finance/transactions", [line(account_id, valueDate=None)])
    assert violations(neither) == [("[0].valueDate", "NOTNULL")]


@pytest.mark.parametrize("amount", [b"-18.90000000000001", b"-18.900", b'"-18.90"', b"true", b"null", b"1E300", b"0"])
def test_an_amount_is_a_number_with_two_decimals_at_most(app: App, account_id: str, amount: bytes) -> None:
    body = b'[{"financialAccountId":"%s","valueDate":"2026-03-02T00:00:00Z","purpose":"p","amount":%s}]'
    raw = body % (account_id.encode(), amount)

    response = app.raw("POST", "finance/transactions", raw, **{"Content-Type": "application/json"})

    assert [field for field, _ in violations(response)] == ["[0].amount"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"purpose": None}, "purpose"),
        ({"purpose": "x" * 141}, "purpose"),
        ({"recipientOrSenderName": "x" * 71}, "recipientOrSenderName"),
        ({"externalReference": 17}, "externalReference"),
        ({"financialAccountId": UNKNOWN}, "financialAccountId"),
        ({"financialAccountId": "wallet-1"}, "financialAccountId"),
        ({"financialAccountId": None}, "financialAccountId"),
        ({"recipientOrSenderIban": "DE02120300000000202051"}, "recipientOrSenderIban"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_other_fields_are_checked(app: App, account_id: str, changes: dict[str, object], field: str) -> None:
    response = app.post("finance/transactions", [line(account_id, **changes)])

    assert [name for name, _ in violations(response)] == [f"[0].{field}"]


def test_an_account_of_another_organisation_is_forbidden(app: App, account_id: str, stranger: App) -> None:
    foreign = stranger.open_account()

    assert app.post("finance/transactions", [line(account_id), line(foreign)]).status_code == 403


def test_a_deactivated_account_takes_no_lines(standin: StandIn, app: App, account_id: str) -> None:
    standin.control(f"accounts/{account_id}", deactivated=True)

    assert violations(app.post("finance/transactions", [line(account_id)])) == [
        ("[0].financialAccountId", "DEACTIVATED")
    ]


def test_a_fee_comes_back_with_its_line(app: App, account_id: str) -> None:
    (stored,) = app.post("finance/transactions", [line(account_id, **FEE)]).json()

    assert (stored["amount"], stored["feeAmount"], stored["feeTaxRatePercentage"]) == (100, -1.5, 0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": -100}, "feeAmount"),
        ({"feeAmount": 1.5}, "feeAmount"),
        ({"feeAmount": 0}, "feeAmount"),
        ({"feeTaxRatePercentage": None}, "feeTaxRatePercentage"),
        ({"feePostingCategoryId": None}, "feePostingCategoryId"),
        ({"feeTaxRatePercentage": 19}, "feePostingCategoryId"),
    ],
    ids=str,
)
def test_a_fee_has_rules(app: App, account_id: str, changes: dict[str, object], field: str) -> None:
    response = app.post("finance/transactions", [line(account_id, **(FEE | changes))])

    assert [name for name, _ in violations(response)] == [f"[0].{field}"]


def test_only_payment_providers_charge_fees(app: App) -> None:
    giro = app.open_account(type="GIRO", iban="DE02120300000000202051", bic="BYLADEM1001")

    assert violations(app.post("finance/transactions", [line(giro, **FEE)])) == [("[0].feeAmount", "INVALID")]


def test_what_a_bookkeeper_assigns_and_undoes_shows_in_the_line(standin: StandIn, app: App, account_id: str) -> None:
    line_id = app.feed(account_id)

    standin.control(f"transactions/{line_id}", voucher_id=UNKNOWN)
    assigned = app.get(f"finance/transactions/{line_id}/assignments").json()
    state = app.get(f"finance/transactions/{line_id}").json()["state"]
    standin.control(f"transactions/{line_id}", unassign=True)

    assert (assigned, state) == ([{"id": UNKNOWN, "type": "voucher"}], "completely_assigned")
    assert app.get(f"finance/transactions/{line_id}/assignments").json() == []


def test_the_balance_is_never_computed(app: App, account_id: str) -> None:
    app.post("finance/transactions", [line(account_id)])

    stored = app.get(f"finance/accounts/{account_id}").json()

    assert stored["balance"] == account()["balance"]
