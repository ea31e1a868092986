"""What an integration reports about an export job, and what Pleo refuses."""

from typing import Any

import pytest

from local.pleo.driver import Driver

from .driver import NOBODY, click, event, ids_of, kind, report, running_job, success

pytestmark = pytest.mark.usefixtures("exporting")


# --- events ----------------------------------------------------------------------------------------------------------


def test_started_puts_the_job_in_progress_with_an_empty_202(pleo: Driver) -> None:
    job = click(pleo)

    answer = event(pleo, job, "started")

    assert (answer.status_code, answer.content) == (202, b"")
    read = pleo.api("GET", f"/v3/export-jobs/{job['id']}").json()["data"]
    assert read["status"] == "in_progress"
    assert read["startedAt"] is not None


def test_started_a_second_time_is_422(pleo: Driver) -> None:
    assert kind(event(pleo, running_job(pleo), "started")) == (422, "INVALID_EXPORT_JOB_STATUS_CHANGE")


@pytest.mark.parametrize("what", ["completed", "completed_with_errors", "failed"])
def test_a_pending_job_cannot_end(pleo: Driver, what: str) -> None:
    assert event(pleo, click(pleo), what).status_code == 422


@pytest.mark.parametrize("final", ["completed", "completed_with_errors", "failed"])
def test_after_the_final_event_everything_is_422(pleo: Driver, final: str) -> None:
    job = running_job(pleo)
    assert event(pleo, job, final).status_code == 202

    assert event(pleo, job, "started").status_code == 422
    assert event(pleo, job, "completed").status_code == 422
    assert kind(report(pleo, job)) == (422, "EXPORT_JOB_STATUS_UNPROCESSABLE")
    assert kind(pleo.api("GET", "/v3/export-items", job_id=job["id"])) == (422, "EXPORT_JOB_STATUS_UNPROCESSABLE")


def test_a_job_with_failed_items_is_not_simply_completed(pleo: Driver) -> None:
    job = running_job(pleo)
    report(pleo, job, {"accountingEntryId": ids_of(job)[0], "status": "failed"})

    assert event(pleo, job, "completed").status_code == 422
    assert event(pleo, job, "completed_with_errors").status_code == 202


@pytest.mark.parametrize(
    "body",
    [
        {"exportJobId": NOBODY, "event": "started"},
        {"jobId": NOBODY, "event": "canceled"},
        {"jobId": NOBODY, "event": "failed", "failureReasonType": "account_unknown"},
        {"jobId": NOBODY},
    ],
)
def test_an_event_that_the_schema_does_not_know_is_400(pleo: Driver, body: dict[str, Any]) -> None:
    assert pleo.api("POST", "/v3/export-job-events", body).status_code == 400


def test_a_reason_belongs_to_failed_only(pleo: Driver) -> None:
    job = running_job(pleo)
    refused = event(pleo, job, "completed_with_errors", failureReason="Two items failed.")
    reason = {"failureReason": "lexoffice refused access.", "failureReasonType": "authorization_failure"}

    assert refused.status_code == 400
    assert event(pleo, job, "failed", **reason).status_code == 202
    read = pleo.api("GET", f"/v3/export-jobs/{job['id']}").json()["data"]
    assert {name: read[name] for name in reason} == reason


# --- item updates ----------------------------------------------------------------------------------------------------


def test_a_result_is_recorded_and_answered(pleo: Driver) -> None:
    job = running_job(pleo, 2)
    first, second = ids_of(job)
    failed = {"status": "failed", "failureReason": "No account.", "failureReasonType": "account_unknown"}

    answer = report(
        pleo, job, success(first, exportedAt="2026-03-02T11:00:00Z"), {"accountingEntryId": second} | failed
    )

    assert answer.status_code == 200
    assert answer.json()["errors"] == []
    assert [row["status"] for row in answer.json()["data"]] == ["successful", "failed"]
    assert {name: answer.json()["data"][1][name] for name in failed} == failed
    read = pleo.control("GET", f"/export/{job['id']}")["items"]
    assert {row["accountingEntryId"]: row["externalId"] for row in read} == {first: "voucher-1", second: None}


def test_items_of_a_pending_job_cannot_be_updated(pleo: Driver) -> None:
    job = click(pleo)

    assert kind(report(pleo, job, success(ids_of(job)[0]))) == (422, "EXPORT_JOB_STATUS_UNPROCESSABLE")


def test_the_101st_update_of_a_call_is_413(pleo: Driver) -> None:
    job = running_job(pleo)

    assert report(pleo, job, *[success(NOBODY)] * 100).status_code == 200
    assert kind(report(pleo, job, *[success(NOBODY)] * 101)) == (413, "EXPORT_JOB_ITEMS_UPDATE_LIMIT")


def test_a_200_may_hold_errors(pleo: Driver) -> None:
    job = running_job(pleo, 2)
    first, second = ids_of(job)
    pleo.control("POST", f"/export/{job['id']}/refuse-updates", {"entry_ids": [second]})

    answer = report(pleo, job, success(first), success(second), success(NOBODY)).json()

    assert [row["accountingEntryId"] for row in answer["data"]] == [first]
    assert {row["accountingEntryId"]: row["type"] for row in answer["errors"]} == {
        second: "ACCOUNTING_ENTRY_UPDATE_FAILED",
        NOBODY: "ACCOUNTING_ENTRY_DOES_NOT_EXIST",
    }
    assert report(pleo, job, success(second)).json()["errors"] == []


def test_a_success_may_be_repeated_and_not_taken_back(pleo: Driver) -> None:
    job = running_job(pleo)
    entry_id = ids_of(job)[0]
    report(pleo, job, success(entry_id))

    repeated = report(pleo, job, success(entry_id)).json()
    back = report(pleo, job, {"accountingEntryId": entry_id, "status": "failed"}).json()

    assert repeated["errors"] == []
    assert [each["type"] for each in back["errors"]] == ["EXPORT_ENTRY_STATUS_UPDATE_FAILED"]


def test_a_failed_item_may_succeed_later(pleo: Driver) -> None:
    job = running_job(pleo)
    entry_id = ids_of(job)[0]
    report(pleo, job, {"accountingEntryId": entry_id, "status": "failed", "failureReason": "Try again."})

    row = report(pleo, job, success(entry_id)).json()["data"][0]

    assert (row["status"], row["failureReason"]) == ("successful", None)


@pytest.mark.parametrize(
    "update",
    [
        {"status": "successful"},
        {"accountingEntryId": NOBODY, "status": "done"},
        {"accountingEntryId": NOBODY, "status": "failed", "failureReasonType": "canceled_by_user"},
        {"accountingEntryId": NOBODY, "status": "successful", "exportedAt": "2026-03-02T11:00:00"},
        {"accountingEntryId": NOBODY, "status": "successful", "exportJobId": NOBODY},
    ],
)
def test_an_update_that_the_schema_does_not_know_is_400(pleo: Driver, update: dict[str, Any]) -> None:
    assert report(pleo, running_job(pleo), update).status_code == 400


def test_nulls_are_refused(pleo: Driver) -> None:
    job = running_job(pleo)
    update = success(ids_of(job)[0], failureReason=None)

    assert report(pleo, job, update).status_code == 400
    assert event(pleo, job, "completed", failureReason=None).status_code == 400


def test_an_update_that_is_no_array_is_400(pleo: Driver) -> None:
    job = running_job(pleo)

    assert pleo.api("PUT", f"/v3/export-jobs/{job['id']}/items", {"items": []}).status_code == 400
