"""The ledger's conditional writes, against the tables that template.yaml describes.

moto answers every query from one copy, so it cannot show what `ConsistentRead` on the index is for; that the ledger
asks for it is checked on the request.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cloud import Cloud
from samples import CONNECTION_ID, ENTRY_ID, entry, pending

from shared.aws.ledger import Balance, Ledger
from shared.domain.feeding.ledger import Correction, Row, State, completed_row, correct, row_for, unreadable
from shared.domain.money import Money
from shared.errors import StoreUnavailable

NOW = datetime(2026, 1, 12, 10, tzinfo=UTC)
ACCOUNT = "account-1"
LATER = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def ledger(aws: Cloud) -> Ledger:
    return Ledger(aws.ledger_table)


def accept(ledger: Ledger, row: Row) -> Row:
    return ledger.accept(CONNECTION_ID, row)


def work(ledger: Ledger, limit: int = 25) -> list[Row]:
    return ledger.open_rows(CONNECTION_ID, limit)


def ready(number: int, minor: int = 100, **changes: Any) -> Row:
    return row_for(entry(id=f"entry-{number:04}", bill=Money(minor, "EUR"), **changes))


def sent(row: Row) -> Row:
    return replace(row, state=State.SENT, transaction_id=f"t-{row.reference}")


# --- send again ------------------------------------------------------------------------------------------------------


def refused(ledger: Ledger, number: int = 1) -> Row:
    row = accept(ledger, ready(number))
    ledger.record(CONNECTION_ID, [replace(row, state=State.FAILED, reason="refused_by_lexoffice", detail="x")], NOW)
    (found,) = ledger.rows_of(CONNECTION_ID, row.entry_id)
    return found


def test_a_refused_line_becomes_ready_again_word_for_word(ledger: Ledger) -> None:
    was = refused(ledger)

    assert ledger.make_ready_again(CONNECTION_ID, was, LATER)

    (row,) = work(ledger)
    assert row == replace(was, state=State.READY, reason="", detail="")
    assert (row.ready_at, row.final_at) == ("2026-02-01T00:00:00.000000Z", "")


def test_making_a_refused_line_ready_touches_no_sum_and_its_success_counts_once(ledger: Ledger) -> None:
    was = refused(ledger)
    ledger.make_ready_again(CONNECTION_ID, was, LATER)
    assert ledger.balance(CONNECTION_ID, ACCOUNT).total == 0

    (row,) = work(ledger)
    assert ledger.record(CONNECTION_ID, [sent(row)], LATER) == 1
    assert ledger.balance(CONNECTION_ID, ACCOUNT).total == was.amount


def test_of_two_people_who_send_a_refused_line_again_one_makes_it_ready(ledger: Ledger) -> None:
    was = refused(ledger)

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: ledger.make_ready_again(CONNECTION_ID, was, LATER), range(2)))

    assert sorted(done) == [False, True]


def test_a_line_that_was_sent_meanwhile_is_not_made_ready(ledger: Ledger) -> None:
    was = refused(ledger)
    ledger.make_ready_again(CONNECTION_ID, was, LATER)
    ledger.record(CONNECTION_ID, [sent(work(ledger)[0])], LATER)

    assert not ledger.make_ready_again(CONNECTION_ID, was, LATER)
    assert [row.state for row in ledger.rows(CONNECTION_ID)] == [State.SENT]


def test_a_newer_snapshot_of_a_refused_entry_goes_before_sending_it_again(ledger: Ledger) -> None:
    was = refused(ledger)
    newer = accept(ledger, ready(1, minor=250, updated_at=LATER))

    assert not ledger.make_ready_again(CONNECTION_ID, was, LATER)
    assert work(ledger) == [newer]


def test_a_refused_correction_that_is_sent_again_is_still_called_a_correction(ledger: Ledger) -> None:
    first = accept(ledger, ready(1))
    ledger.record(CONNECTION_ID, [sent(first)], NOW)
    made = correct(ledger.rows(CONNECTION_ID)[0], ready(1, minor=250, updated_at=LATER), LATER)
    assert isinstance(made, Correction)
    assert ledger.correct(CONNECTION_ID, made)
    ledger.record(
        CONNECTION_ID, [replace(work(ledger)[0], state=State.FAILED, reason="refused_by_lexoffice", detail="x")], NOW
    )
    was = ledger.rows_of(CONNECTION_ID, first.entry_id)[1]

    assert ledger.make_ready_again(CONNECTION_ID, was, LATER)

    (row,) = work(ledger)
    assert (row.revision, row.reason, row.amount) == (2, "correction", made.row.amount if made.row else 0)


# --- accept ----------------------------------------------------------------------------------------------------------


def test_a_row_comes_back_as_it_was_written(ledger: Ledger) -> None:
    for row in (row_for(entry()), row_for(pending(id="p")), row_for(entry(id="u", family="NEW"))):
        assert accept(ledger, row) == row
    assert {row.entry_id for row in ledger.rows(CONNECTION_ID)} == {ENTRY_ID, "p", "u"}


def test_a_duplicate_changes_nothing(ledger: Ledger) -> None:
    row = row_for(entry())

    assert accept(ledger, row) == accept(ledger, row) == row
    assert ledger.rows(CONNECTION_ID) == [row]


def test_a_stale_snapshot_is_answered_with_what_the_ledger_holds(ledger: Ledger) -> None:
    newer = accept(ledger, row_for(pending(updated_at=LATER, merchant="newer")))

    assert accept(ledger, row_for(pending(merchant="older"))) == newer


def test_a_newer_pending_snapshot_replaces_an_older_one_completely(ledger: Ledger) -> None:
    accept(ledger, row_for(pending(value=Money(2900, "USD"))))
    newer = row_for(pending(updated_at=LATER, merchant="", value=Money(1, "EUR")))

    assert accept(ledger, newer) == newer
    assert ledger.rows(CONNECTION_ID) == [newer]


def test_settlement_replaces_pending_even_with_an_older_time(ledger: Ledger) -> None:
    accept(ledger, row_for(pending(updated_at=LATER)))

    assert accept(ledger, row_for(entry())).state is State.READY


def test_pending_never_replaces_what_is_settled(ledger: Ledger) -> None:
    row = accept(ledger, row_for(entry()))

    assert accept(ledger, row_for(pending(updated_at=LATER))) == row


@pytest.mark.parametrize("state", [State.READY, State.SENT, State.LISTED])
def test_what_was_promised_is_frozen(ledger: Ledger, state: State) -> None:
    row = accept(ledger, row_for(entry()))
    if state is not State.READY:
        ledger.record(CONNECTION_ID, [replace(row, state=state)], NOW)

    stored = accept(ledger, row_for(entry(updated_at=LATER, bill=Money(9999, "EUR"))))

    assert (stored.state, stored.amount) == (state, -2677)


@pytest.mark.parametrize(
    "before",
    [
        row_for(entry(status="CANCELLED")),
        row_for(entry(bill=Money(0, "EUR"))),
        row_for(entry(family="NEW")),
        row_for(entry(bill=None)),
    ],
    ids=lambda row: row.state.value,
)
def test_a_newer_snapshot_revives_what_was_not_promised(ledger: Ledger, before: Row) -> None:
    accept(ledger, before)

    assert accept(ledger, row_for(entry(updated_at=LATER))).state is State.READY
    assert [row.state for row in work(ledger)] == [State.READY]


def test_a_line_that_lexoffice_refused_becomes_ready_again_with_a_newer_snapshot_only(ledger: Ledger) -> None:
    row = accept(ledger, row_for(entry()))
    ledger.record(CONNECTION_ID, [replace(row, state=State.FAILED, reason="refused_by_lexoffice")], NOW)

    assert accept(ledger, row).state is State.FAILED
    revived = accept(ledger, row_for(entry(updated_at=LATER)))

    assert (revived.state, revived.reason) == (State.READY, "")
    assert ledger.balance(CONNECTION_ID, ACCOUNT).total == 0


def test_a_reversal_takes_the_row_out_of_the_work(ledger: Ledger) -> None:
    accept(ledger, row_for(pending(), announced_settled=True))
    assert len(work(ledger)) == 1

    accept(ledger, row_for(pending(status="CANCELLED", updated_at=LATER)))

    assert work(ledger) == []


@pytest.mark.parametrize("reason", ["entry_not_found", "entry_malformed"])
def test_a_held_row_gives_way_to_a_complete_snapshot_of_the_same_version(ledger: Ledger, reason: str) -> None:
    """Pleo's read side may lag behind its webhook; the poller then brings the entry without a newer time."""
    incomplete = accept(ledger, row_for(entry(bill=None)))
    ledger.complete(CONNECTION_ID, incomplete, unreadable(incomplete, reason))
    assert work(ledger) == []

    assert accept(ledger, row_for(entry())) == row_for(entry())
    assert len(work(ledger)) == 1


