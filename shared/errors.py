"""Every error this product raises on purpose, as one tree.

IntegrationError
├── ConfigError                 a door was started with a missing or malformed setting
├── StoreUnavailable            AWS did not do what was asked (throttled, denied, unreachable): nothing is acknowledged
├── OutOfTime                   the work goes on in a later run; nothing was lost
├── NoProgress                  rows were sent but none could be recorded: repeating at once would send them for ever
├── Overtaken                   another worker has moved on with the same thing; this one looks again later
└── VendorError                 a call to Pleo or lexoffice did not do what was asked
    ├── Unavailable             not executed, or a read that may simply be repeated (connect failed, GET 5xx)
    ├── RateLimited             429: not executed, always safe to repeat
    ├── OutcomeUnknown          a write whose effect is unknown (timeout, reset, 5xx after bytes were sent)
    ├── AccessGone              the connection's tokens are refused for good: a person must reconnect
    ├── Forbidden               402/403: plan or scope does not allow it
    ├── NotFound                404
    ├── Conflict                409, or a stale version
    ├── Rejected                400/406/413/415/422: the vendor read the request and refused its content
    ├── UnexpectedAnswer        2xx with a body that is not what the contract says
    └── FileTooLarge            a file is longer than its receiver takes
"""

from dataclasses import dataclass


class IntegrationError(Exception):
    """Root of everything raised on purpose."""


class ConfigError(IntegrationError):
    """A setting is missing or malformed; the message names it in one sentence."""


class StoreUnavailable(IntegrationError):
    """An AWS call failed; `operation` and AWS's error `code` are in the message, never the content."""


class OutOfTime(IntegrationError):
    """The running invocation has no time left for another vendor call."""


class NoProgress(IntegrationError):
    """Rows were sent but none could be recorded; repeating at once would send them for ever."""


class Overtaken(IntegrationError):
    """Another worker has written what this one was about to write; the message names it."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One complaint of a vendor about a request: where, and what kind (never a text for people)."""

    field: str
    kind: str
    message: str = ""


class VendorError(IntegrationError):
    """A vendor call failed.

    `vendor` is "pleo" or "lexoffice", `operation` the method and path without query, `status` the HTTP status or
    None when there was no answer, `request_id` the vendor's id for its own support, `issues` its complaints.
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
    """Nothing was executed, or the call only read: repeating it later is safe."""


class RateLimited(VendorError):
    """Refused for exceeding the vendor's limit; nothing was executed.

    `retry_after` is the vendor's wish in seconds, already bounded to 0..60, or None (lexoffice sends none).
    """

    def __init__(self, vendor: str, operation: str, *, status: int = 429, retry_after: float | None = None) -> None:
        super().__init__(vendor, operation, status=status, reason="rate limit exceeded")
        self.retry_after = retry_after


class OutcomeUnknown(VendorError):
    """Bytes of a write left this process and no usable answer came back: it may or may not have happened."""


class AccessGone(VendorError):
    """The stored tokens are refused for good (`invalid_grant`, or 401 again right after a refresh)."""


class Forbidden(VendorError):
    """The customer's plan (402) or the granted scopes (403) do not allow the call."""


class NotFound(VendorError):
    """404, or another organisation's object."""


class Conflict(VendorError):
    """409, or a 406 that complains about `version`: somebody else changed the record in between."""


class Rejected(VendorError):
    """The vendor understood the request and refuses its content; `issues` says where."""


class UnexpectedAnswer(VendorError):
    """A success whose body breaks the contract: a write may have happened, but what is not known."""


class FileTooLarge(VendorError):
    """A file is longer than its receiver takes; it was not read to its end."""
