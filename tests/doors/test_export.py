"""The export door against both stand-ins: each item becomes one voucher, and Pleo is told what became of it."""

import time
from collections.abc import Callable
from types import ModuleType

import pytest
from cloud import Document

from shared.aws.exports import Exports, JobState
from shared.aws.queues import CompanyQueue
from shared.domain.feeding.line import external_reference

from .conftest import Context, Executioner, KilledError, Linked
from .exporting import (
    FIVE_MINUTES,
    assert_each_is_one_voucher,
    click,
    expenses,
    hinted,
    items,
    job,
    metrics,
    received,
    run,
    vouchers,
)


def test_an_expense_becomes_a_voucher_with_receipt_and_hint_and_pleo_is_told(
    company: Linked, export: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    entry_ids = expenses(company, 2)
    job_id = click(company, entry_ids)
    capsys.readouterr()

    assert run(company, export) == []

    assert_each_is_one_voucher(company, job_id, entry_ids)
    assert sorted(float(voucher["totalGrossAmount"]) for voucher in vouchers(company)) == [10.00, 10.01]
    assert metrics(capsys) == {"ItemsExported": 2}
    assert company.cloud.messages("ExportQueue") == []


def test_pleo_links_to_the_voucher_in_lexoffice(company: Linked, export: ModuleType, lexoffice_url: str) -> None:
    (entry_id,) = expenses(company)
    job_id = click(company, [entry_id])

    run(company, export)

    (voucher,) = vouchers(company)
    assert items(company, job_id)[entry_id]["externalUrl"].startswith(lexoffice_url)
    assert items(company, job_id)[entry_id]["externalUrl"].endswith(voucher["id"])


def test_an_expense_that_cannot_be_exported_says_why_and_the_others_are_exported(
    company: Linked, export: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = expenses(company, 1), expenses(company, 1, tax_code=None)
    job_id = click(company, [*good, *bad])
    capsys.readouterr()

    assert run(company, export) == []

    reported = items(company, job_id)
    assert job(company, job_id)["status"] == "completed_with_errors"
    assert (reported[good[0]]["status"], reported[bad[0]]["status"]) == ("successful", "failed")
    assert reported[bad[0]]["failureReason"]
    assert len(vouchers(company)) == 1
    assert metrics(capsys) == {"ItemsExported": 1, "ItemsRefused": 1}


def test_woken_twice_a_company_exports_once(company: Linked, export: ModuleType) -> None:
    entry_ids = expenses(company)
    job_id = click(company, entry_ids)

    assert [run(company, export), run(company, export)] == [[], []]

    assert_each_is_one_voucher(company, job_id, entry_ids)


def test_woken_without_a_job_there_is_nothing_to_do(company: Linked, export: ModuleType) -> None:
    assert run(company, export) == []
    assert vouchers(company) == []


def test_a_message_for_a_company_nobody_knows_is_done_with(company: Linked, export: ModuleType) -> None:
    assert export.handler(company.sample("export"), Context(FIVE_MINUTES)) == {"batchItemFailures": []}


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 60), (3, 180), (40, 900)])
def test_when_lexoffice_is_down_the_message_comes_again_later_each_time_a_little_more(
    company: Linked,
    export: ModuleType,
    later: list[tuple[str, int]],
    capsys: pytest.CaptureFixture[str],
    *,
    attempt: int,
    seconds: int,
) -> None:
    entry_ids = expenses(company)
    job_id = click(company, entry_ids)
    company.control_lexoffice("outage", on=True)
    capsys.readouterr()
    record = company.sample("export")["Records"][0]

    assert run(company, export, attempt=attempt) == [record["messageId"]]
    assert later == [(record["receiptHandle"], seconds)]
    assert metrics(capsys)["ExportPostponed"] == 1
    assert job(company, job_id)["status"] == "in_progress"

    company.control_lexoffice("outage", on=False)
    assert run(company, export) == []
    assert_each_is_one_voucher(company, job_id, entry_ids)


def test_a_message_that_was_put_off_is_out_of_sight_and_comes_back_by_itself(
    company: Linked, export: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXPORT_RETRY_SECONDS", "1")
    export._worker.cache_clear()
    click(company, expenses(company))
    company.cloud.messages("ExportQueue")
    CompanyQueue(company.cloud.queues["ExportQueue"]).wake(company.connection().connection_id, "job.1")
    (record,) = received(company)
    company.control_lexoffice("outage", on=True)

    answer = export.handler({"Records": [record]}, Context(FIVE_MINUTES))

    assert answer == {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]}
    assert received(company) == []
    # The queue's own timeout is half an hour: only the pause explains that it is back within seconds.
    deadline = time.monotonic() + 60
    while not (found := received(company)) and time.monotonic() < deadline:
        time.sleep(0.05)
    (again,) = found
    assert (again["messageId"], again["attributes"]["ApproximateReceiveCount"]) == (record["messageId"], "2")


