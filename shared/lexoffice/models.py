"""Models of lexoffice's requests and answers, with the fields that this product uses.

- Reading ignores unknown fields: real answers have dozens of undocumented ones. Enums stay strings.
- Writing is strict: amounts are Decimals with at most two decimals, times have an offset.

https://developers.lexware.io/partner/docs
"""

from datetime import date, datetime
from decimal import Decimal
from html import unescape
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    AwareDatetime,
    Field,
    PlainSerializer,
    model_validator,
)

from shared.errors import Issue, UnexpectedAnswer
from shared.http.answer import HttpAnswer
from shared.http.models import ReadModel, WriteModel

# A 406 may contain a long German text. Its first words are enough for support to identify it.
_LONGEST_MESSAGE = 300
_CENT = Decimal("0.01")


def money(amount: Decimal) -> Decimal:
    """Return an amount in euros with exactly two decimals. Raises ValueError if that would change its value."""
    written = amount.quantize(_CENT) + 0  # removes the sign of a negative zero
    if written != amount:
        raise ValueError("an amount has at most two decimals")
    return written


def _timestamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


type Money = Annotated[Decimal, Field(strict=True, decimal_places=2), PlainSerializer(money)]
# https://developers.lexware.io/docs: exactly three fractional digits and an offset with a colon.
type Timestamp = Annotated[AwareDatetime, PlainSerializer(_timestamp)]
# Dates of a voucher are written without time: https://developers.lexware.io/docs/#vouchers-endpoint
type Day = Annotated[date, Field(strict=True), PlainSerializer(date.isoformat)]
# lexoffice may return stored texts HTML-encoded (docs/assumptions.md#lexoffice-encoded-texts).
type Text = Annotated[str, AfterValidator(unescape)]


class Profile(ReadModel):
    """The organisation of a connection. `tax_type` is net, gross or vatfree."""

    organization_id: str
    company_name: str
    tax_type: str
    small_business: bool
    business_features: frozenset[str]


class FinanceAccount(ReadModel):
    """A finance account.

    - `balance`: euros, as last written. lexoffice does not compute it.
    - `lock_version`: must be sent with an update. A stale version is a Conflict.
    - `deactivated`: do not write to the account.
    """

    id: str = Field(validation_alias=AliasChoices("financialAccountId", "id"))
    balance: Decimal
    lock_version: int
    external_reference: str | None = None
    deactivated: bool = False


class NewFinanceAccount(WriteModel):
    """A finance account to create. `account_system` is the value that Lexware assigned to this product."""

    account_system: str
    name: str
    bank_name: str
    external_reference: str
    type: str = "PAYMENT_PROVIDER"
    account_holder: str | None = None
    balance: Money = Decimal("0.00")


class NewFinanceTransaction(WriteModel):
    """One line to create.

    - `amount`: euros, negative for an expense.
    - `external_reference`: required, because lexoffice recognises duplicates by it.
    """

    financial_account_id: str
    value_date: Timestamp
    booking_date: Timestamp | None = None
    purpose: str = Field(min_length=1)
    amount: Money
    recipient_or_sender_name: str | None = None
    additional_info: str | None = None
    external_reference: str = Field(min_length=1)


class FinanceTransaction(ReadModel):
    """One line as stored in lexoffice. For a duplicate, this is the existing line, unchanged."""

    id: str = Field(validation_alias=AliasChoices("financialTransactionId", "id"))
    amount: Decimal
    purpose: str | None = None
    external_reference: str | None = None


class PostingCategory(ReadModel):
    """A posting category of vouchers. `type` is income or outgo."""

    id: str
    name: str
    type: str
    contact_required: bool = False
    split_allowed: bool = False
    group_name: str | None = None


class NewVoucherItem(WriteModel):
    """One position of a voucher.

    - `amount`: euros, net or gross as the voucher's `tax_type`.
    - `tax_rate_percent`: 19 for 19 %.
    """

    amount: Money
    tax_amount: Money
    tax_rate_percent: int = Field(ge=0, le=100)
    category_id: str = Field(min_length=1)


class NewVoucher(WriteModel):
    """A purchase voucher to create.

    - The contact is either `contact_id`, or the collective contact with an optional `contact_name`.
    - `tax_type` is always gross, so the amounts are those that were paid.
    - The status is omitted: lexoffice then opens the voucher. It refuses most vouchers that name a status
      (docs/assumptions.md#lexoffice-voucher-status).
    """

    type: Literal["purchaseinvoice", "purchasecreditnote"]
    voucher_number: str = Field(min_length=1)
    voucher_date: Day
    due_date: Day | None = None
    total_gross_amount: Money
    total_tax_amount: Money
    tax_type: Literal["gross"] = "gross"
    use_collective_contact: bool = True
    contact_id: str | None = None
    contact_name: str | None = None
    remark: str | None = None
    voucher_items: tuple[NewVoucherItem, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_contact(self) -> Self:
        if self.use_collective_contact is (self.contact_id is not None):
            raise ValueError("a voucher has a contact of its own or the collective one")
        if self.contact_id is not None and self.contact_name is not None:
            raise ValueError("only the collective contact takes a name")
        return self


class LexofficeVoucher(ReadModel):
    """A voucher as stored in lexoffice. `files` are the ids of its receipts."""

    voucher_status: str
    files: tuple[str, ...] = ()


class ListedVoucher(ReadModel):
    """A row of the voucher list."""

    id: str
    voucher_status: str
    voucher_number: Text | None = None


class Contact(ReadModel):
    """A contact. `vendor_number` is None if it is only a customer; `name` is None for a person."""

    id: str
    name: Text | None = Field(None, validation_alias=AliasPath("company", "name"))
    vendor_number: int | None = Field(None, validation_alias=AliasPath("roles", "vendor", "number"))
    archived: bool = False


class Payments(ReadModel):
    """The payment state of a voucher. `open_amount` is the unpaid amount in euros."""

    open_amount: Decimal
    voucher_status: str


class Assignment(ReadModel):
    """A document that a line is assigned to, such as a voucher or an invoice."""

    id: str


class EventSubscription(ReadModel):
    """A subscription: lexoffice sends events of this type to the callback address."""

    id: str = Field(validation_alias=AliasChoices("subscriptionId", "id"))
    event_type: str
    callback_url: str


class Listed[T](ReadModel):
    """A list in an envelope. `last` is False if another page follows."""

    content: list[T]
    last: bool = True


class Created(ReadModel):
    """The answer to a creation: an action result, or the created object for older accounts."""

    id: str = Field(validation_alias=AliasChoices("id", "financialAccountId"))


def issues(answer: HttpAnswer) -> tuple[Issue, ...]:
    """Parse an error body; return no issues for an unknown shape. https://developers.lexware.io/docs

    - `IssueList`: contacts, files and vouchers.
    - `details`: other endpoints.
    - `{message}`: the gateway.
    - `{error, error_description}`: the authorisation server.
    """
    try:
        body = answer.json()
    except UnexpectedAnswer:
        return ()
    if not isinstance(body, dict):
        return ()
    listed = tuple(
        Issue(_text(row, place), _text(row, kind), _text(row, "message"))
        for key, place, kind in (("IssueList", "source", "i18nKey"), ("details", "field", "violation"))
        for row in _rows(body.get(key))
    )
    if listed:
        return listed
    kind, message = _text(body, "error"), _text(body, "error_description") or _text(body, "message")
    return (Issue("", kind, message),) if kind or message else ()


def _rows(value: object) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _text(row: dict[str, Any], key: str) -> str:
    value = row.get(key)
    return value[:_LONGEST_MESSAGE] if isinstance(value, str) else ""
