"""The month-end sheet as a page: German, self-contained, without script, for printing on A4."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ops.month_end import labels
from ops.month_end.sheet import Item, Section, Sheet
from shared.domain.times import BERLIN
from shared.pages import render
from shared.pages.formats import Formats
from shared.pages.status import TableColumn
from shared.texts.messages import COMMON

# Rows shown per section; the CSV file has all of them.
_MOST_ROWS = 500
_NONE = "–"


class _Show(Formats):
    """Format figures in German."""

    def moment_in_full(self, moment: datetime) -> str:
        """Return a moment as `02.11.2026, 09:15`: a printed page cannot say "today"."""
        return f"{moment.astimezone(BERLIN):%d.%m.%Y, %H:%M}"

    def cents(self, cents: int | None) -> str:
        """Return an amount, or a dash if unknown."""
        return _NONE if cents is None else self.money(cents)


type Cell = Callable[[Item, _Show], str]


def _column(name: str, cell: Cell, css_class: str = "") -> tuple[TableColumn, Cell]:
    return TableColumn(name, css_class), cell


_DAY = _column("Datum", lambda item, show: show.day(item.day) if item.day else _NONE, "short")
_AMOUNT = _column("Betrag", lambda item, show: show.cents(item.amount), "figure")
_NAME = _column("Händler", lambda item, _: item.name or labels.kind(item) or _NONE)
_KIND = _column("Art", lambda item, _: labels.kind(item))
_BOOK_ID = _column("Nr. in Pleo", lambda item, _: item.book_id or _NONE, "short")
_NUMBER = _column("Belegnummer", lambda item, _: item.number or _NONE)
_CATEGORY = _column("Kategorie", lambda item, _: ", ".join(item.categories))
_COUNTRY = _column("Land", lambda item, _: labels.country(item), "short")
_RATE = _column("Steuer", lambda item, _: labels.rates(item), "short")
_WHY = _column("Hinweis", lambda item, _: labels.why(item) or _NONE)
_CAUSE = _column("Ursache", lambda item, _: f"{labels.why(item)}{f' [{code}]' if (code := labels.code(item)) else ''}")
_ORIGINAL = _column("Laut Beleg", lambda item, _: str(item.original or _NONE), "figure")
_COLUMNS: dict[str, tuple[tuple[TableColumn, Cell], ...]] = {
    Section.BY_HAND: (
        _DAY,
        _KIND,
        _column("Richtung", lambda item, _: "Eingang" if (item.amount or 0) > 0 else "Ausgang", "short"),
        _AMOUNT,
    ),
    Section.NOT_FED: (_DAY, _NAME, _KIND, _AMOUNT, _WHY),
    Section.NOT_EXPORTED: (_DAY, _NAME, _BOOK_ID, _AMOUNT, _CAUSE),
    Section.NO_RECEIPT: (_DAY, _NAME, _NUMBER, _AMOUNT, _WHY),
    Section.REVERSE_CHARGE: (
        _DAY,
        _NAME,
        _COUNTRY,
        _CATEGORY,
        _column("Betrag", lambda item, show: show.cents(_share(item)), "figure"),
        _WHY,
    ),
    Section.FOREIGN: (_DAY, _NAME, _COUNTRY, _ORIGINAL, _AMOUNT, _RATE, _WHY),
    Section.MEALS: (
        _DAY,
        _NAME,
        _NUMBER,
        _AMOUNT,
        _column("davon Trinkgeld", lambda item, show: show.money(item.part) if item.part else _NONE, "figure"),
        _WHY,
    ),
    Section.UNMATCHED: (_DAY, _NAME, _BOOK_ID, _AMOUNT, _WHY),
    Section.UNKNOWN: (_DAY, _NAME, _NUMBER, _AMOUNT),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionView:
    """A section as shown.

    - `count`: number of its items, "" if there is none
    - `more`: the note how many rows are in the CSV file only, or ""
    """

    name: str
    title: str
    count: str
    sum: str
    leads: Sequence[str]
    columns: Sequence[TableColumn]
    rows: Sequence[Sequence[str]]
    sums: Sequence[tuple[str, str]]
    more: str


def text_of(sheet: Sheet) -> str:
    """Return the page as HTML."""
    facts = sheet.facts
    show = _Show("de", facts.now)
    # Only vouchers of past years lack stored tax facts: omit the section if it is empty.
    names = [name for name in sheet.sections if name != Section.UNKNOWN or sheet.sections[name]]
    last = facts.month.last
    page = _environment().get_template("month_end.html")
    return page.render(
        title=f"Monatsabschluss {labels.month_name(last)}",
        product=COMMON["product"].de,
        show=show,
        sheet=sheet,
        state="Vorläufig" if sheet.provisional else "Hinweise",
        remarks=_remarks(sheet),
        sections=[_section(name, number, sheet, show) for number, name in enumerate(names, 1)],
        balance_title=f"{len(names) + 1}. {labels.BALANCE_TITLE}",
        balance_end=show.money(sheet.balance.end),
        balance_lines=[(name, show.money(cents)) for name, cents in labels.balance_lines(sheet.balance, last)],
        balance_notes=labels.balance_notes(sheet.balance, show.money, show.moment_in_full),
    )


def _remarks(sheet: Sheet) -> list[str]:
    facts = sheet.facts
    found = [labels.PROVISIONAL[reason] for reason in sheet.provisional]
    if facts.hold:
        found.append(labels.hold_note(facts.hold))
    if facts.is_nameless:
        found.append(labels.NAMELESS)
    return found


def _section(name: Section, number: int, sheet: Sheet, show: _Show) -> SectionView:
    items = sheet.sections[name]
    columns = _COLUMNS[name]
    left = len(items) - _MOST_ROWS
    doubtful = name == Section.UNMATCHED and not sheet.facts.has_matches
    return SectionView(
        name=name.replace("_", "-"),
        title=f"{number}. {labels.TITLES[name]}",
        count=show.number(len(items)) if items else "",
        sum=show.money(_sum(name, items)) if items else _NONE,
        leads=[labels.LEADS[name], *([labels.NOT_LOOKED] if doubtful else [])],
        columns=[column for column, _ in columns],
        rows=[[cell(item, show) for _, cell in columns] for item in items[:_MOST_ROWS]],
        sums=[(label, show.money(cents)) for label, cents in _sums(name, items)],
        more=f"Weitere in der CSV-Datei: {show.number(left)}." if left > 0 else "",
    )


def _share(item: Item) -> int:
    """Return the part of an item on which tax is owed, with the sign of its amount."""
    part = item.part or 0
    return -part if (item.amount or 0) < 0 else part


def _sum(name: Section, items: Sequence[Item]) -> int:
    return sum(_share(item) if name == Section.REVERSE_CHARGE else item.amount or 0 for item in items)


def _sums(name: Section, items: Sequence[Item]) -> list[tuple[str, int]]:
    """Return the sums below the table: by direction, by country, by kind of tax, or of tips."""
    if name == Section.BY_HAND:
        amounts = [item.amount or 0 for item in items]
        incoming = sum(amount for amount in amounts if amount > 0)
        return [("Summe Eingang", incoming), ("Summe Ausgang", sum(amounts) - incoming)]
    if name == Section.FOREIGN:
        return _grouped(items, labels.country, lambda item: item.amount or 0)
    if name == Section.REVERSE_CHARGE:
        return _grouped(items, labels.why, _share)
    if name == Section.MEALS and (tips := sum(item.part or 0 for item in items)):
        return [("Summe Trinkgeld", tips)]
    return []


def _grouped(
    items: Sequence[Item], group: Callable[[Item], str], cents: Callable[[Item], int]
) -> list[tuple[str, int]]:
    found: dict[str, int] = {}
    for item in items:
        found[group(item)] = found.get(group(item), 0) + cents(item)
    return [(f"Summe {label}", amount) for label, amount in found.items()]


@cache
def _environment() -> Environment:
    ours, pages = Path(__file__).parent / "templates", Path(render.__file__).parent / "templates"
    return Environment(
        loader=FileSystemLoader([ours, pages]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
