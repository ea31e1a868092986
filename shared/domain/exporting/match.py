"""The match of a voucher with its bank line: whether lexoffice will suggest it, and what became of the suggestion.

lexoffice suggests a match («Zuordnungsvorschlag») for an open voucher whose amount is 95 to 105 % of the line and whose
date is not after the line's and at most three months before (docs/assumptions.md#lexoffice-suggestion-criteria). The
criteria are checked before anything is written; an unmet one stops no export, it says why to match by hand.

lexoffice keeps no history of assignments, so a match is always judged by how things are now; one whose assignment is
undone is open again. https://developers.lexware.io/docs/#payments-endpoint-purpose
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
    """A condition for the suggestion that does not hold; a stable word (sentences: shared/texts/labels.py)."""

    LINE_MISSING = "line_missing"
    DIRECTION = "direction"
    NOT_OPEN = "voucher_not_open"
    AMOUNT = "amount_outside_range"
    AFTER_LINE = "voucher_after_line"
    TOO_OLD = "voucher_too_old"


@dataclass(frozen=True, slots=True)
class BankLine:
    """The line the voucher should be matched with: cents, negative for money out of the wallet, and its day."""

    amount: int
    day: date


def unmet_criteria(voucher: Voucher, line: BankLine | None, *, status: str = "open") -> list[Criterion]:
    """Every unmet criterion, none if the suggestion will appear; `status` is the voucher's in lexoffice."""
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
    """The same day of the month three months earlier, or that month's last day."""
    month = day.year * 12 + day.month - 1 - _MONTHS
    year, month = month // 12, month % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


class MatchState(StrEnum):
    """Where a match stands; the values are stable."""

    OPEN = "open"  # nobody has decided yet
    ACCEPTED = "accepted"  # the voucher is assigned to our line
    ELSEWHERE = "elsewhere"  # settled, but not by our line: by another one, by hand, from a cash box
    SETTLED = "settled"  # settled, by what cannot be told because our line's id is not known
    VOIDED = "voided"  # the voucher was cancelled
    GONE = "gone"  # the voucher is not in lexoffice any more


@dataclass(frozen=True, slots=True)
class Settlement:
    """What lexoffice says of a voucher's payment: its status, and what is open of it in euros, never negative."""

    voucher_status: str
    open_amount: Decimal


# A transfer or a direct debit was ordered: money is on its way, and it is not our card's.
_SETTLED_STATUSES = frozenset({"paid", "paidoff", "transferred", "sepadebit"})


def by_line(voucher_id: str, assigned: Collection[str]) -> MatchState | None:
    """Judge by what our line is assigned to; None when the voucher is not among it.

    A voucher that our line pays in part is accepted: somebody has said that they belong together.
    """
    return MatchState.ACCEPTED if voucher_id in assigned else None


def by_settlement(settlement: Settlement | None, *, line_known: bool) -> MatchState:
    """Judge a voucher that is not assigned to our line as far as we know; None: lexoffice has no payments of it yet.

    One that is settled in part is open: what is left still wants a line.
    """
    if settlement is None:
        return MatchState.OPEN
    if settlement.voucher_status == "voided":
        return MatchState.VOIDED
    if settlement.voucher_status in _SETTLED_STATUSES or settlement.open_amount == 0:
        return MatchState.ELSEWHERE if line_known else MatchState.SETTLED
    return MatchState.OPEN
