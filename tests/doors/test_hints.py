"""A hint that no export has sent: the export worker sends it when it is told to look at the voucher's match."""

from dataclasses import replace
from datetime import UTC, datetime
from types import ModuleType

import pytest
from cloud import Document

from shared.aws.matches import Matches
from shared.aws.vouchers import VoucherRecord, Vouchers

from .conftest import Executioner, KilledError, Linked
from .exporting import click, expenses, hinted, items, run, vouchers
from .test_export_invoices import entry

HINT = "transaction-assignment-hint"


def without_hint(company: Linked, export: ModuleType) -> tuple[str, str]:
    """An expense with a voucher whose hint lexoffice did not take in four runs: entry and voucher."""
    (entry_id,) = expenses(company)
    job_id = click(company, [entry_id])
    company.control_lexoffice("faults", route=HINT, method="POST", status=503, times=99)
    for _ in range(4):
        run(company, export)
    company.lexoffice.delete("/control/faults")
    assert items(company, job_id)[entry_id]["status"] == "failed"
    (voucher,) = vouchers(company)
    assert hinted(company) == {}
    return entry_id, voucher["id"]


def look_at(company: Linked, export: ModuleType, voucher_id: str) -> None:
    """What `ops resend` does: the match is marked, the worker woken."""
    matches = Matches(company.cloud.ledger_table)
    assert matches.mark_for_review(company.connection().connection_id, voucher_id, datetime.now(UTC))
    assert run(company, export) == []


def record(company: Linked, entry_id: str) -> VoucherRecord:
    found = Vouchers(company.cloud.ledger_table).get(company.connection().connection_id, entry_id)
    assert found is not None
    return found


def forget(company: Linked, entry_id: str) -> None:
    """As if the worker had died between the hint and its record."""
    saved = replace(record(company, entry_id), hinted=False)
    Vouchers(company.cloud.ledger_table).save(company.connection().connection_id, saved, datetime.now(UTC))


def exported(company: Linked, export: ModuleType) -> tuple[str, str]:
    (entry_id,) = expenses(company)
    click(company, [entry_id])
    run(company, export)
    (voucher,) = vouchers(company)
    return entry_id, voucher["id"]


def test_a_missing_hint_is_sent_when_somebody_asks_to_look_at_the_match(company: Linked, export: ModuleType) -> None:
    entry_id, voucher_id = without_hint(company, export)

    look_at(company, export, voucher_id)

    assert hinted(company) == {f"pleo-{entry_id}": voucher_id}
    assert record(company, entry_id).hinted


def test_after_the_exports_snapshot_has_expired_the_ledger_says_which_line_it_is(
    company: Linked, export: ModuleType
) -> None:
    entry_id, voucher_id = without_hint(company, export)
    table = company.cloud.ledger_table
    for item in company.cloud.items(table, "EXPORT#", "row"):
        key = {name: item[name] for name in ("connection_id", "row")}
        company.cloud.client("dynamodb").delete_item(TableName=table, Key=key)

    look_at(company, export, voucher_id)

    assert hinted(company) == {f"pleo-{entry_id}": voucher_id}


def test_looking_twice_sends_one_hint(company: Linked, export: ModuleType) -> None:
    _, voucher_id = without_hint(company, export)
    look_at(company, export, voucher_id)
    calls = route_calls(company)

    look_at(company, export, voucher_id)

    assert route_calls(company) == calls


def test_a_second_hint_that_lexoffice_refuses_changes_nothing_and_is_not_sent_a_third_time(
    company: Linked, export: ModuleType
) -> None:
    entry_id, voucher_id = exported(company, export)
    forget(company, entry_id)
    before = hinted(company)

    look_at(company, export, voucher_id)

    assert hinted(company) == before
    assert record(company, entry_id).hinted
    calls = route_calls(company)
    look_at(company, export, voucher_id)
    assert route_calls(company) == calls


def test_a_match_that_somebody_approved_needs_no_hint(company: Linked, export: ModuleType) -> None:
    entry_id, voucher_id = exported(company, export)
    company.control_lexoffice("proposals/approve", voucher_id=voucher_id)
    forget(company, entry_id)
    calls = route_calls(company)

    look_at(company, export, voucher_id)

    assert route_calls(company) == calls


def test_when_the_hint_fails_the_match_waits_and_the_next_run_sends_it(company: Linked, export: ModuleType) -> None:
    entry_id, voucher_id = without_hint(company, export)
    company.control_lexoffice("faults", route=HINT, method="POST", status=503, times=99)
    matches = Matches(company.cloud.ledger_table)
    matches.mark_for_review(company.connection().connection_id, voucher_id, datetime.now(UTC))
    assert len(run(company, export)) == 1

    company.lexoffice.delete("/control/faults")
    assert run(company, export) == []

    assert hinted(company) == {f"pleo-{entry_id}": voucher_id}


def test_a_worker_killed_at_any_moment_leaves_one_hint_to_the_next_run(
    company: Linked, export: ModuleType, executioner: Executioner
) -> None:
    entry_id, voucher_id = without_hint(company, export)
    matches = Matches(company.cloud.ledger_table)
    moment = 0
    while True:
        forget(company, entry_id)
        matches.mark_for_review(company.connection().connection_id, voucher_id, datetime.now(UTC))
        moment += 1
        try:
            with executioner.at(moment):
                run(company, export)
        except KilledError:
            run(company, export)
            assert record(company, entry_id).hinted, f"killed at moment {moment}"
            assert hinted(company) == {f"pleo-{entry_id}": voucher_id}
            assert matches.waiting(company.connection().connection_id, 25) == []
            continue
        break
    assert moment > 4


def test_a_voucher_that_is_gone_needs_no_hint(company: Linked, export: ModuleType) -> None:
    entry_id, voucher_id = exported(company, export)
    forget(company, entry_id)
    company.control_lexoffice(f"vouchers/{voucher_id}", delete=True)

    look_at(company, export, voucher_id)

    assert not record(company, entry_id).hinted


@pytest.mark.parametrize("paid", [True, False])
def test_an_invoices_hint_goes_to_the_line_of_its_payment_or_waits_for_it(
    company: Linked, export: ModuleType, *, paid: bool
) -> None:
    invoice_id, payment_id = entry(company, "BILL_INVOICE"), entry(company, "BILL_INVOICE_PAYMENT")
    click(company, [invoice_id, payment_id] if paid else [invoice_id])
    run(company, export)
    voucher_id = vouchers(company)[0]["id"]
    if paid:
        forget(company, invoice_id)
    before = hinted(company)

    look_at(company, export, voucher_id)

    assert hinted(company) == before == ({f"pleo-{payment_id}": voucher_id} if paid else {})
    assert record(company, invoice_id).hinted is paid


def route_calls(company: Linked) -> int:
    routes: Document = company.organisation()["calls"]["by_route"]
    return sum(count for route, count in routes.items() if HINT in route)
