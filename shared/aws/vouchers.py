"""The vouchers made for entries, in the ledger for good: a later job that brings an entry again must find its voucher.

Items in LedgerTable: `VOUCHER#<entry id>`, and `INVOICE#<key>`, which brings an invoice and its payment together. A
voucher that may still get receipts is in the index `work` under `receipts#`. Every method raises StoreUnavailable when
AWS does not do what was asked.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from typing import Any

from shared.aws import work
from shared.aws.table import ConditionFailedError, Item, Table, Update
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
    """The voucher of an entry. It is written before the voucher is: a number without id is an unknown outcome.

    `intended_at` (UTC text) is when it was sent off, "" once lexoffice has refused it.
    `files` are its uploaded receipts in order, `uploading` is the digest of one more that was on its way. `job_at` is
    when the job that exported it was created, by Pleo's clock. While `watched_since` says so, receipts that arrive in
    Pleo later are looked for; `receipts` are Pleo's ids of those that are done with. `booked` says how it was booked,
    None for a voucher from before that was kept. `version` counts the writes: each one replaces the one before it or
    fails.
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
    """An invoice's entry and the entry of its payment, "" as long as one has not been exported."""

    invoice_entry: str
    payment_entry: str


class Vouchers:
    """All companies' vouchers."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def get(self, connection_id: str, entry_id: str) -> VoucherRecord | None:
        """The voucher of an entry, or the intention to make one."""
        item = self._table.get(_key(connection_id, f"VOUCHER#{entry_id}"))
        return _record(item) if item else None

    def save(self, connection_id: str, record: VoucherRecord, now: datetime) -> VoucherRecord:
        """Remember a voucher, before and after each step of making it, and return it as it is now stored.

        Raises Overtaken when somebody else has written it since it was read: two workers must not both make it.
        """
        saved = replace(record, version=record.version + 1)
        stored = _attributes(saved) | {"changed_at": utc_text(now)}
        since = record.watched_since
        waiting = {"work": f"{work.RECEIPTS}{since}#{record.entry_id}"} if since else {}
        update = Update(
            key=_key(connection_id, f"VOUCHER#{record.entry_id}"),
            expression="SET "
            + ", ".join(f"#{name} = :{name}" for name in (*stored, *waiting))
            + ("" if waiting else " REMOVE #work"),
            names=[*stored, "work", *([] if record.version else ["row"])],
            values={**stored, **waiting, **({"seen": record.version} if record.version else {})},
            condition="#version = :seen" if record.version else "attribute_not_exists(#row)",
        )
        try:
            self._table.update(update)
        except ConditionFailedError as error:
            raise Overtaken("the voucher of an entry") from error
        return saved

    def watched(self, connection_id: str) -> list[VoucherRecord]:
        """The vouchers that may still get receipts, the oldest first, read consistently."""
        found = self._table.query(
            condition="#connection_id = :company AND begins_with(#work, :receipts)",
            names=["connection_id", "work"],
            values={"company": connection_id, "receipts": work.RECEIPTS},
            IndexName=work.INDEX,
            ConsistentRead=True,
        )
        return [_record(item) for item in found]

    def all(self, connection_id: str) -> Iterator[VoucherRecord]:
        """Every voucher of a company, page by page, read without consistency; for support, not for the hot path."""
        return (_record(item) for item in self._rows(connection_id, "VOUCHER#"))

    def invoices(self, connection_id: str) -> Iterator[InvoiceLink]:
        """What brings each invoice and its payment together, page by page, read without consistency; for support."""
        return (_link(item) for item in self._rows(connection_id, "INVOICE#"))

    def _rows(self, connection_id: str, prefix: str) -> Iterator[Item]:
        return self._table.query(
            condition="#connection_id = :company AND begins_with(#row, :prefix)",
            names=["connection_id", "row"],
            values={"company": connection_id, "prefix": prefix},
        )

    def link_invoice(
        self, connection_id: str, key: str, *, invoice_entry: str = "", payment_entry: str = ""
    ) -> InvoiceLink:
        """Add what is known of an invoice or of its payment and return what is known of both."""
        known = {"invoice_entry": invoice_entry, "payment_entry": payment_entry}
        given = {name: value for name, value in known.items() if value}
        item_key = _key(connection_id, f"INVOICE#{key}")
        if given:
            assignments = ", ".join(f"#{name} = :{name}" for name in given)
            item = self._table.update(Update(item_key, f"SET {assignments}", list(given), given))
        else:
            item = self._table.get(item_key) or {}
        return _link(item)


def _key(connection_id: str, row: str) -> dict[str, str]:
    return {"connection_id": connection_id, "row": row}


def _link(item: Item) -> InvoiceLink:
    return InvoiceLink(item.get("invoice_entry", ""), item.get("payment_entry", ""))


def _attributes(record: VoucherRecord) -> Item:
    stored: dict[str, Any] = {each.name: getattr(record, each.name) for each in fields(record)}
    stored["files"] = [asdict(file) for file in record.files]
    if record.booked:
        stored["booked"] = asdict(record.booked) | {"day": record.booked.day.isoformat()}
    return stored


def _record(item: Item) -> VoucherRecord:
    known = {each.name: item[each.name] for each in fields(VoucherRecord) if each.name in item}
    files = tuple(Attachment(**file) for file in known["files"])
    booked = _booked(known["booked"]) if known.get("booked") else None
    return VoucherRecord(**{**known, "files": files, "receipts": tuple(known["receipts"]), "booked": booked})


def _booked(stored: Item) -> BookedVoucher:
    changed = {
        "day": date.fromisoformat(stored["day"]),
        "columns": tuple(BookedColumn(**column) for column in stored["columns"]),
        "notices": tuple(stored["notices"]),
        "original": Money(**stored["original"]),
    }
    return BookedVoucher(**{**stored, **changed})
