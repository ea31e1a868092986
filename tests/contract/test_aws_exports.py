"""The export's part of the ledger: repeating a step forgets nothing, and numbers come back as Pleo wrote them."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from cloud import Cloud
from samples import CONNECTION_ID, ENTRY_ID

from shared.aws.exports import SNAPSHOT_KEPT, ExportItem, Exports, Job, JobState, LastItem
from shared.aws.ledger import Ledger
from shared.aws.table import ConditionFailedError
from shared.errors import StoreUnavailable

NOW = datetime(2026, 1, 12, 10, tzinfo=UTC)
JOB = "33333333-3333-4333-8333-333333333333"
OTHER_JOB = "33333333-3333-4333-8333-333333333334"


@pytest.fixture
def exports(aws: Cloud) -> Exports:
    return Exports(aws.ledger_table)


def wire_item(entry_id: str = ENTRY_ID, **changes: Any) -> dict[str, Any]:
    return {"accountingEntryId": entry_id, "note": "Büro", **changes}


def snapshot(exports: Exports, *items: dict[str, Any], job: str = JOB, now: datetime = NOW) -> list[ExportItem]:
    exports.snapshot(CONNECTION_ID, job, items or [wire_item()], now)
    return exports.items(CONNECTION_ID, job)


def failed(item: ExportItem) -> ExportItem:
    return replace(
        item, outcome="failed", code="EXP-SIGN", failure_type="validation_failure", text="Widerspruch", voucher_id="v1"
    )


# --- jobs ------------------------------------------------------------------------------------------------------------


def test_nothing_is_known_of_a_new_job(exports: Exports) -> None:
    assert exports.job(CONNECTION_ID, JOB) is None
    assert exports.items(CONNECTION_ID, JOB) == []


@pytest.mark.parametrize("state", JobState)
def test_a_job_comes_back_as_it_was_saved(exports: Exports, state: JobState) -> None:
    job = Job(job_id=JOB, state=state, event="completed")

    exports.save_job(CONNECTION_ID, job, NOW)

    assert exports.job(CONNECTION_ID, JOB) == job
    assert exports.job("another company", JOB) is None


def test_a_job_moves_on(exports: Exports) -> None:
    for state in JobState:
        exports.save_job(CONNECTION_ID, Job(job_id=JOB, state=state), NOW)

    assert exports.job(CONNECTION_ID, JOB) == Job(job_id=JOB, state=JobState.FINISHED)


# --- the snapshot ----------------------------------------------------------------------------------------------------


def test_a_new_item_is_work_that_pleo_has_not_heard_of(exports: Exports) -> None:
    (item,) = snapshot(exports)

    assert item == ExportItem(job_id=JOB, entry_id=ENTRY_ID, item=wire_item())
    assert (item.outcome, item.reported) == ("", False)


def test_numbers_come_back_as_pleo_wrote_them(exports: Exports) -> None:
    raw = '{"value": 2677.0, "rate": 0.19, "tiny": 0.10, "count": 3, "none": null, "deep": [{"value": -1.50}]}'
    numbers = json.loads(raw, parse_float=Decimal)

    (item,) = snapshot(exports, wire_item(numbers=numbers))

    back = item.item["numbers"]
    assert back == numbers
    assert [str(back[name]) for name in ("value", "rate", "tiny", "count")] == ["2677.0", "0.19", "0.10", "3"]
    assert str(back["deep"][0]["value"]) == "-1.50"
    assert not [value for value in back.values() if isinstance(value, float)]


def test_a_snapshot_taken_twice_keeps_every_outcome(exports: Exports) -> None:
    (item,) = snapshot(exports)
    exports.save_outcome(CONNECTION_ID, failed(item))
    exports.mark_reported(CONNECTION_ID, item)

    (again,) = snapshot(exports, wire_item(note="changed meanwhile"))

    assert again == replace(failed(item), reported=True)


def test_a_snapshot_that_was_cut_off_is_completed(exports: Exports) -> None:
    (first,) = snapshot(exports, wire_item("e1"))
    exports.save_outcome(CONNECTION_ID, replace(first, outcome="successful"))

    items = snapshot(exports, wire_item("e1"), wire_item("e2"))

    assert [(item.entry_id, item.outcome) for item in items] == [("e1", "successful"), ("e2", "")]


def test_an_entry_is_found_however_its_id_is_spelt(exports: Exports) -> None:
    items = snapshot(exports, wire_item(ENTRY_ID.upper()), wire_item(ENTRY_ID))

    assert [item.entry_id for item in items] == [ENTRY_ID]


def test_more_items_than_one_answer_holds_are_all_read(exports: Exports) -> None:
    """DynamoDB answers at most 1 MB at a time."""
    long = "ü" * 50_000
    ids = [f"entry-{number:04}" for number in range(30)]

    items = snapshot(exports, *(wire_item(entry_id, note=long) for entry_id in ids))

    assert [item.entry_id for item in items] == ids


def test_jobs_and_companies_do_not_see_each_others_items(exports: Exports) -> None:
    snapshot(exports, wire_item("e1"))
    snapshot(exports, wire_item("e2"), job=OTHER_JOB)
    exports.snapshot("another company", JOB, [wire_item("e3")], NOW)

    assert [item.entry_id for item in exports.items(CONNECTION_ID, JOB)] == ["e1"]
    assert [item.entry_id for item in exports.items(CONNECTION_ID, OTHER_JOB)] == ["e2"]


def test_a_snapshot_expires_and_what_must_last_does_not(aws: Cloud, exports: Exports) -> None:
    snapshot(exports)
    exports.save_job(CONNECTION_ID, Job(job_id=JOB, state=JobState.RUNNING), NOW)

    expiring = {item["row"]["S"]: item.get("expires_at") for item in aws.dump(aws.ledger_table)}

    assert expiring == {
        f"EXPORT#{JOB}#{ENTRY_ID}": {"N": str(int((NOW + SNAPSHOT_KEPT).timestamp()))},
        f"ITEM#{ENTRY_ID}": None,
        f"JOB#{JOB}": None,
    }


def test_a_job_is_work_for_the_export_until_it_is_finished(aws: Cloud, exports: Exports) -> None:
    older = Job(job_id=OTHER_JOB, state=JobState.RUNNING, created_at="2026-01-11T10:00:00.000000Z")
    newer = Job(job_id=JOB, state=JobState.CLAIMED, created_at="2026-01-12T10:00:00.000000Z")
    for job in (newer, older):
        exports.save_job(CONNECTION_ID, job, NOW)
    snapshot(exports)

    assert exports.open_jobs(CONNECTION_ID) == [older, newer]
    assert exports.waiting(CONNECTION_ID, matches=True, receipts=False)
    assert Ledger(aws.ledger_table).open_rows(CONNECTION_ID, 10) == []

    for job in (newer, older):
        exports.save_job(CONNECTION_ID, replace(job, state=JobState.FINISHED), NOW)
    assert exports.open_jobs(CONNECTION_ID) == []
    assert not exports.waiting(CONNECTION_ID, matches=True, receipts=True)


def test_an_item_far_beyond_what_dynamodb_takes_is_kept_whole(exports: Exports) -> None:
    lines = [{"accountingEntryLineId": f"line {number}", "note": "Teil einer Rechnung"} for number in range(9500)]

    (item,) = snapshot(exports, wire_item(accountingEntryLines=lines))

    assert len(json.dumps(lines)) > 600_000
    assert item.item["accountingEntryLines"] == lines


# --- outcomes --------------------------------------------------------------------------------------------------------


def test_an_outcome_is_recorded_with_its_reason(exports: Exports) -> None:
    (item,) = snapshot(exports)

    exports.save_outcome(CONNECTION_ID, failed(item))

    assert exports.items(CONNECTION_ID, JOB) == [failed(item)]


def test_reporting_changes_nothing_but_that_pleo_knows(exports: Exports) -> None:
    (item,) = snapshot(exports)
    exports.save_outcome(CONNECTION_ID, failed(item))

    exports.mark_reported(CONNECTION_ID, item)

    assert exports.items(CONNECTION_ID, JOB) == [replace(failed(item), reported=True)]


def test_an_item_of_no_snapshot_gets_no_outcome(exports: Exports) -> None:
    nowhere = ExportItem(job_id=JOB, entry_id="nowhere", item={}, outcome="successful")

    for record in (exports.save_outcome, exports.mark_reported):
        with pytest.raises(ConditionFailedError):
            record(CONNECTION_ID, nowhere)
    assert exports.items(CONNECTION_ID, JOB) == []


def test_an_outcome_keeps_the_values_that_its_texts_name_in_any_language(exports: Exports) -> None:
    (item,) = snapshot(exports)
    decided = replace(failed(item), values={"account": "4980 Büro", "amount": "-1,50 EUR"})

    exports.save_outcome(CONNECTION_ID, decided)

    assert exports.items(CONNECTION_ID, JOB) == [decided]


def test_half_a_character_in_one_item_does_not_keep_the_job_from_being_written_down(exports: Exports) -> None:
    items = snapshot(exports, wire_item("e1", note="\ud800"), wire_item("e2"))

    assert [item.item["note"] for item in items] == ["\ud800", "Büro"]


# --- what people look for --------------------------------------------------------------------------------------------


def booked(entry_id: str, book_id: object) -> dict[str, Any]:
    return wire_item(entry_id, additionalInformation={"reconciliationId": book_id})


def test_before_the_first_job_there_is_no_newest_one(exports: Exports) -> None:
    assert exports.newest_job(CONNECTION_ID) is None


@pytest.mark.parametrize("newest", JobState)
@pytest.mark.parametrize("oldest", JobState)
def test_the_newest_job_is_found_whether_it_is_open_or_over(
    exports: Exports, newest: JobState, oldest: JobState
) -> None:
    for number, state in enumerate((oldest, newest)):
        job = Job(
            job_id=f"job-{number}", state=state, created_at=f"2026-01-1{number}T10:00:00.000000Z", items=3, failed=1
        )
        exports.save_job(CONNECTION_ID, job, NOW)

    assert exports.newest_job(CONNECTION_ID) == job
    assert exports.newest_job("another company") is None


def test_a_job_that_is_over_is_no_work(exports: Exports) -> None:
    snapshot(exports, booked("e1", "4113617"))
    exports.save_outcome(CONNECTION_ID, failed(exports.items(CONNECTION_ID, JOB)[0]))
    exports.save_job(CONNECTION_ID, Job(job_id=JOB, state=JobState.FINISHED, created_at="2026"), NOW)

    assert exports.open_jobs(CONNECTION_ID) == []
    assert not exports.waiting(CONNECTION_ID, matches=True, receipts=True)


def test_the_failed_items_of_a_job_are_found_without_the_others(exports: Exports) -> None:
    items = snapshot(exports, *(wire_item(f"e{number}") for number in range(4)))
    for item, outcome in zip(items, ("failed", "successful", "abandoned", "failed"), strict=True):
        exports.save_outcome(CONNECTION_ID, replace(failed(item), outcome=outcome))
    (other,) = snapshot(exports, wire_item("e9"), job=OTHER_JOB)
    exports.save_outcome(CONNECTION_ID, failed(other))

    assert exports.failed_items(CONNECTION_ID, JOB, 10) == [failed(items[0]), failed(items[3])]
    assert exports.failed_items(CONNECTION_ID, JOB, 1) == [failed(items[0])]


def test_a_failed_item_is_still_found_after_it_was_reported(exports: Exports) -> None:
    (item,) = snapshot(exports)
    exports.save_outcome(CONNECTION_ID, failed(item))
    exports.mark_reported(CONNECTION_ID, failed(item))

    assert [row.reported for row in exports.failed_items(CONNECTION_ID, JOB, 10)] == [True]


def test_an_entry_knows_its_newest_job_and_its_book_id(exports: Exports) -> None:
    snapshot(exports, booked("e1", "4113617"))
    snapshot(exports, booked("e1", "4113617"), job=OTHER_JOB)

    assert exports.last_item(CONNECTION_ID, "e1") == LastItem("e1", OTHER_JOB, "4113617")
    assert exports.last_item(CONNECTION_ID, "e2") is None
    assert exports.item(CONNECTION_ID, JOB, "e1") == exports.items(CONNECTION_ID, JOB)[0]
    assert exports.item(CONNECTION_ID, JOB, "e2") is None


def test_all_entries_of_a_book_id_are_found_and_those_of_a_longer_one_are_not(exports: Exports) -> None:
    snapshot(exports, booked("e1", "AB-41"), booked("e2", "ab-41"), booked("e3", "AB-417"), wire_item("e4"))

    assert exports.of_book_mark(CONNECTION_ID, "Ab-41", 10) == ["e1", "e2"]
    assert exports.of_book_mark(CONNECTION_ID, "ab-417", 10) == ["e3"]
    assert exports.of_book_mark(CONNECTION_ID, "ab-41", 1) == ["e1"]
    assert exports.of_book_mark("another company", "ab-41", 10) == []


@pytest.mark.parametrize("book_id", [None, 4113617, "", "\ud800", "##", {}], ids=repr)
def test_an_item_without_a_readable_book_id_is_kept_all_the_same(exports: Exports, book_id: object) -> None:
    exports.snapshot(CONNECTION_ID, JOB, [booked("e1", book_id)], NOW)

    last = exports.last_item(CONNECTION_ID, "e1")
    assert last is not None
    assert last.job_id == JOB


# --- when AWS fails --------------------------------------------------------------------------------------------------


def test_a_write_that_aws_refuses_is_a_store_that_is_unavailable(aws: Cloud, exports: Exports) -> None:
    (item,) = snapshot(exports)

    with aws.failing("dynamodb", "UpdateItem"):
        with pytest.raises(StoreUnavailable):
            snapshot(exports)
        with pytest.raises(StoreUnavailable):
            exports.save_outcome(CONNECTION_ID, item)
    with aws.failing("dynamodb", "PutItem"), pytest.raises(StoreUnavailable):
        exports.save_job(CONNECTION_ID, Job(job_id=JOB, state=JobState.RUNNING), NOW)
    with aws.failing("dynamodb", "Query"), pytest.raises(StoreUnavailable):
        exports.items(CONNECTION_ID, JOB)
