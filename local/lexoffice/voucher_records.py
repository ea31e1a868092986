"""lexoffice's records of vouchers: items, files, payments, contacts, and the hints that link them to lines."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from local.standin.wire import new_id

TYPES = ("salesinvoice", "salescreditnote", "purchaseinvoice", "purchasecreditnote")


@dataclass(slots=True, kw_only=True)
class VoucherItem:
    """One row of a voucher; EUR and per cent, net or gross as the voucher says."""

    amount: Decimal
    tax_amount: Decimal
    tax_rate: int
    category_id: str


@dataclass(slots=True, kw_only=True)
class VoucherPayment:
    """A payment of a part of a voucher: by a line (`transaction_id`), or by hand (None)."""

    amount: Decimal
    posted: datetime
    transaction_id: str | None = None


@dataclass(slots=True, kw_only=True)
class StoredFile:
    """An uploaded file, byte for byte; `voucher_id` is None for a mail's attachment."""

    organization_id: str
    voucher_id: str | None
    name: str
    extension: str
    media_type: str
    content: bytes = field(repr=False)
    id: str = field(default_factory=new_id)


@dataclass(slots=True, kw_only=True)
class StoredVoucher:
    """A bookkeeping voucher (https://developers.lexware.io/docs/#vouchers-endpoint); an upload has no number yet."""

    organization_id: str
    created: datetime
    modified: datetime
    type: str = "purchaseinvoice"
    status: str = "open"
    number: str | None = None
    voucher_date: date
    due_date: date
    shipping_date: date | None = None
    total: Decimal = Decimal()
    tax: Decimal = Decimal()
    tax_type: Literal["net", "gross"] = "gross"
    collective_contact: bool = True
    contact_id: str | None = None
    contact_name: str | None = None
    remark: str | None = None
    items: list[VoucherItem] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    payments: list[VoucherPayment] = field(default_factory=list)
    version: int = 1
    id: str = field(default_factory=new_id)

    @property
    def is_credit_note(self) -> bool:
        """Whether it cancels an invoice."""
        return self.type.endswith("creditnote")

    @property
    def is_purchase(self) -> bool:
        """Whether it is on the expense side."""
        return self.type.startswith("purchase")

    @property
    def moves_money_out(self) -> bool:
        """Whether its payment is a negative line: a received invoice, or a credit note to a customer."""
        return self.is_purchase != self.is_credit_note

    @property
    def open_amount(self) -> Decimal:
        """The unpaid amount in EUR, never negative."""
        if self.status in {"paid", "paidoff", "voided"}:
            return Decimal("0.00")
        return self.total - sum((payment.amount for payment in self.payments), Decimal())

    @property
    def settled_status(self) -> str:
        """Its status once it is paid: credit notes have one of their own."""
        return "paidoff" if self.is_credit_note else "paid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A partner's statement that a voucher belongs to the line with this reference; exactly one key is set."""

    organization_id: str
    voucher_id: str
    external_reference: str | None
    end_to_end_id: str | None


@dataclass(slots=True, kw_only=True)
class StoredContact:
    """A customer, a vendor or both; `content` is what the client wrote, field by field."""

    organization_id: str
    content: dict[str, object]
    customer_number: int | None = None
    vendor_number: int | None = None
    version: int = 1
    created: datetime
    modified: datetime
    archived: bool = False
    id: str = field(default_factory=new_id)

    @property
    def name(self) -> str:
        """The company's name, or first and last name."""
        for kind, parts in (("company", ("name",)), ("person", ("firstName", "lastName"))):
            source = self.content.get(kind)
            if isinstance(source, dict):
                return " ".join(str(source[part]) for part in parts if source.get(part))
        return ""