def test_when_pleo_is_down_the_message_comes_again_later(
    company: Linked, export: ModuleType, later: list[tuple[str, int]]
) -> None:
    entry_ids = expenses(company)
    job_id = click(company, entry_ids)
    company.control_pleo("/faults", {"route": "/v3/", "status": 503, "times": 99})

    assert len(run(company, export)) == len(later) == 1

    assert company.pleo.delete("/control/faults").is_success
    assert run(company, export) == []
    assert_each_is_one_voucher(company, job_id, entry_ids)


def test_of_a_batch_only_what_failed_is_handed_back(
    company: Linked, export: ModuleType, later: list[tuple[str, int]]
) -> None:
    click(company, expenses(company))
    company.control_lexoffice("outage", on=True)
    unknown = company.sample("export")["Records"][0] | {"messageId": "unknown", "receiptHandle": "other"}
    ours = company.message("export")["Records"][0]

    answer = export.handler({"Records": [unknown, ours]}, Context(FIVE_MINUTES))

    assert answer == {"batchItemFailures": [{"itemIdentifier": ours["messageId"]}]}
    assert [handle for handle, _ in later] == [ours["receiptHandle"]]


def test_without_time_for_an_item_the_company_is_woken_again_and_nothing_is_lost(
    company: Linked, export: ModuleType, later: list[tuple[str, int]]
) -> None:
    entry_ids = expenses(company)
    job_id = click(company, entry_ids)

    assert run(company, export, milliseconds=30_000) == []

    assert vouchers(company) == []
    assert later == []
    assert company.cloud.messages("ExportQueue") == [{"connection_id": company.connection().connection_id}]
    assert run(company, export) == []
    assert_each_is_one_voucher(company, job_id, entry_ids)


@pytest.mark.usefixtures("a_minute_between_runs")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("route", ["vouchers$", "files$", "transaction-assignment-hint"])
def test_a_lost_answer_makes_nothing_twice(
    company: Linked, export: ModuleType, later: list[tuple[str, int]], *, route: str, when: str
) -> None:
    entry_ids = expenses(company)
    job_id = click(company, entry_ids)
    company.control_lexoffice("faults", route=route, method="POST", kind="reset", when=when)

    if run(company, export):
        assert run(company, export) == []

    assert_each_is_one_voucher(company, job_id, entry_ids)


@pytest.mark.usefixtures("a_minute_between_runs")
def test_a_run_killed_at_any_moment_is_finished_by_the_next_one(
    company: Linked, export: ModuleType, executioner: Executioner
) -> None:
    moment, done = 0, 0
    while True:
        moment += 1
        (entry_id,) = expenses(company)
        job_id = click(company, [entry_id])
        done += 1
        try:
            with executioner.at(moment):
                run(company, export)
            break
        except KilledError:
            assert run(company, export) == []
        reported = items(company, job_id)[entry_id]
        assert (job(company, job_id)["status"], reported["status"]) == ("completed", "successful")
        assert len(vouchers(company)) == len(hinted(company)) == done
        assert hinted(company)[external_reference(entry_id)] == reported["externalId"]
        assert [len(voucher["files"]) for voucher in vouchers(company)] == [1] * done

    assert moment > 20


def test_when_an_outcome_cannot_be_recorded_the_next_run_makes_no_second_voucher(
    company: Linked, export: ModuleType, later: list[tuple[str, int]]
) -> None:
    entry_ids = expenses(company)
    job_id = click(company, entry_ids)
    run(company, export, milliseconds=30_000)  # claimed and written down

    with company.cloud.failing("dynamodb", "UpdateItem", "InternalServerError"):
        assert len(run(company, export)) == 1

    assert run(company, export) == []
    assert_each_is_one_voucher(company, job_id, entry_ids)


def test_a_cancelled_job_gets_no_voucher_and_no_report(company: Linked, export: ModuleType) -> None:
    job_id = click(company, expenses(company))
    run(company, export, milliseconds=30_000)
    company.control_pleo(f"/export/{job_id}/cancel")

    assert run(company, export) == []

    assert vouchers(company) == []
    assert job(company, job_id)["status"] == "failed"
    assert {item["status"] for item in items(company, job_id).values()} == {"abandoned"}


