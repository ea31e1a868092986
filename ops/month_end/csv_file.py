"""The month-end sheet as one CSV file, for German spreadsheets and for programs.

- One table: each item of each section is a row, and each part of the balance.
- Format: semicolons, decimal commas, byte order mark. Texts cannot be formulas (shared/pages/movements_csv.py).
- Amounts: sign as seen from the wallet; negative is money out.
"""

import csv
import io

from ops.month_end import labels
from ops.month_end.sheet import Item, Sheet
from shared.domain.money import Money
from shared.pages.movements_csv import BYTE_ORDER_MARK, harmless

COLUMNS = (
    *(
        "Unternehmen",
        "Monat",
        "Stand",
        "Abschnitt",
        "Datum",
        "Betrag in EUR",
        "Davon in EUR",
        "Art",
        "Händler",
        "Nummer in Pleo",
    ),
    *("Belegnummer", "Kategorie", "Steuersatz", "Land", "Betrag laut Beleg", "Währung", "Code", "Hinweis"),
    "Kennung in Pleo",
)


def text_of(sheet: Sheet) -> str:
    """Return the file with its heading. Company and month are in every row, so that files can be concatenated."""
    target = io.StringIO()
    writer = csv.writer(target, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    state = "vorläufig" if sheet.provisional else "beendet"
    head = [harmless(sheet.facts.company), str(sheet.facts.month), state]
    for section, items in sheet.sections.items():
        for item in items:
            writer.writerow([*head, labels.TITLES[section], *_cells(item)])
    for name, cents in labels.balance_lines(sheet.balance, sheet.facts.month.last):
        balance = ["", _euro(cents), "", name]
        writer.writerow([*head, labels.BALANCE_TITLE, *balance, *[""] * (len(COLUMNS) - len(head) - 1 - len(balance))])
    return BYTE_ORDER_MARK + target.getvalue()


def _cells(item: Item) -> list[str]:
    original = item.original
    texts = (labels.kind(item), item.name, item.book_id, item.number, ", ".join(item.categories))
    return [
        f"{item.day:%d.%m.%Y}" if item.day else "",
        _euro(item.amount),
        _euro(item.part),
        *map(harmless, texts),
        ", ".join(str(rate) for rate in item.rates),
        harmless(item.country),
        _comma(f"{original.decimal:f}") if original else "",
        harmless(original.currency) if original else "",
        labels.code(item),
        harmless(labels.why(item)),
        harmless(item.entry_id),
    ]


def _euro(cents: int | None) -> str:
    return "" if cents is None else _comma(f"{Money(cents, 'EUR').decimal:f}")


def _comma(number: str) -> str:
    return number.replace(".", ",")
