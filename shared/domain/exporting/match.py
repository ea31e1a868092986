"""The match of a voucher with its line: whether lexoffice will suggest it, and its current state.

lexoffice suggests a match («Zuordnungsvorschlag») for a voucher that meets these criteria
(docs/assumptions.md#lexoffice-suggestion-criteria):

- its status is open;
- its amount is 95 to 105 % of the line's;
- its date is not after the line's, and at most three months before it.

The criteria are checked before anything is written. An unmet criterion does not stop the export; it explains why the
match must be made by hand.

lexoffice keeps no history of assignments, so the state of a match is always the current one. A match whose assignment
is removed is open again. Source: https://developers.lexware.io/docs/#payments-endpoint-purpose
"""

from calendar import monthrange
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from shared.domain.exporting.voucher import Voucher

_MONTHS = 3
_LEAST, _MOST = 95, 105  # percent of the line's amount


class Criterion(StrEnum):
    """An unmet condition of the suggestion. Values are stable words; the texts are in shared/texts/labels.py."""

    LINE_MISSING = "line_missing"
    DIRECTION = "direction"
    NOT_OPEN = "voucher_not_open"
    AMOUNT = "amount_outside_range"
    AFTER_LINE = "voucher_after_line"
    TOO_OLD = "voucher_too_old"


@dataclass(frozen=True, slots=True)
class BankLine:
    """The line to match the voucher with. `amount` is in cents, negative for money out of the wallet."""

    amount: int
    day: date


def unmet_criteria(voucher: Voucher, line: BankLine | None, *, status: str = "open") -> list[Criterion]:
    """Return every unmet criterion; empty if lexoffice will suggest the match.

    `line` is None if it is missing. `status` is the voucher's status in lexoffice.
    """
    if line is None:
        return [Criterion.LINE_MISSING]
    share = 100 * voucher.total_gross
    broken = {
        Criterion.DIRECTION: (line.amount > 0) != voucher.credit,
        Criterion.NOT_OPEN: status != "open",
        Criterion.AMOUNT: not _LEAST * abs(line.amount) <= share <= _MOST * abs(line.amount),
        Criterion.AFTER_LINE: voucher.day > line.day,
        Criterion.TOO_OLD: voucher.day < _months_before(line.day),
    }
    return [criterion for criterion, fails in broken.items() if fails]


def _months_before(day: date) -> date:
    """Return the same day of the month three months earlier, or that month's last day."""
    month = day.year * 12 + day.month - 1 - _MONTHS
    year, month = month // 12, month % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


class MatchState(StrEnum):
    """The state of a match. Values are stable words."""

    OPEN = "open"  # not assigned yet
    ACCEPTED = "accepted"  # the voucher is assigned to our line
    ELSEWHERE = "elsewhere"  # settled, but not by our line: by another line, by hand or in cash
    SETTLED = "settled"  # settled, but unknown whether by our line, because our line's id is unknown
    VOIDED = "voided"  # the voucher was cancelled
    GONE = "gone"  # the voucher was deleted in lexoffice


@dataclass(frozen=True, slots=True)
class Settlement:
    """Payment state of a voucher in lexoffice: its status, and the open amount in euros, never negative."""

    voucher_status: str
    open_amount: Decimal


# Includes vouchers with an ordered transfer or direct debit: they are paid by that, not by the card.
_SETTLED_STATUSES = frozenset({"paid", "paidoff", "transferred", "sepadebit"})


def by_line(voucher_id: str, assigned: Collection[str]) -> MatchState | None:
    """Return ACCEPTED if the voucher is among those assigned to our line (`assigned`), else None.

    A voucher that our line pays only in part counts as accepted, because the customer has assigned it.
    """
    return MatchState.ACCEPTED if voucher_id in assigned else None


def by_settlement(settlement: Settlement | None, *, line_known: bool) -> MatchState:
    """Return the state of a voucher that is not known to be assigned to our line.

    - `settlement`: None if lexoffice has no payments of the voucher yet. A partly settled voucher is open: the rest
      still needs a line.
    - `line_known`: whether our line's id in lexoffice is known.
    """
    if settlement is None:
        return MatchState.OPEN
    if settlement.voucher_status == "voided":
        return MatchState.VOIDED
    if settlement.voucher_status in _SETTLED_STATUSES or settlement.open_amount == 0:
        return MatchState.ELSEWHERE if line_known else MatchState.SETTLED
    return MatchState.OPEN
