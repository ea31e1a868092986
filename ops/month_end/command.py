"""`ops month-end`: month-end sheet of a company for its Steuerberater (docs/decisions/0013-month-end-sheet.md)."""

import os
import re
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ops.answer import Answer, AnswerTable, Fact, as_data, euro, moment, plain
from ops.app import command
from ops.context import CommandContext
from ops.errors import CommandRefused
from ops.month_end import csv_file, page
from ops.month_end.balance import MonthBalance
from ops.month_end.facts import month_of
from ops.month_end.reading import facts_of
from ops.month_end.sheet import Section, Sheet, sheet_of
from shared.aws.connections import Connection
from shared.domain.times import booking_date

_NAME_LIMIT = 40
_SECTIONS = {
    Section.BY_HAND: "to enter by hand",
    Section.NOT_FED: "not in lexoffice",
    Section.NOT_EXPORTED: "export failed",
    Section.NO_RECEIPT: "without receipt",
    Section.REVERSE_CHARGE: "reverse charge and intra-community",
    Section.FOREIGN: "foreign supplier or currency",
    Section.MEALS: "tips, and meals without attendees",
    Section.UNMATCHED: "lines not matched",
    Section.UNKNOWN: "tax facts not known",
}
_PROVISIONAL = {
    "not_over": "the month is not over",
    "not_caught_up": "Pleo has not been read up to its end",
    "waiting": "lines still wait",
}


@command(name="month-end")
def month_end(
    context: CommandContext,
    company: Annotated[str, typer.Option(help="Connection id, Pleo company id, or name.")],
    month: Annotated[str, typer.Option(help="The month, like 2026-10.")],
    out: Annotated[Path, typer.Option(help="The folder for the two files; made if it is not there.")] = Path(),
) -> Answer:
    """Write the month-end sheet for the Steuerberater: a CSV file and a printable page, in German. Read-only."""
    connection, now = context.company(company), datetime.now(UTC)
    name = connection.company_name or connection.connection_id
    if not connection.connected_at:
        raise CommandRefused(f"{name} has never been connected to the end, so there is no sheet.")
    meant = month_of(month, today=booking_date(now), company=name, start=connection.start.day)
    sheet = sheet_of(facts_of(context, connection, meant, now))
    stem = f"pleo-monatsabschluss-{_file_name(connection)}-{meant}"
    files = {
        "csv": _write_file(out, f"{stem}.csv", csv_file.text_of(sheet)),
        "page": _write_file(out, f"{stem}.html", page.text_of(sheet)),
    }
    return _answer(connection, sheet, files)


def _answer(connection: Connection, sheet: Sheet, files: Mapping[str, str]) -> Answer:
    facts, balance = sheet.facts, sheet.balance
    incoming = sum(item.amount for item in sheet.sections[Section.BY_HAND] if item.amount and item.amount > 0)
    reasons = [_PROVISIONAL[reason] for reason in sheet.provisional]
    state = f"[yellow]provisional: {', '.join(reasons)}[/yellow]" if reasons else "the month is over"
    sections = {name: _section(name, sheet) for name in sheet.sections}
    return Answer(
        {"connection_id": connection.connection_id, "company": connection.company_name, "month": str(facts.month)},
        {"provisional": bool(reasons), "provisional_because": sheet.provisional},
        f"[bold]{plain(connection.company_name) or '(deleted)'}[/bold] {facts.month}, {state}",
        {"sections": {name: as_data(row) for name, row in sections.items()}},
        AnswerTable("", list(sections.values())),
        {"by_hand": {"in_cents": incoming, "out_cents": sheet.cents(Section.BY_HAND) - incoming}},
        {"balance": _balance(balance), "files": files},
        f"balance on {facts.month.last}: {euro(balance.end)}, {_proof_label(balance)}",
        *(f"written: {plain(path)}" for path in files.values()),
    )


def _section(name: Section, sheet: Sheet) -> list[Fact]:
    count = len(sheet.sections[name])
    return [
        Fact("", "section", _SECTIONS[name]),
        Fact("count", ">count", count, lambda count: f"{count:,}" if count else ""),
        Fact("cents", ">sum", sheet.cents(name), lambda cents: euro(cents) if count else ""),
    ]


def _balance(balance: MonthBalance) -> dict[str, Any]:
    sums = ("before", "lines", "by_hand", "end", "missing", "unexplained")
    cents = {f"{name}_cents": getattr(balance, name) for name in sums}
    counts = {"missing": balance.open, "unclear": balance.unclear}
    return {"since": balance.since, **cents, **counts, "proved_at": balance.proved_at}


def _proof_label(balance: MonthBalance) -> str:
    if balance.proved_at is None:
        return "not proven since then (`ops proof`)"
    verdict = f"[red]{euro(balance.unexplained)} unexplained[/red]" if balance.unexplained else "proven"
    return f"{verdict} {moment(balance.proved_at)}"


def _file_name(connection: Connection) -> str:
    """Return a company's part of the file name. It ends with the id, because names are not unique."""
    name = re.sub(r"[^a-z0-9äöüß]+", "-", connection.company_name.lower())[:_NAME_LIMIT].strip("-")
    return f"{name}-{connection.connection_id[:8]}" if name else connection.connection_id[:8]


def _write_file(folder: Path, name: str, text: str) -> str:
    """Write a file atomically; return its absolute path. Raise CommandRefused if it cannot be written.

    Only the operator's user can read the file, because it names merchants.
    """
    target = folder.resolve() / name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(temporary).replace(target)
    except OSError as error:
        raise CommandRefused(f"{error.strerror}: name another folder with --out for {target}.") from error
    return str(target)
