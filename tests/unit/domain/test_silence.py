"""When silence means that something is broken, and how often a person is told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.syncing.silence import NO_SYNC, NO_WEBHOOKS, NOT_FED, Facts, broken, due_alerts, missed

NOW = datetime(2026, 1, 12, 13, tzinfo=UTC)
FINE = Facts(
    now=NOW,
    active=True,
    payments=(),
    last_webhook_at=NOW - timedelta(minutes=3),
    ready_since=None,
    fed_at=None,
    failing_since=None,
    synced_at=NOW - timedelta(hours=20),
    alerted_at={},
)


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def payments(*hours: float) -> tuple[datetime, ...]:
    return tuple(ago(hours=each) for each in hours)


@pytest.mark.parametrize(
    ("told_hours_ago", "settled_hours_ago", "silent"),
    [
        (72, (), False),  # nobody paid, so there was nothing to tell
        (72, (50, 30, 10), True),
        (72, (50, 30), False),  # two are made up for by polling
        (72, (80, 75, 73, 10, 5), False),  # the older ones may have been told
        (24, (10, 9, 8), True),
        (23.9, (10, 9, 8), False),  # may be a long delivery
        (72, (0.9, 0.5, 0.1), False),  # may be under way
        (30, (29.9, 29.8, 29.76), False),  # a webhook is noted up to a quarter of an hour too early
        (30, (29.7, 29.6, 29.5), True),
    ],
)
def test_webhooks_are_missed_when_a_day_of_silence_saw_three_payments(
    told_hours_ago: float, settled_hours_ago: tuple[float, ...], silent: bool
) -> None:
    facts = replace(FINE, last_webhook_at=ago(hours=told_hours_ago), payments=payments(*settled_hours_ago))

    assert broken(facts) == ([NO_WEBHOOKS] if silent else [])


def test_the_missed_payments_are_counted() -> None:
    assert missed(replace(FINE, last_webhook_at=ago(hours=72), payments=payments(80, 50, 30, 10, 0.5))) == 3


@pytest.mark.parametrize(
    ("active", "minutes", "silent"), [(True, 15, True), (True, 14.9, False), (True, None, False), (False, 900, False)]
)
def test_rows_of_an_active_company_that_nobody_feeds_for_a_quarter_of_an_hour_are_noticed(
    active: bool, minutes: float | None, silent: bool
) -> None:
    facts = replace(FINE, active=active, ready_since=None if minutes is None else ago(minutes=minutes))

    assert broken(facts) == ([NOT_FED] if silent else [])


@pytest.mark.parametrize(("minutes", "silent"), [(0.1, False), (14.9, False), (15, True), (None, True)])
def test_rows_wait_quietly_while_others_are_fed(minutes: float | None, silent: bool) -> None:
    """A backfill has rows that wait for hours; it is silence when no line was recorded for a quarter of an hour."""
    fed_at = None if minutes is None else ago(minutes=minutes)

    assert broken(replace(FINE, ready_since=ago(hours=5), fed_at=fed_at)) == ([NOT_FED] if silent else [])


@pytest.mark.parametrize(
    ("changes", "silent"),
    [
        ({"failing_since": ago(days=2)}, True),
        ({"failing_since": ago(days=1.9)}, False),
        ({"failing_since": ago(days=2), "active": False}, True),
        ({"synced_at": ago(days=2)}, True),
        ({"synced_at": ago(days=1.9)}, False),
        ({"synced_at": ago(days=9), "active": False}, False),  # lists of a held company are not synced
        ({"synced_at": ago(days=2), "failing_since": ago(days=2)}, True),
    ],
)
def test_two_days_without_success_are_noticed(changes: dict[str, object], silent: bool) -> None:
    assert broken(replace(FINE, **changes)) == ([NO_SYNC] if silent else [])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cause", "told", "again"),
    [
        (NO_WEBHOOKS, timedelta(hours=23.9), False),
        (NO_WEBHOOKS, timedelta(hours=24), True),
        (NOT_FED, timedelta(minutes=59), False),
        (NOT_FED, timedelta(hours=1), True),
        (NO_SYNC, timedelta(hours=23.9), False),
        (NO_SYNC, timedelta(hours=24), True),
    ],
)
def test_each_cause_is_told_once_a_day_and_rows_that_wait_once_an_hour(
    cause: str, told: timedelta, again: bool
) -> None:
    everything = replace(
        FINE,
        last_webhook_at=ago(hours=72),
        payments=payments(50, 40, 30),
        ready_since=ago(hours=2),
        failing_since=ago(days=3),
    )

    telling = due_alerts(replace(everything, alerted_at={cause: NOW - told}))

    assert set(telling) == {NO_WEBHOOKS, NOT_FED, NO_SYNC} - (set() if again else {cause})
