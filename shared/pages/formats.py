"""Amounts, days, moments and numbers as people write them, in German and in English.

People read German time (Europe/Berlin) whatever the data says. Signs are real minus signs, and nothing breaks a line
between a number and its unit.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.domain.money import Money
from shared.domain.times import BERLIN
from shared.pages.texts import Language

# With a joiner, or a line could end between the sign and the euro.
_MINUS = "\N{MINUS SIGN}\N{WORD JOINER}"
_SPACE = "\N{NO-BREAK SPACE}"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SWAPPED = str.maketrans(",.", ".,")
_UNITS = {"de": ("s", "Min.", "Std."), "en": ("s", "min", "h")}


@dataclass(frozen=True, slots=True)
class Formats:
    """How one page writes its figures; `now` decides what is today."""

    language: Language
    now: datetime

    def money(self, cents: int) -> str:
        """Euro cents: `1.234,56 €` in German, `€1,234.56` in English; a minus sign before money that left."""
        text = f"{Money(abs(cents), 'EUR').decimal:,f}"
        sign = _MINUS if cents < 0 else ""
        return f"{sign}{text.translate(_SWAPPED)}{_SPACE}€" if self.language == "de" else f"{sign}€{text}"

    def number(self, value: int) -> str:
        """A whole number with the language's thousands."""
        text = f"{value:,}"
        return text.translate(_SWAPPED) if self.language == "de" else text

    def day(self, day: date) -> str:
        """`22.11.2026` or `22 Nov 2026`."""
        if self.language == "de":
            return day.strftime("%d.%m.%Y")
        return f"{day.day}{_SPACE}{_MONTHS[day.month - 1]}{_SPACE}{day.year}"

    def clock(self, moment: datetime) -> str:
        """The time of day in Germany: `14:20`."""
        return f"{moment.astimezone(BERLIN):%H:%M}"

    def moment(self, moment: datetime) -> str:
        """`heute, 14:20`, `gestern, 14:20` or the day with the time."""
        day, today = moment.astimezone(BERLIN).date(), self.now.astimezone(BERLIN).date()
        words = {
            today: "heute" if self.language == "de" else "today",
            today - timedelta(days=1): "gestern" if self.language == "de" else "yesterday",
        }
        return f"{words.get(day) or self.day(day)}, {self.clock(moment)}"

    def when(self, moment: datetime) -> str:
        """A time to come: the clock if it is today, else with its day."""
        today = self.now.astimezone(BERLIN).date()
        return self.clock(moment) if moment.astimezone(BERLIN).date() == today else self.moment(moment)

    def duration(self, seconds: float) -> str:
        """Seconds in the largest unit that leaves one digit or more: `0,8 s`, `42 s`, `12 Min.`, `3 Std.`."""
        second, minute, hour = _UNITS[self.language]
        if seconds < 10:
            text = f"{seconds:.1f}"
            return f"{text.translate(_SWAPPED) if self.language == 'de' else text}{_SPACE}{second}"
        if seconds < 100:
            return f"{seconds:.0f}{_SPACE}{second}"
        if seconds < 100 * 60:
            return f"{seconds / 60:.0f}{_SPACE}{minute}"
        return f"{self.number(round(seconds / 3600))}{_SPACE}{hour}"

    def age(self, moment: datetime) -> str:
        """How long ago a moment was: `gerade eben`, `vor 12 Min.`, `vor 30 Std.`, `vor 3 Tagen`."""
        passed = self.now - moment
        if passed < timedelta(minutes=1):
            return "gerade eben" if self.language == "de" else "just now"
        if passed < timedelta(days=2):
            ago = self.duration(passed.total_seconds())
        else:
            ago = f"{self.number(passed.days)}{_SPACE}{'Tagen' if self.language == 'de' else 'days'}"
        return f"vor {ago}" if self.language == "de" else f"{ago} ago"

    def exact(self, seconds: int) -> str:
        """A round duration in the largest unit that it fills: `10 s`, `1 Min.`, `6 Std.`."""
        second, minute, hour = _UNITS[self.language]
        size, unit = (3600, hour) if seconds >= 3600 else (60, minute) if seconds >= 60 else (1, second)
        return f"{seconds // size}{_SPACE}{unit}"
