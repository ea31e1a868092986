"""An accounting entry as Pleo describes it, reduced to what a bank line needs."""

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

    `value` is the amount in the currency of the payment, `bill` the amount that hits the wallet (None when the
    snapshot lacks it). Families, sub-families and statuses stay strings: Pleo adds values without notice.
    All times are aware UTC.
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
        """An authorisation or payment that was taken back, or an entry that Pleo deleted."""
        return self.deleted or self.status in REVERSED_STATUSES

    @property
    def settled(self) -> bool:
        """Final in Pleo's books: the amount will not be moved by the card network any more."""
        return not self.reversed and self.settled_at is not None and self.status in {COMPLETED, COMPLETED_EXTERNALLY}
