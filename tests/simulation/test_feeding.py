"""What people do with their cards, and what the bookkeeper sees of it: one line per payment, once and only once."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from .company import Company, connected


@pytest.fixture
def company() -> Iterator[Company]:
    with connected() as company:
        yield company


def test_a_refund_is_money_into_the_account(company: Company) -> None:
    purchase = company.spend(5_000)
    refund = company.spend(1_999, refund=True, merchant="Werkzeughandel")

    company.is_fed(purchase, refund)

    line = next(each for each in company.lines if each["externalReference"].endswith(refund))
    assert line["amount"] == Decimal("19.99")
    assert line["purpose"] == "Erstattung Werkzeughandel"


@pytest.mark.parametrize(
    ("currency", "minors", "text"),
    [("USD", 5_000, "(50,00 USD)"), ("JPY", 1_500, "(1.500 JPY)"), ("KWD", 12_345, "(12,345 KWD)")],
)
def test_a_foreign_payment_counts_in_euro_and_names_the_original_amount(
    company: Company, currency: str, minors: int, text: str
) -> None:
    payment = company.pay(
        transactionValue={"currency": currency, "minors": minors},
        totalBillValue={"currency": "EUR", "minors": 4_612},
        settledAt=company.now(),
    )

    company.is_fed(payment)

    (line,) = company.lines
    assert line["amount"] == Decimal("-46.12")
    assert line["purpose"].endswith(text)


def test_cash_from_a_machine_is_a_line(company: Company) -> None:
    withdrawal = company.spend(20_000, subFamily="ATM", merchant="Stadtsparkasse")

    company.is_fed(withdrawal)

    (line,) = company.lines
    assert (line["amount"], line["purpose"]) == (Decimal("-200.00"), "Bargeldabhebung Stadtsparkasse")


def test_what_has_no_webhook_is_found_in_the_companys_sync(company: Company) -> None:
    """Fees and cashback have no events at Pleo by default; polling finds them."""
    fee = company.pay(family="PLEO_INVOICE", subFamily="PLEO_INVOICE", amount=900)
    cashback = company.pay(family="CASHBACK", amount=150)
    missed = company.spend(700, silent=True)
    company.at_rest()
    assert company.lines == []

    company.sync()

    company.is_fed(fee, cashback, missed)
    amounts = {line["purpose"]: line["amount"] for line in company.lines}
    assert amounts["Pleo-Gebühr"] == Decimal("-9.00")
    assert amounts["Pleo-Cashback"] == Decimal("1.50")


@pytest.mark.parametrize(
    ("family", "sub_family", "cents"),
    [
        ("WALLET", "LOAD", 10_000),
        ("WALLET", "UNLOAD", -10_000),
        ("WALLET", "WITHDRAWAL", -10_000),
        ("REIMBURSEMENT", "REIMBURSEMENT_TO_EMPLOYEE", -10_000),
    ],
)
def test_what_moves_the_wallet_by_hand_is_listed_and_no_line(
    company: Company, family: str, sub_family: str, cents: int
) -> None:
    company.pleo("/switches", events_for="all")
    entry = company.pay(family=family, subFamily=sub_family, amount=10_000)

    company.is_fed()

    row = company.row(entry)
    assert (row.state, row.amount) == ("listed", cents)


@pytest.mark.parametrize("family", ["OUT_OF_POCKET", "MILEAGE", "PER_DIEM"])
def test_private_outlays_do_nothing(company: Company, family: str) -> None:
    company.pleo("/switches", events_for="all")
    entry = company.pay(family=family, amount=2_500)

    company.is_fed()

    assert company.row(entry).state == "none"


def test_an_unknown_kind_is_held_and_a_person_is_called(company: Company) -> None:
    company.pleo("/switches", events_for="all")
    entry = company.pay(family="CRYPTO_PURCHASE", amount=2_500)

    company.is_fed()

    assert company.row(entry).state == "held"
    assert company.product.observed.lines["error", "needs attention: unknown_kind"] == 1


def test_a_cancelled_authorisation_leaves_nothing(company: Company) -> None:
    payment = company.pay()

    company.pleo(f"/entries/{payment}/cancel")

    company.is_fed()
    assert company.row(payment).state == "void"


def test_an_amount_that_changes_after_settlement_becomes_a_visible_correction(company: Company) -> None:
    payment = company.spend(1_000, merchant="Hotel Post")
    company.is_fed(payment)

    dearer = {"currency": "EUR", "minors": 1_250}
    company.pleo(f"/entries/{payment}", "PATCH", totalBillValue=dearer, updatedAt=company.now(5))
    company.at_rest()

    first, correction = company.lines
    assert (first["amount"], correction["amount"]) == (Decimal("-10.00"), Decimal("-2.50"))
    assert correction["purpose"].startswith("Korrektur ")
    assert correction["purpose"].endswith("Kartenzahlung Hotel Post")
    company.is_balanced()


def test_a_change_within_the_second_of_the_settlement_is_found_in_the_companys_sync(company: Company) -> None:
    """Pleo's times have whole seconds: of two snapshots of one second only the API knows the newer."""
    moment = company.now()
    payment = company.spend(1_000, updatedAt=moment)
    company.is_fed(payment)
    dearer = {"currency": "EUR", "minors": 1_250}
    company.pleo(f"/entries/{payment}", "PATCH", totalBillValue=dearer, updatedAt=moment)
    company.at_rest()

    company.sync()

    assert [line["amount"] for line in company.lines] == [Decimal("-10.00"), Decimal("-2.50")]
    company.is_balanced()


def test_a_settled_payment_that_pleo_deletes_is_taken_back_visibly(company: Company) -> None:
    payment = company.spend(1_000)
    company.is_fed(payment)

    company.pleo(f"/entries/{payment}", "PATCH", deletedAt=company.now(5), updatedAt=company.now(5))
    company.at_rest()

    assert [line["amount"] for line in company.lines] == [Decimal("-10.00"), Decimal("10.00")]
    company.is_balanced()


@pytest.mark.parametrize("body_shape", ["A", "B"])
def test_events_that_come_three_times_and_in_any_order_make_the_same_lines(company: Company, body_shape: str) -> None:
    company.pleo("/webhooks", mode="hold", copies=3, shuffle=True, seed=7, body_shape=body_shape)
    bought = [company.pay(amount=cents) for cents in (100, 200, 300, 400)]
    for number, payment in enumerate(bought):
        company.pleo(f"/entries/{payment}/settle", billMinors=1_000 + number)
    refund = company.spend(150, refund=True)
    cancelled = company.pay(amount=900)
    company.pleo(f"/entries/{cancelled}/cancel")

    assert company.pleo("/webhooks/flush")["sent"] == 33

    company.is_fed(*bought, refund)
    assert sorted(line["amount"] for line in company.lines) == [
        Decimal(text) for text in ("-10.03", "-10.02", "-10.01", "-10.00", "1.50")
    ]
