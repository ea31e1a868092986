"""Start date and opening balance: from when on a company's entries become lines, and what the wallet held then.

The admin chooses both once, when the company is connected for the first time. They are fixed afterwards: lines in
lexoffice cannot be removed, and a proven balance must stay proven.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime

from shared.domain.feeding.entry import Entry
from shared.domain.times import booking_date

_MOST_YEARS = 2
_MOST_CENTS = 10**12
# German or English format, with or without thousands separators. Exactly two decimals or none, so that the last
# separator is unambiguous.
_AMOUNT = re.compile(r"(\d+|\d{1,3}(?:\.\d{3})+)(?:,(\d{2}))?|(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d{2}))?")


class ImplausibleStartError(ValueError):
    """An input of the admin is malformed or out of range. `field` is "day" or "opening"."""

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(field)


@dataclass(frozen=True, slots=True)
class Start:
    """Start date of a company: entries settled before `day` (German date) are ignored.

    Entries settled on or after `day` but before the day of connecting are history.
    """

    day: date
    connected_at: datetime

    def is_before(self, entry: Entry) -> bool:
        """Whether an entry was settled before the start date."""
        return entry.settled_at is not None and booking_date(entry.settled_at) < self.day

    def is_history(self, entry: Entry) -> bool:
        """Whether an entry was settled before the day of connecting. New payments are fed before history.

        The comparison is by day, because Pleo often dates today's settlements to the midnight before.
        """
        return entry.settled_at is not None and booking_date(entry.settled_at) < booking_date(self.connected_at)


@dataclass(frozen=True, slots=True)
class Choice:
    """The admin's choice: the start date, and the opening balance at the beginning of that day in cents."""

    day: date
    opening: int = 0


def default_day(today: date) -> date:
    """Return the first day of the current month, because books are kept by month."""
    return today.replace(day=1)


def earliest_day(today: date) -> date:
    """Return the day two years ago, because older books are closed."""
    years_ago = today.year - _MOST_YEARS
    return date(years_ago, today.month, 28) if (today.month, today.day) == (2, 29) else today.replace(year=years_ago)


def choice_of(day: str, opening: str, today: date) -> Choice:
    """Read the form of the connect page. Raise ImplausibleStartError for an unusable day or opening balance.

    A negative opening balance is refused. A wallet is prepaid, so a minus is more likely a typing mistake than an
    overdraft; a real overdraft must be checked by hand.
    """
    try:
        chosen = date.fromisoformat(day.strip())
    except ValueError as error:
        raise ImplausibleStartError("day") from error
    if not earliest_day(today) <= chosen <= today:
        raise ImplausibleStartError("day")
    return Choice(chosen, _cents(opening))


def _cents(text: str) -> int:
    """Parse euros in German or English format into cents.

    Accepts `1.234,56`, `1,234.56` and `1234,56 €`; `1.234` is one thousand two hundred thirty-four. Empty is 0.
    """
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
