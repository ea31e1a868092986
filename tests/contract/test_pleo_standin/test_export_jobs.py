"""The stand-in's export jobs: how they are born, listed, told of, and end."""

import json
from typing import Any

import pytest

from local.pleo.driver import Driver
from local.pleo.world import DEFAULT_COMPANY_ID

from .driver import NOBODY, click, event, export_status, ids_of, kind, pay, report, running_job, success

pytestmark = pytest.mark.usefixtures("exporting")


# --- a job is born ---------------------------------------------------------------------------------------------------


def test_a_click_makes_a_pending_job_that_can_be_read(pleo: Driver) -> None:
    job = click(pleo, 2)

    read = pleo.api("GET", f"/v3/export-jobs/{job['id']}").json()["data"]

    assert read["status"] == "pending"
    assert (read["numberOfItems"], read["expiresIn"], read["isInteractive"]) == (2, 3600, True)
    assert [read[name] for name in ("startedAt", "lastUpdatedAt", "completedAt", "failureReasonType")] == [None] * 4
    assert {export_status(pleo, each) for each in ids_of(job)} == {"EXPORTING"}


def test_only_one_job_of_a_company_is_open_at_a_time(pleo: Driver) -> None:
    click(pleo)

    again = pleo.http.post("/control/export", json={"entry_ids": pay(pleo)})

    assert kind(again) == (409, "EXPORT_ALREADY_IN_PROGRESS")


def test_a_click_makes_a_job_without_contra_account_whose_items_cannot_be_read(pleo: Driver) -> None:
    pleo.control("POST", "/contra-account", {"account_external_id": None})
    job = click(pleo)

    assert kind(pleo.api("GET", "/v3/export-items", job_id=job["id"])) == (400, "MISSING_CONTRA_ACCOUNTS")


def test_kinds_outside_the_wallet_need_no_contra_account(pleo: Driver) -> None:
    pleo.control("POST", "/contra-account", {"account_external_id": None})
    entry_id = pleo.control("POST", "/entries", {"family": "OUT_OF_POCKET"})["id"]
    job = pleo.control("POST", "/export", {"entry_ids": [entry_id]})

    assert pleo.api("GET", "/v3/export-items", job_id=job["id"]).status_code == 200


def test_nothing_can_be_exported_before_activation(pleo: Driver) -> None:
    pleo.connect()
    order = {"entry_ids": pay(pleo)}

    assert kind(pleo.http.post("/control/export", json=order)) == (400, "INTEGRATION_NOT_ACTIVATED")


def test_a_payment_that_is_not_settled_cannot_be_exported(pleo: Driver) -> None:
    entry_id = pleo.control("POST", "/entries", {"amount": 1000})["id"]

    assert pleo.http.post("/control/export", json={"entry_ids": [entry_id]}).status_code == 400


def test_all_means_the_export_page_which_has_no_wallet_movements(pleo: Driver) -> None:
    paid = pay(pleo, 2)
    pleo.control("POST", "/entries", {"family": "WALLET", "subFamily": "LOAD"})
    pleo.control("POST", "/entries", {"amount": 5})

    assert sorted(ids_of(pleo.control("POST", "/export", {"all": True}))) == sorted(paid)


@pytest.mark.parametrize("order", [{}, {"entry_ids": []}, {"all": True, "entry_ids": []}, {"all": False}])
def test_a_click_without_a_choice_is_refused(pleo: Driver, order: dict[str, Any]) -> None:
    pay(pleo)

    assert pleo.http.post("/control/export", json=order).status_code == 400


# --- lists -----------------------------------------------------------------------------------------------------------


def test_jobs_are_listed_newest_first(pleo: Driver) -> None:
    older, newer = click(pleo)["id"], click(pleo, parallel=True)["id"]
    statuses = ["pending", "in_progress"]

    newest = pleo.api("GET", "/v3/export-jobs", company_id=DEFAULT_COMPANY_ID, statuses=statuses).json()

    assert [each["id"] for each in newest["data"]] == [newer, older]


def test_jobs_are_filtered_by_repeated_statuses(pleo: Driver) -> None:
    click(pleo)

    assert pleo.api("GET", "/v3/export-jobs", statuses=["in_progress", "failed"]).json()["data"] == []
    assert pleo.api("GET", "/v3/export-jobs", statuses="running").status_code == 400


def test_items_are_paged_without_loss_or_repetition(pleo: Driver) -> None:
    job = click(pleo, 12)
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = pleo.api("GET", "/v3/export-items", job_id=job["id"], **after).json()
        assert len(page["data"]) <= 5
        found += [each["accountingEntryId"] for each in page["data"]]
        if not page["pagination"]["hasNextPage"]:
            break
        after = {"after": page["pagination"]["endCursor"]}

    assert sorted(found) == sorted(ids_of(job))


def test_an_unknown_job_is_404_everywhere(pleo: Driver) -> None:
    unknown = {"id": NOBODY}
    answers = [
        pleo.api("GET", f"/v3/export-jobs/{NOBODY}"),
        pleo.api("GET", "/v3/export-items", job_id=NOBODY),
        report(pleo, unknown),
        event(pleo, unknown, "started"),
    ]

    assert {kind(each) for each in answers} == {(404, "EXPORT_NOT_FOUND")}


