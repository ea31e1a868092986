"""An export item as Pleo describes it, reduced to what a voucher needs."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from shared.domain.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account a line is booked on; `identifier` is lexoffice's id as this product synced it, or ""."""

    name: str
    identifier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """The tax code chosen for a line: `rate` is a fraction (0.19), `type` Pleo's `inclusive`, `exclusive`, `reverse`.

    `amount` is Pleo's own tax in minor units of the wallet, with decimals where Pleo has not rounded; None if absent.
    """

    rate: Decimal
    type: str
    code: str = ""
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseLine:
    """One part of a split expense, or all of it; `amount` is in the wallet's currency."""

    amount: Money
    account: Account | None = None
    tax: Tax | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A receipt: `type` as Pleo names it (MIME-like), `size` in bytes, None if Pleo does not say.

    `url` opens the file for 24 hours without any other key, so it never shows in a log.
    """

    url: str
    type: str
    size: int | None

    def __repr__(self) -> str:
        return f"File(type={self.type!r}, size={self.size!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Who was paid: the merchant of the card network, or the vendor of Pleo's master data."""

    name: str = ""
    country: str = ""  # ISO 3166-1 alpha-2, "" if unknown
    tax_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """What Pleo knows of a supplier's invoice."""

    number: str
    day: date
    due_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expense:
    """One export item (https://developers.pleo.io, Export API v3, `ExportItem`).

    Types and sub-types stay strings: Pleo adds values without notice. `booked_at` is Pleo's bookkeeping date, aware
    UTC; `paid` what moved the wallet, `original` the same in the supplier's currency; `book_id` the short number that
    people see in Pleo (`reconciliationId`). `link` leads to the expense in Pleo.
    """

    entry_id: str
    type: str
    sub_type: str | None
    booked_at: datetime
    paid: Money
    original: Money
    lines: tuple[ExpenseLine, ...]
    book_id: str
    supplier: Party = Party()
    vendor: Party = Party()
    contra_account: Account | None = None
    invoice: Invoice | None = None
    files: tuple[File, ...] = ()
    note: str = ""
    user: str = ""
    attendees: tuple[str, ...] = ()
    service_from: date | None = None
    service_to: date | None = None
    link: str = ""
