"""From when on entries become lines, and what the wallet held by then."""

from datetime import UTC, date, datetime

import pytest
from samples import entry

from shared.domain.feeding.ledger import BEFORE_START, State, correct, row_for
from shared.domain.feeding.start import Choice, ImplausibleStartError, Start, choice_of, default_day, earliest_day

TODAY = date(2026, 3, 17)
SETTLED = entry().settled_at
assert SETTLED is not None


def test_by_default_it_begins_with_the_current_month() -> None:
    assert default_day(TODAY) == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("today", "earliest"), [(TODAY, date(2024, 3, 17)), (date(2028, 2, 29), date(2026, 2, 28))], ids=str
)
def test_two_years_back_is_the_earliest_day(today: date, earliest: date) -> None:
    assert earliest_day(today) == earliest
    assert choice_of(earliest.isoformat(), "", today) == Choice(earliest)


@pytest.mark.parametrize(
    ("typed", "cents"),
    [
        ("", 0),
        ("0", 0),
        ("1234", 123_400),
        ("1234,56", 123_456),
        ("1234.56", 123_456),
        ("1.234,56", 123_456),
        ("1,234.56", 123_456),
        ("1.234", 123_400),
        ("1,234", 123_400),
        ("12.345.678,90 €", 1_234_567_890),
        (" EUR 5,00 ", 500),
    ],
)
def test_an_amount_is_read_as_germans_and_english_write_it(typed: str, cents: int) -> None:
    assert choice_of("2026-03-01", typed, TODAY).opening == cents


@pytest.mark.parametrize("typed", ["-5", "5,5", "1.23,4", "12.34.56", "1,234,56", "viel", "1e5", "9" * 14])
def test_an_amount_that_cannot_be_meant_is_refused(typed: str) -> None:
    with pytest.raises(ImplausibleStartError) as refused:
        choice_of("2026-03-01", typed, TODAY)
    assert refused.value.field == "opening"


@pytest.mark.parametrize("typed", ["", "gestern", "2026-03-18", "2024-03-16", "17.03.2026"])
def test_a_day_that_cannot_be_meant_is_refused(typed: str) -> None:
    with pytest.raises(ImplausibleStartError) as refused:
        choice_of(typed, "", TODAY)
    assert refused.value.field == "day"


def test_an_entry_settled_before_the_start_makes_no_line_and_one_on_the_day_does() -> None:
    assert SETTLED is not None
    day = SETTLED.date()
    later = Start(date.fromordinal(day.toordinal() + 1), SETTLED)

    row = row_for(entry(), start=later)

    assert (row.state, row.amount, row.total, row.reason) == (State.NONE, 0, 0, BEFORE_START)
    assert row_for(entry(), start=Start(day, SETTLED)).state is State.READY


def test_an_entry_from_before_the_start_is_never_corrected() -> None:
    assert SETTLED is not None
    start = Start(date(2030, 1, 1), SETTLED)
    sent = row_for(entry())
    when = datetime(2030, 2, 1, tzinfo=UTC)

    assert correct(sent, row_for(entry(updated_at=when), start=start), when, from_api=True) is None


def test_what_was_settled_before_connecting_is_history() -> None:
    assert SETTLED is not None
    day = SETTLED.date()

    assert row_for(entry(), start=Start(day, datetime(2030, 1, 1, tzinfo=UTC))).history
    assert not row_for(entry(), start=Start(day, SETTLED)).history
