"""Models of Pleo's requests and answers, with the fields that this product uses. https://developers.pleo.io

- Reading is lenient, because Pleo adds fields and values without a new version. Unknown fields are ignored, optional
  ones may be missing or null, and enums stay strings.
- Writing is strict.
"""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AliasPath, AwareDatetime, Field, PlainSerializer, model_validator

from shared.errors import Issue, UnexpectedAnswer
from shared.http.answer import HttpAnswer
from shared.http.models import ReadModel, WriteModel

# https://developers.pleo.io/reference/export-api: failure types of an item. Pleo shows them to the user by kind.
ITEM_FAILURES = frozenset(
    """receipt_upload_failure receipt_download_failure receipt_file_size_limit_exceeded receipt_conversion_failure
    unexpected_failure invalid_configuration missing_configuration accounting_system_authentication_failure
    accounting_system_rate_limit accounting_system_unreachable validation_failure accounting_system_validation_failure
    authorization_failure accounting_system_timeout vendor_unknown account_unknown tax_code_unknown
    tag_unknown""".split()
)
# https://developers.pleo.io/reference/export-api: failure types of a job.
JOB_FAILURES = frozenset(
    """invalid_configuration missing_configuration authentication_failure accounting_system_authentication_failure
    pleo_rate_limit accounting_system_rate_limit service_unreachable accounting_system_unreachable validation_failure
    authorization_failure integration_unusable job_expired service_timeout accounting_system_timeout
    canceled_by_user""".split()
)


def timestamp(moment: datetime) -> str:
    """Format an aware time as Pleo documents it: UTC, whole seconds. Raises ValueError without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone cannot be meant")
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


type Timestamp = Annotated[AwareDatetime, PlainSerializer(timestamp)]


class _Nullable(WriteModel):
    """The body of a request in which null clears a field."""

    def body(self) -> dict[str, Any]:
        """Return the JSON object for `Http.request`, with None as null."""
        return self.model_dump(by_alias=True)


class Subject(ReadModel):
    """The subject of an access token: a company or an organisation at Pleo."""

    subject_urn: str | None = Field(None, alias="subjectURN")

    @property
    def company_id(self) -> str | None:
        """Return the company's id, or None for an organisation's token."""
        prefix = "urn:pleo:company:"
        urn = self.subject_urn or ""
        return urn.removeprefix(prefix) if urn.startswith(prefix) else None


class Company(ReadModel):
    """One legal entity."""

    name: str


class Installation(ReadModel):
    """This product's installation at one company. `status` is AUTHORIZED until the installation is activated."""

    status: str


class PleoAccountRow(ReadModel):
    """One row of Pleo's chart of accounts. `external_id` is the id of the lexoffice posting category."""

    id: str
    external_id: str
    name: str
    archived: bool
    code: str | None = None
    tax_code_external_id: str | None = None


class NewAccount(_Nullable):
    """An account to create. `tax_code_external_id` must be the `code` of an existing tax code."""

    external_id: str = Field(min_length=1, max_length=255)
    name: str = Field(min_length=1, max_length=255)
    archived: bool = False
    code: str | None = Field(None, max_length=255)
    tax_code_external_id: str | None = None


class AccountFailure(ReadModel):
    """An account that a batch did not create. `reasons` are codes such as EXTERNAL_ID_ALREADY_EXISTS."""

    external_id: str = Field(validation_alias=AliasPath("request", "externalId"))
    reasons: tuple[str, ...] = ()


class TaxCode(ReadModel):
    """One tax code. `rate` is a fraction (0.19 is 19 %); `type` is inclusive, exclusive or reverse."""

    id: str
    name: str
    rate: Decimal
    type: str
    archived: bool
    code: str | None = None


class NewTaxCode(_Nullable):
    """A tax code to create, or to replace one with. Pleo does not accept the type exclusive at present."""

    company_id: str
    name: str
    rate: Decimal = Field(ge=0, le=1, strict=True)
    type: str = "inclusive"
    archived: bool = False
    code: str | None = None


