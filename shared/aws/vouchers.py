"""The vouchers of entries, kept permanently: a later job with the same entry must find its voucher.

Items in LedgerTable: `VOUCHER#<entry id>`, and `INVOICE#<key>`, which links an invoice and its payment. A voucher that
may still get receipts is in the index `work` under `receipts#`.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

from shared.aws import work
from shared.aws.ledger_table import LedgerTable, key
from shared.aws.table import Item, Update, from_item, to_item
from shared.domain.exporting.voucher_facts import BookedColumn, BookedVoucher
from shared.domain.money import Money
from shared.domain.times import utc_text
from shared.errors import Overtaken


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a voucher: its id in lexoffice and the SHA-256 of its bytes in hexadecimal."""

    file_id: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherRecord:
    """The voucher of an entry, stored before it is created: a number without id means an unknown outcome.

    - `intended_at`: when the request to create it was sent, UTC text; "" once lexoffice has refused it.
    - `files`: the uploaded receipts in order; `uploading`: the digest of a receipt whose upload has no known outcome.
    - `job_at`: when the job that exported it was created, by Pleo's clock, UTC text.
    - `watched_since`: since when the worker looks for late receipts in Pleo, "" if it does not.
    - `receipts`: Pleo's ids of the receipts that are handled.
    - `booked`: facts about the booking, None for a voucher from before these were stored.
    - `version`: the number of writes; a write replaces the version that was read, or fails.
    """

    entry_id: str
    number: str
    intended_at: str = ""
    voucher_id: str = ""
    files: tuple[Attachment, ...] = ()
    uploading: str = ""
    hinted: bool = False
    job_at: str = ""
    watched_since: str = ""
    receipts: tuple[str, ...] = ()
    booked: BookedVoucher | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class InvoiceLink:
    """An invoice's entry and the entry of its payment, "" for one that is not exported yet."""

    invoice_entry: str
    payment_entry: str


class Vouchers:
    """All companies' vouchers."""

    def __init__(self, table: str) -> None:
        self._table = LedgerTable(table)

    def get(self, connection_id: str, entry_id: str) -> VoucherRecord | None:
        """Return the voucher of an entry, created or only intended."""
        item = self._table.get(key(connection_id, f"VOUCHER#{entry_id}"))
        return _record(item) if item else None

    def save(self, connection_id: str, record: VoucherRecord, now: datetime) -> VoucherRecord:
        """Store a voucher, before and after each step of its creation, and return it with its new version.

        Raises Overtaken if another worker has written it since it was read: two workers must not both create it.
        """
        saved = replace(record, version=record.version + 1)
        attributes = _attributes(saved) | {"changed_at": utc_text(now)}
        if since := record.watched_since:
            attributes["work"] = f"{work.RECEIPTS}{since}#{record.entry_id}"
        update = Update.setting(
            key(connection_id, f"VOUCHER#{record.entry_id}"),
            attributes,
            remove=["work"],
            condition="#version = :seen" if record.version else "attribute_not_exists(#row)",
            values={"seen": record.version} if record.version else {},
        )
        if not self._table.attempt(update):
            raise Overtaken("the voucher of an entry")
        return saved

    def watched(self, connection_id: str) -> list[VoucherRecord]:
        """Return the vouchers that may still get receipts, oldest first. Strongly consistent read."""
        return [_record(item) for item in self._table.indexed(connection_id, work.RECEIPTS)]

    def all(self, connection_id: str) -> Iterator[VoucherRecord]:
        """Return every voucher of a company, page by page, for support. Eventually consistent read."""
        return (_record(item) for item in self._table.with_prefix(connection_id, "VOUCHER#", consistent=False))

    def invoices(self, connection_id: str) -> Iterator[InvoiceLink]:
        """Return every link of a company's invoices, page by page, for support. Eventually consistent read."""
        return (_link(item) for item in self._table.with_prefix(connection_id, "INVOICE#", consistent=False))

    def link_invoice(
        self, connection_id: str, invoice: str, *, invoice_entry: str = "", payment_entry: str = ""
    ) -> InvoiceLink:
        """Store the entry of an invoice or of its payment, if given. Return the stored entries of both."""
        known = {"invoice_entry": invoice_entry, "payment_entry": payment_entry}
        given = {name: value for name, value in known.items() if value}
        invoice_key = key(connection_id, f"INVOICE#{invoice}")
        item = self._table.update(Update.setting(invoice_key, given)) if given else self._table.get(invoice_key)
        return _link(item or {})


def _link(item: Item) -> InvoiceLink:
    return InvoiceLink(item.get("invoice_entry", ""), item.get("payment_entry", ""))


def _attributes(record: VoucherRecord) -> Item:
    stored = to_item(record) | {"files": [asdict(file) for file in record.files]}
    if record.booked:
        stored["booked"] = asdict(record.booked) | {"day": record.booked.day.isoformat()}
    return stored


def _record(item: Item) -> VoucherRecord:
    return from_item(
        VoucherRecord,
        item,
        files=tuple(Attachment(**file) for file in item["files"]),
        receipts=tuple(item["receipts"]),
        booked=_booked(item["booked"]) if item.get("booked") else None,
    )


def _booked(stored: Item) -> BookedVoucher:
    changed = {
        "day": date.fromisoformat(stored["day"]),
        "columns": tuple(BookedColumn(**column) for column in stored["columns"]),
        "notices": tuple(stored["notices"]),
        "original": Money(**stored["original"]),
    }
    return BookedVoucher(**{**stored, **changed})
