"""What people are shown of the ledger: found without reading all of it, and counted once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from cloud import Cloud
from samples import CONNECTION_ID, entry, pending

from shared.aws import ledger_view, work
from shared.aws.days import DayOfLines
from shared.aws.ledger import Ledger
from shared.aws.ledger_view import Backlog, LedgerView
from shared.domain.feeding.ledger import Correction, Row, State, completed_row, correct, delays, row_for, unreadable
from shared.domain.money import Money
from shared.domain.times import utc_text
from shared.errors import StoreUnavailable

NOW = datetime(2026, 1, 12, 10, tzinfo=UTC)
LATER = datetime(2026, 2, 1, tzinfo=UTC)
DAY = timedelta(days=1)
NOTHING = Backlog(oldest=(), count=0, lines=0, amount=0, more=False)


@pytest.fixture
def ledger(aws: Cloud) -> Ledger:
    return Ledger(aws.ledger_table)


@pytest.fixture
def view(aws: Cloud) -> LedgerView:
    return LedgerView(aws.ledger_table)


def ready(number: int, minor: int = 100, **changes: Any) -> Row:
    settled = NOW + timedelta(minutes=number)
    return row_for(entry(**{"id": f"entry-{number:04}", "bill": Money(minor, "EUR"), "settled_at": settled} | changes))


def topup(number: int, **changes: Any) -> Row:
    return ready(number, family="WALLET", sub_family="LOAD", **changes)


def accepted(ledger: Ledger, *offered: Row) -> list[Row]:
    return [ledger.accept(CONNECTION_ID, row) for row in offered]


def record(ledger: Ledger, state: State, *rows: Row, now: datetime = NOW, **changes: Any) -> int:
    return ledger.record(CONNECTION_ID, [replace(row, state=state, **changes) for row in rows], now)


def waiting_since(row: Row, seconds: float, now: datetime = NOW) -> Row:
    return replace(row, ready_at=utc_text(now - timedelta(seconds=seconds)))


def corrected(ledger: Ledger, first: Row, minor: int) -> Row:
    new = row_for(entry(id=first.entry_id, bill=Money(minor, "EUR"), updated_at=LATER))
    correction = correct(first, new, LATER)
    assert isinstance(correction, Correction)
    assert correction.row is not None
    assert ledger.correct(CONNECTION_ID, correction)
    return correction.row


# --- the index -------------------------------------------------------------------------------------------------------


def test_no_prefix_of_the_index_is_the_beginning_of_another_and_only_the_feeds_rows_stand_below_the_letters() -> None:
    prefixes = {name: value for name, value in vars(work).items() if isinstance(value, str) and value.endswith("#")}

    assert len(prefixes) == 11
    assert not [pair for pair in combinations(sorted(prefixes.values()), 2) if pair[1].startswith(pair[0])]
    feeds = {"READY", "INCOMPLETE", "HISTORY"}
    assert {name for name, value in prefixes.items() if value < work.LETTERS} == feeds
    assert all(value[0].islower() for name, value in prefixes.items() if name not in feeds)


def test_new_payments_go_first_then_what_pleo_must_complete_then_history(ledger: Ledger, view: LedgerView) -> None:
    accepted(ledger, replace(ready(1), history=True), row_for(entry(id="incomplete", bill=None)), ready(2))

    work_ = [row.entry_id for row in ledger.open_rows(CONNECTION_ID, 25)]

    assert work_ == ["entry-0002", "incomplete", "entry-0001"]
    assert [row.entry_id for row in view.waiting(CONNECTION_ID, 25).oldest] == work_


def test_how_long_history_took_says_nothing_about_the_feed(ledger: Ledger, view: LedgerView) -> None:
    rows = accepted(ledger, replace(waiting_since(ready(1), 500), history=True), waiting_since(ready(2), 2))

    record(ledger, State.SENT, *rows)

    (day,) = view.days(CONNECTION_ID, NOW.date(), NOW.date())
    assert (day.lines, day.timed, day.longest_ms) == (2, 1, 2000)


def test_the_chart_leaves_corrections_out_of_the_delay_as_the_alarms_metric_does(
    ledger: Ledger, view: LedgerView
) -> None:
    (first,) = accepted(ledger, waiting_since(ready(1), 2))
    record(ledger, State.SENT, first)
    correction = waiting_since(corrected(ledger, first, 300), 500)

    record(ledger, State.SENT, correction)

    (day,) = view.days(CONNECTION_ID, NOW.date(), NOW.date())
    assert (day.lines, day.timed, day.longest_ms) == (2, 1, 2000)
    assert delays([first, correction], NOW) == [2.0]


@pytest.mark.parametrize("state", [State.FAILED, State.LISTED, State.SENT])
def test_what_is_recorded_is_no_work_of_the_feed_any_more(ledger: Ledger, state: State) -> None:
    (row,) = accepted(ledger, ready(1))

    record(ledger, state, row)

    assert ledger.open_rows(CONNECTION_ID, 25) == []


# --- when a row became ready -----------------------------------------------------------------------------------------


def test_a_row_knows_since_when_it_is_ready_and_a_duplicate_changes_nothing_of_it(ledger: Ledger) -> None:
    before = utc_text(datetime.now(UTC))
    (first,) = accepted(ledger, ready(1))
    (again,) = accepted(ledger, ready(1))

    assert before <= first.ready_at <= utc_text(datetime.now(UTC))
    assert again.ready_at == first.ready_at


@pytest.mark.parametrize("offered", [pending(), entry(family="NEW"), entry(status="CANCELLED"), entry(bill=None)])
def test_a_row_that_is_not_ready_has_no_such_time(ledger: Ledger, offered: Any) -> None:
    (row,) = accepted(ledger, row_for(offered))

    assert row.ready_at == ""


def test_settlement_completion_and_correction_make_a_row_ready(ledger: Ledger) -> None:
    accepted(ledger, row_for(pending()))
    (settled,) = accepted(ledger, row_for(entry()))
    incomplete = ledger.accept(CONNECTION_ID, row_for(entry(id="later", bill=None)))
    ledger.complete(CONNECTION_ID, incomplete, completed_row(entry(id="later")))
    corrected(ledger, settled, 2777)

    assert [bool(row.ready_at) for row in ledger.rows(CONNECTION_ID)] == [True, True, True]


def test_a_refused_line_that_becomes_ready_again_counts_from_then_on(ledger: Ledger) -> None:
    (row,) = accepted(ledger, waiting_since(ready(1), 3600))
    record(ledger, State.FAILED, row)

    (again,) = accepted(ledger, ready(1, updated_at=LATER))

    assert again.ready_at > row.ready_at
    assert again.final_at == ""


def test_an_outcome_knows_when_it_was_recorded(ledger: Ledger) -> None:
    record(ledger, State.SENT, *accepted(ledger, ready(1)))

    (row,) = ledger.rows(CONNECTION_ID)
    assert row.final_at == utc_text(NOW)


# --- what waits, and what a person must do ---------------------------------------------------------------------------


def test_a_company_without_rows_has_nothing_to_show(view: LedgerView) -> None:
    assert view.waiting(CONNECTION_ID, 10) == view.to_check(CONNECTION_ID, 10) == NOTHING
    assert view.by_hand(CONNECTION_ID) == []
    assert view.days(CONNECTION_ID, date(2026, 1, 1), date(2026, 1, 31)) == []


def test_what_waits_is_counted_and_added_up_and_the_oldest_are_shown(ledger: Ledger, view: LedgerView) -> None:
    second, first = accepted(ledger, ready(2, minor=200), ready(1))
    (movement,) = accepted(ledger, topup(3, bill=Money(5000, "EUR")))
    accepted(ledger, row_for(entry(id="incomplete", bill=None)), row_for(pending(id="pending")))

    backlog = view.waiting(CONNECTION_ID, 2)

    assert backlog == Backlog(oldest=(first, second), count=4, lines=3, amount=-300 + movement.amount, more=False)


def test_more_than_can_be_counted_is_said_to_be_more(
    ledger: Ledger, view: LedgerView, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted(ledger, *(ready(number) for number in range(5)))

    monkeypatch.setattr(ledger_view, "_MOST_COUNTED", 5)
    assert not view.waiting(CONNECTION_ID, 10).more
    monkeypatch.setattr(ledger_view, "_MOST_COUNTED", 4)
    assert (view.waiting(CONNECTION_ID, 10).count, view.waiting(CONNECTION_ID, 10).more) == (4, True)


def test_a_refused_and_a_held_row_are_found_for_a_person(ledger: Ledger, view: LedgerView) -> None:
    refused, _ = accepted(ledger, ready(2), ready(3))
    record(ledger, State.FAILED, refused, reason="refused_by_lexoffice", detail="closed")
    (held,) = accepted(ledger, ready(1, family="NEW"))

    backlog = view.to_check(CONNECTION_ID, 10)

    assert [(row.entry_id, row.state) for row in backlog.oldest] == [
        (held.entry_id, State.HELD),
        (refused.entry_id, State.FAILED),
    ]
    assert (backlog.count, backlog.amount) == (2, -100)


def test_a_row_that_pleo_cannot_complete_is_found_for_a_person(ledger: Ledger, view: LedgerView) -> None:
    (incomplete,) = accepted(ledger, row_for(entry(bill=None)))

    ledger.complete(CONNECTION_ID, incomplete, unreadable(incomplete, "entry_not_found"))

    assert [row.reason for row in view.to_check(CONNECTION_ID, 10).oldest] == ["entry_not_found"]


@pytest.mark.parametrize(
    ("change", "waits"), [({}, 1), ({"status": "CANCELLED"}, 0), ({"bill": Money(0, "EUR")}, 0)], ids=str
)
def test_a_row_that_moves_on_is_no_concern_any_more(
    ledger: Ledger, view: LedgerView, change: dict[str, Any], waits: int
) -> None:
    (row,) = accepted(ledger, ready(1))
    record(ledger, State.FAILED, row)
    accepted(ledger, row_for(entry(id="held", family="NEW")))

    accepted(ledger, ready(1, updated_at=LATER, **change), row_for(entry(id="held", updated_at=LATER, **change)))

    assert view.to_check(CONNECTION_ID, 10) == NOTHING
    assert view.waiting(CONNECTION_ID, 10).count == 2 * waits


def test_movements_are_listed_newest_first_and_the_correction_of_one_is_one(ledger: Ledger, view: LedgerView) -> None:
    older, newer = accepted(ledger, topup(1), topup(2))
    record(ledger, State.LISTED, older, newer)
    new = row_for(
        entry(id=older.entry_id, family="WALLET", sub_family="LOAD", bill=Money(150, "EUR"), updated_at=LATER)
    )
    correction = correct(older, new, LATER)
    assert correction is not None
    assert correction.row is not None
    ledger.correct(CONNECTION_ID, correction)
    record(ledger, State.LISTED, correction.row)

    found = view.by_hand(CONNECTION_ID)

    assert [(row.entry_id, row.revision, row.amount) for row in found] == [
        (older.entry_id, 2, 50),
        (newer.entry_id, 1, 100),
        (older.entry_id, 1, 100),
    ]
    assert view.by_hand(CONNECTION_ID, 2) == found[:2]


def test_companies_do_not_see_each_other(ledger: Ledger, view: LedgerView) -> None:
    row, movement = accepted(ledger, ready(1), topup(2))
    accepted(ledger, ready(3))
    record(ledger, State.FAILED, row)
    record(ledger, State.LISTED, movement)

    assert view.waiting("other", 10) == view.to_check("other", 10) == NOTHING
    assert view.by_hand("other") == []


# --- sums and days ---------------------------------------------------------------------------------------------------


def test_the_balance_tells_lines_from_what_is_entered_by_hand_and_when_the_last_line_came(ledger: Ledger) -> None:
    line, movement, refused = accepted(ledger, ready(1), topup(2, bill=Money(5000, "EUR")), ready(3))
    record(ledger, State.SENT, line)
    record(ledger, State.LISTED, movement, now=NOW + DAY)
    record(ledger, State.FAILED, refused, now=NOW + 2 * DAY)

    balance = ledger.balance(CONNECTION_ID, "account-1")

    assert (balance.total, balance.by_hand, balance.last_line_at) == (4900, 5000, utc_text(NOW))


def test_lines_are_counted_by_the_german_day_with_the_sum_and_the_maximum_of_their_delay(
    ledger: Ledger, view: LedgerView
) -> None:
    midnight = datetime(2026, 1, 12, 23, tzinfo=UTC)  # the 13th in Berlin
    rows = accepted(ledger, *(waiting_since(ready(number), seconds) for number, seconds in enumerate((1.5, 20, 3))))
    record(ledger, State.SENT, *rows[:2])
    record(ledger, State.SENT, rows[2])
    record(ledger, State.SENT, *accepted(ledger, waiting_since(ready(9), 0.25, midnight)), now=midnight)

    assert view.days(CONNECTION_ID, date(2026, 1, 12), date(2026, 1, 13)) == [
        DayOfLines(day=date(2026, 1, 12), lines=3, timed=3, delay_ms=24_500, longest_ms=20_000),
        DayOfLines(day=date(2026, 1, 13), lines=1, timed=1, delay_ms=250, longest_ms=250),
    ]
    assert view.days(CONNECTION_ID, date(2026, 1, 13), date(2026, 1, 13))[0].lines == 1


def test_recording_twice_counts_a_line_of_the_day_once(ledger: Ledger, view: LedgerView) -> None:
    rows = accepted(ledger, *(waiting_since(ready(number), 2) for number in range(3)))
    record(ledger, State.SENT, rows[0])

    assert record(ledger, State.SENT, *rows) == 2

    (day,) = view.days(CONNECTION_ID, NOW.date(), NOW.date())
    assert (day.lines, day.delay_ms, day.longest_ms) == (3, 6000, 2000)


def test_what_is_no_line_is_not_counted_for_the_day(ledger: Ledger, view: LedgerView) -> None:
    refused, movement = accepted(ledger, ready(1), topup(2))

    record(ledger, State.FAILED, refused)
    record(ledger, State.LISTED, movement)

    assert view.days(CONNECTION_ID, NOW.date(), NOW.date()) == []


def test_a_clock_that_runs_ahead_makes_no_negative_delay(ledger: Ledger, view: LedgerView) -> None:
    record(ledger, State.SENT, *accepted(ledger, waiting_since(ready(1), -5)))

    assert view.days(CONNECTION_ID, NOW.date(), NOW.date())[0].delay_ms == 0


def test_another_worker_that_raises_the_maximum_meanwhile_is_not_overwritten(
    ledger: Ledger, view: LedgerView, aws: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    slower, faster = accepted(ledger, waiting_since(ready(1), 30), waiting_since(ready(2), 10))
    transact = ledger._table.transact

    def overtaken(actions: Any) -> None:
        monkeypatch.setattr(ledger._table, "transact", transact)
        record(Ledger(aws.ledger_table), State.SENT, slower)
        transact(actions)

    monkeypatch.setattr(ledger._table, "transact", overtaken)
    assert record(ledger, State.SENT, faster) == 1

    (day,) = view.days(CONNECTION_ID, NOW.date(), NOW.date())
    assert (day.lines, day.delay_ms, day.longest_ms) == (2, 40_000, 30_000)


# --- rows of an entry, calls, trouble --------------------------------------------------------------------------------


def test_the_rows_of_an_entry_are_its_own_and_in_order(ledger: Ledger) -> None:
    first, _ = accepted(ledger, ready(1), replace(ready(1), entry_id="entry-00011"))
    row = corrected(ledger, first, 250)

    assert ledger.rows_of(CONNECTION_ID, "entry-0001") == [
        replace(first, total=-250, version=row.version, revisions=2),
        row,
    ]
    assert ledger.rows_of(CONNECTION_ID, "entry") == []


def test_accepting_a_snapshot_is_still_one_call(ledger: Ledger, aws: Cloud) -> None:
    with aws.watched("dynamodb") as asked:
        accepted(ledger, ready(1))

    assert [name for name, _ in asked] == ["UpdateItem"]


def test_a_query_that_aws_refuses_is_a_store_that_is_unavailable(view: LedgerView, aws: Cloud) -> None:
    with aws.failing("dynamodb", "Query"):
        for ask in (view.waiting, view.to_check, view.by_hand):
            with pytest.raises(StoreUnavailable):
                ask(CONNECTION_ID, 10)
