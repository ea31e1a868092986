"""One call to a vendor, before it has an access token."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from shared.errors import OutcomeUnknown, Unavailable, VendorError

type Params = Mapping[str, str | int | bool | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send as the part `file` of a form; `content` is read in pieces, from its start at each attempt.

    `content` must be able to tell its length (a file or a BytesIO). `content_type` is a MIME type.
    """

    name: str
    content_type: str
    content: BinaryIO = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """Fields to send as a form; `basic` (user, password) authenticates the call instead of an access token."""

    fields: Mapping[str, str] = field(repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked for, and what a failure would mean; `arguments` are httpx's own, `read_timeout` is in seconds.

    `repeatable` says that sending the call twice does no harm.
    """

    method: str
    path: str
    repeatable: bool
    with_token: bool
    read_timeout: float
    arguments: dict[str, Any] = field(repr=False)

    @property
    def operation(self) -> str:
        """The call's name in errors: method and path, without query."""
        return f"{self.method} {self.path}"

    @property
    def lost(self) -> type[VendorError]:
        """What it means when this call was sent and no usable answer came."""
        return Unavailable if self.repeatable else OutcomeUnknown
