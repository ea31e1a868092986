"""Results of mapping an expense, as data: a voucher, or a success without one. Refusals are in export_errors.py."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256

from shared.domain.exporting.expense import Expense
from shared.domain.exporting.taxes import Column

# Together at most 60 characters (docs/assumptions.md#lexoffice-text-lengths). The hash alone makes numbers unique.
_OWN_NUMBER_LIMIT = 28
_BOOK_ID_LIMIT = 14
_NUMBER = re.compile(r"(?:^|\s)PLEO-(?P<mark>\S+)-(?P<hash>[0-9a-f]{10})\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class VoucherCategory:
    """A posting category for expenses (https://developers.lexware.io/docs, Posting Categories Endpoint)."""

    name: str
    contact_required: bool = False
    split_allowed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of one company for the mapping.

    - `categories`: lexoffice's posting categories by id.
    - `wallet_account_id`: the finance account.
    - `small_business`, `tax_type`: from lexoffice's profile.
    - `reverse_charge`: if False, §13b and intra-community expenses are refused
      (docs/assumptions.md#lexoffice-reverse-charge).
    - `contra_required`: if False, items without a contra account are accepted
      (docs/assumptions.md#pleo-contra-accounts).
    - `input_tax_without_receipt`: if True, expenses without a receipt keep their tax code.
    """

    categories: Mapping[str, VoucherCategory]
    wallet_account_id: str
    small_business: bool = False
    tax_type: str = "gross"
    reverse_charge: bool = True
    contra_required: bool = True
    input_tax_without_receipt: bool = False

    @property
    def tax_free(self) -> bool:
        """Whether lexoffice accepts 0 % only (UStG §19, or an organisation without VAT)."""
        return self.small_business or self.tax_type == "vatfree"


@dataclass(frozen=True, slots=True)
class ContactNeed:
    """A vendor contact that the voucher needs in lexoffice. `country` is ISO 3166-1 alpha-2, "" if unknown."""

    name: str
    country: str
    vat_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """A voucher to write, gross, in euro cents (https://developers.lexware.io/docs, Vouchers Endpoint).

    - `credit`: whether it is a purchase credit note. Its amounts are positive too.
    - `contact`: None if the collective contact with `contact_name` is enough.
    """

    credit: bool
    number: str
    day: date
    due_date: date
    columns: tuple[Column, ...]
    contact_name: str
    contact: ContactNeed | None
    remark: str

    @property
    def type(self) -> str:
        """The voucher type in lexoffice."""
        return "purchasecreditnote" if self.credit else "purchaseinvoice"

    @property
    def total_gross(self) -> int:
        """The amount paid, in cents."""
        return sum(column.gross for column in self.columns)

    @property
    def total_tax(self) -> int:
        """The sum of the columns' taxes, in cents."""
        return sum(column.tax for column in self.columns)


class Reason(StrEnum):
    """Why an item succeeds without a voucher."""

    WALLET_MOVEMENT = "wallet_movement"
    INVOICE_PAYMENT = "invoice_payment"
    ZERO_AMOUNT = "zero_amount"


@dataclass(frozen=True, slots=True)
class WithoutVoucher:
    """A successful export that writes nothing."""

    reason: Reason


def invoice_key(expense: Expense) -> str:
    """Return the key that an invoice and its payment share, "" if Pleo names no invoice.

    Two suppliers may use the same invoice number, so the key also has the amount in the supplier's currency
    (docs/assumptions.md#pleo-invoice-payments).
    """
    if expense.invoice is None:
        return ""
    number = re.sub(r"[^0-9a-zäöüß]", "", expense.invoice.number.casefold())
    return f"{number}#{abs(expense.original.minor)}{expense.original.currency}" if number else ""


def voucher_number(expense: Expense, *, own: bool = False) -> str:
    """Return the voucher number: unique per entry, and the same at every export of that entry.

    - It starts with what bookkeepers search for: the supplier's invoice number (if `own`) and Pleo's book id.
    - It ends with ten digits of a hash of the entry's id, because book ids and invoice numbers need not be unique.
    - It has plain characters only, because lexoffice's search ignores case and fails on `&`, `<` and `>`.
    """
    mark = f"{book_mark(expense.book_id)}-{_own_hash(expense.entry_id)}"
    number = _plain(expense.invoice.number, _OWN_NUMBER_LIMIT) if own and expense.invoice else ""
    return f"{number} PLEO-{mark}" if number else f"PLEO-{mark}"


def book_mark(book_id: str) -> str:
    """Return the part of a voucher number that stands for the book id."""
    return _plain(book_id, _BOOK_ID_LIMIT)


def book_mark_of(number: str) -> str:
    """Return the book id's mark in one of our voucher numbers, in any case; "" for any other number."""
    found = _NUMBER.search(number)
    return found["mark"] if found else ""


def is_number_of(number: str, entry_id: str) -> bool:
    """Return whether a voucher number belongs to an entry. Compare the hash, because a mark need not be unique."""
    found = _NUMBER.search(number)
    return found is not None and found["hash"].lower() == _own_hash(entry_id)


def _own_hash(entry_id: str) -> str:
    return sha256(entry_id.encode()).hexdigest()[:10]


def _plain(text: str, limit: int) -> str:
    return re.sub(r"[^A-Za-zÄÖÜäöüß0-9./_-]+", "-", text)[:limit].strip("-")