def test_an_incomplete_row_gives_way_to_a_complete_snapshot_of_the_same_version(ledger: Ledger) -> None:
    accept(ledger, row_for(entry(bill=None)))

    assert accept(ledger, row_for(entry())).state is State.READY


def test_companies_do_not_see_each_other(ledger: Ledger) -> None:
    accept(ledger, row_for(entry()))

    assert ledger.rows("other") == []
    assert ledger.open_rows("other", 25) == []
    assert ledger.accept("other", row_for(pending())).state is State.PENDING


def test_fifty_simultaneous_deliveries_make_one_row(ledger: Ledger) -> None:
    row = row_for(entry())

    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(lambda _: accept(ledger, row), range(50)))

    assert answers == [row] * 50
    assert ledger.rows(CONNECTION_ID) == [row]


# --- correct ---------------------------------------------------------------------------------------------------------


def correction_of(first: Row, minor: int, when: datetime = LATER) -> Correction:
    correction = correct(first, row_for(entry(bill=Money(minor, "EUR"), updated_at=when)), when)
    assert correction is not None
    return correction


def test_a_correction_writes_its_row_and_the_new_total_together(ledger: Ledger) -> None:
    first = accept(ledger, row_for(entry()))
    correction = correction_of(first, 2777)

    assert ledger.correct(CONNECTION_ID, correction)

    assert ledger.rows(CONNECTION_ID) == [correction.first, correction.row]
    assert [row.amount for row in work(ledger)] == [-2677, -100]


