"""Check JSON objects field by field: which are required, which may be null, which values are valid."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.standin.wire import JsonObject

type Complaint = str | None
type Check = Callable[[Any], Complaint]


class ShapeError(ValueError):
    """An object does not have the expected shape. The text names the field."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object: its check, and whether it is required and may be null."""

    check: Check
    required: bool = False
    nullable: bool = False


def checked(body: JsonObject, shape: Mapping[str, Field], *, ignores_unknown: bool = False) -> JsonObject:
    """Return the known fields. Raise ShapeError at the first field that is missing, unknown or invalid."""
    if not ignores_unknown and (extra := sorted(set(body) - set(shape))):
        raise ShapeError(f"Unknown field: {extra[0]}.")
    for name, field in shape.items():
        if complaint := _complaint(body, name, field):
            raise ShapeError(complaint)
    return {name: body[name] for name in shape if name in body}


def _complaint(body: JsonObject, name: str, field: Field) -> Complaint:
    if name not in body:
        return f"{name} is required." if field.required else None
    if body[name] is None:
        return None if field.nullable else f"{name} must not be null."
    complaint = field.check(body[name])
    return f"{name} {complaint}." if complaint else None


def text(*, least: int = 0, most: int = 10_000) -> Check:
    """Accept a string of `least` to `most` characters."""

    def check(value: Any) -> Complaint:
        if not isinstance(value, str):
            return "must be a string"
        return None if least <= len(value) <= most else f"must have {least} to {most} characters"

    return check


def one_of(*choices: str) -> Check:
    """Accept one of the given strings."""
    return lambda value: None if value in choices else f"must be one of {', '.join(choices)}"


def flag(value: Any) -> Complaint:
    """Accept a JSON boolean."""
    return None if isinstance(value, bool) else "must be a boolean"


def number(value: Any) -> Complaint:
    """Accept a JSON number."""
    return None if isinstance(value, int | float) and not isinstance(value, bool) else "must be a number"


def whole(*, least: int | None = None, most: int | None = None) -> Check:
    """Accept a whole number from `least` to `most`."""

    def check(value: Any) -> Complaint:
        if type(value) is not int:
            return "must be a whole number"
        fits = (least is None or value >= least) and (most is None or value <= most)
        return None if fits else f"must be from {least} to {'any' if most is None else most}"

    return check


def anything(_value: Any) -> Complaint:
    """Accept any JSON value."""
    return None


def mapping(value: Any) -> Complaint:
    """Accept a JSON object with any content."""
    return None if isinstance(value, dict) else "must be an object"


def pattern(value: Any) -> Complaint:
    """Accept a regular expression."""
    if not isinstance(value, str) or not value:
        return "must be a string"
    try:
        re.compile(value)
    except re.error as error:
        return f"must be a regular expression: {error}"
    return None


def headers(value: Any) -> Complaint:
    """Accept a JSON object of strings."""
    if isinstance(value, dict) and all(isinstance(each, str) for each in value.values()):
        return None
    return "must be an object of strings"


def list_of(check: Check, *, least: int = 0, most: int = 100_000, unique: bool = False) -> Check:
    """Accept a JSON array of `least` to `most` elements that each pass `check`."""

    def check_all(value: Any) -> Complaint:
        if not isinstance(value, list) or not least <= len(value) <= most:
            return f"must be an array of {least} to {most} elements"
        if unique and len({repr(each) for each in value}) != len(value):
            return "must not repeat an element"
        complaint = next(filter(None, map(check, value)), None)
        return f"has an element that {complaint}" if complaint else None

    return check_all


def instant(value: Any) -> Complaint:
    """Accept an ISO 8601 date-time with an offset; one without is refused."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return "must be an ISO-8601 date-time"
    return None if moment.tzinfo else "must have a time zone"
