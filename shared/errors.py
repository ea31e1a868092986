"""Every error that this product raises on purpose, as one tree.

IntegrationError
├── ConfigError                 a door was started with a missing or malformed setting
├── StoreUnavailable            an AWS call failed (throttled, denied, unreachable): nothing is acknowledged
├── OutOfTime                   a later run continues the work; nothing was lost
├── NoProgress                  rows were sent but none could be recorded: an immediate retry would repeat for ever
├── Overtaken                   another worker has already written the same thing; this one retries later
└── VendorError                 a call to Pleo or lexoffice failed
    ├── Unavailable             not executed, or a read that is safe to retry (connect failed, GET 5xx)
    ├── RateLimited             429: not executed, always safe to retry
    ├── OutcomeUnknown          a write whose effect is unknown (timeout, reset, 5xx after bytes were sent)
    ├── AccessGone              the vendor refuses the connection's tokens permanently: the admin must reconnect
    ├── Forbidden               402/403: the plan or the scopes do not allow it
    ├── NotFound                404
    ├── Conflict                409, or a stale version
    ├── Rejected                400/406/413/415/422: the vendor read the request and refused its content
    ├── UnexpectedAnswer        2xx with a body that breaks the contract
    └── FileTooLarge            a file is larger than its receiver accepts
"""

from dataclasses import dataclass


class IntegrationError(Exception):
    """Base class of every error that is raised on purpose."""


class ConfigError(IntegrationError):
    """A setting is missing or malformed. The message names it in one sentence."""


class StoreUnavailable(IntegrationError):
    """An AWS call failed. The message has the operation and AWS's error code, never the content."""


class OutOfTime(IntegrationError):
    """The running invocation has no time left for another vendor call."""


class NoProgress(IntegrationError):
    """Rows were sent but none could be recorded. An immediate retry would send them for ever."""


class Overtaken(IntegrationError):
    """Another worker has written what this one was about to write. The message names it."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One problem that a vendor reports about a request: its field and its kind (never a text for the customer)."""

    field: str
    kind: str
    message: str = ""


class VendorError(IntegrationError):
    """A vendor call failed.

    - `vendor`: "pleo" or "lexoffice".
    - `operation`: the method and the path without query.
    - `status`: the HTTP status, None without an answer.
    - `request_id`: the vendor's id of the request, for the vendor's support.
    - `issues`: the problems that the vendor reports.

    Messages never contain tokens, bodies or query strings.
    """

    def __init__(
        self,
        vendor: str,
        operation: str,
        *,
        status: int | None = None,
        reason: str = "",
        request_id: str | None = None,
        issues: tuple[Issue, ...] = (),
    ) -> None:
        self.vendor = vendor
        self.operation = operation
        self.status = status
        self.reason = reason
        self.request_id = request_id
        self.issues = issues
        answer = f"answered {status}" if status is not None else "gave no answer"
        super().__init__(f"{vendor} {answer} to {operation}" + (f": {reason}" if reason else ""))


class Unavailable(VendorError):
    """The vendor executed nothing, or the call only read: a later retry is safe."""


class RateLimited(VendorError):
    """The vendor refused the call because its rate limit was exceeded, and executed nothing.

    `retry_after` is the vendor's Retry-After in seconds, limited to 0..60, or None (lexoffice sends none).
    """

    def __init__(self, vendor: str, operation: str, *, status: int = 429, retry_after: float | None = None) -> None:
        super().__init__(vendor, operation, status=status, reason="rate limit exceeded")
        self.retry_after = retry_after


class OutcomeUnknown(VendorError):
    """Bytes of a write were sent and no usable answer came back: the vendor may or may not have executed it."""


class AccessGone(VendorError):
    """The vendor refuses the stored tokens permanently (`invalid_grant`, or a second 401 right after a refresh)."""


class Forbidden(VendorError):
    """The customer's plan (402) or the granted scopes (403) do not allow the call."""


class NotFound(VendorError):
    """404: the object does not exist, or it belongs to another organisation."""


class Conflict(VendorError):
    """409, or a 406 about `version`: the record was changed between reading and writing it."""


class Rejected(VendorError):
    """The vendor understood the request and refuses its content. `issues` names the fields."""


class UnexpectedAnswer(VendorError):
    """A success whose body breaks the contract. A write may have been executed, but its result is unknown."""


class FileTooLarge(VendorError):
    """A file is larger than its receiver accepts. It was not read to the end."""
