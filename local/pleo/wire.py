"""JSON input and output, and Pleo's error body `{"type", "message"}` (https://developers.pleo.io, ExceptionInfo)."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from local.standin.wire import parse

type Json = dict[str, Any]

MEDIA_TYPE = "application/json;charset=UTF-8"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


class PleoRefusal(Exception):
    """A request that Pleo refuses: HTTP status, Pleo's error `type` and a message."""

    def __init__(self, status: int, kind: str, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.headers = dict(headers or {})

    def answer(self) -> Response:
        """Return the refusal as Pleo's response."""
        return answer({"type": self.kind, "message": self.message}, self.status, headers=self.headers)


def not_found(what: str) -> PleoRefusal:
    """Return the 404 for a missing object and for an object of another company: they look the same to a client."""
    return PleoRefusal(404, "NOT_FOUND", f"{what} not found.")


def invalid(message: str) -> PleoRefusal:
    """Return the 400 for a valid JSON body that the endpoint does not accept."""
    return PleoRefusal(400, "VALIDATION_FAILED", message)


def bad_parameter(message: str) -> PleoRefusal:
    """Return the 400 for a query parameter."""
    return PleoRefusal(400, "PARAMETER_VALIDATION_FAILED", message)


def encoded(value: Any) -> bytes:
    """Return JSON bytes. Decimals (tax rates and metadata only; money is integer minor units) become numbers."""
    return json.dumps(value, default=_number, ensure_ascii=False, separators=(",", ":")).encode()


def decoded(raw: bytes | str) -> Any:
    """Parse JSON with fractions as Decimal. Raise PleoRefusal (400) if it is not JSON."""
    try:
        return parse(raw)
    except ValueError as error:
        raise PleoRefusal(400, "JSON_MAPPING_EXCEPTION", "The body is not valid JSON.") from error


def answer(value: Any, status: int = 200, *, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response with the media type that Pleo declares."""
    return Response(encoded(value), status, headers=headers, media_type=MEDIA_TYPE)


def no_content() -> Response:
    """Return a 204 without a body."""
    return Response(status_code=204)


async def object_of(request: Request) -> Json:
    """Return the request's JSON object. Pleo does not document a 415, so the content type is not checked."""
    value = decoded(await request.body())
    if not isinstance(value, dict):
        raise PleoRefusal(400, "JSON_MAPPING_EXCEPTION", "The body must be a JSON object.")
    return value


def _number(value: object) -> int | float:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no JSON form")
    return int(value) if value == value.to_integral_value() else float(value)
