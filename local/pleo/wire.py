"""JSON in and out, and Pleo's error body `{"type", "message"}` (https://developers.pleo.io, ExceptionInfo)."""

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
    """A request Pleo refuses: HTTP status, Pleo's error `type` and a sentence."""

    def __init__(self, status: int, kind: str, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.headers = dict(headers or {})

    def answer(self) -> Response:
        """The refusal as the response Pleo would send."""
        return answer({"type": self.kind, "message": self.message}, self.status, headers=self.headers)


def not_found(what: str) -> PleoRefusal:
    """The 404 for a thing that does not exist or belongs to another company: both look the same from outside."""
    return PleoRefusal(404, "NOT_FOUND", f"{what} not found.")


def invalid(message: str) -> PleoRefusal:
    """The 400 for a body that is JSON but not what the endpoint takes."""
    return PleoRefusal(400, "VALIDATION_FAILED", message)


def bad_parameter(message: str) -> PleoRefusal:
    """The 400 for a query parameter."""
    return PleoRefusal(400, "PARAMETER_VALIDATION_FAILED", message)


def encoded(value: Any) -> bytes:
    """JSON bytes. Decimals (only tax rates and metadata hold them; money is integer minor units) become numbers."""
    return json.dumps(value, default=_number, ensure_ascii=False, separators=(",", ":")).encode()


def decoded(raw: bytes | str) -> Any:
    """Parsed JSON with fractions as Decimal. Raises PleoRefusal (400) when it is not JSON."""
    try:
        return parse(raw)
    except ValueError as error:
        raise PleoRefusal(400, "JSON_MAPPING_EXCEPTION", "The body is not valid JSON.") from error


def answer(value: Any, status: int = 200, *, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response with the media type Pleo declares."""
    return Response(encoded(value), status, headers=headers, media_type=MEDIA_TYPE)


def no_content() -> Response:
    """204 without a body."""
    return Response(status_code=204)


async def object_of(request: Request) -> Json:
    """The request's JSON object; Pleo does not document a 415, so only the bytes decide."""
    value = decoded(await request.body())
    if not isinstance(value, dict):
        raise PleoRefusal(400, "JSON_MAPPING_EXCEPTION", "The body must be a JSON object.")
    return value


def _number(value: object) -> int | float:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no JSON form")
    return int(value) if value == value.to_integral_value() else float(value)
