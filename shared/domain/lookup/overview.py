"""What the status page shows of one company: plain facts, collected by shared/flows/lookup/status.py, worded by
shared/pages.

Moments are aware UTC, amounts euro cents, reasons stable words.
"""

from dataclasses import dataclass
from datetime import date, datetime

from shared.domain.syncing.catalogue import CatalogueChange, CatalogueRefusal
from shared.domain.syncing.proof import BalanceProof


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An entry that should be a line and is not: waiting for the feed, refused by lexoffice, or held for a person.

    `amount` is 0 for one that is held or incomplete: what it does to the wallet is not known.
    """

    entry_id: str
    state: str  # ready, incomplete, failed, held
    reason: str  # "" while it simply waits; else a stable word (shared/domain/feeding/ledger.py)
    detail: str  # lexoffice's words, if it refused the line
    kind: str
    amount: int
    day: date | None
    counterparty: str

    @property
    def needs_check(self) -> bool:
        """Whether a person must look: lexoffice refused the line, or the entry is held."""
        return self.state in {"failed", "held"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A wallet movement that is entered in lexoffice by hand; `amount` is signed, positive into the wallet.

    A correction of one is a movement of its own: the difference, with the same entry id.
    """

    entry_id: str
    kind: str
    amount: int
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedItem:
    """An expense that the last export could not export; `amount` is as Pleo states it, None if it is not in euro."""

    entry_id: str
    book_id: str
    code: str
    values: tuple[tuple[str, str], ...]  # fill the braces of the catalogue's texts
    amount: int | None
    merchant: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LastExport:
    """The newest export job; `state` is claimed, running or finished, `event` Pleo's final word, `code` why it failed.

    `items` is 0 until all are known. What is neither successful nor failed is open, or was given up with the job.
    """

    job_id: str
    created_at: datetime
    state: str
    event: str
    code: str
    values: tuple[tuple[str, str], ...] = ()  # fill the braces of the code's texts
    items: int
    successful: int
    failed_count: int
    failed: tuple[FailedItem, ...]  # at most 100 of them
    done_by: datetime | None  # when a running one will be done at the vendor's pace, if that is a minute away or more


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSync:
    """The newest sync of categories and tax codes that changed something, and when the last one ran.

    `changes` are at most 100, `more` counts the others. `asked_at`: somebody asked for a sync, or confirmed a refused
    one, after the last sync.
    `refused`: nothing was changed at the last attempt, and why.
    """

    at: datetime | None
    changed_at: datetime | None
    changes: tuple[CatalogueChange, ...]
    more: int = 0
    asked_at: datetime | None = None
    refused: CatalogueRefusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of the feed: lines sent, and how long they took from receipt to line (seconds, None without lines)."""

    day: date
    lines: int
    mean_delay: float | None
    longest_delay: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBalance:
    """Why the account in lexoffice shows what it shows, in cents: `total` = `opening` + `lines` + `by_hand`.

    - `first_day`: the sums begin with this day. `waiting` and `failed` are not in `total`.
    - `pushed`: the balance that lexoffice was last sent, None before the first time.
    - `proof`: the last balance proof, None before the first.
    - `requested_at`: a proof was requested after the last proof and the last try.
    - `tried_at`: the last try after that proof that had no result.
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
    requested_at: datetime | None = None
    tried_at: datetime | None = None

    @property
    def proved_at(self) -> datetime | None:
        """When Pleo's entries were last added up, None before the first time."""
        return self.proof.proved_at if self.proof else None

    @property
    def unexplained(self) -> int:
        """What the last proof could not explain."""
        return self.proof.unexplained if self.proof else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything at a glance.

    `pleo` and `lexoffice` are "ok"; "gone" when access, a right or the plan was taken away (`hold` says which) or the
    company is disconnected; lexoffice is "missing" before it was ever linked and when the wallet's account is gone.
    `waiting_more`: so much waits that not everything was counted; count, sums and `done_by` are then the least.
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
    waiting: tuple[Waiting, ...]  # at most 100: first what a person must look at, then what waits; each oldest first
    waiting_count: int
    waiting_more: bool = False
    done_by: datetime | None  # when what waits will be in lexoffice at its pace, if that is a minute away or more
    movements: tuple[Movement, ...]  # the newest 100, newest first
    export: LastExport | None
    sync: LastSync
    days: tuple[Day, ...]  # the last 30, oldest first, gaps filled
    balance: AccountBalance
    failing_since: datetime | None = None  # since when turns fail without a success
    next_try_at: datetime | None = None  # while they fail: when the next one is due
