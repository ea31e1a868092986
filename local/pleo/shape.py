"""Request bodies checked field by field: what is required, what may be null, what each value must look like."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from local.pleo.wire import UUID, Json, invalid

type Complaint = str | None
type Check = Callable[[Any], Complaint]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body: its check, and whether it must be there and may be null."""

    check: Check
    required: bool = False
    nullable: bool = False


def checked(body: Json, shape: Mapping[str, Field], *, unknown: str = "refused") -> Json:
    """The body's known fields. Raises Refusal (400) at the first field that is missing, unknown or wrong."""
    if unknown == "refused" and (extra := sorted(set(body) - set(shape))):
        raise invalid(f"Unknown field: {extra[0]}.")
    for name, field in shape.items():
        if complaint := _complaint(body, name, field):
            raise invalid(complaint)
    return {name: body[name] for name in shape if name in body}


def _complaint(body: Json, name: str, field: Field) -> Complaint:
    if name not in body:
        return f"{name} is required." if field.required else None
    if body[name] is None:
        return None if field.nullable else f"{name} must not be null."
    complaint = field.check(body[name])
    return f"{name} {complaint}." if complaint else None


def text(*, least: int = 0, most: int = 10_000) -> Check:
    """A string of `least` to `most` characters."""

    def check(value: Any) -> Complaint:
        if not isinstance(value, str):
            return "must be a string"
        return None if least <= len(value) <= most else f"must have {least} to {most} characters"

    return check


def one_of(*choices: str) -> Check:
    """One of the given strings."""
    return lambda value: None if value in choices else f"must be one of {', '.join(choices)}"


def flag(value: Any) -> Complaint:
    """A JSON boolean."""
    return None if isinstance(value, bool) else "must be a boolean"


def uuid(value: Any) -> Complaint:
    """A UUID string."""
    return None if isinstance(value, str) and UUID.fullmatch(value) else "must be a UUID"


def rate(value: Any) -> Complaint:
    """A tax rate as a fraction: 0.19 is 19 %; 19 is a mistake and refused."""
    number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return None if number and 0 <= value <= 1 else "must be a fraction between 0 and 1"


def mapping(value: Any) -> Complaint:
    """A JSON object with any content."""
    return None if isinstance(value, dict) else "must be an object"


def headers(value: Any) -> Complaint:
    """A JSON object of strings."""
    if isinstance(value, dict) and all(isinstance(each, str) for each in value.values()):
        return None
    return "must be an object of strings"


def list_of(check: Check, *, least: int = 0, most: int = 100_000, unique: bool = False) -> Check:
    """A JSON array of `least` to `most` elements that each pass `check`."""

    def check_all(value: Any) -> Complaint:
        if not isinstance(value, list) or not least <= len(value) <= most:
            return f"must be an array of {least} to {most} elements"
        if unique and len({repr(each) for each in value}) != len(value):
            return "must not repeat an element"
        complaint = next(filter(None, map(check, value)), None)
        return f"has an element that {complaint}" if complaint else None

    return check_all


def instant(value: Any) -> Complaint:
    """An ISO-8601 date-time with an offset; a naive one is refused."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return "must be an ISO-8601 date-time"
    return None if moment.tzinfo else "must have a time zone"


def endpoint(value: Any) -> Complaint:
    """An https URL; http is accepted only for this machine (https://developers.pleo.io/reference/overview-webhooks)."""
    if not isinstance(value, str):
        return "must be a string"
    try:
        url = urlsplit(value)
    except ValueError:
        return "must be a URL"
    local = url.scheme == "http" and url.hostname in {"localhost", "127.0.0.1"}
    return None if url.hostname and (url.scheme == "https" or local) else "must be an https URL"
