"""Write amounts, days, moments and numbers in German and in English.

Pages show German time (Europe/Berlin). Signs are real minus signs, and no line breaks between a number and its unit.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.domain.money import Money
from shared.domain.times import BERLIN
from shared.texts import figures
from shared.texts.text import Language

# The joiner keeps the sign and the euro on one line.
_MINUS = "\N{MINUS SIGN}\N{WORD JOINER}"
_SPACE = "\N{NO-BREAK SPACE}"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# German swaps the separators of English numbers.
_SEPARATORS: dict[Language, dict[int, int]] = {"de": str.maketrans(",.", ".,"), "en": {}}
_MONEY: dict[Language, str] = {"de": f"{{sign}}{{amount}}{_SPACE}€", "en": "{sign}€{amount}"}
_DAY: dict[Language, str] = {"de": "{day:%d.%m.%Y}", "en": f"{{day.day}}{_SPACE}{{month}}{_SPACE}{{day.year}}"}
_UNITS: dict[Language, tuple[str, str, str]] = {"de": ("s", "Min.", "Std."), "en": ("s", "min", "h")}


@dataclass(frozen=True, slots=True)
class Formats:
    """The figures of one page; `now` decides what is today."""

    language: Language
    now: datetime

    def money(self, cents: int) -> str:
        """Write euro cents: `1.234,56 €` in German, `€1,234.56` in English; a minus sign means money that left."""
        amount = self._separated(f"{Money(abs(cents), 'EUR').decimal:,f}")
        return _MONEY[self.language].format(sign=_MINUS if cents < 0 else "", amount=amount)

    def number(self, value: int) -> str:
        """Write a whole number with the language's thousands separators."""
        return self._separated(f"{value:,}")

    def day(self, day: date) -> str:
        """Write a day: `22.11.2026` or `22 Nov 2026`."""
        return _DAY[self.language].format(day=day, month=_MONTHS[day.month - 1])

    def clock(self, moment: datetime) -> str:
        """Write the time of day in Germany: `14:20`."""
        return f"{moment.astimezone(BERLIN):%H:%M}"

    def moment(self, moment: datetime) -> str:
        """Write `heute, 14:20`, `gestern, 14:20` or the day with the time."""
        day, today = moment.astimezone(BERLIN).date(), self.now.astimezone(BERLIN).date()
        near = {today: figures.TODAY, today - timedelta(days=1): figures.YESTERDAY}
        if day in near:
            return near[day].in_(self.language).format(time=self.clock(moment))
        return f"{self.day(day)}, {self.clock(moment)}"

    def when(self, moment: datetime) -> str:
        """Write a moment in the future: the time if it is today, else with its day."""
        today = self.now.astimezone(BERLIN).date()
        return self.clock(moment) if moment.astimezone(BERLIN).date() == today else self.moment(moment)

    def duration(self, seconds: float) -> str:
        """Write seconds in the largest unit that leaves one digit or more: `0,8 s`, `42 s`, `12 Min.`, `3 Std.`."""
        second, minute, hour = _UNITS[self.language]
        if seconds < 10:
            return f"{self._separated(f'{seconds:.1f}')}{_SPACE}{second}"
        if seconds < 100:
            return f"{seconds:.0f}{_SPACE}{second}"
        if seconds < 100 * 60:
            return f"{seconds / 60:.0f}{_SPACE}{minute}"
        return f"{self.number(round(seconds / 3600))}{_SPACE}{hour}"

    def age(self, moment: datetime) -> str:
        """Write how long ago a moment was: `gerade eben`, `vor 12 Min.`, `vor 30 Std.`, `vor 3 Tagen`."""
        passed = self.now - moment
        if passed < timedelta(minutes=1):
            return figures.JUST_NOW.in_(self.language)
        if passed < timedelta(days=2):
            duration = self.duration(passed.total_seconds())
        else:
            duration = figures.DAYS.in_(self.language).format(n=self.number(passed.days))
        return figures.AGO.in_(self.language).format(duration=duration)

    def exact(self, seconds: int) -> str:
        """Write a round duration in the largest unit that it fills: `10 s`, `1 Min.`, `6 Std.`."""
        second, minute, hour = _UNITS[self.language]
        size, unit = (3600, hour) if seconds >= 3600 else (60, minute) if seconds >= 60 else (1, second)
        return f"{seconds // size}{_SPACE}{unit}"

    def _separated(self, number: str) -> str:
        return number.translate(_SEPARATORS[self.language])
