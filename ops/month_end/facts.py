"""What a month-end sheet is made from: collected by ops/month_end/reading.py, judged by ops/month_end/sheet.py."""

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from ops.errors import CommandRefused
from shared.aws.vouchers import VoucherRecord
from shared.domain.exporting.match import MatchState
from shared.domain.feeding.ledger import Row
from shared.domain.syncing.proof import BalanceProof

_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month by its German days, both included."""

    first: date
    last: date

    def __contains__(self, day: object) -> bool:
        """Whether a day is one of its days; no day is in no month."""
        return isinstance(day, date) and self.first <= day <= self.last

    def __str__(self) -> str:
        """As it is typed: `2026-10`."""
        return f"{self.first:%Y-%m}"


def month_of(text: str, *, today: date, company: str, start: date) -> Month:
    """The month that is meant. Raises CommandRefused if it is none, has not begun, or ended before `start`."""
    found = _MONTH.fullmatch(text.strip())
    if found is None:
        raise CommandRefused(f"{text!r} is no month: write it like {today:%Y-%m}.")
    year, number = int(found[1]), int(found[2])
    month = Month(date(year, number, 1), date(year, number, monthrange(year, number)[1]))
    if month.first > today:
        raise CommandRefused(f"{month} has not begun: the newest sheet is that of {today:%Y-%m}.")
    if month.last < start:
        raise CommandRefused(f"{company} is fed from {start} on, so there is no sheet of {month}.")
    return month


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What became of an entry at its newest export.

    `outcome` is successful, failed, abandoned, "" while its job runs, or `forgotten` once its snapshot has expired.
    `unmet_criteria` (stable words) say why no suggestion appears.
    """

    outcome: str
    code: str = ""
    values: tuple[tuple[str, str], ...] = ()
    unmet_criteria: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A row of the ledger with what is known of its expense: `export` is None as long as nobody has exported it.

    `voucher` is that of the entry, or of the invoice that the entry pays; `match` what became of its suggestion, None
    if there is none. `amount` is what moved the wallet, or what Pleo's export states where nothing did, None if nobody
    knows it.
    """

    row: Row
    amount: int | None
    counterparty: str
    book_id: str = ""
    export: Export | None = None
    voucher: VoucherRecord | None = None
    match: MatchState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeVoucher:
    """A voucher whose date is in the month, with the row of its entry, None if the ledger has none."""

    record: VoucherRecord
    row: Row | None
    match: MatchState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Cents of rows: in lexoffice as lines, listed by hand, waiting, refused by lexoffice.

    `open` counts those that wait or were refused, `unclear` those whose effect on the wallet nobody knows.
    """

    lines: int = 0
    by_hand: int = 0
    waiting: int = 0
    refused: int = 0
    open: int = 0
    unclear: int = 0

    @property
    def total(self) -> int:
        """What is in the balance."""
        return self.lines + self.by_hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that a sheet says of one company and month.

    `start` is the company's first day and `opening` what the wallet held then (cents, as the admin stated it).
    `caught_up_to`: everything settled before is in the ledger; None: nothing is yet. `before` and `within` are the sums
    of the rows before the month and in it. `payments` are the rows of the month, and those without a day that wait or
    are held. `looked`: lexoffice has told of at least one match of the month. `nameless`: names were deleted after the
    company was disconnected.
    """

    company: str
    organisation: str
    hold: str
    month: Month
    now: datetime
    start: date
    opening: int
    caught_up_to: datetime | None
    before: Sums
    within: Sums
    payments: Sequence[Payment]
    vouchers: Sequence[MadeVoucher]
    looked: bool
    nameless: bool
    proof: BalanceProof | None
