"""Write values into a request and read values from the headers of an answer."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from urllib.parse import quote

_LONGEST_RETRY_AFTER = 60.0


def segment(value: str) -> str:
    """Quote a value for use as one path segment. Raises ValueError for "", "." and "..", which name another path."""
    if value in {"", ".", ".."}:
        raise ValueError("an id must not be empty or a relative path")
    return quote(value, safe="")


def encode(value: object) -> str:
    """Return a value as JSON, with Decimals as numbers that keep their decimals: 1.10 stays 1.10.

    - Raises TypeError for a float, which must not contain money, and for types that JSON does not have.
    - Raises ValueError for NaN and infinity.
    """
    match value:
        case Decimal():
            if not value.is_finite():
                raise ValueError("JSON has no number for NaN and infinity")
            return f"{value:f}"
        case float():
            raise TypeError("a float must not go into a request")
        case Mapping():
            return "{" + ",".join(f"{encode(str(key))}:{encode(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(encode, value)) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def retry_after(value: str | None, *, now: datetime) -> float | None:
    """Parse a Retry-After header (seconds or an HTTP date) and return 0 to 60 seconds from `now`.

    Return None for a missing or invalid header. https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value, now)
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER)


def _seconds_until(value: str, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(value)
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, OverflowError):
        return math.nan
