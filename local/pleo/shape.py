"""Pleo's checks of request bodies. An invalid body is a 400 `VALIDATION_FAILED`."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from local.pleo.wire import UUID, Json, invalid
from local.standin import shape as shapes
from local.standin.shape import Complaint, Field


def checked(body: Json, shape: Mapping[str, Field], *, ignores_unknown: bool = False) -> Json:
    """Return the body's known fields. Raise PleoRefusal (400) at the first that is missing, unknown or invalid."""
    try:
        return shapes.checked(body, shape, ignores_unknown=ignores_unknown)
    except shapes.ShapeError as error:
        raise invalid(str(error)) from error


def uuid(value: Any) -> Complaint:
    """Accept a UUID string."""
    return None if isinstance(value, str) and UUID.fullmatch(value) else "must be a UUID"


def rate(value: Any) -> Complaint:
    """Accept a tax rate as a fraction: 0.19 is 19 %; 19 is refused as a mistake."""
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return None if is_number and 0 <= value <= 1 else "must be a fraction between 0 and 1"


def endpoint(value: Any) -> Complaint:
    """Accept an https URL; http only for this machine (https://developers.pleo.io/reference/overview-webhooks)."""
    if not isinstance(value, str):
        return "must be a string"
    try:
        url = urlsplit(value)
    except ValueError:
        return "must be a URL"
    local = url.scheme == "http" and url.hostname in {"localhost", "127.0.0.1"}
    return None if url.hostname and (url.scheme == "https" or local) else "must be an https URL"
