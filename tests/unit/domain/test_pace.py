"""When a backlog will be done at lexoffice's pace."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.syncing.pace import finish_time

NOW = datetime(2026, 1, 12, 13, tzinfo=UTC)


def after(
    *, lines: int = 0, items: int = 0, interval_ms: int = 500, next_in: float = -60
) -> tuple[float | None, float | None]:
    """Seconds from now until feed and export are done."""
    next_at = int((NOW.timestamp() + next_in) * 1000)
    moments = finish_time(lines=lines, items=items, interval_ms=interval_ms, next_at_ms=next_at, now=NOW)
    feed, export = ((moment - NOW) / timedelta(seconds=1) if moment else None for moment in moments)
    return feed, export


@pytest.mark.parametrize(
    ("lines", "items", "feed", "export"),
    [
        (0, 0, None, None),
        (3000, 0, None, None),  # 120 calls, a minute sharp
        (3001, 0, 60.5, None),
        (50_000, 0, 1000, None),
        (0, 40, None, None),
        (0, 41, None, 61.5),
        (10_000, 1000, 400, 1700),  # the shorter one gets every second slot
        (50_000, 100, 1150, 300),
        (1, 1000, None, 1500.5),
    ],
)
def test_both_share_the_slots_and_less_than_a_minute_is_not_worth_telling(
    lines: int, items: int, feed: float | None, export: float | None
) -> None:
    assert after(lines=lines, items=items) == (feed, export)


def test_a_slower_pace_takes_longer() -> None:
    assert after(lines=3000, interval_ms=4000) == (480, None)


def test_slots_that_are_taken_already_come_first() -> None:
    assert after(lines=25, next_in=90) == (90.5, None)
