"""What an expense becomes in lexoffice, as data: a voucher, a success without one, or a refusal."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256

from shared.domain.exporting.expense import Expense
from shared.domain.exporting.taxes import Column

# Together 60 characters at most (docs/assumptions.md#lexoffice-text-lengths); the hash alone keeps numbers apart.
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
    """What the mapping must know of one company: lexoffice's profile, its categories by id, and the wallet's account.

    `reverse_charge` off refuses §13b and intra-community expenses (docs/assumptions.md#lexoffice-reverse-charge).
    `contra_required` off takes items without contra account (docs/assumptions.md#pleo-contra-accounts).
    `input_tax_without_receipt` on keeps the tax code of expenses that have no receipt.
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
        """lexoffice takes 0 % only (UStG §19, or an organisation without VAT)."""
        return self.small_business or self.tax_type == "vatfree"


@dataclass(frozen=True, slots=True)
class ContactNeed:
    """A vendor contact that must exist in lexoffice; `country` is ISO alpha-2, "" if unknown."""

    name: str
    country: str
    vat_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """A voucher to write, gross, in euro cents (https://developers.lexware.io/docs, Vouchers Endpoint).

    `credit` makes it a purchase credit note, its amounts positive all the same. `contact` is None where the collective
    contact with `contact_name` is enough.
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
        """Return lexoffice's voucher type."""
        return "purchasecreditnote" if self.credit else "purchaseinvoice"

    @property
    def total_gross(self) -> int:
        """What was paid, to the cent."""
        return sum(column.gross for column in self.columns)

    @property
    def total_tax(self) -> int:
        """The sum of the columns' taxes."""
        return sum(column.tax for column in self.columns)


class Reason(StrEnum):
    """Why an item succeeds without a voucher."""

    WALLET_MOVEMENT = "wallet_movement"
    INVOICE_PAYMENT = "invoice_payment"
    ZERO_AMOUNT = "zero_amount"


@dataclass(frozen=True, slots=True)
class WithoutVoucher:
    """A success that writes nothing."""

    reason: Reason


def invoice_key(expense: Expense) -> str:
    """What an invoice and its payment have in common, "" if Pleo names no invoice.

    The supplier's number alone is not enough, two suppliers may use the same one; the amount in the supplier's
    currency tells them apart (docs/assumptions.md#pleo-invoice-payments).
    """
    if expense.invoice is None:
        return ""
    number = re.sub(r"[^0-9a-zäöüß]", "", expense.invoice.number.casefold())
    return f"{number}#{abs(expense.original.minor)}{expense.original.currency}" if number else ""


def voucher_number(expense: Expense, *, own: bool = False) -> str:
    """A number that is the same at every export of the entry and of no other entry.

    It starts with what people search for, the book id of Pleo or (`own`) the supplier's invoice number, and ends with
    ten digits of a hash of the entry's id: book ids and invoice numbers need not be unique. lexoffice's search ignores
    case and trips over `&`, `<`, `>`, so only plain characters remain.
    """
    mark = f"{book_mark(expense.book_id)}-{_own_hash(expense.entry_id)}"
    number = _plain(expense.invoice.number, _OWN_NUMBER_LIMIT) if own and expense.invoice else ""
    return f"{number} PLEO-{mark}" if number else f"PLEO-{mark}"


def book_mark(book_id: str) -> str:
    """What a voucher number has of a book id."""
    return _plain(book_id, _BOOK_ID_LIMIT)


def book_mark_of(number: str) -> str:
    """The mark in a voucher number of ours, however it is spelt, or "" if it is none."""
    found = _NUMBER.search(number)
    return found["mark"] if found else ""


def is_number_of(number: str, entry_id: str) -> bool:
    """Whether a voucher number of ours is that of an entry; its hash tells, because a mark need not be unique."""
    found = _NUMBER.search(number)
    return found is not None and found["hash"].lower() == _own_hash(entry_id)


def _own_hash(entry_id: str) -> str:
    return sha256(entry_id.encode()).hexdigest()[:10]


def _plain(text: str, limit: int) -> str:
    return re.sub(r"[^A-Za-zÄÖÜäöüß0-9./_-]+", "-", text)[:limit].strip("-")
