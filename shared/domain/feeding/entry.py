"""An accounting entry as Pleo describes it, reduced to the fields that a bank line needs."""

from dataclasses import dataclass
from datetime import datetime

from shared.domain.money import Money

DRAFT = "DRAFT"
COMPLETED = "COMPLETED"
COMPLETED_EXTERNALLY = "COMPLETED_EXTERNALLY"
REVERSED_STATUSES = frozenset({"CANCELLED", "REJECTED", "ERROR"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One Pleo accounting entry (https://developers.pleo.io, Accounting Entries API, `AccountingEntryV1`).

    - `value`: the amount in the currency of the payment.
    - `bill`: the amount that moves the wallet, None if the snapshot does not have it.
    - `family`, `sub_family`, `status`: strings, not enums, because Pleo adds values without notice.
    - All times are aware UTC.
    """

    id: str
    family: str
    sub_family: str | None
    status: str
    performed_at: datetime
    settled_at: datetime | None
    updated_at: datetime
    deleted: bool
    value: Money
    bill: Money | None
    merchant: str

    @property
    def reversed(self) -> bool:
        """Whether the authorisation or payment was reversed, or Pleo deleted the entry."""
        return self.deleted or self.status in REVERSED_STATUSES

    @property
    def settled(self) -> bool:
        """Whether the entry is final in Pleo's books: the card network no longer changes its amount."""
        return not self.reversed and self.settled_at is not None and self.status in {COMPLETED, COMPLETED_EXTERNALLY}
