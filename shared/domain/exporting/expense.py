"""An export item as Pleo describes it, reduced to the fields that a voucher needs."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from shared.domain.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account of an expense line. `identifier` is lexoffice's id as this product synced it, or ""."""

    name: str
    identifier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """The tax code of an expense line.

    - `rate`: a fraction (0.19).
    - `type`: Pleo's `inclusive`, `exclusive` or `reverse`.
    - `amount`: the tax as Pleo computed it, in minor units of the wallet's currency, with decimals where Pleo has not
      rounded; None if absent.
    """

    rate: Decimal
    type: str
    code: str = ""
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseLine:
    """One part of a split expense, or the whole of an unsplit one. `amount` is in the wallet's currency."""

    amount: Money
    account: Account | None = None
    tax: Tax | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A receipt.

    - `url`: opens the file for 24 hours without further authorisation, so it must never be logged.
    - `type`: Pleo's name of the file type (MIME-like).
    - `size`: bytes, None if Pleo does not state them.
    """

    url: str
    type: str
    size: int | None

    def __repr__(self) -> str:
        return f"File(type={self.type!r}, size={self.size!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """The payee: the merchant from the card network, or the vendor from Pleo's master data."""

    name: str = ""
    country: str = ""  # ISO 3166-1 alpha-2, "" if unknown
    tax_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """Pleo's data about a supplier's invoice."""

    number: str
    day: date
    due_date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expense:
    """One export item (https://developers.pleo.io, Export API v3, `ExportItem`).

    - `type`, `sub_type`: strings, not enums, because Pleo adds values without notice.
    - `booked_at`: Pleo's bookkeeping date, aware UTC.
    - `paid`: the amount that moved the wallet. `original`: the same in the supplier's currency.
    - `book_id`: the short number shown in Pleo (`reconciliationId`).
    - `link`: address of the expense in Pleo.
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
