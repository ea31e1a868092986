"""An expense is found by whatever a person has of it, and its life is told as it was lived, against both stand-ins."""

from datetime import UTC, datetime
from types import ModuleType

import pytest
from cloud import Cloud

from shared.aws.exports import Exports
from shared.aws.stores import Stores
from shared.domain.lookup.trace import Branch, Trace
from shared.flows.lookup.trace import Traces

from .conftest import Context, Linked
from .exporting import click, expenses, items, run, vouchers


def tracer(cloud: Cloud) -> Traces:
    """The flow as the door puts it together."""
    return Traces(Stores(cloud))


def found(company: Linked, asked: str) -> list[Trace]:
    return tracer(company.cloud).trace(company.connection().connection_id, asked)


def only(company: Linked, asked: str) -> Trace:
    (trace,) = found(company, asked)
    return trace


def states(trace: Trace) -> str:
    return " ".join(step.state for step in trace.steps)


def book_id(company: Linked, entry_id: str) -> str:
    last = Exports(company.cloud.ledger_table).last_item(company.connection().connection_id, entry_id)
    assert last is not None
    return last.book_id


def test_an_exported_expense_is_found_by_everything_a_person_may_have(company: Linked, export: ModuleType) -> None:
    (entry_id, _) = expenses(company, 2)
    click(company, [entry_id])
    run(company, export)
    (voucher,) = vouchers(company)

    trace = only(company, entry_id)

    assert (trace.entry_id, trace.branch) == (entry_id, Branch.COMPLETE)
    assert states(trace) == "done done done done done done done waiting"
    assert all(step.at is not None for step in trace.steps if step.what in {"accepted", "line", "exported", "voucher"})
    assert (trace.voucher_id, trace.voucher_number) == (voucher["id"], voucher["voucherNumber"])
    assert (trace.line_reference, trace.amount) == (f"pleo-{entry_id}", -1000)
    assert trace.book_id
    for asked in (
        entry_id.upper(),
        f"  {trace.book_id} ",
        voucher["id"],
        voucher["id"].upper(),
        voucher["voucherNumber"],
        voucher["voucherNumber"].lower(),
        f"RE-2026/17 {voucher['voucherNumber']}",
    ):
        assert found(company, asked) == [trace], asked


@pytest.mark.parametrize(
    "asked",
    [
        "",
        " ",
        "4711",
        "PLEO-4711-0123456789",
        "PLEO--0123456789",
        "55555555-5555-4555-8555-555555555551",
        "book#",
        "<script>",
        "\x00",
        "\ud800",
        "x" * 101,
        "x" * 5000,
    ],
)
def test_what_names_nothing_finds_nothing(company: Linked, asked: str) -> None:
    assert found(company, asked) == []
    assert tracer(company.cloud).trace("nobody", asked) == []


def test_another_company_sees_nothing_of_an_expense(company: Linked) -> None:
    (entry_id,) = expenses(company)

    assert tracer(company.cloud).trace("another", entry_id) == []


def test_the_number_of_another_entry_with_the_same_book_id_is_not_taken_for_this_one(
    company: Linked, export: ModuleType
) -> None:
    (entry_id,) = expenses(company)
    click(company, [entry_id])
    run(company, export)
    number = only(company, entry_id).voucher_number

    other = number[:-1] + ("0" if number[-1] != "0" else "1")

    assert found(company, other) == []


def test_all_expenses_of_a_shared_book_id_are_told(company: Linked) -> None:
    ids = expenses(company, 2)
    wire = [{"accountingEntryId": each, "additionalInformation": {"reconciliationId": "4113617"}} for each in ids]
    connection_id = company.connection().connection_id
    Exports(company.cloud.ledger_table).snapshot(connection_id, "job-1", wire, datetime.now(UTC))

    assert sorted(trace.entry_id for trace in found(company, "4113617")) == sorted(ids)


