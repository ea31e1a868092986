"""What lexoffice's API says and hears, as far as this product uses it.

Reading ignores unknown fields (real answers carry dozens that the documentation does not) and leaves enums strings.
Writing is strict: amounts are Decimals with at most two decimals, moments carry their offset.
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

# A 406 may bring a long German text; the first words identify it for support.
_LONGEST_MESSAGE = 300
_CENT = Decimal("0.01")


def money(amount: Decimal) -> Decimal:
    """Write an amount in euros with exactly two decimals; ValueError when that would change it."""
    written = amount.quantize(_CENT) + 0  # turns a negative zero into a plain one
    if written != amount:
        raise ValueError("an amount has at most two decimals")
    return written


def _timestamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


type Money = Annotated[Decimal, Field(strict=True, decimal_places=2), PlainSerializer(money)]
# https://developers.lexware.io/docs: exactly three fractional digits and an offset with a colon.
type Timestamp = Annotated[AwareDatetime, PlainSerializer(_timestamp)]
# Vouchers are written with the day alone: https://developers.lexware.io/docs/#vouchers-endpoint
type Day = Annotated[date, Field(strict=True), PlainSerializer(date.isoformat)]
# Stored texts may come back HTML-encoded (docs/assumptions.md#lexoffice-encoded-texts).
type Text = Annotated[str, AfterValidator(unescape)]


class Profile(ReadModel):
    """The organisation behind a connection; `tax_type` is net, gross or vatfree."""

    organization_id: str
    company_name: str
    tax_type: str
    small_business: bool
    business_features: frozenset[str]


class FinanceAccount(ReadModel):
    """A finance account; `balance` is in euros and only ever what was last written there.

    A deactivated account must not be written to. `lock_version` guards updates.
    """

    id: str = Field(validation_alias=AliasChoices("financialAccountId", "id"))
    balance: Decimal
    lock_version: int
    external_reference: str | None = None
    deactivated: bool = False


class NewFinanceAccount(WriteModel):
    """A finance account to create; `account_system` is the value Lexware assigned to this product."""

    account_system: str
    name: str
    bank_name: str
    external_reference: str
    type: str = "PAYMENT_PROVIDER"
    account_holder: str | None = None
    balance: Money = Decimal("0.00")


class NewFinanceTransaction(WriteModel):
    """One line to write; `amount` in euros is negative for an expense.

    `external_reference` is what lexoffice recognises a repetition by, so a line never goes without.
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
    """One line as lexoffice holds it, which after a repetition is the older one, unchanged."""

    id: str = Field(validation_alias=AliasChoices("financialTransactionId", "id"))
    amount: Decimal
    purpose: str | None = None
    external_reference: str | None = None


class PostingCategory(ReadModel):
    """A category that vouchers are booked on; `type` is income or outgo."""

    id: str
    name: str
    type: str
    contact_required: bool = False
    split_allowed: bool = False
    group_name: str | None = None


class NewVoucherItem(WriteModel):
    """One position; `amount` in euros as the voucher's tax type says, `tax_rate_percent` 19 for 19 %."""

    amount: Money
    tax_amount: Money
    tax_rate_percent: int = Field(ge=0, le=100)
    category_id: str = Field(min_length=1)


class NewVoucher(WriteModel):
    """A purchase voucher to create, on either a contact of its own or the collective one with a name.

    `tax_type` is always gross, so what was paid is what is written. The status is left out: lexoffice then opens the
    voucher, and refuses most that name one (docs/assumptions.md#lexoffice-voucher-status).
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
    """A voucher as lexoffice holds it; `files` are the ids of its receipts."""

    voucher_status: str
    files: tuple[str, ...] = ()


class ListedVoucher(ReadModel):
    """A row of the voucher list."""

    id: str
    voucher_status: str
    voucher_number: Text | None = None


class Contact(ReadModel):
    """A contact; `vendor_number` is None for one that is a customer only, `name` for a person."""

    id: str
    name: Text | None = Field(None, validation_alias=AliasPath("company", "name"))
    vendor_number: int | None = Field(None, validation_alias=AliasPath("roles", "vendor", "number"))
    archived: bool = False


class Payments(ReadModel):
    """What is paid of a voucher; `open_amount` in euros."""

    open_amount: Decimal
    voucher_status: str


class Assignment(ReadModel):
    """A document that a line is assigned to: a voucher or an invoice."""

    id: str


class EventSubscription(ReadModel):
    """An event that lexoffice tells an address."""

    id: str = Field(validation_alias=AliasChoices("subscriptionId", "id"))
    event_type: str
    callback_url: str


class Listed[T](ReadModel):
    """A list in an envelope; `last` is False while another page follows."""

    content: list[T]
    last: bool = True


class Created(ReadModel):
    """The answer to a creation: an action result, or by older accounts the object itself."""

    id: str = Field(validation_alias=AliasChoices("id", "financialAccountId"))


def issues(answer: HttpAnswer) -> tuple[Issue, ...]:
    """Read any of lexoffice's four error shapes; empty for anything else.

    `IssueList` for contacts, files and vouchers, `details` for the others, `{message}` from the gateway, and
    `{error, error_description}` from the authorisation server. https://developers.lexware.io/docs
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
