"""Draw small bar charts as inline SVG, without script and inline styles (the classes are in style.css).

The page repeats each chart as a sentence and as a table, so the picture is hidden from screen readers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

from markupsafe import Markup

_WIDTH, _HEIGHT = 360, 132
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 4, 12, 22
_PLOT_WIDTH, _PLOT_HEIGHT = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its value (None draws no bar), its tooltip, and the value of a lower part that is drawn darker."""

    value: float | None
    tooltip: str
    part: float | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A horizontal line across the chart, with its label."""

    value: float
    label: str


def chart(bars: Sequence[Bar], marks: Sequence[Mark], ends: tuple[str, str], *, logarithmic: bool = False) -> Markup:
    """Draw bars on a scale from zero, or from the lowest mark if `logarithmic`, to the highest mark.

    `ends` are the labels of the first and the last bar.
    """
    values = [mark.value for mark in marks]
    scale = _Scale(min(values) if logarithmic else 0.0, max(values), logarithmic)
    step = _PLOT_WIDTH / max(len(bars), 1)
    drawn = [_mark(mark, scale.of(mark.value)) for mark in marks]
    for index, bar in enumerate(bars):
        drawn.append(_bar(bar, scale, _LEFT + index * step + step * 0.14, step * 0.72))
    first, last = ends
    base = _HEIGHT - 6
    drawn.append(Markup('<text class="axis" x="{}" y="{}">{}</text>').format(_LEFT, base, first))
    drawn.append(Markup('<text class="axis end" x="{}" y="{}">{}</text>').format(_WIDTH - _RIGHT, base, last))
    return Markup('<svg class="chart" viewBox="0 0 {} {}" aria-hidden="true" focusable="false">{}</svg>').format(
        _WIDTH, _HEIGHT, Markup("").join(drawn)
    )


def round_marks(highest: float) -> list[int]:
    """Return zero and at most four round whole numbers above it. The last is at least the highest value."""
    size = 1
    while True:
        for step in _STEPS:
            if step * size * 4 >= highest:
                count = max(1, -(-int(highest) // (step * size)))
                return [step * size * index for index in range(count + 1)]
        size *= 10


@dataclass(frozen=True, slots=True)
class _Scale:
    lowest: float
    highest: float
    logarithmic: bool

    def of(self, value: float) -> float:
        """Return the height of a value in the units of the SVG."""
        value = min(max(value, self.lowest), self.highest)
        if not self.logarithmic:
            return _PLOT_HEIGHT * value / self.highest
        return _PLOT_HEIGHT * log10(value / self.lowest) / log10(self.highest / self.lowest)


def _mark(mark: Mark, height: float) -> Markup:
    y = _TOP + _PLOT_HEIGHT - height
    return Markup(
        '<line class="mark" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/><text class="axis end" x="{}" y="{:.1f}">{}</text>'
    ).format(_LEFT, _WIDTH - _RIGHT, y, y, _LEFT - 6, y + 4, mark.label)


def _bar(bar: Bar, scale: _Scale, x: float, width: float) -> Markup:
    parts = [("bar", bar.value), ("bar part", bar.part)]
    drawn = [_rectangle(name, x, width, scale.of(value)) for name, value in parts if value]
    return Markup("<g><title>{}</title>{}</g>").format(bar.tooltip, Markup("").join(drawn)) if drawn else Markup("")


def _rectangle(name: str, x: float, width: float, height: float) -> Markup:
    height = max(height, 1.5)  # keeps a small value visible
    return Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
        name, x, _TOP + _PLOT_HEIGHT - height, width, height
    )
