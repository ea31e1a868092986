"""The vouchers' part of the ledger: kept for good, one writer at a time, watched while receipts may follow."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from cloud import Cloud
from samples import CONNECTION_ID, ENTRY_ID

from shared.aws.exports import Exports
from shared.aws.ledger import Ledger
from shared.aws.vouchers import Attachment, InvoiceLink, VoucherRecord, Vouchers
from shared.domain.exporting.voucher_facts import BookedColumn, BookedVoucher
from shared.domain.money import Money
from shared.errors import Overtaken, StoreUnavailable

NOW = datetime(2026, 1, 12, 10, tzinfo=UTC)
SINCE = "2026-01-12T10:00:00.000000Z"
INTENTION = VoucherRecord(entry_id=ENTRY_ID, number="P-1", job_at=SINCE)
BOOKED = BookedVoucher(
    day=date(2026, 1, 12),
    credit=False,
    columns=(BookedColumn("Bürobedarf", 19, 10_000), BookedColumn("Bürobedarf", 7, 1_900)),
    notices=("NO_RECEIPT",),
    reverse=0,
    foreign=True,
    country="AT",
    original=Money(13_000, "USD"),
)
FILES = (Attachment("f1", "ab" * 32), Attachment("f2", "cd" * 32))


@pytest.fixture
def vouchers(aws: Cloud) -> Vouchers:
    return Vouchers(aws.ledger_table)


def test_an_entry_has_no_voucher_at_first(vouchers: Vouchers) -> None:
    assert vouchers.get(CONNECTION_ID, ENTRY_ID) is None


@pytest.mark.parametrize(
    "record",
    [
        INTENTION,
        replace(INTENTION, voucher_id="v1", files=FILES, uploading="ef" * 32, watched_since=SINCE),
        replace(INTENTION, voucher_id="v1", files=FILES[::-1], hinted=True, receipts=("r1", "r2")),
        replace(INTENTION, booked=BOOKED),
    ],
    ids=["intention", "uploading", "done", "booked"],
)
def test_a_voucher_comes_back_as_it_was_saved(vouchers: Vouchers, record: VoucherRecord) -> None:
    saved = vouchers.save(CONNECTION_ID, record, NOW)

    assert saved == replace(record, version=1)
    assert vouchers.get(CONNECTION_ID, ENTRY_ID) == saved
    assert vouchers.get("another company", ENTRY_ID) is None


def test_the_last_step_of_a_voucher_counts(vouchers: Vouchers) -> None:
    record = vouchers.save(CONNECTION_ID, INTENTION, NOW)
    record = vouchers.save(CONNECTION_ID, replace(record, uploading="x"), NOW)
    record = vouchers.save(CONNECTION_ID, replace(record, uploading="", voucher_id="v1"), NOW)

    assert vouchers.get(CONNECTION_ID, ENTRY_ID) == record
    assert (record.voucher_id, record.version) == ("v1", 3)


def test_of_two_workers_with_the_same_intention_one_is_overtaken(vouchers: Vouchers) -> None:
    vouchers.save(CONNECTION_ID, INTENTION, NOW)

    with pytest.raises(Overtaken):
        vouchers.save(CONNECTION_ID, INTENTION, NOW)


def test_of_two_workers_that_read_the_same_state_one_is_overtaken(vouchers: Vouchers) -> None:
    read = vouchers.save(CONNECTION_ID, INTENTION, NOW)
    faster = vouchers.save(CONNECTION_ID, replace(read, voucher_id="v1"), NOW)

    with pytest.raises(Overtaken):
        vouchers.save(CONNECTION_ID, replace(read, voucher_id="v2"), NOW)
    assert vouchers.get(CONNECTION_ID, ENTRY_ID) == faster


def test_a_voucher_is_watched_until_it_is_said_otherwise(aws: Cloud, vouchers: Vouchers) -> None:
    old = vouchers.save(CONNECTION_ID, replace(INTENTION, entry_id="e1", watched_since="2026-01-01"), NOW)
    new = vouchers.save(CONNECTION_ID, replace(INTENTION, entry_id="e2", watched_since="2026-01-02"), NOW)
    vouchers.save(CONNECTION_ID, replace(INTENTION, entry_id="e3"), NOW)
    vouchers.save("another company", replace(INTENTION, watched_since=SINCE), NOW)

    assert vouchers.watched(CONNECTION_ID) == [old, new]

    vouchers.save(CONNECTION_ID, replace(old, watched_since=""), NOW)
    assert vouchers.watched(CONNECTION_ID) == [new]


def test_a_watched_voucher_is_work_for_the_export_only_and_only_when_receipts_are_due(
    aws: Cloud, vouchers: Vouchers
) -> None:
    vouchers.save(CONNECTION_ID, replace(INTENTION, watched_since=SINCE), NOW)
    exports = Exports(aws.ledger_table)

    assert Ledger(aws.ledger_table).open_rows(CONNECTION_ID, 10) == []
    assert not exports.waiting(CONNECTION_ID, matches=True, receipts=False)
    assert exports.waiting(CONNECTION_ID, matches=True, receipts=True)


def test_an_invoice_and_its_payment_find_each_other_in_either_order(vouchers: Vouchers) -> None:
    assert vouchers.link_invoice(CONNECTION_ID, "k") == InvoiceLink("", "")
    assert vouchers.link_invoice(CONNECTION_ID, "k", payment_entry="p") == InvoiceLink("", "p")
    assert vouchers.link_invoice(CONNECTION_ID, "k", invoice_entry="i") == InvoiceLink("i", "p")
    assert vouchers.link_invoice(CONNECTION_ID, "k") == InvoiceLink("i", "p")
    assert vouchers.link_invoice("another company", "k") == InvoiceLink("", "")


def test_a_voucher_from_before_its_booking_was_kept_is_read_without_it(aws: Cloud, vouchers: Vouchers) -> None:
    vouchers.save(CONNECTION_ID, replace(INTENTION, booked=BOOKED), NOW)
    key = {"connection_id": {"S": CONNECTION_ID}, "row": {"S": f"VOUCHER#{ENTRY_ID}"}}
    aws.client("dynamodb").update_item(TableName=aws.ledger_table, Key=key, UpdateExpression="REMOVE booked")

    found = vouchers.get(CONNECTION_ID, ENTRY_ID)
    assert found is not None
    assert found.booked is None


def test_all_vouchers_and_invoices_of_a_company_can_be_read_and_nobody_elses(vouchers: Vouchers) -> None:
    saved = [vouchers.save(CONNECTION_ID, replace(INTENTION, entry_id=entry), NOW) for entry in ("e1", "e2")]
    vouchers.save("another company", INTENTION, NOW)
    vouchers.link_invoice(CONNECTION_ID, "k", invoice_entry="i", payment_entry="p")
    vouchers.link_invoice("another company", "k", invoice_entry="x")

    assert list(vouchers.all(CONNECTION_ID)) == saved
    assert list(vouchers.invoices(CONNECTION_ID)) == [InvoiceLink("i", "p")]


def test_a_voucher_that_cannot_be_written_is_a_store_that_is_unavailable(aws: Cloud, vouchers: Vouchers) -> None:
    with aws.failing("dynamodb", "UpdateItem"), pytest.raises(StoreUnavailable):
        vouchers.save(CONNECTION_ID, INTENTION, NOW)
    with aws.failing("dynamodb", "Query"), pytest.raises(StoreUnavailable):
        vouchers.watched(CONNECTION_ID)