def test_a_newer_snapshot_of_the_same_amount_moves_the_version_on_and_an_older_one_does_not(ledger: Ledger) -> None:
    first = accept(ledger, row_for(entry()))
    newer = correction_of(first, 2677)
    between = correction_of(first, 2777, LATER - timedelta(days=1))

    assert [ledger.correct(CONNECTION_ID, newer), ledger.correct(CONNECTION_ID, between)] == [True, False]

    assert ledger.rows(CONNECTION_ID) == [newer.first]
    assert work(ledger) == [newer.first]


def test_of_two_corrections_of_the_same_total_one_wins(ledger: Ledger) -> None:
    first = accept(ledger, row_for(entry()))

    answers = [ledger.correct(CONNECTION_ID, correction_of(first, minor)) for minor in (2777, 2877)]

    assert answers == [True, False]
    assert sum(row.amount for row in ledger.rows(CONNECTION_ID)) == -2777


def test_the_faster_of_many_corrections_wins_and_nothing_is_written_twice(ledger: Ledger) -> None:
    first = accept(ledger, row_for(entry()))

    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(lambda n: ledger.correct(CONNECTION_ID, correction_of(first, 2700 + n)), range(8)))

    rows = ledger.rows(CONNECTION_ID)
    assert won.count(True) == 1
    assert len(rows) == 2
    assert sum(row.amount for row in rows) == next(row.total for row in rows if row.revision == 1)


def test_feeding_the_first_line_meanwhile_does_not_stand_in_a_corrections_way(ledger: Ledger) -> None:
    first = accept(ledger, row_for(entry()))
    correction = correction_of(first, 2777)
    ledger.record(CONNECTION_ID, [sent(first)], NOW)

    assert ledger.correct(CONNECTION_ID, correction)

    stored = {row.revision: row.state for row in ledger.rows(CONNECTION_ID)}
    assert stored == {1: State.SENT, 2: State.READY}


# --- work ------------------------------------------------------------------------------------------------------------


