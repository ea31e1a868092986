"""Will lexoffice suggest this voucher for its bank line? The criteria are known before anything is written.

lexoffice suggests a match («Zuordnungsvorschlag») for an open voucher whose amount is 95 to 105 % of the line and whose
date is not after the line's and at most three months before (docs/assumptions.md#lexoffice-suggestion-criteria). An
unmet criterion stops no export: the voucher is right, only somebody has to match it by hand and should know why.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
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
