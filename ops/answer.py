"""Answers of commands: facts and tables, rendered as JSON or as text for the operator."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table as RichTable

from shared.domain.money import Money
from shared.domain.text import one_line
from shared.domain.times import BERLIN, utc_text

NOTHING = "·"
_LONGEST = 500


def plain(value: object) -> str:
    """Return a value as one line of text, with markup escaped.

    Names and errors come from outside; they must not control the operator's terminal.
    """
    return "" if value is None else escape(one_line(str(value), _LONGEST))


type Format = Callable[[Any], str]
"""Format a value as text in rich's markup; return "" if there is nothing to show."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One value of an answer: its JSON key, its label, the value, and its format.

    Without a `key` the fact is shown as text only, without a `label` it is in the JSON only.
    """

    key: str
    label: str
    value: Any
    format: Format = plain


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """Rows of facts: a list of objects under `key` in JSON, a table with the labels as headings in text.

    - Every row has the same facts.
    - Without a `key` the table is shown as text only.
    - Empty cells are shown as `·`.
    - A label that begins with ">" aligns its column to the right.
    """

    key: str
    rows: Sequence[Sequence[Fact]]
    title: str = ""


type Part = Fact | AnswerTable | Mapping[str, Any] | RenderableType
"""A fact or a table; a mapping is in the JSON only, a sentence or anything else that rich prints in the text only."""


class Answer:
    """Answer of a command, described once and rendered as JSON (`data`) or as text (`shown`).

    `failed`: the command exits with code 1.
    """

    def __init__(self, *parts: Part, failed: bool = False) -> None:
        self.data: dict[str, Any] = {}
        self.shown: list[RenderableType] = []
        self.failed = failed
        for is_fact, some in groupby(parts, key=lambda part: isinstance(part, Fact)):
            if is_fact:  # consecutive facts share one grid
                self.shown += _as_grid(part for part in some if isinstance(part, Fact) and part.label)
            else:
                self.shown += [shown for part in some if (shown := _shown_of(part)) is not None]
        for part in parts:
            self.data |= _data_of(part)

    def as_json(self) -> str:
        """Return the data as JSON: dataclasses as objects, moments in UTC, days and amounts as text."""
        return json.dumps(_jsonable(self.data), ensure_ascii=False, indent=2)


def _data_of(part: Part) -> Mapping[str, Any]:
    match part:
        case Fact():
            return as_data([part])
        case AnswerTable():
            return {part.key: [as_data(row) for row in part.rows]} if part.key else {}
        case Mapping():
            return part
    return {}


def _shown_of(part: Part) -> RenderableType | None:
    match part:
        case Fact() | Mapping():
            return None
        case AnswerTable():
            return _as_table(part) if part.rows else None
    return part


def as_data(some: Iterable[Fact]) -> dict[str, Any]:
    """Return the facts that have a key, as a JSON object."""
    return {each.key: each.value for each in some if each.key}


def for_people(some: Iterable[Fact]) -> list[Fact]:
    """Return the facts that have a label, for text only."""
    return [replace(each, key="") for each in some if each.label]


def _as_table(part: AnswerTable) -> RichTable:
    made = RichTable(title=part.title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    shown = [[each for each in row if each.label] for row in part.rows]
    for each in shown[0]:
        made.add_column(each.label.removeprefix(">"), justify="right" if each.label.startswith(">") else "left")
    for row in shown:
        made.add_row(*(each.format(each.value) or NOTHING for each in row))
    return made


def _as_grid(labelled: Iterable[Fact]) -> list[RichTable]:
    """Return a grid of labels and values without those that have nothing to show; no grid if there is no fact."""
    made = RichTable.grid(padding=(0, 2))
    for each in labelled:
        if shown := each.format(each.value):
            made.add_row(f"[dim]{each.label}[/dim]", shown)
    return [made] if made.row_count else []


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


def bold(value: object) -> str:
    """Return the value in bold."""
    return f"[bold]{plain(value)}[/bold]"


def red(value: object) -> str:
    """Return the value in red, or "" if it is empty."""
    return f"[red]{shown}[/red]" if (shown := plain(value)) else ""


def moment(at: datetime | str | None) -> str:
    """Return a moment in German time, `2026-11-22 14:05:09`, or `·` if there is none."""
    if isinstance(at, str):
        at = datetime.fromisoformat(at) if at else None
    return f"{at.astimezone(BERLIN):%Y-%m-%d %H:%M:%S}" if at else NOTHING


def euro(cents: int | None) -> str:
    """Return an amount as `-1,234.56 €`, or `·` if unknown."""
    return NOTHING if cents is None else f"{Money(cents, 'EUR').decimal:,f} €"


def plural(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 line`, `3 lines`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