def test_work_is_what_can_be_fed_oldest_first_and_then_what_pleo_must_complete(ledger: Ledger) -> None:
    day = timedelta(days=1)
    settled = entry().settled_at
    assert settled is not None
    accept(ledger, ready(3, settled_at=settled + 3 * day))
    accept(ledger, ready(1, settled_at=settled + day))
    accept(ledger, row_for(entry(id="entry-0000", bill=None, settled_at=settled - day)))
    accept(ledger, ready(2, settled_at=settled + 2 * day))
    accept(ledger, row_for(pending(id="entry-0009")))

    assert [row.entry_id for row in work(ledger)] == ["entry-0001", "entry-0002", "entry-0003", "entry-0000"]


def test_work_comes_in_the_asked_number(ledger: Ledger) -> None:
    for number in range(7):
        accept(ledger, ready(number))

    assert [row.entry_id for row in work(ledger, 3)] == ["entry-0000", "entry-0001", "entry-0002"]


def test_work_is_read_consistently(ledger: Ledger, aws: Cloud) -> None:
    """A worker that was just woken must see the row it was woken for."""
    with aws.watched("dynamodb") as calls:
        work(ledger)
        ledger.rows(CONNECTION_ID)

    requests = [arguments for _, arguments in calls]
    assert [request["ConsistentRead"] for request in requests] == [True, True]
    assert requests[0]["IndexName"] == "work"


# --- complete --------------------------------------------------------------------------------------------------------


def test_an_incomplete_row_is_completed(ledger: Ledger) -> None:
    incomplete = accept(ledger, row_for(pending(), announced_settled=True))
    complete = completed_row(entry())

    ledger.complete(CONNECTION_ID, incomplete, complete)

    assert ledger.rows(CONNECTION_ID) == [complete]
    assert work(ledger) == [complete]


def test_a_row_that_moved_on_meanwhile_is_not_completed(ledger: Ledger) -> None:
    incomplete = accept(ledger, row_for(pending(), announced_settled=True))
    settled = accept(ledger, row_for(entry()))

    ledger.complete(CONNECTION_ID, incomplete, unreadable(incomplete, "entry_not_found"))

    assert ledger.rows(CONNECTION_ID) == [settled]


# --- record and balance ----------------------------------------------------------------------------------------------


def test_recording_takes_rows_out_of_the_work_and_adds_them_up(ledger: Ledger) -> None:
    rows = [accept(ledger, ready(number, minor=100 + number)) for number in range(3)]

    assert ledger.record(CONNECTION_ID, [sent(row) for row in rows], NOW) == 3

    assert work(ledger) == []
    assert ledger.rows(CONNECTION_ID) == [sent(row) for row in rows]
    assert ledger.balance(CONNECTION_ID, ACCOUNT).total == -303


def test_recording_twice_counts_once(ledger: Ledger) -> None:
    row = accept(ledger, ready(1))

    counted = [ledger.record(CONNECTION_ID, [sent(row)], NOW) for _ in range(2)]

    assert counted == [1, 0]
    assert ledger.balance(CONNECTION_ID, ACCOUNT).total == -100


def test_a_row_that_is_recorded_already_does_not_keep_the_others_from_being_recorded(ledger: Ledger) -> None:
    rows = [accept(ledger, ready(number)) for number in range(5)]
    ledger.record(CONNECTION_ID, [sent(rows[2])], NOW)

    assert ledger.record(CONNECTION_ID, [sent(row) for row in rows], NOW) == 4

    assert work(ledger) == []
    assert ledger.balance(CONNECTION_ID, ACCOUNT).total == -500


def test_two_workers_recording_the_same_rows_count_each_once(ledger: Ledger) -> None:
    rows = [accept(ledger, ready(number)) for number in range(25)]

    with ThreadPoolExecutor(4) as threads:
        counted = list(threads.map(lambda _: ledger.record(CONNECTION_ID, [sent(row) for row in rows], NOW), range(4)))

    assert sum(counted) == 25
    assert ledger.balance(CONNECTION_ID, ACCOUNT).total == -2500


def test_a_refused_line_is_no_part_of_the_balance(ledger: Ledger) -> None:
    rows = [accept(ledger, ready(number)) for number in range(2)]
    refused = replace(rows[1], state=State.FAILED, reason="refused_by_lexoffice", detail="closed period")

    ledger.record(CONNECTION_ID, [sent(rows[0]), refused], NOW)

    assert ledger.balance(CONNECTION_ID, ACCOUNT).total == -100
    assert ledger.rows(CONNECTION_ID)[1] == refused


