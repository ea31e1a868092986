"""Charts: whatever the figures are, every bar stays inside and the marks are round."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.pages.charts import Bar, Mark, chart, round_marks


@given(highest=st.integers(min_value=0, max_value=10**9))
def test_marks_are_round_few_and_reach_the_highest_value(highest: int) -> None:
    marks = round_marks(highest)

    assert marks[0] == 0
    assert 2 <= len(marks) <= 5
    assert marks[-1] >= highest
    assert str(marks[1])[0] in "125"
    assert set(str(marks[1])[1:]) <= {"0"}


@given(
    values=st.lists(st.floats(min_value=0, max_value=10**7) | st.none(), min_size=1, max_size=30),
    logarithmic=st.booleans(),
)
def test_no_bar_leaves_the_picture(values: list[float | None], *, logarithmic: bool) -> None:
    marks = [Mark(value, str(value)) for value in (1, 10, 86_400)]

    drawn = chart([Bar(value, "", part=value) for value in values], marks, ("a", "b"), logarithmic=logarithmic)

    for y, height in re.findall(r'<rect [^>]*y="([-\d.]+)"[^>]*height="([-\d.]+)"', drawn):
        assert 0 <= float(y) <= 132
        assert 0 < float(height) <= 132


def test_a_day_without_lines_has_no_bar() -> None:
    drawn = chart([Bar(0, "nothing"), Bar(None, "nothing"), Bar(3, "three")], [Mark(5, "5")], ("a", "b"))

    assert drawn.count("<rect") == 1
    assert "nothing" not in drawn


@pytest.mark.parametrize("hostile", ["<script>", "&", '"'])
def test_what_a_chart_says_is_text_and_never_markup(hostile: str) -> None:
    drawn = chart([Bar(1, hostile)], [Mark(1, hostile)], (hostile, hostile))

    assert hostile not in re.sub(r"<[^<>]*>|&(?:lt|gt|amp|#34);", "", drawn)


def test_a_chart_carries_no_style_of_its_own() -> None:
    assert "style" not in chart([Bar(1, "")], [Mark(1, "1")], ("a", "b"))
