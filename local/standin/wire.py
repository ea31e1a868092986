"""JSON parsing of both stand-ins: fractions become Decimal, so that money never passes through a binary float."""

import json
import uuid
from decimal import Decimal
from typing import Any, NoReturn

type JsonObject = dict[str, Any]


def parse(raw: bytes | str) -> Any:
    """Parse JSON. Raise ValueError for anything else, including NaN and Infinity."""
    return json.loads(raw, parse_float=Decimal, parse_constant=_refuse_constant)


def new_id() -> str:
    """Return a random UUID as text."""
    return str(uuid.uuid4())


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