def test_a_finished_job_is_remembered_as_finished(company: Linked, export: ModuleType) -> None:
    job_id = click(company, expenses(company))
    run(company, export)

    remembered = Exports(company.cloud.ledger_table).job(company.connection().connection_id, job_id)

    assert remembered is not None
    assert (remembered.state, remembered.event) == (JobState.FINISHED, "completed")


def test_without_access_to_lexoffice_the_job_fails_with_a_reason(company: Linked, export: ModuleType) -> None:
    job_id = click(company, expenses(company))
    company.control_lexoffice("revoke")

    for _ in range(2):  # the first run finds out, the next one reports it
        assert run(company, export) == []

    assert company.connection().hold == "lexoffice_access_gone"
    assert job(company, job_id)["status"] == "failed"
    assert job(company, job_id)["failureReasonType"] == "accounting_system_authentication_failure"
    assert vouchers(company) == []


def test_without_bookkeeping_in_the_plan_the_job_fails_with_a_reason(company: Linked, export: ModuleType) -> None:
    job_id = click(company, expenses(company))
    company.control_lexoffice("downgrade", status=402)

    assert run(company, export) == []

    assert (job(company, job_id)["status"], job(company, job_id)["failureReasonType"]) == (
        "failed",
        "authorization_failure",
    )
    assert vouchers(company) == []


def test_without_contra_account_the_job_fails_and_the_next_one_works(company: Linked, export: ModuleType) -> None:
    entry_ids = expenses(company)
    company.control_pleo("/contra-account", {"account_external_id": None})
    job_id = click(company, entry_ids)

    assert run(company, export) == []
    assert (job(company, job_id)["status"], job(company, job_id)["failureReasonType"]) == (
        "failed",
        "missing_configuration",
    )

    company.control_pleo("/contra-account", {"account_external_id": company.connection().account_id})
    job_id = click(company, entry_ids)
    assert run(company, export) == []
    assert_each_is_one_voucher(company, job_id, entry_ids)


def test_a_result_that_pleo_did_not_take_is_told_again(company: Linked, export: ModuleType) -> None:
    entry_ids = expenses(company, 2)
    job_id = click(company, entry_ids)
    company.control_pleo(f"/export/{job_id}/refuse-updates", {"entry_ids": entry_ids[:1]})

    assert run(company, export) == []

    assert_each_is_one_voucher(company, job_id, entry_ids)


def test_an_entry_exported_again_keeps_its_voucher(company: Linked, export: ModuleType) -> None:
    entry_ids = expenses(company)
    first = click(company, entry_ids)
    run(company, export)

    second = click(company, entry_ids)
    assert run(company, export) == []

    assert_each_is_one_voucher(company, first, entry_ids)
    assert_each_is_one_voucher(company, second, entry_ids)


def test_what_the_door_logs_holds_no_tokens_and_no_names(
    company: Linked, export: ModuleType, logged: Callable[[], str]
) -> None:
    click(company, expenses(company, 1, note="GEHEIME NOTIZ", attendees=["GEHEIMER GAST"]))
    run(company, export)

    printed = logged()
    assert "expense exported" in printed
    for secret in ("GEHEIM", "Bearer", "access_token", "Muster Handwerk", "signature="):
        assert secret not in printed


@pytest.mark.parametrize("change", [{"delete": True}, {"status": "voided"}])
def test_a_voucher_that_somebody_removed_in_lexoffice_is_made_again(
    company: Linked, export: ModuleType, change: Document
) -> None:
    entry_ids = expenses(company)
    click(company, entry_ids)
    run(company, export)
    (gone,) = vouchers(company)
    company.control_lexoffice(f"vouchers/{gone['id']}", **change)

    again = click(company, entry_ids)
    assert run(company, export) == []

    (item,) = items(company, again).values()
    assert item["status"] == "successful"
    assert item["externalId"] != gone["id"]
    assert item["externalId"] in {voucher["id"] for voucher in vouchers(company)}


@pytest.mark.usefixtures("a_minute_between_runs")
def test_an_item_that_lexoffice_cannot_digest_does_not_stop_the_others(
    company: Linked, export: ModuleType, later: list[tuple[str, int]]
) -> None:
    entry_ids = expenses(company, 3)
    job_id = click(company, entry_ids)
    # Four runs end at the first item, whichever the ledger puts first; then it is left behind.
    company.control_lexoffice("faults", route="vouchers$", method="POST", kind="status", status=500, times=4)

    for _ in range(5):
        if not run(company, export):
            break

    states = sorted(item["status"] for item in items(company, job_id).values())
    assert job(company, job_id)["status"] == "completed_with_errors"
    assert states == ["failed", "successful", "successful"]
    assert len(vouchers(company)) == 2
