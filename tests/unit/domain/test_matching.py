"""Whether lexoffice will suggest the match, and which criterion is not met if not."""

from dataclasses import replace
from datetime import date

import pytest
from expenses import expense, part, voucher

from shared.domain.exporting.match import BankLine, Criterion, unmet_criteria
from shared.texts.labels import CRITERIA

DAY = date(2026, 1, 12)
PURCHASE = voucher(expense(part(10000)))
CREDIT = voucher(expense(part(10000), type="refund"))


def test_a_voucher_of_the_same_amount_and_day_will_be_suggested() -> None:
    assert unmet_criteria(PURCHASE, BankLine(-10000, DAY)) == []
    assert unmet_criteria(CREDIT, BankLine(10000, DAY)) == []


def test_without_line_nothing_can_be_suggested() -> None:
    assert unmet_criteria(PURCHASE, None) == [Criterion.LINE_MISSING]


@pytest.mark.parametrize(
    ("amount", "broken"), [(9500, False), (9499, True), (10500, False), (10501, True), (10000, False)]
)
def test_the_amount_is_95_to_105_percent_of_the_line(amount: int, broken: bool) -> None:
    made = voucher(expense(part(amount)))

    assert (unmet_criteria(made, BankLine(-10000, DAY)) == [Criterion.AMOUNT]) is broken


@pytest.mark.parametrize("amount", [10000, 0])
def test_an_expense_matches_no_line_of_money_coming_in(amount: int) -> None:
    assert Criterion.DIRECTION in unmet_criteria(CREDIT if amount == 0 else PURCHASE, BankLine(amount, DAY))


@pytest.mark.parametrize(
    ("line", "voucher_day", "broken"),
    [
        (date(2026, 1, 12), date(2026, 1, 13), [Criterion.AFTER_LINE]),
        (date(2026, 1, 12), date(2025, 10, 12), []),
        (date(2026, 1, 12), date(2025, 10, 11), [Criterion.TOO_OLD]),
        (date(2026, 5, 31), date(2026, 2, 28), []),
        (date(2026, 5, 31), date(2026, 2, 27), [Criterion.TOO_OLD]),
        (date(2028, 5, 30), date(2028, 2, 29), []),
        (date(2026, 3, 15), date(2025, 12, 15), []),
        (date(2026, 4, 1), date(2025, 12, 31), [Criterion.TOO_OLD]),
    ],
)
def test_the_date_is_not_after_the_line_and_at_most_three_months_before(
    line: date, voucher_day: date, broken: list[Criterion]
) -> None:
    assert unmet_criteria(replace(PURCHASE, day=voucher_day), BankLine(-10000, line)) == broken


@pytest.mark.parametrize("status", ["paid", "paidoff", "voided", "unchecked"])
def test_only_an_open_voucher_is_suggested(status: str) -> None:
    assert unmet_criteria(PURCHASE, BankLine(-10000, DAY), status=status) == [Criterion.NOT_OPEN]


def test_every_unmet_criterion_is_named_at_once() -> None:
    made = replace(PURCHASE, day=date(2026, 2, 1))

    assert unmet_criteria(made, BankLine(1, DAY), status="paid") == [
        Criterion.DIRECTION,
        Criterion.NOT_OPEN,
        Criterion.AMOUNT,
        Criterion.AFTER_LINE,
    ]


def test_every_criterion_has_a_sentence_in_both_languages() -> None:
    assert set(CRITERIA) == set(Criterion)
