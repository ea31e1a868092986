"""What goes wrong during an export ends in a code that a bookkeeper can act on, and in a state that says so."""

import time
from datetime import UTC, datetime
from types import ModuleType

import pytest
from cloud import Document

from shared.aws.exports import ExportItem, Exports, Job, JobState
from shared.aws.vouchers import Vouchers
from shared.domain.exporting.voucher import voucher_number
from shared.flows.exporting import export_item
from shared.pleo import export_items

from .conftest import Linked
from .exporting import assert_each_is_one_voucher, click, expenses, items, job, run, vouchers

HOUR = 3601


def remembered(company: Linked, job_id: str) -> tuple[Job | None, list[ExportItem]]:
    """What our ledger knows of a job and of its items."""
    exports, connection_id = Exports(company.cloud.ledger_table), company.connection().connection_id
    return exports.job(connection_id, job_id), exports.items(connection_id, job_id)


def fault(company: Linked, route: str, **how: object) -> None:
    company.control_lexoffice("faults", **{"route": route, "method": "POST", "kind": "status", **how})


@pytest.mark.usefixtures("a_minute_between_runs")
@pytest.mark.parametrize(
    ("route", "how", "code"),
    [
        ("vouchers$", {"status": 503, "when": "before"}, "EXP-LEXOFFICE-TIMEOUT"),
        ("vouchers$", {"status": 429, "when": "before"}, "EXP-LEXOFFICE-BUSY"),
        ("voucherlist$", {"status": 503, "when": "before", "method": "GET"}, "EXP-LEXOFFICE-DOWN"),
        ("files$", {"status": 503, "when": "before"}, "EXP-RECEIPT-UPLOAD"),
    ],
)
def test_what_lexoffice_failed_at_four_times_is_named(
    company: Linked, export: ModuleType, later: list[tuple[str, int]], *, route: str, how: Document, code: str
) -> None:
    (entry_id,) = expenses(company)
    job_id = click(company, [entry_id])
    if code == "EXP-LEXOFFICE-DOWN":  # the search for a voucher of unknown outcome fails, too
        fault(company, "vouchers$", status=503, times=99)
    fault(company, route, times=99, **how)

    for _ in range(6):
        if not run(company, export):
            break

    item = items(company, job_id)[entry_id]
    assert job(company, job_id)["status"] == "completed_with_errors"
    assert item["failureReason"].endswith(f"[{code}]"), item["failureReason"]
    assert item["failureReasonType"]


def test_an_outage_is_no_items_fault(company: Linked, export: ModuleType, later: list[tuple[str, int]]) -> None:
    entry_ids = expenses(company, 2)
    job_id = click(company, entry_ids)
    _read(company, job_id, export)
    company.control_lexoffice("outage", on=True)

    assert [len(run(company, export)) for _ in range(6)] == [1] * 6

    assert [item.attempts for item in remembered(company, job_id)[1]] == [0, 0]
    company.control_lexoffice("outage", on=False)
    assert run(company, export) == []
    assert_each_is_one_voucher(company, job_id, entry_ids)


def test_an_outage_that_outlasts_the_job_ends_it_with_a_reason_before_pleo_does(
    company: Linked, export: ModuleType, later: list[tuple[str, int]]
) -> None:
    company.control_pleo("/clock", {"advance_seconds": -50 * 60})
    entry_ids = expenses(company, 2)
    job_id = click(company, entry_ids)
    _read(company, job_id, export)  # the last that Pleo hears of us for 50 minutes
    company.control_lexoffice("outage", on=True)

    assert run(company, export) == []

    ended = job(company, job_id)
    assert (ended["status"], ended["failureReasonType"]) == ("failed", "accounting_system_unreachable")
    assert ended["failureReason"].endswith("[EXP-LEXOFFICE-DOWN]")
    closed, abandoned = remembered(company, job_id)
    assert closed is not None
    assert closed.code == "EXP-LEXOFFICE-DOWN"
    assert {item.outcome for item in abandoned} == {"abandoned"}
    company.control_lexoffice("outage", on=False)
    again = click(company, entry_ids)
    assert run(company, export) == []
    assert_each_is_one_voucher(company, again, entry_ids)


def test_a_voucher_in_closed_books_names_its_month(company: Linked, export: ModuleType) -> None:
    entry_ids = expenses(company, 2)
    job_id = click(company, entry_ids)
    first = _read(company, job_id, export)[0]
    company.control_lexoffice("refuse", voucher_number=voucher_number(export_items.parse(first.item)))

    assert run(company, export) == []

    reported = items(company, job_id)
    (refused,) = [item for item in reported.values() if item["status"] == "failed"]
    assert "festgeschrieben" in refused["failureReason"]
    assert refused["failureReason"].endswith("[EXP-PERIOD-CLOSED]")
    assert len(vouchers(company)) == 1


def _read(company: Linked, job_id: str, export: ModuleType) -> list[ExportItem]:
    """Claim the job and write its items down, without time for more."""
    run(company, export, milliseconds=30_000)
    return remembered(company, job_id)[1]


@pytest.mark.parametrize(("how", "code"), [("cancel", "EXP-JOB-CANCELLED"), ("expire", "EXP-JOB-EXPIRED")])
def test_a_job_that_ended_between_two_runs_is_closed_with_its_reason(
    company: Linked, export: ModuleType, *, how: str, code: str
) -> None:
    job_id = click(company, expenses(company, 2))
    _read(company, job_id, export)
    end(company, job_id, how)

    assert run(company, export) == []

    closed, abandoned = remembered(company, job_id)
    assert closed is not None
    assert (closed.state, closed.event, closed.code) == (JobState.FINISHED, "failed", code)
    assert [(item.outcome, item.code) for item in abandoned] == [("abandoned", code)] * 2
    assert all(item.text.endswith(f"[{code}]") for item in abandoned)
    assert vouchers(company) == []


