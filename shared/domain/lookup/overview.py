"""Facts that the status page shows of one company.

shared/flows/lookup/status.py collects them, shared/pages renders them. Times are aware UTC, amounts euro cents, reasons
stable words.
"""

from dataclasses import dataclass
from datetime import date, datetime

from shared.domain.syncing.catalogue import CatalogueChange, CatalogueRefusal
from shared.domain.syncing.proof import BalanceProof
from shared.domain.syncing.requests import SyncRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An entry whose line is missing: it waits for the feed, lexoffice refused it, or it must be checked by hand.

    `amount` is 0 for a held or incomplete entry, because its effect on the wallet is unknown.
    """

    entry_id: str
    state: str  # ready, incomplete, failed, held
    reason: str  # "" while it waits for the feed; else a stable word (shared/domain/feeding/ledger.py)
    detail: str  # lexoffice's message if it refused the line
    kind: str
    amount: int
    day: date | None
    counterparty: str

    @property
    def needs_check(self) -> bool:
        """Whether the entry must be checked by hand: lexoffice refused the line, or the entry is held."""
        return self.state in {"failed", "held"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A wallet movement that is entered in lexoffice by hand. `amount` is positive for money into the wallet.

    A correction is a movement of its own: the difference, with the same entry id.
    """

    entry_id: str
    kind: str
    amount: int
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedItem:
    """An expense that failed in the last export. `amount` is the amount that Pleo states, None if not in euros."""

    entry_id: str
    book_id: str
    code: str
    values: tuple[tuple[str, str], ...]  # fill the placeholders in the error's texts
    amount: int | None
    merchant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastExport:
    """The newest export job.

    - `state`: claimed, running or finished.
    - `event`: the job's final event at Pleo.
    - `code`: why the job failed.
    - `items`: number of items, 0 until all are known. Items that are neither successful nor failed are open, or were
      abandoned with the job.
    """

    job_id: str
    created_at: datetime
    state: str
    event: str
    code: str
    values: tuple[tuple[str, str], ...] = ()  # fill the placeholders in the code's texts
    items: int
    successful: int
    failed_count: int
    failed: tuple[FailedItem, ...]  # at most 100
    done_by: datetime | None  # estimated end of a running job at the vendor's rate limit, if more than a minute away


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSync:
    """The newest catalogue sync that changed something, and when the last one ran.

    - `at`: the last sync. `changed_at`: the last sync with changes.
    - `changes`: at most 100 of its changes. `more` is the number of the others.
    - `refused`: why the last attempt changed nothing, None if it was not refused.
    """

    at: datetime | None
    changed_at: datetime | None
    changes: tuple[CatalogueChange, ...]
    more: int = 0
    refused: CatalogueRefusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of the feed: lines sent, and the delay from receipt to line in seconds (None without lines)."""

    day: date
    lines: int
    mean_delay: float | None
    longest_delay: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBalance:
    """How the balance of the finance account is made up, in cents: `total` = `opening` + `lines` + `by_hand`.

    - `waiting`, `failed`: not part of `total`.
    - `pushed`: the balance last sent to lexoffice, None before the first time.
    - `first_day`: the first day of the sums.
    - `proof`: the last balance proof, None before the first.
    - `tried_at`: the last attempt after that proof that had no result.
    """

    lines: int
    by_hand: int
    total: int
    pushed: int | None
    waiting: int
    failed: int
    opening: int = 0
    first_day: date | None = None
    proof: BalanceProof | None = None
    tried_at: datetime | None = None

    @property
    def proved_at(self) -> datetime | None:
        """When the balance was last proved, None before the first time."""
        return self.proof.proved_at if self.proof else None

    @property
    def unexplained(self) -> int:
        """The difference in cents that the last proof could not explain."""
        return self.proof.unexplained if self.proof else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything that the status page shows of one company.

    - `pleo`, `lexoffice`: "ok", or "gone" if access, a scope or the plan ended (`hold` says which) or the company is
      disconnected. `lexoffice` is "missing" before it is first linked and when the finance account is gone.
    - `waiting_more`: not all waiting entries were counted. The count, the sums and `done_by` are lower bounds then.
    """

    company: str
    organisation: str
    status: str  # connecting, active, held, disconnected
    hold: str
    pleo: str  # ok, gone
    lexoffice: str  # ok, gone, missing
    connected_at: datetime | None
    caught_up_at: datetime | None
    last_line_at: datetime | None
    waiting: tuple[Waiting, ...]  # at most 100: first those to check by hand, then those that wait; each oldest first
    waiting_count: int
    waiting_more: bool = False
    done_by: datetime | None  # estimate when all waiting lines are in lexoffice, if more than a minute away
    movements: tuple[Movement, ...]  # the newest 100, newest first
    export: LastExport | None
    sync: LastSync
    days: tuple[Day, ...]  # the last 30, oldest first, gaps filled
    balance: AccountBalance
    failing_since: datetime | None = None  # since when syncs have failed without a success
    next_try_at: datetime | None = None  # while syncs fail: when the next one is due
    open_requests: frozenset[SyncRequest] = frozenset()  # made by the admin, not answered by a sync yet
