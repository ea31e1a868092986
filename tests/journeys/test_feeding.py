"""What people do with their cards, and what the bookkeeper sees of it: one line per payment, once and only once."""

from decimal import Decimal

import pytest

from .company import Company

pytestmark = pytest.mark.journey


def test_a_payment_becomes_a_line_when_it_is_settled_and_with_the_settled_amount(company: Company) -> None:
    payment = company.pay(amount=1_234, merchant="Café Müller")
    company.world.at_rest()
    assert company.lines == []
    assert company.row(payment)["state"] == "pending"

    company.settle(payment, billMinors=1_300)
    company.is_fed(payment)

    (line,) = company.lines
    assert line["amount"] == Decimal("-13.00")
    assert line["purpose"] == "Kartenzahlung Café Müller"
    assert line["recipientOrSenderName"] == "Café Müller"
    assert line["financialAccountId"] == company.connection["account_id"]
    assert company.row(payment)["state"] == "sent"
    assert company.row(payment)["transaction_id"] == line["financialTransactionId"]


def test_two_companies_never_see_each_others_payments(company: Company, neighbour: Company) -> None:
    mine, theirs = company.spend(1_100), neighbour.spend(2_200)

    company.is_fed(mine)
    neighbour.is_fed(theirs)
