"""The connect page: from when on, and what the wallet held by then."""

from datetime import date

import pytest

from shared.pages import render
from shared.texts.text import Language

TODAY = date(2026, 3, 17)


def test_the_first_of_the_month_is_filled_in_and_two_years_are_offered() -> None:
    page = render.start("de", today=TODAY).text

    assert 'type="date" id="start-day" name="start_day" value="2026-03-01" min="2024-03-17" max="2026-03-17"' in page
    assert 'role="alert"' not in page


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("wrong", ["day", "opening"])
def test_what_is_wrong_is_said_once_at_its_field_and_what_was_typed_in_stays(language: Language, wrong: str) -> None:
    page = render.start(language, today=TODAY, day="2030-01-01", opening='"><b>viel', wrong=wrong).text

    assert page.count('role="alert"') == page.count('aria-invalid="true"') == 1
    assert 'value="2030-01-01"' in page
    assert "<b>viel" not in page
    assert "&gt;&lt;b&gt;viel" in page
