"""What is asked of Pleo's Export API and how its answers are read."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from scripted import Step, body_of, path_of, scripted

from shared.errors import (
    Conflict,
    Issue,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
    VendorError,
)
from shared.http.client import Http
from shared.pleo.client import PleoClient
from shared.pleo.exports import MISSING_CONTRA_ACCOUNTS, MOST_UPDATES
from shared.pleo.models import ITEM_FAILURES, JOB_FAILURES, ItemResult, JobEvent, UpdateError, issues

COMPANY = "11111111-1111-4111-8111-111111111111"
JOB = "33333333-3333-4333-8333-333333333333"
A_JOB = {
    "id": JOB,
    "companyId": COMPANY,
    "status": "pending",
    "numberOfItems": 2,
    "createdAt": "2026-01-15T09:30:00Z",
    "createdBy": "22222222-2222-4222-8222-222222222222",
    "expiresIn": 3600,
    "isInteractive": True,
    "vendorBasedBookkeeping": False,
    "lastUpdatedAt": None,
    "startedAt": None,
    "completedAt": None,
    "expiredAt": None,
    "failureReason": None,
    "failureReasonType": None,
}
RUNNING_OUT = {"type": "EXPORT_JOB_STATUS_UNPROCESSABLE", "message": "the job is over"}


def page(rows: list[object], cursor: str | None = None) -> dict[str, Any]:
    pagination = {"currentRequestPagination": {"parameters": {}}, "hasNextPage": bool(cursor), "hasPreviousPage": False}
    return {"data": rows, "pagination": pagination | ({"endCursor": cursor} if cursor else {})}


def answering(*steps: Step) -> tuple[PleoClient, list[httpx.Request]]:
    transport, requests = scripted(*steps)
    http = Http("pleo", "https://external.example", issues=issues, transport=transport, sleep=lambda _: None)
    return PleoClient(http), requests


def query_of(request: httpx.Request) -> list[tuple[str, str]]:
    return request.url.params.multi_items()


def success(number: int = 1) -> ItemResult:
    return ItemResult(accounting_entry_id=f"e-{number}", status="successful", external_id=f"v-{number}")


# Jobs


def test_a_companys_jobs_come_oldest_first_however_pleo_lists_them() -> None:
    newest, oldest = (
        A_JOB | {"id": "j-3", "createdAt": "2026-01-15T11:30:00Z"},
        A_JOB | {"id": "j-1", "createdAt": "2026-01-15T09:00:00Z", "status": "in_progress"},
    )
    client, requests = answering((200, page([newest], "MFRA====")), (200, page([A_JOB | {"id": "j-2"}, oldest])))

    jobs = list(client.export_jobs(COMPANY, ["pending", "in_progress"]))

    assert [job.id for job in jobs] == ["j-1", "j-2", "j-3"]
    assert [path_of(request) for request in requests] == ["GET /v3/export-jobs"] * 2
    assert query_of(requests[0]) == [
        ("limit", "100"),
        ("company_id", COMPANY),
        ("statuses", "pending"),
        ("statuses", "in_progress"),
    ]
    assert query_of(requests[1]) == [*query_of(requests[0]), ("after", "MFRA====")]


def test_a_job_is_read_from_what_the_product_uses() -> None:
    used = ("id", "status", "createdAt", "numberOfItems", "expiresIn")
    client, _ = answering((200, page([{name: A_JOB[name] for name in used}])))

    assert [job.id for job in client.export_jobs(COMPANY, ["pending"])] == [JOB]


def test_a_job_tells_its_state_and_when_it_will_be_given_up() -> None:
    client, requests = answering((200, {"data": A_JOB | {"lastUpdatedAt": "2026-01-15T09:31:00Z", "new": 1}}))

    job = client.export_job(JOB)

    assert path_of(requests[0]) == f"GET /v3/export-jobs/{JOB}"
    assert (job.id, job.status, job.number_of_items) == (JOB, "pending", 2)
    assert job.created_at == datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
    assert (job.expires_in, job.last_updated_at) == (3600, datetime(2026, 1, 15, 9, 31, tzinfo=UTC))


@pytest.mark.parametrize(
    ("status", "is_open"),
    [
        ("pending", True),
        ("in_progress", True),
        ("completed", False),
        ("completed_with_errors", False),
        ("failed", False),
        ("something_new", False),
    ],
)
def test_only_a_pending_or_running_job_takes_reports(status: str, is_open: bool) -> None:
    client, _ = answering((200, {"data": A_JOB | {"status": status}}))

    assert client.export_job(JOB).is_open is is_open


def test_an_expired_job_says_why_it_failed() -> None:
    expired = {"status": "failed", "failureReasonType": "job_expired", "expiredAt": "2026-01-15T10:30:00Z"}
    client, _ = answering((200, {"data": A_JOB | expired}))

    assert client.export_job(JOB).failure_reason_type == "job_expired"


def test_an_unknown_job_is_not_found() -> None:
    client, _ = answering((404, {"type": "EXPORT_NOT_FOUND"}))

    with pytest.raises(NotFound) as caught:
        client.export_job(JOB)

    assert caught.value.issues == (Issue("", "EXPORT_NOT_FOUND"),)


# Items


def test_export_items_come_back_as_they_are_with_exact_numbers() -> None:
    client, requests = answering(
        (200, b'{"data":[{"accountingEntryId":"e-1","rate":0.19,"value":2677}],"pagination":{"hasNextPage":false}}')
    )

    assert list(client.export_items(JOB)) == [{"accountingEntryId": "e-1", "rate": Decimal("0.19"), "value": 2677}]
    assert path_of(requests[0]) == "GET /v3/export-items"
    assert query_of(requests[0]) == [("limit", "100"), ("job_id", JOB)]


def test_a_job_that_ends_between_two_pages_is_noticed() -> None:
    client, _ = answering((200, page([{"accountingEntryId": "e-1"}], "MFRA====")), (422, RUNNING_OUT))
    items = client.export_items(JOB)

    assert next(items) == {"accountingEntryId": "e-1"}
    with pytest.raises(Conflict) as caught:
        next(items)

    assert caught.value.status == 422
    assert caught.value.issues == (Issue("", "EXPORT_JOB_STATUS_UNPROCESSABLE", "the job is over"),)


def test_missing_contra_accounts_are_told_from_other_refusals() -> None:
    client, _ = answering((400, {"type": "MISSING_CONTRA_ACCOUNTS", "message": "no contra account"}))

    with pytest.raises(Rejected) as caught:
        list(client.export_items(JOB))

    assert [issue.kind for issue in caught.value.issues] == [MISSING_CONTRA_ACCOUNTS]


# Results


def test_results_are_reported_with_what_was_given_and_no_nulls() -> None:
    """Pleo declares no field of an update nullable."""
    client, requests = answering((200, {"data": [], "errors": []}))
    berlin = timezone(timedelta(hours=1))

    errors = client.update_export_items(
        JOB,
        [
            ItemResult(
                accounting_entry_id="e-1",
                status="successful",
                exported_at=datetime(2026, 1, 15, 10, 31, 10, 999_999, berlin),
                external_id="v-1",
                external_url="https://app.example/permalink/vouchers/view/v-1",
            ),
            ItemResult(
                accounting_entry_id="e-2",
                status="failed",
                failure_reason="Das Konto fehlt.",
                failure_reason_type="account_unknown",
            ),
            ItemResult(accounting_entry_id="e-3", status="in_progress"),
        ],
    )

    assert errors == []
    assert path_of(requests[0]) == f"PUT /v3/export-jobs/{JOB}/items"
    assert body_of(requests[0]) == [
        {
            "accountingEntryId": "e-1",
            "status": "successful",
            "exportedAt": "2026-01-15T09:31:10Z",
            "externalId": "v-1",
            "externalUrl": "https://app.example/permalink/vouchers/view/v-1",
        },
        {
            "accountingEntryId": "e-2",
            "status": "failed",
            "failureReason": "Das Konto fehlt.",
            "failureReasonType": "account_unknown",
        },
        {"accountingEntryId": "e-3", "status": "in_progress"},
    ]


def test_results_go_a_hundred_at_a_time_and_what_pleo_did_not_take_comes_back() -> None:
    refused = {"accountingEntryId": "e-7", "type": "EXPORT_ENTRY_STATUS_UPDATE_FAILED", "message": "no"}
    client, requests = answering(
        (200, {"data": [], "errors": [refused]}),
        (200, {"data": []}),
        (200, {"data": [], "errors": [{"accountingEntryId": "e-201", "type": "SOMETHING_NEW"}]}),
    )

    errors = client.update_export_items(JOB, [success(number) for number in range(2 * MOST_UPDATES + 1)])

    assert [len(body_of(request)) for request in requests] == [100, 100, 1]
    assert errors == [
        UpdateError(accounting_entry_id="e-7", type="EXPORT_ENTRY_STATUS_UPDATE_FAILED", message="no"),
        UpdateError(accounting_entry_id="e-201", type="SOMETHING_NEW"),
    ]


def test_nothing_to_report_asks_nothing() -> None:
    client, requests = answering((500, b""))

    assert client.update_export_items(JOB, []) == []
    assert requests == []


@pytest.mark.parametrize("step", [(503, b""), httpx.ReadTimeout("")])
def test_a_report_is_repeated_because_that_does_no_harm(step: Step) -> None:
    client, requests = answering(step, (200, {"data": [], "errors": []}))

    assert client.update_export_items(JOB, [success()]) == []
    assert requests[0].content == requests[1].content


def test_a_report_that_goes_on_failing_may_simply_be_repeated_later() -> None:
    client, _ = answering((500, b""))

    with pytest.raises(Unavailable):
        client.update_export_items(JOB, [success()])


@pytest.mark.parametrize("body", [b"", b"[]", b'{"errors":[{"type":"X"}]}'])
def test_a_report_whose_answer_cannot_be_read_is_not_taken_for_a_success(body: bytes) -> None:
    client, _ = answering((200, body))

    with pytest.raises(UnexpectedAnswer):
        client.update_export_items(JOB, [success()])


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        (422, "EXPORT_JOB_STATUS_UNPROCESSABLE", Conflict),
        (422, "SOMETHING_NEW", Rejected),
        (413, "EXPORT_JOB_ITEMS_UPDATE_LIMIT", Rejected),
        (404, "EXPORT_NOT_FOUND", NotFound),
    ],
)
def test_a_report_to_a_job_that_is_over_is_a_conflict(status: int, kind: str, expected: type[VendorError]) -> None:
    client, _ = answering((status, {"type": kind}))

    with pytest.raises(expected) as caught:
        client.update_export_items(JOB, [success()])

    assert type(caught.value) is expected
    assert caught.value.issues == (Issue("", kind),)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "exported"},
        {"status": "abandoned"},
        {"failure_reason": "x"},
        {"failure_reason_type": "account_unknown"},
        {"status": "failed"},
        {"status": "failed", "failure_reason": "x"},
        {"status": "failed", "failure_reason_type": "account_unknown"},
        {"status": "failed", "failure_reason": "x", "failure_reason_type": "job_expired"},
        {"exported_at": datetime(2026, 1, 15)},  # noqa: DTZ001 - the point of the test
        {"accounting_entry_id": ""},
        {"unknown": "x"},
    ],
)
def test_a_result_that_cannot_be_meant_is_refused_before_it_is_sent(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ItemResult.model_validate({"accounting_entry_id": "e-1", "status": "successful"} | change)


@pytest.mark.parametrize("kind", sorted(ITEM_FAILURES))
def test_every_failure_that_pleo_knows_can_be_reported(kind: str) -> None:
    failed = ItemResult(accounting_entry_id="e-1", status="failed", failure_reason="x", failure_reason_type=kind)

    assert failed.body()["failureReasonType"] == kind


# Events


@pytest.mark.parametrize("event", JobEvent)
def test_a_job_is_moved_on_by_its_id(event: JobEvent) -> None:
    client, requests = answering((202, b""))

    client.job_event(JOB, event)

    assert path_of(requests[0]) == "POST /v3/export-job-events"
    assert body_of(requests[0]) == {"jobId": JOB, "event": event.value}


def test_a_failed_job_says_why() -> None:
    client, requests = answering((202, b""))

    client.job_event(
        JOB, JobEvent.FAILED, failure_reason="lexoffice ist getrennt.", failure_reason_type="authorization_failure"
    )

    assert body_of(requests[0]) == {
        "jobId": JOB,
        "event": "failed",
        "failureReason": "lexoffice ist getrennt.",
        "failureReasonType": "authorization_failure",
    }


@pytest.mark.parametrize(
    ("event", "reason", "kind"),
    [
        (JobEvent.COMPLETED, "x", None),
        (JobEvent.STARTED, None, "job_expired"),
        (JobEvent.FAILED, "x", "account_unknown"),
    ],
)
def test_an_event_that_pleo_would_refuse_is_not_sent(event: JobEvent, reason: str | None, kind: str | None) -> None:
    client, requests = answering((202, b""))

    with pytest.raises(ValueError, match=r"only a failed job|type of failure"):
        client.job_event(JOB, event, failure_reason=reason, failure_reason_type=kind)

    assert requests == []


@pytest.mark.parametrize("kind", ["INVALID_EXPORT_JOB_STATUS_CHANGE", "EXPORT_JOB_STATUS_UNPROCESSABLE"])
def test_an_event_that_comes_too_late_is_a_conflict_that_names_its_cause(kind: str) -> None:
    client, _ = answering((422, {"type": kind, "message": "no"}))

    with pytest.raises(Conflict) as caught:
        client.job_event(JOB, JobEvent.STARTED)

    assert (caught.value.status, caught.value.operation) == (422, "POST /v3/export-job-events")
    assert caught.value.issues == (Issue("", kind, "no"),)


def test_an_event_for_an_unknown_job_is_not_found() -> None:
    client, _ = answering((404, {"type": "EXPORT_NOT_FOUND"}))

    with pytest.raises(NotFound):
        client.job_event(JOB, JobEvent.COMPLETED)


@pytest.mark.parametrize("step", [(502, b""), httpx.ReadTimeout("")])
def test_an_event_without_an_answer_is_not_sent_again(step: Step) -> None:
    client, requests = answering(step)

    with pytest.raises(OutcomeUnknown):
        client.job_event(JOB, JobEvent.COMPLETED)

    assert len(requests) == 1


def test_reasons_of_jobs_and_items_are_not_mixed_up() -> None:
    assert len(ITEM_FAILURES) == 18
    assert len(JOB_FAILURES) == 15
    assert "job_expired" in JOB_FAILURES - ITEM_FAILURES
    assert "account_unknown" in ITEM_FAILURES - JOB_FAILURES


# Files


def test_entries_receipts_can_be_read_when_their_job_is_over() -> None:
    row = {
        "id": "r-1",
        "accountingEntryId": "e-1",
        "createdAt": "2026-01-15T09:30:00Z",
        "fileType": "ORIGINAL",
        "mimeType": "image/heic",
        "sizeInBytes": 20480,
        "source": "CAMERA",
        "url": "https://files.example/1?sig=secret",
    }
    client, requests = answering((200, page([row], "MFRA====")), (200, page([row | {"id": "r-2"}])))

    receipts = list(client.receipts_of("c-1", ["e-1", "e-2"]))

    assert [(receipt.id, receipt.accounting_entry_id, receipt.mime_type) for receipt in receipts] == [
        ("r-1", "e-1", "image/heic"),
        ("r-2", "e-1", "image/heic"),
    ]
    assert receipts[0].created_at == datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
    assert receipts[0].url == "https://files.example/1?sig=secret"
    assert "secret" not in repr(receipts[0])
    assert path_of(requests[0]) == "POST /v1/accounting-entries/receipts:search"
    assert query_of(requests[0]) == [("limit", "100"), ("company_id", "c-1")]
    assert json.loads(requests[0].content) == {
        "includeDeleted": False,
        "accountingEntryIds": ["e-1", "e-2"],
        "fileType": "ORIGINAL",
    }


def test_a_receipt_is_fetched_from_where_the_item_says() -> None:
    client, requests = answering((200, b"%PDF-1.7"))

    assert client.download("https://files.example/1?sig=x", max_bytes=100).read() == b"%PDF-1.7"
    assert str(requests[0].url) == "https://files.example/1?sig=x"
