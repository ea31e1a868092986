"""Write the wallet movements to enter by hand as a CSV file that spreadsheets open without an import dialogue.

German spreadsheets need semicolons, decimal commas and a byte order mark. English ones need commas and ISO dates
(https://www.rfc-editor.org/rfc/rfc4180).
"""

import csv
import io
from collections.abc import Sequence
from datetime import datetime

from shared.domain.lookup.overview import Movement
from shared.domain.money import Money
from shared.domain.times import BERLIN
from shared.texts.labels import CSV_COLUMNS, CSV_NAME, DIRECTIONS, kind_label
from shared.texts.text import Language

BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
_DELIMITERS: dict[Language, str] = {"de": ";", "en": ","}
_DECIMAL_POINTS: dict[Language, str] = {"de": ",", "en": "."}
_DAYS: dict[Language, str] = {"de": "%d.%m.%Y", "en": "%Y-%m-%d"}
# A spreadsheet evaluates a cell that begins with one of these as a formula. Amounts are not escaped
# (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def text_of(movements: Sequence[Movement], language: Language) -> str:
    """Return the file, with a heading. Amounts have no sign; a column names their direction."""
    target = io.StringIO()
    writer = csv.writer(target, delimiter=_DELIMITERS[language], lineterminator="\r\n")
    writer.writerow([column.in_(language) for column in CSV_COLUMNS])
    for movement in movements:
        direction = DIRECTIONS["in" if movement.amount > 0 else "out"].in_(language)
        amount = f"{Money(abs(movement.amount), 'EUR').decimal:f}"
        writer.writerow(
            [
                movement.day.strftime(_DAYS[language]),
                harmless(direction),
                amount.replace(".", _DECIMAL_POINTS[language]),
                harmless(kind_label(movement.kind, language)),
                harmless(movement.entry_id),
            ]
        )
    return BYTE_ORDER_MARK + target.getvalue()


def name_of(language: Language, now: datetime) -> str:
    """Return the file's name with the current month in Germany."""
    return f"{CSV_NAME.in_(language)}-{now.astimezone(BERLIN):%Y-%m}.csv"


def harmless(text: str) -> str:
    """Prefix a text with an apostrophe if a spreadsheet would evaluate it as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
