"""A receipt that arrives in Pleo after the export follows its expense to the voucher in lexoffice."""

import pytest

from .company import Company

pytestmark = pytest.mark.journey


def arrives(company: Company, entry_id: str, *kinds: str) -> None:
    """Somebody adds receipts in Pleo, seconds after the export."""
    company.world.pleo("/clock", advance_seconds=5)
    company.world.pleo(f"/entries/{entry_id}/bookkeeping", add_files=[{"kind": kind} for kind in kinds])


def an_hour_later(company: Company) -> None:
    """The hourly look at receipts is due when the company is synced."""
    company.world.put("ConnectionTable", company.connection | {"receipts_checked_at": "2026-01-01T00:00:00.000000Z"})
    company.sync()


def test_late_receipts_are_attached_within_the_hour_and_once(company: Company) -> None:
    company.set_contra_account()
    with_receipt, without = company.expenses(2)
    company.code(without, files=[])
    job = company.export([with_receipt, without])
    items = company.ends(job, "completed")
    before = {voucher["id"]: voucher["files"] for voucher in company.vouchers}

    arrives(company, with_receipt, "png", "jpeg")
    arrives(company, without, "pdf")
    for _ in range(2):
        an_hour_later(company)

    after = {voucher["id"]: voucher["files"] for voucher in company.vouchers}
    first, second = (items[entry]["externalId"] for entry in (with_receipt, without))
    assert {id_: len(files) for id_, files in after.items()} == {first: 3, second: 1}
    assert after[first][0] == before[first][0]


def test_a_worker_killed_while_it_attaches_a_late_receipt_leaves_one(company: Company) -> None:
    company.set_contra_account()
    (entry,) = company.expenses(1)
    company.ends(company.export([entry]), "completed")
    arrives(company, entry, "png")
    silence = {"route": "files$", "method": "POST", "when": "after", "kind": "timeout", "hold_seconds": 60}
    company.in_lexoffice(faults=silence)

    company.world.put("ConnectionTable", company.connection | {"receipts_checked_at": "2026-01-01T00:00:00.000000Z"})
    company.start_sync()
    struck = lambda: any(fault["hits"] for fault in company.world.lexoffice("/faults", "GET"))  # noqa: E731
    company.world.eventually(struck, what="the upload that is never answered")
    assert company.world.stack.kill_worker("ExportFunction")
    company.world.stack.expire_visibility("ExportQueue")
    company.world.at_rest()

    (voucher,) = company.vouchers
    assert len(voucher["files"]) == 2
