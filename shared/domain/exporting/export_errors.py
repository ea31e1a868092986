"""Export errors: one stable code per cause, with Pleo's failure types and the names of the error's values.

The texts are in shared/texts/export_errors.py, the list for bookkeepers in docs/errors.md. A test compares the three.
Codes are never reused and never renamed.
"""

from dataclasses import dataclass, field
from typing import Literal

from shared.domain.text import one_line

_LONGEST_VALUE = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportError:
    """One cause of a failed export.

    - `fault`: "customer" if the cause is what the customer coded, attached or decided, which is routine; "system" if
      the product, lexoffice or Pleo failed, which raises an alarm.
    - `type`, `job_type`: Pleo's `failureReasonType` of an item and of a job, "" if Pleo has none
      (https://developers.pleo.io, Export API v3).
    - `values`: names of the placeholders in the texts. `kind` is a type of Pleo's export items.
    """

    code: str
    fault: Literal["customer", "system"]
    type: str = ""
    job_type: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an expense or a whole job is not exported. `values` fill exactly the placeholders in the error's texts."""

    error: ExportError
    values: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise TypeError for values that the error's texts lack, or the reverse: a bookkeeper would read `…`."""
        if set(self.values) != set(self.error.values):
            raise TypeError(f"{self.error.code} takes the values {self.error.values}, not {tuple(self.values)}")

    @property
    def short_values(self) -> dict[str, str]:
        """Values for Pleo's text: one line of at most 120 characters each, because some come from vendors."""
        return {name: one_line(value, _LONGEST_VALUE) for name, value in self.values.items()}