class CodedEntry(ReadModel):
    """An accounting entry and the account it is coded with, both as Pleo's ids."""

    id: str
    account_id: str = ""


class Subscription(ReadModel):
    """A webhook subscription. Pleo may still list deleted ones, with `deleted_at` set."""

    id: str
    endpoint_url: str
    event_types: tuple[str, ...]
    status: str = "ACTIVE"
    deleted_at: datetime | None = None


class JobEvent(StrEnum):
    """An event of a job that the integration sends to Pleo. Every event except STARTED ends the job."""

    STARTED = "started"
    FAILED = "failed"
    COMPLETED = "completed"
    COMPLETED_WITH_ERRORS = "completed_with_errors"


class ExportJob(ReadModel):
    """One attempt to export a batch of entries.

    - `status`: pending or in_progress while open; failed, completed or completed_with_errors at the end.
    - `expires_in`: seconds after the last update until Pleo lets the job expire.
    """

    id: str
    status: str
    created_at: AwareDatetime
    number_of_items: int
    expires_in: int
    last_updated_at: AwareDatetime | None = None
    failure_reason_type: str | None = None

    @property
    def is_open(self) -> bool:
        """Return whether Pleo still accepts reports about the job."""
        return self.status in {"pending", "in_progress"}


class ItemResult(WriteModel):
    """The outcome of one item.

    - `failure_reason`: the text that the user reads; `failure_reason_type`: one of ITEM_FAILURES. Required for failed.
    - `external_id`, `external_url`: id and address of the voucher.
    """

    accounting_entry_id: str = Field(min_length=1)
    status: Literal["in_progress", "successful", "failed"]
    exported_at: Timestamp | None = None
    external_id: str | None = None
    external_url: str | None = None
    failure_reason: str | None = None
    failure_reason_type: str | None = None

    @model_validator(mode="after")
    def _explained(self) -> Self:
        reasons = (self.failure_reason, self.failure_reason_type)
        if self.status != "failed":
            if any(reasons):
                raise ValueError("only a failed item has a reason")
        elif not self.failure_reason or self.failure_reason_type not in ITEM_FAILURES:
            raise ValueError("a failed item needs a reason and one of Pleo's types")
        return self


class PleoReceipt(ReadModel):
    """A file of an entry. `url` needs no authentication for 24 hours, so the repr does not show it."""

    id: str
    accounting_entry_id: str
    created_at: AwareDatetime
    mime_type: str
    url: str = Field(repr=False)


class UpdateError(ReadModel):
    """An item whose update Pleo did not accept. `type` is a code such as ACCOUNTING_ENTRY_DOES_NOT_EXIST."""

    accounting_entry_id: str
    type: str


class ItemUpdates(ReadModel):
    """The answer to an update of items. The call succeeds even if Pleo did not accept some of the items."""

    errors: tuple[UpdateError, ...] = ()


class Enveloped[T](ReadModel):
    """The envelope around every single resource except installations."""

    data: T


class _Pagination(ReadModel):
    has_next_page: bool
    end_cursor: str | None = None


class ResultPage[T](ReadModel):
    """One page of a list and the cursor of the next one."""

    data: list[T]
    pagination: _Pagination


class Secret(ReadModel):
    """A subscription's signing secret: `whsec_` followed by base64. The repr does not show it."""

    secret_key: str = Field(min_length=1, repr=False)


class AccountBatch(ReadModel):
    """The answer to a batch of new accounts: those that Pleo did not create."""

    failed: list[AccountFailure]


def issues(answer: HttpAnswer) -> tuple[Issue, ...]:
    """Parse an error body; return no issues for an unknown shape.

    - `{type, message}`: https://developers.pleo.io/reference
    - `{error, error_description}`: https://www.rfc-editor.org/rfc/rfc6749#section-5.2
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
