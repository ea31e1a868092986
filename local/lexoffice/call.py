"""One API call that has passed the gateway, and the table entry of its endpoint."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.datastructures import QueryParams

from local.lexoffice.problems import RefusedError
from local.lexoffice.records import Organization
from local.lexoffice.wire import Json, LexofficeAnswer
from local.lexoffice.world import LexofficeWorld
from local.standin.tokens import Grant


@dataclass(frozen=True, slots=True)
class FilePart:
    """The part `file` of a multipart body."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LexofficeCall:
    """The caller and the content of a call.

    - `body`: the parsed JSON of a POST or PUT.
    - `form`, `file`: the parts of a multipart body.
    """

    world: LexofficeWorld
    organization: Organization
    connection: Grant
    params: dict[str, str]
    query: QueryParams
    accept: str = "*/*"
    body: Json = None
    form: dict[str, str] = field(default_factory=dict)
    file: FilePart | None = None

    def location(self, path: str) -> str:
        """Return the absolute address of a resource."""
        return f"{self.world.settings.public_url}/v1/{path}"

    def json_object(self) -> dict[str, Json]:
        """Return the body if it is an object; raise lexoffice's 400 otherwise."""
        if not isinstance(self.body, dict):
            raise RefusedError(400, "Malformed JSON request")
        return self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A method and a path (`{name}` stands for one segment), the function that serves it, and what it takes.

    - `scope`: the required scopes, separated by spaces (None: none).
    - `takes`: the content type of a POST's or PUT's body.
    """

    method: str
    path: str
    scope: str | None
    serve: Callable[[LexofficeCall], LexofficeAnswer | Awaitable[LexofficeAnswer]]
    needs_plan: bool = True
    takes: str = "application/json"
    gives_files: bool = False
    _pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_pattern", re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)))

    def match(self, path: str) -> dict[str, str] | None:
        """Return the path's parameters if the path is this endpoint's, else None."""
        found = self._pattern.fullmatch(path)
        return None if found is None else found.groupdict()


def require_permission(call: LexofficeCall, *, owner_id: str) -> None:
    """Raise 403 for an object of another organisation: lexoffice does not hide it behind a 404."""
    if owner_id != call.organization.id:
        raise RefusedError(403, "Access to this resource is denied")
