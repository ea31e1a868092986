"""JSON as both stand-ins read it: fractions as Decimal, so that no binary float touches money."""

import json
import uuid
from decimal import Decimal
from typing import Any, NoReturn

type JsonObject = dict[str, Any]


def parse(raw: bytes | str) -> Any:
    """Parse JSON. Raises ValueError for anything else, NaN and Infinity included."""
    return json.loads(raw, parse_float=Decimal, parse_constant=_refuse_constant)


def new_id() -> str:
    """Make a random UUID as text."""
    return str(uuid.uuid4())


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
