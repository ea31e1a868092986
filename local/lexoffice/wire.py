"""JSON on the wire: numbers are written digit by digit, so that no binary float touches money."""

import json
from dataclasses import dataclass, field
from decimal import Decimal

from starlette.responses import Response

type Json = str | int | float | Decimal | bool | list["Json"] | dict[str, "Json"] | None


def dump(value: object) -> str:
    """Return JSON; a Decimal keeps exactly its digits (`-18.90` stays `-18.90`)."""
    match value:
        case Decimal():
            return f"{value:f}"
        case dict():
            return "{" + ",".join(f"{dump(str(key))}:{dump(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(dump(item) for item in value) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class LexofficeAnswer:
    """An endpoint's result: a status, a JSON value (None with 204: no content; bytes: a file) and extra headers."""

    status: int
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Return the HTTP response."""
        if self.status in {204, 503} and self.body is None:
            return Response(status_code=self.status, headers=self.headers)
        if isinstance(self.body, bytes):
            return Response(self.body, status_code=self.status, headers=self.headers)
        return Response(dump(self.body), status_code=self.status, headers=self.headers, media_type="application/json")
