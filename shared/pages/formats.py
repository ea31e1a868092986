"""Format amounts, days, times and numbers in German and in English.

- Pages show German time (Europe/Berlin).
- A minus is U+2212.
- No line breaks between a number and its unit.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.domain.money import Money
from shared.domain.times import BERLIN
from shared.texts import figures
from shared.texts.text import Language

# The word joiner keeps the sign and the euro symbol on one line.
_MINUS = "\N{MINUS SIGN}\N{WORD JOINER}"
_SPACE = "\N{NO-BREAK SPACE}"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# German exchanges the separators of English numbers.
_SEPARATORS: dict[Language, dict[int, int]] = {"de": str.maketrans(",.", ".,"), "en": {}}
_MONEY: dict[Language, str] = {"de": f"{{sign}}{{amount}}{_SPACE}€", "en": "{sign}€{amount}"}
_DAY: dict[Language, str] = {"de": "{day:%d.%m.%Y}", "en": f"{{day.day}}{_SPACE}{{month}}{_SPACE}{{day.year}}"}
_UNITS: dict[Language, tuple[str, str, str]] = {"de": ("s", "Min.", "Std."), "en": ("s", "min", "h")}


@dataclass(frozen=True, slots=True)
class Formats:
    """Formats the figures of one page. `now` decides which day is today."""

    language: Language
    now: datetime

    def money(self, cents: int) -> str:
        """Format euro cents: `1.234,56 €` in German, `€1,234.56` in English. A minus sign means outgoing money."""
        amount = self._separated(f"{Money(abs(cents), 'EUR').decimal:,f}")
        return _MONEY[self.language].format(sign=_MINUS if cents < 0 else "", amount=amount)

    def number(self, value: int) -> str:
        """Format a whole number with the language's thousands separators."""
        return self._separated(f"{value:,}")

    def day(self, day: date) -> str:
        """Format a day: `22.11.2026` or `22 Nov 2026`."""
        return _DAY[self.language].format(day=day, month=_MONTHS[day.month - 1])

    def clock(self, moment: datetime) -> str:
        """Format the time of day in Germany: `14:20`."""
        return f"{moment.astimezone(BERLIN):%H:%M}"

    def moment(self, moment: datetime) -> str:
        """Format a time as `heute, 14:20`, `gestern, 14:20` or the day with the time of day."""
        day, today = moment.astimezone(BERLIN).date(), self.now.astimezone(BERLIN).date()
        near = {today: figures.TODAY, today - timedelta(days=1): figures.YESTERDAY}
        if day in near:
            return near[day].in_(self.language).format(time=self.clock(moment))
        return f"{self.day(day)}, {self.clock(moment)}"

    def when(self, moment: datetime) -> str:
        """Format a time in the future: the time of day if it is today, else with its day."""
        today = self.now.astimezone(BERLIN).date()
        return self.clock(moment) if moment.astimezone(BERLIN).date() == today else self.moment(moment)

    def duration(self, seconds: float) -> str:
        """Format seconds: one decimal below 10 s, then whole seconds to 99, minutes to 99, and hours.

        Examples: `0,8 s`, `42 s`, `12 Min.`, `3 Std.`.
        """
        second, minute, hour = _UNITS[self.language]
        if seconds < 10:
            return f"{self._separated(f'{seconds:.1f}')}{_SPACE}{second}"
        if seconds < 100:
            return f"{seconds:.0f}{_SPACE}{second}"
        if seconds < 100 * 60:
            return f"{seconds / 60:.0f}{_SPACE}{minute}"
        return f"{self.number(round(seconds / 3600))}{_SPACE}{hour}"

    def age(self, moment: datetime) -> str:
        """Format how long ago a time was: `gerade eben`, `vor 12 Min.`, `vor 30 Std.`, `vor 3 Tagen`."""
        passed = self.now - moment
        if passed < timedelta(minutes=1):
            return figures.JUST_NOW.in_(self.language)
        if passed < timedelta(days=2):
            duration = self.duration(passed.total_seconds())
        else:
            duration = figures.DAYS.in_(self.language).format(n=self.number(passed.days))
        return figures.AGO.in_(self.language).format(duration=duration)

    def exact(self, seconds: int) -> str:
        """Format a round duration in the largest unit that it fills: `10 s`, `1 Min.`, `6 Std.`."""
        second, minute, hour = _UNITS[self.language]
        size, unit = (3600, hour) if seconds >= 3600 else (60, minute) if seconds >= 60 else (1, second)
        return f"{seconds // size}{_SPACE}{unit}"

    def _separated(self, number: str) -> str:
        return number.translate(_SEPARATORS[self.language])
