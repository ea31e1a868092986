"""The last 30 days as two small charts, each with a sentence and a table."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from shared.domain.lookup.overview import Day
from shared.pages.charts import Bar, Mark, chart, round_marks
from shared.pages.formats import Formats
from shared.texts.status import COUNTS, STATUS

# Marks of the delay chart in seconds, from "at once" to "a day".
_DELAYS = (1, 10, 60, 600, 3600, 6 * 3600, 24 * 3600)


@dataclass(frozen=True, slots=True)
class ChartSection:
    """A chart as a picture, in words, and as rows (day, figures…)."""

    title: str
    picture: Markup
    words: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def charts_of(days: Sequence[Day], show: Formats) -> list[ChartSection]:
    """Return the charts of lines and delays per day, or none if no line was sent."""
    busy = [day for day in days if day.lines]
    return [_lines(days, busy, show), _delays(days, busy, show)] if busy else []


def _lines(days: Sequence[Day], busy: Sequence[Day], show: Formats) -> ChartSection:
    total, top = sum(day.lines for day in busy), max(busy, key=lambda day: day.lines)
    words = COUNTS["lines"].for_(total).in_(show.language).replace("{n}", show.number(total))
    most = STATUS["chart_most"].in_(show.language).format(day=show.day(top.day), n=show.number(top.lines))
    title = STATUS["chart_lines"].in_(show.language)
    return ChartSection(
        title,
        chart(
            [Bar(day.lines, f"{show.day(day.day)}: {show.number(day.lines)}", part=day.lines) for day in days],
            [Mark(mark, show.number(mark)) for mark in round_marks(top.lines)],
            _ends(days, show),
        ),
        f"{words}, {most}.",
        (STATUS["date"].in_(show.language), title),
        tuple((show.day(day.day), show.number(day.lines)) for day in reversed(busy)),
    )


def _delays(days: Sequence[Day], busy: Sequence[Day], show: Formats) -> ChartSection:
    known = [(day, day.mean_delay, day.longest_delay) for day in busy]
    slowest, _, longest = max(known, key=lambda each: each[2] or 0.0)
    weighed = sum((mean or 0.0) * day.lines for day, mean, _ in known) / sum(day.lines for day in busy)
    words = STATUS["chart_typical"].in_(show.language)
    above = next((index for index, mark in enumerate(_DELAYS) if mark >= (longest or 0.0)), len(_DELAYS) - 1)
    return ChartSection(
        STATUS["chart_delay"].in_(show.language),
        chart(
            [
                Bar(day.longest_delay, f"{show.day(day.day)}: {_seconds(day.longest_delay, show)}", part=day.mean_delay)
                for day in days
            ],
            [Mark(mark, show.exact(mark)) for mark in _DELAYS[: max(above, 2) + 1]],
            _ends(days, show),
            logarithmic=True,
        ),
        words.format(mean=show.duration(weighed), longest=_seconds(longest, show), day=show.day(slowest.day)),
        tuple(STATUS[name].in_(show.language) for name in ("date", "chart_mean", "chart_longest")),
        tuple((show.day(day.day), _seconds(mean, show), _seconds(most, show)) for day, mean, most in reversed(known)),
    )


def _ends(days: Sequence[Day], show: Formats) -> tuple[str, str]:
    return show.day(days[0].day), show.day(days[-1].day)


def _seconds(value: float | None, show: Formats) -> str:
    return "–" if value is None else show.duration(value)
