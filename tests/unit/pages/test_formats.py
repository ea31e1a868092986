"""Figures as people write them: amounts, days, German time."""

from datetime import UTC, date, datetime

import pytest

from shared.pages.formats import Formats
from shared.texts.text import Language

NOW = datetime(2026, 3, 16, 13, 5, tzinfo=UTC)


def _plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{WORD JOINER}", "")


@pytest.mark.parametrize(
    ("cents", "german", "english"),
    [
        (0, "0,00 €", "€0.00"),
        (7, "0,07 €", "€0.07"),
        (123456, "1.234,56 €", "€1,234.56"),
        (-123456789, "−1.234.567,89 €", "−€1,234,567.89"),
    ],
)
def test_an_amount_is_written_as_the_language_does(cents: int, german: str, english: str) -> None:
    assert _plain(Formats("de", NOW).money(cents)) == german
    assert _plain(Formats("en", NOW).money(cents)) == english


@pytest.mark.parametrize(
    ("moment", "german", "english"),
    [
        (datetime(2026, 3, 16, 12, 50, tzinfo=UTC), "heute, 13:50", "today, 13:50"),
        # Midnight in Germany is an hour before midnight in UTC.
        (datetime(2026, 3, 15, 22, 59, tzinfo=UTC), "gestern, 23:59", "yesterday, 23:59"),
        (datetime(2026, 3, 15, 23, 1, tzinfo=UTC), "heute, 00:01", "today, 00:01"),
        (datetime(2025, 7, 1, 22, 30, tzinfo=UTC), "02.07.2025, 00:30", "2 Jul 2025, 00:30"),
    ],
)
def test_a_moment_is_told_in_german_time(moment: datetime, german: str, english: str) -> None:
    assert _plain(Formats("de", NOW).moment(moment)) == german
    assert _plain(Formats("en", NOW).moment(moment)) == english


def test_a_time_to_come_is_the_clock_today_and_has_its_day_otherwise() -> None:
    show = Formats("de", NOW)

    assert show.when(datetime(2026, 3, 16, 13, 20, tzinfo=UTC)) == "14:20"
    assert show.when(datetime(2026, 3, 16, 23, 20, tzinfo=UTC)) == "17.03.2026, 00:20"


def test_a_day_is_written_as_the_language_does() -> None:
    assert Formats("de", NOW).day(date(2026, 3, 5)) == "05.03.2026"
    assert _plain(Formats("en", NOW).day(date(2026, 3, 5))) == "5 Mar 2026"


@pytest.mark.parametrize(
    ("seconds", "language", "written"),
    [
        (0.84, "de", "0,8 s"),
        (0.84, "en", "0.8 s"),
        (42.4, "de", "42 s"),
        (720, "de", "12 Min."),
        (720, "en", "12 min"),
        (10800, "de", "3 Std."),
        (10_800_000, "de", "3.000 Std."),
    ],
)
def test_a_duration_is_told_in_a_unit_that_can_be_grasped(seconds: float, language: Language, written: str) -> None:
    assert _plain(Formats(language, NOW).duration(seconds)) == written


@pytest.mark.parametrize(("seconds", "written"), [(1, "1 s"), (60, "1 Min."), (600, "10 Min."), (21600, "6 Std.")])
def test_a_round_duration_has_its_own_unit(seconds: int, written: str) -> None:
    assert _plain(Formats("de", NOW).exact(seconds)) == written
