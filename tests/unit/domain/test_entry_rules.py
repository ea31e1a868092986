"""The table «What goes where», row by row."""

import pytest
from samples import entry

from shared.domain.feeding.entry_rules import RULES, Classification, Destination, classify
from shared.domain.feeding.line import label
from shared.domain.money import Money

OUT, IN = 2677, -2677  # Pleo's sign: what was spent is positive
LINE, HAND, NONE, HELD = Destination.LINE, Destination.HAND, Destination.NONE, Destination.HELD

ROWS = [
    ("CARD_PURCHASE", "ONLINE", "COMPLETED", OUT, "card_purchase", LINE, -1),
    ("CARD_PURCHASE", "IN_STORE", "COMPLETED", OUT, "card_purchase", LINE, -1),
    ("CARD_PURCHASE", None, "COMPLETED", OUT, "card_purchase", LINE, -1),
    ("CARD_PURCHASE", "SOMETHING_NEW", "COMPLETED", OUT, "card_purchase", LINE, -1),
    ("CARD_PURCHASE", "ONLINE", "COMPLETED", IN, "refund", LINE, +1),
    ("CARD_PURCHASE", "ATM", "COMPLETED", OUT, "atm_withdrawal", LINE, -1),
    ("CARD_PURCHASE", "ATM", "COMPLETED", IN, "refund", LINE, +1),
    ("CASHBACK", None, "COMPLETED", OUT, "cashback", LINE, +1),
    ("CASHBACK", None, "COMPLETED", IN, "cashback", LINE, +1),
    ("PLEO_INVOICE", "PLEO_INVOICE", "COMPLETED", OUT, "fee", LINE, -1),
    ("PLEO_INVOICE", None, "COMPLETED", IN, "fee", LINE, -1),
    ("PLEO_INVOICE", "PLEO_INVOICE_REFUND", "COMPLETED", OUT, "fee_refund", LINE, +1),
    ("OVERDRAFT", None, "COMPLETED", OUT, "fee", LINE, -1),
    ("OVERDRAFT", "INTEREST", "COMPLETED", OUT, "fee", LINE, -1),
    ("OVERDRAFT", "FEE", "COMPLETED", OUT, "fee", LINE, -1),
    ("WALLET", "FEE", "COMPLETED", OUT, "fee", LINE, -1),
    ("BILL_INVOICE_PAYMENT", None, "COMPLETED", OUT, "invoice_payment", LINE, -1),
    ("BILL_INVOICE_PAYMENT", "BILL_INVOICE_PAYMENT_RETURNED", "COMPLETED", OUT, "invoice_payment_returned", LINE, +1),
    ("BILL_INVOICE_PAYMENT", "BILL_INVOICE_PAYMENT_RECEIVED", "COMPLETED", OUT, "invoice_payment_received", HELD, 0),
    ("BILL_INVOICE_PAYMENT", None, "COMPLETED_EXTERNALLY", OUT, "invoice_payment", NONE, 0),
    ("BILL_INVOICE", None, "COMPLETED", OUT, "invoice", NONE, 0),
    ("WALLET", "LOAD", "COMPLETED", OUT, "wallet_topup", HAND, +1),
    ("WALLET", "LOAD", "COMPLETED", IN, "wallet_topup", HAND, +1),
    ("WALLET", "UNLOAD", "COMPLETED", OUT, "wallet_unload", HAND, -1),
    ("WALLET", "WITHDRAWAL", "COMPLETED", OUT, "withdrawal", HAND, -1),
    ("REIMBURSEMENT", "REIMBURSEMENT_TO_EMPLOYEE", "COMPLETED", OUT, "direct_reimbursement", HAND, -1),
    ("REIMBURSEMENT", "REIMBURSEMENT_TO_EMPLOYEE_REFUND", "COMPLETED", OUT, "direct_reimbursement_returned", HAND, +1),
    ("REIMBURSEMENT", "REIMBURSEMENT_TO_COMPANY", "COMPLETED", OUT, "reimbursement_to_company", HAND, +1),
    ("REIMBURSEMENT", "REIMBURSEMENT_TO_EMPLOYEE", "COMPLETED_EXTERNALLY", OUT, "external_reimbursement", NONE, 0),
    ("REIMBURSEMENT", None, "COMPLETED_EXTERNALLY", OUT, "external_reimbursement", NONE, 0),
    ("OUT_OF_POCKET", None, "COMPLETED", OUT, "out_of_pocket", NONE, 0),
    ("MILEAGE", None, "COMPLETED", OUT, "mileage", NONE, 0),
    ("PER_DIEM", None, "COMPLETED", OUT, "per_diem", NONE, 0),
    ("BALANCE_AMENDMENT", None, "COMPLETED", OUT, "BALANCE_AMENDMENT/-", HELD, 0),
    ("CREDIT_NOTE", None, "COMPLETED", IN, "CREDIT_NOTE/-", HELD, 0),
    ("WALLET", None, "COMPLETED", OUT, "WALLET/-", HELD, 0),
    ("WALLET", "SOMETHING_NEW", "COMPLETED", OUT, "WALLET/SOMETHING_NEW", HELD, 0),
    ("REIMBURSEMENT", None, "COMPLETED", OUT, "REIMBURSEMENT/-", HELD, 0),
    ("SOMETHING_NEW", "ONLINE", "COMPLETED", OUT, "SOMETHING_NEW/ONLINE", HELD, 0),
]


@pytest.mark.parametrize(("family", "sub_family", "status", "minor", "kind", "destination", "direction"), ROWS)
def test_an_entry_goes_where_the_table_says(
    family: str, sub_family: str | None, status: str, minor: int, kind: str, destination: Destination, direction: int
) -> None:
    given = entry(family=family, sub_family=sub_family, status=status, bill=Money(minor, "EUR"))

    assert classify(given) == Classification(kind, destination, direction)


def test_every_rule_of_the_table_has_a_row_here() -> None:
    decided = {(family, sub_family) for family, sub_family, *_ in ROWS}

    assert {(rule.family, rule.sub_family) for rule in RULES} <= decided


def test_without_a_bill_the_sign_comes_from_the_payment_currency() -> None:
    assert classify(entry(bill=None, value=Money(-2900, "USD"))).kind == "refund"


def test_every_kind_that_becomes_a_line_or_is_listed_has_a_german_name() -> None:
    kinds = {rule.kind for rule in RULES if rule.destination in {LINE, HAND}}

    assert not [kind for kind in kinds | {"refund"} if label(kind) == label("no such kind")]
