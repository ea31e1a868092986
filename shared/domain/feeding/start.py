"""From when on a company's entries become lines, and what the wallet held by then.

Chosen once, when a company is connected for the first time, and fixed from then on: lines that are in lexoffice cannot
be taken back, and a balance that was proven must stay proven.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime

from shared.domain.feeding.entry import Entry
from shared.domain.times import booking_date

_MOST_YEARS = 2
_MOST_CENTS = 10**12
# With or without thousands, German or English; two decimals or none, so that the last separator cannot be mistaken.
_AMOUNT = re.compile(r"(\d+|\d{1,3}(?:\.\d{3})+)(?:,(\d{2}))?|(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d{2}))?")


class ImplausibleStartError(ValueError):
    """What was typed in cannot be meant; `field` is day or opening."""

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(field)


@dataclass(frozen=True, slots=True)
class Start:
    """Entries settled before `day` (in Germany) are no business of ours; others before connecting are history."""

    day: date
    connected_at: datetime

    def is_before(self, entry: Entry) -> bool:
        """Whether an entry was settled before everything."""
        return entry.settled_at is not None and booking_date(entry.settled_at) < self.day

    def is_history(self, entry: Entry) -> bool:
        """Whether an entry was settled before the day of connecting, so that new payments go first.

        By days, because Pleo often dates what happened today to the midnight before.
        """
        return entry.settled_at is not None and booking_date(entry.settled_at) < booking_date(self.connected_at)


@dataclass(frozen=True, slots=True)
class Choice:
    """What an admin chose: the first day, and what the wallet held at its beginning, in cents."""

    day: date
    opening: int = 0


def default_day(today: date) -> date:
    """The first of the current month: a period that books are kept by."""
    return today.replace(day=1)


def earliest_day(today: date) -> date:
    """Two years back: older books are closed."""
    years_ago = today.year - _MOST_YEARS
    return date(years_ago, today.month, 28) if (today.month, today.day) == (2, 29) else today.replace(year=years_ago)


def choice_of(day: str, opening: str, today: date) -> Choice:
    """Read the form of the connect page. Raises ImplausibleStartError.

    A negative opening balance is refused: a wallet is paid for in advance, and one in overdraft would be the exception
    that is better looked at by a person than typed in by mistake.
    """
    try:
        chosen = date.fromisoformat(day.strip())
    except ValueError as error:
        raise ImplausibleStartError("day") from error
    if not earliest_day(today) <= chosen <= today:
        raise ImplausibleStartError("day")
    return Choice(chosen, _cents(opening))


def _cents(text: str) -> int:
    """Euros as people write them: `1.234,56`, `1,234.56`, `1234,56 €`; `1.234` is thousands."""
    bare = re.sub(r"\s|€|EUR", "", text)
    if not bare:
        return 0
    found = _AMOUNT.fullmatch(bare)
    if found is None:
        raise ImplausibleStartError("opening")
    whole, decimals = (found[1], found[2]) if found[1] else (found[3], found[4])
    cents = int(re.sub(r"[.,]", "", whole)) * 100 + int(decimals or 0)
    if cents >= _MOST_CENTS:
        raise ImplausibleStartError("opening")
    return cents
