"""What lexoffice's API says and hears, as far as this product uses it.

Reading ignores unknown fields (real answers carry dozens that the documentation does not) and leaves enums strings.
Writing is strict: amounts are Decimals with at most two decimals, moments carry their offset.
https://developers.lexware.io/partner/docs
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

from shared.errors import Issue, UnexpectedAnswer
from shared.http import Answer

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


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class _Write(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    def body(self) -> dict[str, Any]:
        """Return the JSON object for `Http.request`, without the optional fields that were not given."""
        return self.model_dump(by_alias=True, exclude_none=True)


class Profile(_Read):
    """The organisation behind a connection; `tax_type` is net, gross or vatfree."""

    organization_id: str
    company_name: str
    connection_id: str
    tax_type: str
    small_business: bool
    business_features: frozenset[str]


class FinanceAccount(_Read):
    """A finance account; `balance` is in euros and only ever what was last written there.

    A deactivated account must not be written to. `lock_version` guards updates.
    """

    id: str = Field(validation_alias=AliasChoices("financialAccountId", "id"))
    name: str
    type: str
    balance: Decimal
    lock_version: int
    bank_name: str | None = None
    account_holder: str | None = None
    external_reference: str | None = None
    deactivated: bool = False


class NewFinanceAccount(_Write):
    """A finance account to create; `account_system` is the value Lexware assigned to this product."""

    account_system: str
    name: str
    bank_name: str
    external_reference: str
    type: str = "PAYMENT_PROVIDER"
    account_holder: str | None = None
    balance: Money = Decimal("0.00")


class NewFinanceTransaction(_Write):
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


class FinanceTransaction(_Read):
    """One line as lexoffice holds it, which after a repetition is the older one, unchanged.

    `open_amount` and `state` are None until vouchers are assigned to the line.
    """

    id: str = Field(validation_alias=AliasChoices("financialTransactionId", "id"))
    financial_account_id: str
    amount: Decimal
    purpose: str | None = None
    external_reference: str | None = None
    value_date: datetime | None = None
    booking_date: datetime | None = None
    open_amount: Decimal | None = None
    state: str | None = None
    lock_version: int | None = None


class PostingCategory(_Read):
    """A category that vouchers are booked on; `type` is income or outgo."""

    id: str
    name: str
    type: str
    contact_required: bool = False
    split_allowed: bool = False
    group_name: str | None = None


class Created(_Read):
    """The answer to a creation: an action result, or by older accounts the object itself."""

    id: str = Field(validation_alias=AliasChoices("id", "financialAccountId"))


def issues(answer: Answer) -> tuple[Issue, ...]:
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
