"""The wallet movements to enter by hand as a CSV file that the reader's spreadsheet opens as it is.

German spreadsheets want semicolons, decimal commas and a byte order mark, English ones commas and ISO dates
(https://www.rfc-editor.org/rfc/rfc4180).
"""

import csv
import io
from collections.abc import Sequence
from datetime import datetime

from shared.domain.lookup.overview import Movement
from shared.domain.money import Money
from shared.domain.times import BERLIN
from shared.pages.texts import Language
from shared.pages.texts_words import CSV_COLUMNS, DIRECTIONS, KINDS

BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
# What a spreadsheet would calculate (https://owasp.org/www-community/attacks/CSV_Injection); our numbers are exempt.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def text_of(movements: Sequence[Movement], language: Language) -> str:
    """The whole file, a heading first; amounts are without sign, their direction is a word."""
    target = io.StringIO()
    writer = csv.writer(target, delimiter=";" if language == "de" else ",", lineterminator="\r\n")
    writer.writerow([column.in_(language) for column in CSV_COLUMNS])
    for movement in movements:
        kind = KINDS[movement.kind].in_(language) if movement.kind in KINDS else movement.kind
        direction = DIRECTIONS["in" if movement.amount > 0 else "out"].in_(language)
        amount = f"{Money(abs(movement.amount), 'EUR').decimal:f}"
        writer.writerow(
            [
                movement.day.strftime("%d.%m.%Y") if language == "de" else movement.day.isoformat(),
                harmless(direction),
                amount.replace(".", ",") if language == "de" else amount,
                harmless(kind),
                harmless(movement.entry_id),
            ]
        )
    return BYTE_ORDER_MARK + target.getvalue()


def name_of(language: Language, now: datetime) -> str:
    """The file's name, with the month in which it was made."""
    what = "pleo-wallet-von-hand" if language == "de" else "pleo-wallet-by-hand"
    return f"{what}-{now.astimezone(BERLIN):%Y-%m}.csv"


def harmless(text: str) -> str:
    """A text that a spreadsheet takes for a text, whatever it begins with."""
    return f"'{text}" if text.startswith(_FORMULA) else text