def test_what_is_listed_for_hand_entry_is_part_of_the_balance(ledger: Ledger) -> None:
    row = accept(ledger, row_for(entry(family="WALLET", sub_family="LOAD")))

    ledger.record(CONNECTION_ID, [replace(row, state=State.LISTED)], NOW)

    assert ledger.balance(CONNECTION_ID, ACCOUNT).total == 2677


def test_what_lexoffice_was_told_is_remembered_beside_the_total(ledger: Ledger) -> None:
    ledger.record(CONNECTION_ID, [sent(accept(ledger, ready(1)))], NOW)
    ledger.record_pushed_balance(CONNECTION_ID, ACCOUNT, -100)
    ledger.record(CONNECTION_ID, [sent(accept(ledger, ready(2)))], NOW)

    balance = ledger.balance(CONNECTION_ID, ACCOUNT)
    assert (balance.total, balance.pushed) == (-200, -100)


def test_a_new_account_has_been_told_nothing(ledger: Ledger) -> None:
    ledger.record(CONNECTION_ID, [sent(accept(ledger, ready(1)))], NOW)
    ledger.record_pushed_balance(CONNECTION_ID, ACCOUNT, -100)

    balance = ledger.balance(CONNECTION_ID, "account-2")
    assert (balance.total, balance.pushed) == (-100, None)


def test_a_look_at_many_entries_finds_those_that_are_no_work(ledger: Ledger) -> None:
    rows = [accept(ledger, ready(number)) for number in range(3)]
    held = accept(ledger, row_for(entry(id="held", family="NEW")))
    accept(ledger, row_for(pending(id="pending")))
    ledger.record(CONNECTION_ID, [sent(row) for row in rows[:2]], NOW)
    asked = [*(row.entry_id for row in rows), "held", "pending", "unknown", "pending"]

    assert ledger.versions(CONNECTION_ID, asked) == {
        "held": (held.version, 0),
        rows[0].entry_id: (rows[0].version, -100),
        rows[1].entry_id: (rows[1].version, -100),
        "pending": (row_for(pending(id="pending")).version, 0),
    }
    assert ledger.versions(CONNECTION_ID, []) == {}


def test_a_company_without_rows_has_no_balance_and_no_rows(ledger: Ledger) -> None:
    assert ledger.balance(CONNECTION_ID, ACCOUNT) == Balance(total=0, pushed=None)
    assert ledger.rows(CONNECTION_ID) == []


def test_recording_nothing_changes_nothing(ledger: Ledger) -> None:
    assert ledger.record(CONNECTION_ID, [], NOW) == 0
    assert ledger.balance(CONNECTION_ID, ACCOUNT) == Balance(total=0, pushed=None)


# --- park, and trouble -----------------------------------------------------------------------------------------------


def test_a_parked_event_is_kept_as_it_came_for_thirty_days_and_is_no_row(ledger: Ledger, aws: Cloud) -> None:
    ledger.park(CONNECTION_ID, "e1", b"\x00raw", "unknown event type", NOW)

    (item,) = aws.items(aws.ledger_table, "PARKED#", "row")
    assert item["body"] == {"B": b"\x00raw"}
    assert int(item["expires_at"]["N"]) == int((NOW + timedelta(days=30)).timestamp())
    assert ledger.rows(CONNECTION_ID) == []
    assert work(ledger) == []


def test_nothing_but_parked_events_ever_expires(ledger: Ledger, aws: Cloud) -> None:
    """De-duplication is for ever: an outcome that expired could be fed again."""
    first = accept(ledger, row_for(entry()))
    ledger.record(CONNECTION_ID, [sent(first)], NOW)
    ledger.correct(CONNECTION_ID, correction_of(first, 2777))

    assert not [item for item in aws.dump(aws.ledger_table) if "expires_at" in item]


def test_a_table_that_is_not_there_is_a_store_that_is_unavailable(aws: Cloud) -> None:
    ledger = Ledger("NoSuchTable")

    with pytest.raises(StoreUnavailable, match="ResourceNotFoundException"):
        accept(ledger, row_for(entry()))
    with pytest.raises(StoreUnavailable, match="ResourceNotFoundException"):
        ledger.open_rows(CONNECTION_ID, 1)
