"""Facts about one expense: gathered by shared/flows/lookup/expense_facts.py, judged by .expense_state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from shared.domain.exporting.match import MatchState
from shared.domain.feeding.ledger import Row


class ExportOutcome(StrEnum):
    """The outcome of an entry's newest export; the first four are the ledger's own words."""

    RUNNING = ""
    SUCCESSFUL = "successful"
    FAILED = "failed"
    ABANDONED = "abandoned"  # the job ended before this item was done
    FORGOTTEN = "forgotten"  # the snapshot of the job has expired, 90 days after the export


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFacts:
    """The newest export of an entry.

    `code` names the error, `values` fill the braces of its texts. `unmet_criteria` are those of the time of the export.
    """

    outcome: ExportOutcome
    clicked_at: datetime | None = None
    code: str = ""
    values: tuple[tuple[str, str], ...] = ()
    unmet_criteria: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherFacts:
    """A voucher. Without `voucher_id` it is unknown whether lexoffice has it; `made_at` is None if unknown."""

    number: str
    voucher_id: str
    made_at: datetime | None
    receipts: int
    uploading: bool
    hinted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseFacts:
    """Everything known of one entry.

    - `rows`: its ledger rows with corrections, empty if the entry never arrived.
    - `voucher`: that of the entry, or of the invoice that the entry pays.
    - `match`: what lexoffice says of that voucher, as of `matched_at`.
    - `hold`: why the company is held, "" if it is active.
    - `amount` (cents, as Pleo states it), `counterparty`, `day` and `pleo_url` are those of the export.
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
