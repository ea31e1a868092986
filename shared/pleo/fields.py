"""Fields of Pleo's JSON objects, read by hand: entries for the receiver, which goes without pydantic, and export items.

null counts as absent. Numbers are int or Decimal, never float.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

# Beyond these years no time zone can be applied and text order is not time order; no payment is from there.
_FIRST_YEAR, _LAST_YEAR = 1970, 9000
_LONGEST_ID = 64
_TOO_LARGE = 10**15


class MalformedFieldError(ValueError):
    """A field is missing or of the wrong type; `field` names it, `problem` goes on from there."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"{field} {problem}")


def identifier(data: Mapping[str, Any], name: str) -> str:
    """Read a required id, in lower case."""
    text = required(data, name)
    # Ids become keys and references: nothing but what a UUID is made of may pass.
    if len(text) > _LONGEST_ID or not all(ch.isascii() and (ch.isalnum() or ch == "-") for ch in text):
        raise MalformedFieldError(name, "is not an id")
    return text.lower()


def required(data: Mapping[str, Any], name: str) -> str:
    """Read a text that must be there and readable."""
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedFieldError(name, "is missing or not a text")
    # JSON can spell halves of characters ("\\ud800") that no database takes.
    if not value.isprintable():
        raise MalformedFieldError(name, "is not readable text")
    return value


def optional(data: Mapping[str, Any], name: str) -> str | None:
    """Read a text that may be absent, but must be readable if it is there."""
    return required(data, name) if data.get(name) is not None else None


def text(data: Mapping[str, Any], name: str) -> str:
    """Read what only people read: "" for anything that is no text."""
    value = data.get(name)
    return value if isinstance(value, str) else ""


def moment(data: Mapping[str, Any], name: str) -> datetime:
    """Read a required date-time with a zone, as UTC."""
    written = required(data, name)
    try:
        value = datetime.fromisoformat(written)
    except ValueError as error:
        raise MalformedFieldError(name, "is not a date-time") from error
    if value.tzinfo is None:
        raise MalformedFieldError(name, "has no time zone")
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise MalformedFieldError(name, "is not a plausible date-time")
    return value.astimezone(UTC)


def optional_moment(data: Mapping[str, Any], name: str) -> datetime | None:
    """Read a date-time that may be absent."""
    return moment(data, name) if data.get(name) is not None else None


def optional_day(data: Mapping[str, Any], name: str) -> date | None:
    """Read a day that may be absent, written as date or as date-time, as Pleo's own documentation does."""
    if data.get(name) is None:
        return None
    written = required(data, name)
    try:
        day = date.fromisoformat(written[:10])
    except ValueError as error:
        raise MalformedFieldError(name, "is not a date") from error
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise MalformedFieldError(name, "is not a plausible date")
    return day


def number(value: object, name: str) -> Decimal:
    """Check that a value is an exact number that can be an amount or a rate; `name` is for the error."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise MalformedFieldError(name, "is not an exact number")
    exact = Decimal(value)
    if not exact.is_finite() or abs(exact) >= _TOO_LARGE:
        raise MalformedFieldError(name, "is not a plausible number")
    return exact


def structure(data: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """Read an object that may be absent."""
    value = data.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise MalformedFieldError(name, "is not an object")
    return value


def structures(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Read a list of objects, empty when it is absent."""
    items = sequence(data, name)
    if not all(isinstance(item, Mapping) for item in items):
        raise MalformedFieldError(name, "is not a list of objects")
    return list(items)


def sequence(data: Mapping[str, Any], name: str) -> Sequence[Any]:
    """Read a list of anything, empty when it is absent."""
    value = data.get(name)
    if value is not None and not isinstance(value, list):
        raise MalformedFieldError(name, "is not a list")
    return value or []
