"""What a command answers: data for programs, and the same laid out for people."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from shared.domain.money import Money
from shared.domain.text import one_line
from shared.domain.times import BERLIN, utc_text

NOTHING = "·"
_LONGEST = 500


class Answer:
    """`data` is printed with --json, `shown` otherwise, one after the other. `failed`: the command's exit code is 1."""

    def __init__(self, data: Mapping[str, Any], *shown: RenderableType, failed: bool = False) -> None:
        self.data = data
        self.shown = shown
        self.failed = failed

    def as_json(self) -> str:
        """The data, dataclasses as objects, moments in UTC, days and amounts as text."""
        return json.dumps(_jsonable(self.data), ensure_ascii=False, indent=2)


def _jsonable(value: Any) -> Any:
    match value:
        case datetime():
            return utc_text(value)
        case date() | Decimal():
            return str(value)
        case Mapping():
            return {str(key): _jsonable(each) for key, each in value.items()}
        case str():
            return str(value)
        case Iterable():
            return [_jsonable(each) for each in value]
    if is_dataclass(value) and not isinstance(value, type):
        return _jsonable(asdict(value))
    return value


def table(*columns: str, rows: Iterable[Sequence[RenderableType]], title: str = "") -> Table:
    """A table without lines; a column whose heading begins with ">" is aligned to the right."""
    made = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column.removeprefix(">"), justify="right" if column.startswith(">") else "left")
    for row in rows:
        made.add_row(*row)
    return made


def facts(*pairs: tuple[str, RenderableType]) -> Table:
    """Names and what belongs to them, below each other; a pair with nothing to say is left out."""
    made = Table.grid(padding=(0, 2))
    for name, value in pairs:
        if value != "":
            made.add_row(f"[dim]{name}[/dim]", value)
    return made


def plain(text: str) -> str:
    """A text from outside (names, a vendor's words) on one line, without power over the operator's screen."""
    return escape(one_line(text, _LONGEST))


def moment(at: datetime | str | None) -> str:
    """When, on German clocks: `2026-11-22 14:05:09`; `·` for never."""
    if isinstance(at, str):
        at = datetime.fromisoformat(at) if at else None
    return f"{at.astimezone(BERLIN):%Y-%m-%d %H:%M:%S}" if at else NOTHING


def euro(cents: int | None) -> str:
    """`-1,234.56 €`; `·` where nobody knows."""
    return NOTHING if cents is None else f"{Money(cents, 'EUR').decimal:,f} €"


def plural(number: int, one: str, many: str = "") -> str:
    """`1 line`, `3 lines`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
