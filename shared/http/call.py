"""One call to a vendor, without its access token."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from shared.errors import OutcomeUnknown, Unavailable, VendorError

type Params = Mapping[str, str | int | bool | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send as the part `file` of a multipart form.

    - `content`: an object with a known length (a file or a BytesIO). Each attempt reads it in pieces from its start.
    - `content_type`: a MIME type.
    """

    name: str
    content_type: str
    content: BinaryIO = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """Fields to send as a form. `basic` (user, password) authenticates the call instead of an access token."""

    fields: Mapping[str, str] = field(repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP call.

    - `repeatable`: the call is idempotent.
    - `with_token`: the call carries an access token.
    - `read_timeout`: seconds.
    - `arguments`: those of httpx.
    """

    method: str
    path: str
    repeatable: bool
    with_token: bool
    read_timeout: float
    arguments: dict[str, Any] = field(repr=False)

    @property
    def operation(self) -> str:
        """Return the call's name in errors: method and path, without query."""
        return f"{self.method} {self.path}"

    @property
    def lost(self) -> type[VendorError]:
        """Return the error for a call that was sent and got no usable answer."""
        return Unavailable if self.repeatable else OutcomeUnknown
