"""A vendor's answer, and its conversion into a model or an error."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from shared.errors import Issue, UnexpectedAnswer, VendorError

_REQUEST_IDS = ("x-request-id", "x-amzn-requestid")
_LONGEST_ERROR = 100_000


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A vendor's answer. `headers` are case-insensitive. The repr shows neither headers nor body."""

    vendor: str
    operation: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def request_id(self) -> str:
        """Return the vendor's id of this call, for the vendor's support; "" if there is none.

        The id is in a header, or in the field `requestId` of lexoffice's error bodies
        (docs/assumptions.md#lexoffice-request-id).
        """
        name = next((name for name in _REQUEST_IDS if name in self.headers), None)
        found = self.headers[name] if name else self._id_in_error()
        return "".join(filter(_plain, found))[:100]

    def _id_in_error(self) -> str:
        if self.status < 400 or len(self.body) > _LONGEST_ERROR:
            return ""
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError):
            return ""
        return str(content.get("requestId", "")) if isinstance(content, dict) else ""

    def json(self) -> Any:
        """Parse the body as JSON, with fractions as Decimal. Raises UnexpectedAnswer if it is not JSON."""
        try:
            return json.loads(self.body, parse_float=Decimal, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            reason = "body is not JSON"
        raise self.error(UnexpectedAnswer, reason)

    def read[T](self, parse: Callable[[Any], T]) -> T:
        """Parse the JSON body with a validator such as `Model.model_validate`.

        Raises UnexpectedAnswer, which names up to five fields and kinds of mismatch, but no values.
        """
        content = self.json()
        try:
            return parse(content)
        except ValidationError as error:
            found = error.errors(include_input=False, include_context=False, include_url=False)[:5]
            faults = [f"{'.'.join(map(str, fault['loc']))} {fault['type']}" for fault in found]
        raise self.error(UnexpectedAnswer, ", ".join(faults))

    def error[E: VendorError](self, kind: type[E], reason: str = "", *, issues: tuple[Issue, ...] = ()) -> E:
        """Build the error for this answer. `reason` must not quote the body."""
        return kind(
            self.vendor,
            self.operation,
            status=self.status,
            reason=reason,
            request_id=self.request_id or None,
            issues=issues,
        )


type IssueParser = Callable[[HttpAnswer], tuple[Issue, ...]]


def _plain(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character in "-_.=:")


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
