"""Read and check fields of Pleo's JSON objects (entries and export items).

- The receiver imports this module, so it does not use pydantic.
- null counts as missing.
- Numbers are int or Decimal, never float.
- Every function except `text` raises MalformedFieldError for an invalid field.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

# Outside these years, time zone conversion fails and text order differs from time order. No payment is that old or new.
_FIRST_YEAR, _LAST_YEAR = 1970, 9000
_LONGEST_ID = 64
_TOO_LARGE = 10**15


class MalformedFieldError(ValueError):
    """A field is missing or has the wrong type. `field` names it; `problem` completes the sentence."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"{field} {problem}")


def identifier(data: Mapping[str, Any], name: str) -> str:
    """Read a required id, in lower case."""
    text = required(data, name)
    # Ids become parts of keys and references. Accept only the characters of a UUID.
    if len(text) > _LONGEST_ID or not all(ch.isascii() and (ch.isalnum() or ch == "-") for ch in text):
        raise MalformedFieldError(name, "is not an id")
    return text.lower()


def required(data: Mapping[str, Any], name: str) -> str:
    """Read a required text. It must be printable and not empty."""
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedFieldError(name, "is missing or not a text")
    # JSON can contain unpaired surrogates ("\\ud800"), which databases refuse.
    if not value.isprintable():
        raise MalformedFieldError(name, "is not readable text")
    return value


def optional(data: Mapping[str, Any], name: str) -> str | None:
    """Read an optional text. If present, it must be printable and not empty."""
    return required(data, name) if data.get(name) is not None else None


def text(data: Mapping[str, Any], name: str) -> str:
    """Read a text that is only displayed; return "" for anything else."""
    value = data.get(name)
    return value if isinstance(value, str) else ""


def moment(data: Mapping[str, Any], name: str) -> datetime:
    """Read a required date-time with a time zone and return it in UTC."""
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
    """Read an optional date-time and return it in UTC."""
    return moment(data, name) if data.get(name) is not None else None


def optional_day(data: Mapping[str, Any], name: str) -> date | None:
    """Read an optional day. Pleo's documentation writes it as a date or as a date-time."""
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
    """Return a value as Decimal if it is exact, finite and below 10^15. `name` is the field's name in the error."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise MalformedFieldError(name, "is not an exact number")
    exact = Decimal(value)
    if not exact.is_finite() or abs(exact) >= _TOO_LARGE:
        raise MalformedFieldError(name, "is not a plausible number")
    return exact


def structure(data: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """Read an optional object."""
    value = data.get(name)
    if value is not None and not isinstance(value, Mapping):
        raise MalformedFieldError(name, "is not an object")
    return value


def structures(data: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Read a list of objects; return an empty one if it is missing."""
    items = sequence(data, name)
    if not all(isinstance(item, Mapping) for item in items):
        raise MalformedFieldError(name, "is not a list of objects")
    return list(items)


def sequence(data: Mapping[str, Any], name: str) -> Sequence[Any]:
    """Read a list of any values; return an empty one if it is missing."""
    value = data.get(name)
    if value is not None and not isinstance(value, list):
        raise MalformedFieldError(name, "is not a list")
    return value or []
