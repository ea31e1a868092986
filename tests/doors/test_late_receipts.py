"""Receipts that arrive in Pleo after the export are attached to the voucher that is there, once each."""

from dataclasses import replace
from datetime import UTC, datetime
from types import ModuleType

import pytest

from shared.aws.connections import Connections
from shared.aws.vouchers import VoucherRecord, Vouchers

from .conftest import Executioner, KilledError, Linked
from .exporting import click, expenses, metrics, run, vouchers


def files(company: Linked) -> list[list[str]]:
    return [voucher["files"] for voucher in vouchers(company)]


def arrives(company: Linked, entry_id: str, kind: str = "pdf", **details: object) -> None:
    """An employee adds a receipt in Pleo, and an hour has passed since anybody looked."""
    company.control_pleo("/clock", {"advance_seconds": 5})
    company.control_pleo(f"/entries/{entry_id}/bookkeeping", {"add_files": [{"kind": kind, **details}], "silent": True})
    an_hour_passes(company)


def an_hour_passes(company: Linked) -> None:
    connections = Connections(company.cloud.connection_table)
    connections.change(company.connection().connection_id, receipts_checked_at="2026-01-01T00:00:00.000000Z")


def record(company: Linked, entry_id: str) -> VoucherRecord:
    found = Vouchers(company.cloud.ledger_table).get(company.connection().connection_id, entry_id)
    assert found
    return found


@pytest.fixture
def exported(company: Linked, export: ModuleType) -> str:
    """An entry that was exported with one receipt."""
    (entry_id,) = expenses(company)
    click(company, [entry_id])
    assert run(company, export) == []
    return entry_id


def test_a_late_receipt_follows_those_that_are_there(company: Linked, export: ModuleType, exported: str) -> None:
    ((first,),) = files(company)
    arrives(company, exported, "png")

    assert run(company, export) == []

    ((kept, late),) = files(company)
    assert kept == first != late
    assert len(vouchers(company)) == 1


def test_an_expense_without_receipt_gets_its_first_one_late(company: Linked, export: ModuleType) -> None:
    (entry_id,) = expenses(company, files=[])
    click(company, [entry_id])
    run(company, export)
    arrives(company, entry_id)

    assert run(company, export) == []

    assert [len(each) for each in files(company)] == [1]


def test_looking_again_changes_nothing(
    company: Linked, export: ModuleType, exported: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arrives(company, exported)
    run(company, export)
    before = files(company)
    capsys.readouterr()

    for _ in range(2):
        an_hour_passes(company)
        assert run(company, export) == []

    assert files(company) == before
    assert metrics(capsys) == {}


def test_nobody_looks_twice_within_an_hour(company: Linked, export: ModuleType, exported: str) -> None:
    an_hour_passes(company)
    run(company, export)
    before = searches(company)

    run(company, export)

    assert searches(company) == before == 2  # after the export, and after the hour


def searches(company: Linked) -> int:
    calls = company.pleo.get("/control/state").json()["calls"]
    return int(calls.get("POST /v1/accounting-entries/receipts:search", 0))


def test_exporting_again_what_came_late_attaches_it_once(company: Linked, export: ModuleType, exported: str) -> None:
    arrives(company, exported, "png")
    click(company, [exported])
    assert run(company, export) == []
    an_hour_passes(company)
    assert run(company, export) == []

    assert [len(each) for each in files(company)] == [2]


def test_a_late_receipt_that_lexoffice_cannot_take_is_told_once_and_the_next_one_comes(
    company: Linked, export: ModuleType, exported: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arrives(company, exported, "heic")
    arrives(company, exported, "broken_pdf")
    arrives(company, exported, "pdf", size=6_000_000)
    arrives(company, exported, "jpeg")
    capsys.readouterr()

    run(company, export)
    assert metrics(capsys) == {"NeedsAttention": 3, "LateReceipts": 1}
    an_hour_passes(company)
    run(company, export)

    assert metrics(capsys) == {}
    assert [len(each) for each in files(company)] == [2]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["status", "reset"])
def test_a_lost_answer_attaches_nothing_twice(
    company: Linked, export: ModuleType, exported: str, *, kind: str, when: str
) -> None:
    arrives(company, exported)
    company.control_lexoffice("faults", route="files$", method="POST", kind=kind, status=504, when=when)

    for _ in range(2):
        assert run(company, export) == []
        an_hour_passes(company)

    assert [len(each) for each in files(company)] == [2]
    assert record(company, exported).uploading == ""


def test_a_run_killed_at_any_moment_attaches_the_receipt_once(
    company: Linked, export: ModuleType, exported: str, executioner: Executioner
) -> None:
    moment, expected = 0, 1
    while True:
        moment += 1
        arrives(company, exported)
        expected += 1
        try:
            with executioner.at(moment):
                run(company, export)
            break
        except KilledError:
            an_hour_passes(company)
            assert run(company, export) == []
        assert [len(each) for each in files(company)] == [expected]

    assert moment > 5


def test_after_three_months_nobody_looks_any_more(company: Linked, export: ModuleType, exported: str) -> None:
    old = record(company, exported)
    vouchers_ = Vouchers(company.cloud.ledger_table)
    connection_id = company.connection().connection_id
    vouchers_.save(connection_id, replace(old, watched_since="2026-01-01"), datetime.now(UTC))
    arrives(company, exported)

    run(company, export)

    assert [len(each) for each in files(company)] == [1]
    assert vouchers_.watched(connection_id) == []


def test_without_the_right_to_read_receipts_the_company_goes_on(
    company: Linked, export: ModuleType, exported: str
) -> None:
    an_hour_passes(company)
    company.control_pleo("/faults", {"route": "receipts:search", "status": 403, "times": 1})

    assert run(company, export) == []
    assert company.connection().hold is None