ACCOUNT_MISSING = ExportError(code="EXP-ACCOUNT-MISSING", fault="customer", type="missing_configuration")
ACCOUNT_UNKNOWN = ExportError(code="EXP-ACCOUNT-UNKNOWN", fault="customer", type="account_unknown", values=("account",))
CATEGORY_GONE = ExportError(code="EXP-CATEGORY-GONE", fault="customer", type="account_unknown", values=("account",))
TAX_MISSING = ExportError(code="EXP-TAX-MISSING", fault="customer", type="missing_configuration")
TAX_UNKNOWN = ExportError(code="EXP-TAX-UNKNOWN", fault="customer", type="tax_code_unknown", values=("tax",))
CONTRA_MISSING = ExportError(
    code="EXP-CONTRA-MISSING", fault="customer", type="missing_configuration", job_type="missing_configuration"
)
CONTRA_WRONG = ExportError(
    code="EXP-CONTRA-WRONG",
    fault="customer",
    type="invalid_configuration",
    job_type="invalid_configuration",
    values=("account",),
)
CONTACT_MISSING = ExportError(code="EXP-CONTACT-MISSING", fault="customer", type="vendor_unknown", values=("account",))
SPLIT_NOT_ALLOWED = ExportError(
    code="EXP-SPLIT-NOT-ALLOWED", fault="customer", type="validation_failure", values=("account",)
)
SPLIT_SUM = ExportError(
    code="EXP-SPLIT-SUM",
    fault="customer",
    type="validation_failure",
    values=("parts", "paid"),
)
NEGATIVE_PART = ExportError(
    code="EXP-NEGATIVE-PART",
    fault="customer",
    type="validation_failure",
    values=("account", "amount"),
)
SIGN = ExportError(
    code="EXP-SIGN",
    fault="system",
    type="validation_failure",
    values=("kind", "amount"),
)
CURRENCY = ExportError(code="EXP-CURRENCY", fault="customer", type="invalid_configuration", values=("currency",))
REVERSE_CHARGE = ExportError(code="EXP-REVERSE-CHARGE", fault="customer", type="validation_failure")
PAID_PRIVATELY = ExportError(code="EXP-PAID-PRIVATELY", fault="customer", type="validation_failure", values=("kind",))
REIMBURSEMENT = ExportError(code="EXP-REIMBURSEMENT", fault="customer", type="validation_failure")
TYPE_UNKNOWN = ExportError(code="EXP-TYPE-UNKNOWN", fault="system", type="validation_failure", values=("type",))
MALFORMED = ExportError(code="EXP-MALFORMED", fault="system", type="validation_failure", values=("field",))
RECEIPT_TOO_LARGE = ExportError(
    code="EXP-RECEIPT-TOO-LARGE", fault="customer", type="receipt_file_size_limit_exceeded", values=("size",)
)
RECEIPT_TYPE = ExportError(
    code="EXP-RECEIPT-TYPE", fault="customer", type="receipt_conversion_failure", values=("type",)
)
RECEIPT_BROKEN = ExportError(
    code="EXP-RECEIPT-BROKEN", fault="customer", type="receipt_conversion_failure", values=("reason",)
)
RECEIPT_DOWNLOAD = ExportError(code="EXP-RECEIPT-DOWNLOAD", fault="system", type="receipt_download_failure")
RECEIPT_UPLOAD = ExportError(code="EXP-RECEIPT-UPLOAD", fault="system", type="receipt_upload_failure")
LEXOFFICE_REFUSED = ExportError(
    code="EXP-LEXOFFICE-REFUSED",
    fault="system",
    type="accounting_system_validation_failure",
    job_type="validation_failure",
    values=("reason",),
)
PERIOD_CLOSED = ExportError(
    code="EXP-PERIOD-CLOSED", fault="customer", type="accounting_system_validation_failure", values=("month",)
)
LEXOFFICE_DOWN = ExportError(
    code="EXP-LEXOFFICE-DOWN",
    fault="system",
    type="accounting_system_unreachable",
    job_type="accounting_system_unreachable",
)
LEXOFFICE_TIMEOUT = ExportError(
    code="EXP-LEXOFFICE-TIMEOUT", fault="system", type="accounting_system_timeout", job_type="accounting_system_timeout"
)
LEXOFFICE_BUSY = ExportError(
    code="EXP-LEXOFFICE-BUSY",
    fault="system",
    type="accounting_system_rate_limit",
    job_type="accounting_system_rate_limit",
)
ACCESS_GONE = ExportError(
    code="EXP-ACCESS-GONE",
    fault="system",
    type="accounting_system_authentication_failure",
    job_type="accounting_system_authentication_failure",
)
PLAN = ExportError(code="EXP-PLAN", fault="system", type="authorization_failure", job_type="authorization_failure")
WALLET_ACCOUNT_GONE = ExportError(
    code="EXP-WALLET-ACCOUNT-GONE", fault="system", type="missing_configuration", job_type="missing_configuration"
)
PAUSED = ExportError(code="EXP-PAUSED", fault="customer", type="authorization_failure", job_type="integration_unusable")
DISCONNECTED = ExportError(
    code="EXP-DISCONNECTED", fault="customer", type="authorization_failure", job_type="integration_unusable"
)
INTERNAL = ExportError(code="EXP-INTERNAL", fault="system", type="unexpected_failure", job_type="integration_unusable")
JOB_EXPIRED = ExportError(code="EXP-JOB-EXPIRED", fault="system", job_type="job_expired")
JOB_CANCELLED = ExportError(code="EXP-JOB-CANCELLED", fault="customer", job_type="canceled_by_user")
JOB_ENDED = ExportError(code="EXP-JOB-ENDED", fault="system", job_type="integration_unusable", values=("reason",))

ALL_ERRORS: tuple[ExportError, ...] = (
    ACCOUNT_MISSING,
    ACCOUNT_UNKNOWN,
    CATEGORY_GONE,
    TAX_MISSING,
    TAX_UNKNOWN,
    CONTRA_MISSING,
    CONTRA_WRONG,
    CONTACT_MISSING,
    SPLIT_NOT_ALLOWED,
    SPLIT_SUM,
    NEGATIVE_PART,
    SIGN,
    CURRENCY,
    REVERSE_CHARGE,
    PAID_PRIVATELY,
    REIMBURSEMENT,
    TYPE_UNKNOWN,
    MALFORMED,
    RECEIPT_TOO_LARGE,
    RECEIPT_TYPE,
    RECEIPT_BROKEN,
    RECEIPT_DOWNLOAD,
    RECEIPT_UPLOAD,
    LEXOFFICE_REFUSED,
    PERIOD_CLOSED,
    LEXOFFICE_DOWN,
    LEXOFFICE_TIMEOUT,
    LEXOFFICE_BUSY,
    ACCESS_GONE,
    PLAN,
    WALLET_ACCOUNT_GONE,
    PAUSED,
    DISCONNECTED,
    INTERNAL,
    JOB_EXPIRED,
    JOB_CANCELLED,
    JOB_ENDED,
)
