"""Facts of a month-end sheet. ops/month_end/reading.py reads them, ops/month_end/sheet.py sorts them into sections."""

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from ops.errors import CommandRefused
from shared.aws.vouchers import VoucherRecord
from shared.domain.exporting.match import MatchState
from shared.domain.feeding.ledger import Row, RowSums, State
from shared.domain.lookup.expense_state import ExpenseState
from shared.domain.syncing.proof import BalanceProof

_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month: first and last day, German time, both inclusive."""

    first: date
    last: date

    def __contains__(self, day: object) -> bool:
        """Return True if a day is in the month. None is in no month."""
        return isinstance(day, date) and self.first <= day <= self.last

    def __str__(self) -> str:
        """Return the month as `2026-10`."""
        return f"{self.first:%Y-%m}"


def month_of(text: str, *, today: date, company: str, start: date) -> Month:
    """Return the month that a text names.

    Raise CommandRefused if the text is no month, or if the month has not begun or ended before `start`.
    """
    found = _MONTH.fullmatch(text.strip())
    if found is None:
        raise CommandRefused(f"{text[:20]!r} is no month: write it like {today:%Y-%m}.")
    year, number = int(found[1]), int(found[2])
    month = Month(date(year, number, 1), date(year, number, monthrange(year, number)[1]))
    if month.first > today:
        raise CommandRefused(f"{month} has not begun: the newest sheet is that of {today:%Y-%m}.")
    if month.last < start:
        raise CommandRefused(f"{company} is fed from {start} on, so there is no sheet of {month}.")
    return month


@dataclass(frozen=True, slots=True)
class Payment:
    """A row of the ledger, with the state of its expense as decided from this row."""

    row: Row
    state: ExpenseState

    @property
    def amount(self) -> int | None:
        """Cents that moved the wallet, or the exported amount if nothing moved it; None if unknown."""
        if self.row.state in {State.HELD, State.INCOMPLETE}:
            return None
        if self.row.state is State.NONE and self.state.export is not None:
            return None if self.state.amount is None else -abs(self.state.amount)
        return self.row.amount


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeVoucher:
    """A voucher of the month, with the row of its entry; None if the ledger has no row."""

    record: VoucherRecord
    row: Row | None
    match: MatchState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthFacts:
    """All facts of the sheet of one company and month.

    - `start`: the company's start date
    - `opening`: opening balance on the start date, in cents, as the admin stated it
    - `caught_up_to`: every entry settled before is in the ledger; None if no entry has been read yet
    - `before`, `within`: sums of the rows before the month and in it
    - `payments`: rows of the month, and rows without a day that wait or are held
    - `has_matches`: lexoffice has reported at least one match of the month
    - `is_nameless`: names were deleted after the company was disconnected
    """

    company: str
    organisation: str
    hold: str
    month: Month
    now: datetime
    start: date
    opening: int
    caught_up_to: datetime | None
    before: RowSums
    within: RowSums
    payments: Sequence[Payment]
    vouchers: Sequence[MadeVoucher]
    has_matches: bool
    is_nameless: bool
    proof: BalanceProof | None
