"""What became of a suggested match, from what lexoffice says of the line and of the voucher."""

from decimal import Decimal

import pytest

from shared.domain.exporting.match import MatchState, Settlement, by_line, by_settlement

CENTS = Decimal("26.77")
PAID = Decimal("0.00")


@pytest.mark.parametrize(
    ("assigned", "state"),
    [
        (["voucher"], MatchState.ACCEPTED),
        (["another", "voucher"], MatchState.ACCEPTED),  # one payment for several vouchers
        (["another"], None),
        ([], None),
    ],
)
def test_a_match_is_accepted_when_our_line_is_assigned_to_the_voucher(
    assigned: list[str], state: MatchState | None
) -> None:
    assert by_line("voucher", assigned) is state


@pytest.mark.parametrize(
    ("status", "open_amount", "state"),
    [
        ("open", CENTS, MatchState.OPEN),
        ("open", Decimal("0.01"), MatchState.OPEN),  # settled in part: the rest still wants a line
        ("paid", PAID, MatchState.ELSEWHERE),
        ("paidoff", PAID, MatchState.ELSEWHERE),
        ("open", PAID, MatchState.ELSEWHERE),
        ("transferred", CENTS, MatchState.ELSEWHERE),  # the transfer is ordered, not booked
        ("sepadebit", CENTS, MatchState.ELSEWHERE),
        ("voided", PAID, MatchState.VOIDED),  # lexoffice calls it balanced
        ("voided", CENTS, MatchState.VOIDED),
        ("unheard-of", CENTS, MatchState.OPEN),
    ],
)
def test_a_voucher_our_line_is_not_assigned_to_is_judged_by_its_payments(
    status: str, open_amount: Decimal, state: MatchState
) -> None:
    assert by_settlement(Settlement(status, open_amount), line_known=True) is state


def test_what_is_settled_while_our_line_is_unknown_may_have_been_settled_by_it() -> None:
    assert by_settlement(Settlement("paid", PAID), line_known=False) is MatchState.SETTLED
    assert by_settlement(Settlement("open", CENTS), line_known=False) is MatchState.OPEN


def test_a_voucher_that_has_to_be_checked_first_is_open() -> None:
    assert by_settlement(None, line_known=True) is MatchState.OPEN