def test_another_companys_job_does_not_exist(pleo: Driver) -> None:
    job = click(pleo)
    pleo.connect(pleo.control("POST", "/companies", {"name": "Zweite Muster GmbH"})["id"])

    assert pleo.api("GET", f"/v3/export-jobs/{job['id']}").status_code == 404
    assert pleo.api("GET", "/v3/export-items", job_id=job["id"]).status_code == 404
    assert event(pleo, job, "started").status_code == 404
    assert pleo.api("GET", "/v3/export-jobs").json()["data"] == []


@pytest.mark.parametrize(
    ("method", "path", "missing"),
    [
        ("GET", "/v3/export-jobs", "export-jobs:read"),
        ("POST", "/v3/export-job-events", "export-jobs:write"),
        ("GET", "/v3/export-items", "export-items:read"),
    ],
)
def test_each_scope_is_needed(pleo: Driver, method: str, path: str, missing: str) -> None:
    scopes = {"export-jobs:read", "export-jobs:write", "export-items:read"} - {missing}
    pleo.connect(scope=" ".join(scopes))

    assert pleo.api(method, path).status_code == 403


# --- the end ---------------------------------------------------------------------------------------------------------


def test_successes_are_exported_and_failures_return_to_the_queue(pleo: Driver) -> None:
    job = running_job(pleo, 2)
    good, bad = ids_of(job)
    report(pleo, job, success(good), {"accountingEntryId": bad, "status": "failed"})

    event(pleo, job, "completed_with_errors")

    assert (export_status(pleo, good), export_status(pleo, bad)) == ("EXPORTED", "QUEUED")
    assert ids_of(pleo.control("POST", "/export", {"all": True})) == [bad]


def test_an_exported_entry_can_be_exported_again(pleo: Driver) -> None:
    job = running_job(pleo)
    report(pleo, job, success(ids_of(job)[0]))
    event(pleo, job, "completed")

    again = pleo.control("POST", "/export", {"entry_ids": ids_of(job)})

    assert again["items"][0]["status"] == "pending"


def test_a_job_expires_an_hour_after_the_last_action(pleo: Driver) -> None:
    job = running_job(pleo, 2)
    first, second = ids_of(job)
    pleo.control("POST", "/clock", {"advance_seconds": 3500})
    pleo.connect()
    report(pleo, job, success(first))
    pleo.control("POST", "/clock", {"advance_seconds": 3500})
    alive = pleo.control("GET", f"/export/{job['id']}")["status"]
    pleo.control("POST", "/clock", {"advance_seconds": 101})

    read = pleo.control("GET", f"/export/{job['id']}")

    assert alive == "in_progress"
    assert (read["status"], read["failureReasonType"]) == ("failed", "job_expired")
    assert read["expiredAt"] is not None
    assert {row["accountingEntryId"]: row["status"] for row in read["items"]} == {
        first: "successful",
        second: "abandoned",
    }
    assert (export_status(pleo, first), export_status(pleo, second)) == ("EXPORTED", "QUEUED")


def test_expiry_frees_the_entries_without_anybody_looking_at_the_job(pleo: Driver) -> None:
    job = click(pleo)
    pleo.control("POST", "/clock", {"advance_seconds": 3601})
    pleo.connect()

    assert pleo.api("GET", f"/v1/accounting-entries/{ids_of(job)[0]}").json()["data"]["exportStatus"] == "QUEUED"


def test_reading_does_not_keep_a_job_alive(pleo: Driver) -> None:
    job = click(pleo)
    pleo.control("POST", "/clock", {"advance_seconds": 1800})
    pleo.connect()
    assert pleo.api("GET", "/v3/export-items", job_id=job["id"]).status_code == 200
    assert pleo.api("GET", f"/v3/export-jobs/{job['id']}").status_code == 200
    pleo.control("POST", "/clock", {"advance_seconds": 1801})
    pleo.connect()

    assert pleo.api("GET", f"/v3/export-jobs/{job['id']}").json()["data"]["status"] == "failed"
    assert event(pleo, job, "started").status_code == 422


def test_a_job_cancelled_by_the_user_says_so(pleo: Driver) -> None:
    job = running_job(pleo)

    cancelled = pleo.control("POST", f"/export/{job['id']}/cancel")

    assert (cancelled["status"], cancelled["failureReasonType"]) == ("failed", "canceled_by_user")
    assert [row["status"] for row in cancelled["items"]] == ["abandoned"]
    assert report(pleo, job, success(ids_of(job)[0])).status_code == 422


# --- the webhook -----------------------------------------------------------------------------------------------------


def test_a_click_sends_the_event(pleo: Driver) -> None:
    pleo.control("POST", "/webhooks", {"mode": "hold"})
    body = {"endpointUrl": "http://127.0.0.1:9/hook", "eventTypes": ["v1.export-job.created"]}
    pleo.api("POST", "/v1/subscriptions", body)

    click(pleo)

    assert [each["eventType"] for each in pleo.control("GET", "/state")["deliveries"]] == ["v1.export-job.created"]


def test_state_shows_jobs_and_entries(pleo: Driver) -> None:
    job = running_job(pleo, 3)
    report(pleo, job, success(ids_of(job)[0]))

    state = pleo.control("GET", "/state")

    assert [(each["id"], each["status"]) for each in state["exportJobs"]] == [(job["id"], "in_progress")]
    assert state["exportJobs"][0]["itemStatus"] == {"pending": 2, "successful": 1}
    assert state["exportStatus"] == {"EXPORTING": 3}
    assert "_touched" not in json.dumps(state)
