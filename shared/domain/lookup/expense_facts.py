"""Facts about one expense. shared/flows/lookup/expense_facts.py gathers them, expense_state.py decides on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from shared.domain.exporting.match import MatchState
from shared.domain.feeding.ledger import Row


class ExportOutcome(StrEnum):
    """The outcome of an entry's newest export. The first four values are those of the ledger."""

    RUNNING = ""
    SUCCESSFUL = "successful"
    FAILED = "failed"
    ABANDONED = "abandoned"  # the job ended before this item was done
    FORGOTTEN = "forgotten"  # the snapshot of the job has expired, 90 days after the export


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFacts:
    """The newest export of an entry.

    - `code`: the export error. `values` fill the placeholders in its texts.
    - `unmet_criteria`: the suggestion criteria that were unmet at the time of the export.
    """

    outcome: ExportOutcome
    clicked_at: datetime | None = None
    code: str = ""
    values: tuple[tuple[str, str], ...] = ()
    unmet_criteria: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherFacts:
    """A voucher.

    - `voucher_id`: "" if it is unknown whether lexoffice has the voucher.
    - `made_at`: when it was created, None if unknown.
    - `receipts`: number of uploaded receipts.
    - `uploading`: whether the upload of a receipt has no known outcome.
    - `hinted`: whether the hint was sent.
    """

    number: str
    voucher_id: str
    made_at: datetime | None
    receipts: int
    uploading: bool
    hinted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseFacts:
    """All known facts about one entry.

    - `rows`: its ledger rows with corrections, empty if the entry never arrived.
    - `voucher`: the voucher of the entry, or of the invoice that the entry pays.
    - `match`: state of that voucher's match in lexoffice, as of `matched_at`.
    - `hold`: why the company is held, "" if it is active.
    - `amount` (cents, as Pleo states it), `counterparty`, `day`, `pleo_url`: from the export.
    """

    entry_id: str
    rows: Sequence[Row]
    export: ExportFacts | None = None
    voucher: VoucherFacts | None = None
    match: MatchState | None = None
    matched_at: datetime | None = None
    hold: str = ""
    book_id: str = ""
    pleo_url: str = ""
    amount: int | None = None
    counterparty: str = ""
    day: date | None = None