def test_an_expense_that_nobody_exported_says_so(company: Linked) -> None:
    (entry_id,) = expenses(company)

    trace = only(company, entry_id)

    assert trace.branch is Branch.NOT_EXPORTED
    assert states(trace) == "done done done missing missing missing missing missing"


def test_a_payment_that_is_on_its_way_says_so(company: Linked) -> None:
    from functions.sync import app as sync

    entry_id = company.control_pleo("/entries", {"status": "COMPLETED", "amount": 1000})["id"]
    sync.handler(company.message("sync"), Context())

    assert only(company, entry_id).branch is Branch.LINE_WAITING


def test_a_failed_export_says_why_with_its_values(company: Linked, export: ModuleType) -> None:
    (entry_id,) = expenses(company, 1, account_external_id=company.connection().account_id)
    click(company, [entry_id])
    run(company, export)

    trace = only(company, book_id(company, entry_id))

    assert (trace.branch, trace.code) == (Branch.EXPORT_FAILED, "EXP-ACCOUNT-UNKNOWN")
    assert dict(trace.values)["account"]
    assert states(trace) == "done done done failed missing missing missing missing"


def test_without_access_the_common_cause_is_named(company: Linked, export: ModuleType) -> None:
    (entry_id,) = expenses(company)
    click(company, [entry_id])
    company.control_lexoffice("revoke")
    for _ in range(2):
        run(company, export)

    trace = only(company, entry_id)

    assert (trace.branch, trace.hold) == (Branch.COMPANY_HELD, "lexoffice_access_gone")
    assert trace.code == "EXP-ACCESS-GONE"


def test_a_cancelled_export_says_that_it_was_cancelled(company: Linked, export: ModuleType) -> None:
    (entry_id,) = expenses(company)
    job_id = click(company, [entry_id])
    run(company, export, milliseconds=40_000)  # written down, but no time for an item
    company.control_pleo(f"/export/{job_id}/cancel")
    assert only(company, entry_id).branch is Branch.EXPORT_RUNNING

    run(company, export)

    trace = only(company, entry_id)
    assert (trace.branch, trace.code) == (Branch.EXPORT_FAILED, "EXP-JOB-CANCELLED")


def test_a_later_success_is_told_instead_of_an_earlier_failure(company: Linked, export: ModuleType) -> None:
    (entry_id,) = expenses(company, 1, tax_code=None)
    click(company, [entry_id])
    run(company, export)
    assert only(company, entry_id).branch is Branch.EXPORT_FAILED

    company.control_pleo(f"/entries/{entry_id}/bookkeeping", {"tax_code": "DE-19"})
    click(company, [entry_id])
    run(company, export)

    trace = only(company, entry_id)
    assert (trace.branch, trace.code) == (Branch.COMPLETE, "")


def test_a_wallet_movement_is_entered_by_hand(company: Linked) -> None:
    from functions.feed import app as feed
    from functions.sync import app as sync

    order = {"status": "COMPLETED", "amount": 1000, "family": "WALLET", "subFamily": "LOAD"}
    entry_id = company.control_pleo("/entries", order)["id"]
    sync.handler(company.message("sync"), Context())
    feed.handler(company.message("feed"), Context())

    assert only(company, entry_id).branch is Branch.LINE_BY_HAND


def test_the_payment_of_an_invoice_points_to_the_invoices_voucher(company: Linked, export: ModuleType) -> None:
    from .test_export_invoices import entry

    invoice, payment = entry(company, "BILL_INVOICE"), entry(company, "BILL_INVOICE_PAYMENT")
    job_id = click(company, [invoice, payment])
    run(company, export)
    (voucher,) = vouchers(company)
    assert items(company, job_id)[payment]["externalId"] == voucher["id"]

    assert (only(company, payment).voucher_id, only(company, payment).branch) == (voucher["id"], Branch.COMPLETE)
    assert only(company, invoice).voucher_id == voucher["id"]
