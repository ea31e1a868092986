"""lexoffice's four formats of an error body (https://developers.lexware.io/docs/#error-codes), and their endpoints."""

import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from http import HTTPStatus

from local.lexoffice import clock
from local.lexoffice.wire import LexofficeAnswer
from local.standin.oauth import error_body, error_headers
from local.standin.tokens import OAuthError

# These endpoints still answer with an issue list; every other one uses the regular format.
LEGACY_FAMILIES = ("/v1/contacts", "/v1/files", "/v1/vouchers")
_LEGACY_TYPES = {400: "bad_request_error", 406: "validation_failure"}
# The older families' names for the rules that `reading` names for the newer ones.
_LEGACY_KEYS = {"NOTNULL": "missing_entity", "NOTBLANK": "missing_entity"} | dict.fromkeys(
    ("INVALID", "DIGITS", "SIZE"), "invalid_value"
)
VALIDATION_FAILED = "Validation failed for request. Please see details list for specific causes."


@dataclass(frozen=True, slots=True)
class Violation:
    """One entry of `details`: the field (`[3].purpose` style in batches), the rule, a German sentence."""

    violation: str
    field: str
    message: str


class RefusedError(Exception):
    """An endpoint refuses a call. The path decides between the regular and the legacy format."""

    def __init__(self, status: int, message: str, violations: Iterable[Violation] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.violations = tuple(violations)


def not_found(what: str) -> RefusedError:
    """Return the 404 for an object or a route that does not exist."""
    return RefusedError(404, f"{what} not found")


def invalid(*violations: Violation) -> RefusedError:
    """Return the 406 of a failed validation."""
    return RefusedError(406, VALIDATION_FAILED, violations)


def render(error: RefusedError, *, path: str, now: datetime) -> LexofficeAnswer:
    """Convert a refusal to the format of the path's endpoint family."""
    family = f"{path}/"
    if any(family.startswith(f"{legacy}/") for legacy in LEGACY_FAMILIES):
        return _legacy(error)
    return _regular(error, path=path, now=now)


def _regular(error: RefusedError, *, path: str, now: datetime) -> LexofficeAnswer:
    body: dict[str, object] = {
        "requestId": str(uuid.uuid4()),
        "timestamp": clock.berlin_text(now),
        "status": error.status,
        "error": HTTPStatus(error.status).phrase,
        "path": path,
        "traceId": uuid.uuid4().hex[:12],
        "message": error.message,
    }
    if error.violations:
        body["details"] = [asdict(violation) for violation in error.violations]
    return LexofficeAnswer(error.status, body)


def _legacy(error: RefusedError) -> LexofficeAnswer:
    kind = _LEGACY_TYPES.get(error.status, "technical_error")
    found: list[tuple[str, str | None]] = [
        (_LEGACY_KEYS.get(item.violation, item.violation), item.field) for item in error.violations
    ]
    issues = [
        {"i18nKey": key, "source": source, "type": kind, "additionalData": None, "args": None}
        for key, source in found or [(error.message, None)]
    ]
    return LexofficeAnswer(error.status, {"requestId": str(uuid.uuid4()), "IssueList": issues})


def gateway(status: int, message: str, headers: dict[str, str] | None = None) -> LexofficeAnswer:
    """Return the API gateway's short answer (401, 403, 429, 500, 504): a message only."""
    return LexofficeAnswer(status, {"message": message}, {"x-amzn-RequestId": str(uuid.uuid4()), **(headers or {})})


def oauth(error: OAuthError) -> LexofficeAnswer:
    """Return the authorisation server's answer (RFC 6749, section 5.2)."""
    return LexofficeAnswer(error.status, error_body(error), error_headers(error, realm="oauth2"))
