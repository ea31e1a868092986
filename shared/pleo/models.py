"""What Pleo's API says and hears, as far as this product uses it.

Reading is lenient, because Pleo adds fields and values without a new version: unknown fields are ignored,
optional ones may be missing or null, enums stay strings. Writing is strict. https://developers.pleo.io
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import AliasPath, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from shared.errors import Issue, UnexpectedAnswer
from shared.http import Answer


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class _Write(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    def body(self) -> dict[str, Any]:
        """Return the JSON object for `Http.request`; None is written as null, which clears a field."""
        return self.model_dump(by_alias=True)


class Subject(_Read):
    """Whom an access token stands for: a company or an organisation. `scope` is space separated."""

    subject_urn: str | None = Field(None, alias="subjectURN")
    scope: str = ""
    application_name: str | None = None

    @property
    def company_id(self) -> str | None:
        """The company's id, or None for an organisation's token."""
        return self._id_of("company")

    @property
    def organisation_id(self) -> str | None:
        """The organisation's id, or None for a company's token."""
        return self._id_of("organisation")

    def _id_of(self, kind: str) -> str | None:
        prefix = f"urn:pleo:{kind}:"
        urn = self.subject_urn or ""
        return urn.removeprefix(prefix) if urn.startswith(prefix) else None


class Company(_Read):
    """One legal entity; `country` is ISO 3166-1 alpha-2 or one of Pleo's own codes."""

    id: str
    name: str
    country: str | None = Field(None, validation_alias=AliasPath("address", "country"))


class Installation(_Read):
    """This product's installation at one company; `status` is AUTHORIZED until it is activated."""

    id: str
    status: str


class Account(_Read):
    """One row of Pleo's chart of accounts; `external_id` is the lexoffice posting category's id."""

    id: str
    external_id: str
    name: str
    archived: bool
    code: str | None = None
    tax_code_external_id: str | None = None


class NewAccount(_Write):
    """An account to create; `tax_code_external_id` must be the `code` of a tax code that exists already."""

    external_id: str = Field(min_length=1, max_length=255)
    name: str = Field(min_length=1, max_length=255)
    archived: bool = False
    code: str | None = Field(None, max_length=255)
    tax_code_external_id: str | None = None


class AccountFailure(_Read):
    """An account that a batch did not create; reasons are codes such as EXTERNAL_ID_ALREADY_EXISTS."""

    external_id: str = Field(validation_alias=AliasPath("request", "externalId"))
    reasons: tuple[str, ...] = ()


class TaxCode(_Read):
    """One tax code; `rate` is a fraction (0.19 is 19 %), `type` inclusive, exclusive or reverse."""

    id: str
    name: str
    rate: Decimal
    type: str
    archived: bool
    code: str | None = None


class NewTaxCode(_Write):
    """A tax code to create or to put in another's place; Pleo does not take the type exclusive at present."""

    company_id: str
    name: str
    rate: Decimal = Field(ge=0, le=1, strict=True)
    type: str = "inclusive"
    archived: bool = False
    code: str | None = None


class Subscription(_Read):
    """A webhook subscription; deleted ones may still be listed, with `deleted_at` set."""

    id: str
    endpoint_url: str
    event_types: tuple[str, ...]
    status: str = "ACTIVE"
    deleted_at: datetime | None = None


class Enveloped[T](_Read):
    """The envelope around every single resource except installations."""

    data: T


class _Pagination(_Read):
    has_next_page: bool
    end_cursor: str | None = None


class Page[T](_Read):
    """One page of a list and where the next one starts."""

    data: list[T]
    pagination: _Pagination


class Secret(_Read):
    """A subscription's signing secret, `whsec_` and base64; hidden from the repr."""

    secret_key: str = Field(min_length=1, repr=False)


class AccountBatch(_Read):
    """What became of a batch of new accounts."""

    failed: list[AccountFailure]


def issues(answer: Answer) -> tuple[Issue, ...]:
    """Read Pleo's `{type, message}` and OAuth's `{error, error_description}`; empty for anything else.

    https://developers.pleo.io/reference and https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    """
    try:
        body = answer.json()
    except UnexpectedAnswer:
        return ()
    if not isinstance(body, dict):
        return ()
    kind = _first_text(body.get("type"), body.get("error"))
    message = _first_text(body.get("message"), body.get("error_description"))
    return (Issue(field="", kind=kind, message=message[:300]),) if kind or message else ()


def _first_text(*candidates: object) -> str:
    return next((text for text in candidates if isinstance(text, str)), "")