@pytest.mark.parametrize("how", ["cancel", "expire"])
def test_after_a_job_ended_on_the_way_the_next_one_finds_the_vouchers(
    company: Linked, export: ModuleType, monkeypatch: pytest.MonkeyPatch, *, how: str
) -> None:
    entry_ids = expenses(company, 2)
    job_id = click(company, entry_ids)
    made = export_item.ItemExporter.export

    def ends_meanwhile(*arguments: object, **named: object) -> object:
        exported = made(*arguments, **named)  # type: ignore[arg-type]
        if job(company, job_id)["status"] == "in_progress":
            end(company, job_id, how)
        return exported

    monkeypatch.setattr(export_item.ItemExporter, "export", ends_meanwhile)
    assert run(company, export) == []
    closed, _ = remembered(company, job_id)
    assert closed is not None
    assert closed.state is JobState.FINISHED

    again = click(company, entry_ids)
    assert run(company, export) == []
    assert_each_is_one_voucher(company, again, entry_ids)


def end(company: Linked, job_id: str, how: str) -> None:
    if how == "cancel":
        company.control_pleo(f"/export/{job_id}/cancel")
    else:
        company.control_pleo("/clock", {"advance_seconds": HOUR})


def test_a_job_that_pleo_no_longer_knows_stops_nothing(company: Linked, export: ModuleType) -> None:
    exports, connection_id = Exports(company.cloud.ledger_table), company.connection().connection_id
    gone = Job(job_id="33333333-3333-4333-8333-333333333333", state=JobState.RUNNING, created_at="2026-01-01")
    exports.save_job(connection_id, gone, datetime.now(UTC))
    entry_ids = expenses(company)
    job_id = click(company, entry_ids)

    assert run(company, export) == []

    assert_each_is_one_voucher(company, job_id, entry_ids)
    assert exports.open_jobs(connection_id) == []


def test_of_two_workers_at_one_entry_the_slower_one_makes_no_voucher(
    company: Linked, export: ModuleType, later: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """FIFO forbids it; if it happens all the same, the second one stops before it has made anything."""
    entry_ids = expenses(company)
    job_id = click(company, entry_ids)
    _read(company, job_id, export)
    made = export_item.ItemExporter._new_voucher
    seen: list[bool] = []

    def other_worker_first(*arguments: object) -> object:
        if not seen:
            seen.append(True)
            assert run(company, export) == []
        return made(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(export_item.ItemExporter, "_new_voucher", other_worker_first)

    assert len(run(company, export)) == 1  # handed back
    assert run(company, export) == []

    assert_each_is_one_voucher(company, job_id, entry_ids)


def test_a_voucher_that_was_voided_is_not_taken_for_the_one_that_is_made_again(
    company: Linked, export: ModuleType
) -> None:
    entry_ids = expenses(company)
    click(company, entry_ids)
    run(company, export)
    (old,) = vouchers(company)
    company.control_lexoffice(f"vouchers/{old['id']}", status="voided")
    fault(company, "vouchers$", status=504, when="after")

    again = click(company, entry_ids)
    assert run(company, export) == []

    (item,) = items(company, again).values()
    assert item["status"] == "successful"
    assert item["externalId"] != old["id"]
    record = Vouchers(company.cloud.ledger_table).get(company.connection().connection_id, entry_ids[0])
    assert record is not None
    assert record.voucher_id == item["externalId"]


@pytest.mark.parametrize("kind", ["status", "reset"])
def test_a_voucher_that_its_list_shows_late_is_awaited_and_not_made_again(
    company: Linked, export: ModuleType, later: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch, *, kind: str
) -> None:
    company.control_lexoffice("switches", list_delay_seconds=30)
    entry_ids = expenses(company)
    job_id = click(company, entry_ids)
    fault(company, "vouchers$", kind=kind, status=504, when="after")

    for _ in range(3):  # the answer is lost, and the next runs come too early
        assert len(run(company, export)) == 1
    assert len(vouchers(company)) == 1

    company.control_lexoffice("clock", advance_seconds=31)
    assert run(company, export) == []
    assert_each_is_one_voucher(company, job_id, entry_ids)


def test_a_voucher_that_never_arrived_is_made_when_its_absence_proves_something(
    company: Linked, export: ModuleType, later: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry_ids = expenses(company)
    job_id = click(company, entry_ids)
    fault(company, "vouchers$", kind="reset", when="before")
    assert len(run(company, export)) == 1
    assert len(run(company, export)) == 1  # too early
    monkeypatch.setenv("EXPORT_RETRY_SECONDS", "1")
    export._worker.cache_clear()
    time.sleep(1)  # the pause itself is what is tested

    assert run(company, export) == []
    assert_each_is_one_voucher(company, job_id, entry_ids)


def test_what_lexoffice_refused_can_be_exported_again_at_once(company: Linked, export: ModuleType) -> None:
    (entry_id,) = expenses(company)
    job_id = click(company, [entry_id])
    (item,) = _read(company, job_id, export)
    company.control_lexoffice("refuse", voucher_number=voucher_number(export_items.parse(item.item)))
    run(company, export)
    assert items(company, job_id)[entry_id]["status"] == "failed"
    assert company.lexoffice.delete("/control/refuse").is_success

    again = click(company, [entry_id])
    assert run(company, export) == []
    assert_each_is_one_voucher(company, again, [entry_id])
