"""What is known of one expense, collected by shared/flows/lookup/trace.py, judged by shared/domain/lookup/trace.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from shared.domain.exporting.match import MatchState
from shared.domain.feeding.ledger import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """The newest export of an entry: `outcome` as in the ledger ("" while it is work), `unmet_criteria` broken at that
    time.
    """

    clicked_at: datetime | None
    outcome: str  # "", successful, failed, abandoned
    code: str = ""
    values: tuple[tuple[str, str], ...] = ()
    unmet_criteria: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherFacts:
    """A voucher: without id nobody knows yet whether it was made. `made_at` is None when nobody remembers."""

    number: str
    voucher_id: str
    made_at: datetime | None
    receipts: int
    uploading: bool
    hinted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that is known of an entry. `rows` are its ledger rows, corrections included, empty if it never arrived.

    `voucher` is that of the entry, or of the invoice that the entry pays. `hold`: why the company is held, "" if not.
    """

    entry_id: str
    rows: Sequence[Row]
    export: Export | None
    voucher: VoucherFacts | None
    match: MatchState | None
    matched_at: datetime | None
    hold: str
    book_id: str = ""
    pleo_url: str = ""
    amount: int | None = None
    counterparty: str = ""
    day: date | None = None
