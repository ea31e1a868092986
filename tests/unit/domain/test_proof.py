"""The proof of a balance: what Pleo's entries make of the wallet, and what became of each."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from samples import entry
from samples import pending as unsettled

from shared.domain.feeding.entry_rules import Destination
from shared.domain.feeding.ledger import Row, State, row_for
from shared.domain.money import Money
from shared.domain.syncing.proof import (
    BalanceProof,
    Frozen,
    Pending,
    Sums,
    frozen_with,
    is_overdue,
    pending_of,
    sums_of,
)

NOW = datetime(2026, 3, 17, 12, tzinfo=UTC)
TODAY = NOW.date()
ROW = row_for(entry())
EFFECT = ROW.total


def in_state(state: State, **changes: Any) -> Row:
    return replace(ROW, state=state, **changes)


def proof(sums: Sums, total: int, opening: int = 0) -> BalanceProof:
    return BalanceProof(proved_at=NOW, opening=opening, sums=sums, total=total)


@pytest.mark.parametrize(
    ("state", "part"),
    [
        (State.SENT, "lines"),
        (State.LISTED, "by_hand"),
        (State.READY, "waiting"),
        (State.INCOMPLETE, "waiting"),
        (State.FAILED, "failed"),
    ],
)
def test_every_settled_entry_is_in_exactly_one_part(state: State, part: str) -> None:
    sums = sums_of(EFFECT, [in_state(state)])

    assert sums == Sums(effect=EFFECT, **{part: EFFECT})
    assert proof(sums, total=sums.lines + sums.by_hand).unexplained == 0


def test_an_entry_whose_effect_nobody_knows_is_counted_not_guessed() -> None:
    assert sums_of(0, [in_state(State.HELD, amount=0, total=0)]) == Sums(held=1)


def test_a_correction_counts_with_its_entry() -> None:
    rows = [in_state(State.SENT), in_state(State.READY, amount=-100)]

    assert sums_of(EFFECT - 100, rows) == Sums(effect=EFFECT - 100, lines=EFFECT, waiting=-100)


def test_an_entry_that_the_ledger_does_not_know_is_not_explained() -> None:
    assert proof(sums_of(EFFECT, []), total=0).unexplained == EFFECT


def test_a_booked_line_that_pleo_does_not_know_is_not_explained() -> None:
    assert proof(Sums(), total=-500).unexplained == 500


def test_the_wallet_is_what_it_opened_with_and_everything_that_moved_it() -> None:
    assert proof(sums_of(EFFECT, [in_state(State.SENT)]), total=EFFECT, opening=100_000).wallet == 100_000 + EFFECT


def test_only_old_days_that_are_accounted_for_are_frozen() -> None:
    fine = sums_of(EFFECT, [in_state(State.SENT)])
    old, young = TODAY - timedelta(days=36), TODAY - timedelta(days=35)
    before = Frozen(old - timedelta(days=1), Sums(effect=1, by_hand=1))

    assert frozen_with(before, old, fine, TODAY) == Frozen(old, before.sums + fine)
    assert frozen_with(before, young, fine, TODAY) is None
    for state in (State.READY, State.FAILED, State.HELD):
        assert frozen_with(before, old, sums_of(EFFECT, [in_state(state)]), TODAY) is None


# --- not settled yet --------------------------------------------------------------------------------------------------

DOLLARS = Money(2900, "USD")


@pytest.mark.parametrize(
    ("changes", "reserved"),
    [
        ({}, Pending(cents=-2677, count=1)),
        ({"sub_family": "ATM"}, Pending(cents=-2677, count=1)),
        ({"value": DOLLARS}, Pending(cents=-2677, count=1)),
        # Pleo knows the price in euros when it is settled.
        ({"value": DOLLARS, "bill": None}, Pending(count=1, unknown=1)),
        ({"bill": None}, Pending(cents=-2677, count=1)),
        ({"bill": DOLLARS}, Pending(count=1, unknown=1)),
        ({"family": "BILL_INVOICE_PAYMENT", "sub_family": None}, Pending(cents=-2677, count=1)),
        ({"family": "REIMBURSEMENT", "sub_family": "REIMBURSEMENT_TO_EMPLOYEE"}, Pending(cents=-2677, count=1)),
        ({"status": "COMPLETED"}, Pending(cents=-2677, count=1)),
        ({"status": "ON_REVIEW"}, Pending(cents=-2677, count=1)),
    ],
    ids=str,
)
def test_a_payment_that_is_authorised_and_not_settled_is_reserved(changes: dict[str, Any], reserved: Pending) -> None:
    assert pending_of([unsettled(**changes)]) == reserved


@pytest.mark.parametrize(
    "changes",
    [
        *({"status": status} for status in ("CANCELLED", "REJECTED", "ERROR", "DRAFT", "COMPLETED_EXTERNALLY")),
        {"deleted": True},
        {"settled_at": NOW},  # settled while the list was read: a line already, or soon
        {"family": "OUT_OF_POCKET", "sub_family": None},
        {"family": "BILL_INVOICE", "sub_family": None},
        {"family": "LOYALTY", "sub_family": "POINTS"},
        {"family": "WALLET", "sub_family": "LOAD"},  # not there to be spent before it is settled
        {"value": Money(-2677, "EUR"), "bill": Money(-2677, "EUR")},  # a refund, the same
        {"value": Money(0, "EUR"), "bill": Money(0, "EUR")},  # a card that is checked
    ],
    ids=str,
)
def test_what_will_never_settle_does_not_move_the_wallet_or_brings_money_reserves_nothing(
    changes: dict[str, Any],
) -> None:
    assert pending_of([unsettled(**changes)]) == Pending()


def test_what_is_reserved_adds_up_and_is_no_part_of_the_wallet() -> None:
    reserved = pending_of([unsettled(), unsettled(), unsettled(value=DOLLARS, bill=None)])
    fine = proof(sums_of(EFFECT, [in_state(State.SENT)]), total=EFFECT)

    assert reserved == Pending(cents=-2 * 2677, count=3, unknown=1)
    assert replace(fine, pending=reserved).wallet == fine.wallet
    assert replace(fine, pending=reserved).unexplained == 0


def test_what_a_day_of_three_kinds_adds_up_to() -> None:
    hand = replace(ROW, state=State.LISTED, destination=Destination.HAND, amount=5_000)
    sums = sums_of(5_000, [hand]) + sums_of(EFFECT, [in_state(State.SENT)]) + sums_of(0, [])

    assert (sums.by_hand, sums.lines, sums.final) == (5_000, EFFECT, True)


DAYS = timedelta(days=1)


@pytest.mark.parametrize(
    ("proved", "tried", "told"),
    [
        (NOW - 2 * DAYS, None, False),
        (NOW - 3 * DAYS, None, True),
        (None, None, True),
        (NOW - 3 * DAYS, NOW - timedelta(hours=1), False),
        (NOW - 4 * DAYS, NOW - DAYS, True),
    ],
)
def test_three_days_without_a_proof_are_told_once_a_day(
    proved: datetime | None, tried: datetime | None, told: bool
) -> None:
    assert is_overdue(proved, tried, NOW - 30 * DAYS, NOW) is told
