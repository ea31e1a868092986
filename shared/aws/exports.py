"""Export jobs, and the snapshot of their items with each outcome.

Items in LedgerTable:

- `JOB#<job id>`.
- `EXPORT#<job id>#<entry id>`: an item of a job, kept for 90 days.
- `ITEM#<entry id>`: the newest job of an entry and its book id, kept permanently.

In the index `work` (shared/aws/work.py) are open jobs, finished jobs, the failed items of a job, and entries by book
id. Vouchers are in shared/aws/vouchers.py.
"""

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from shared.aws import work
from shared.aws.ledger_table import LedgerTable, key
from shared.aws.table import Item, Update, from_item, to_item
from shared.domain.exporting.voucher import book_mark
from shared.domain.times import utc_text
from shared.http.wire import encode

SNAPSHOT_KEPT = timedelta(days=90)
# JSON can contain half a character ("\\ud800"). One in a note must not prevent the export of all other items.
_HALVES = "surrogatepass"


class JobState(StrEnum):
    """The state of a job in this product; Pleo has its own status."""

    CLAIMED = "claimed"  # `started` was or will be sent; the snapshot is not complete
    RUNNING = "running"  # the snapshot is complete
    FINISHED = "finished"  # Pleo accepted the final event, or the job ended without us


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One export job.

    - `created_at`: Pleo's time, UTC text.
    - `event`: the final event, decided once, or Pleo's status if the job ended without us.
    - `code`: why it failed (docs/errors.md); `values` fill the braces of the code's texts.
    - `items`: their number once the snapshot is complete; `successful` and `failed`: the number of these outcomes when
      the job was last saved.
    """

    job_id: str
    state: JobState
    created_at: str = ""
    event: str = ""
    code: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    items: int = 0
    successful: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportItem:
    """One item of a job as Pleo gave it, and its outcome.

    - `outcome`: "" while open, then "successful", "failed", or "abandoned" if the job ended first.
    - `code`, `failure_type`, `text`: why; of a success, `text` says why no suggestion will appear. `values` fill the
      braces of the code's texts in every language.
    - `reported`: Pleo has accepted the outcome.
    - `attempts`: the number of runs that ended with a failure at this item.
    """

    job_id: str
    entry_id: str
    item: Mapping[str, Any]
    outcome: str = ""
    code: str = ""
    failure_type: str = ""
    text: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    voucher_id: str = ""
    reported: bool = False
    attempts: int = 0

    @property
    def book_id(self) -> str:
        """Return the short number that Pleo shows for the entry, "" if the item has no readable one."""
        information = self.item.get("additionalInformation")
        number = information.get("reconciliationId") if isinstance(information, Mapping) else None
        return number if isinstance(number, str) and number.isprintable() else ""


@dataclass(frozen=True, slots=True)
class LastItem:
    """The last export of an entry: its newest job, and its book id in Pleo, "" if Pleo gave none."""

    entry_id: str
    job_id: str
    book_id: str


class Exports:
    """All companies' exports."""

    def __init__(self, table: str) -> None:
        self._table = LedgerTable(table)

    def job(self, connection_id: str, job_id: str) -> Job | None:
        """Return a job, None if the ledger does not know it."""
        item = self._table.get(key(connection_id, f"JOB#{job_id}"))
        return _job(item) if item else None

    def save_job(self, connection_id: str, job: Job, now: datetime) -> None:
        """Store a job's state and progress."""
        kind = work.DONE if job.state is JobState.FINISHED else work.JOB
        entry = {"work": f"{kind}{job.created_at}#{job.job_id}", "changed_at": utc_text(now)}
        self._table.put({**key(connection_id, f"JOB#{job.job_id}"), **to_item(job), **entry})

    def open_jobs(self, connection_id: str) -> list[Job]:
        """Return a company's open export jobs, oldest first. Strongly consistent read."""
        return [_job(item) for item in self._table.indexed(connection_id, work.JOB)]

    def newest_job(self, connection_id: str) -> Job | None:
        """Return the job that was created last, open or finished; None before the first."""
        found = [
            _job(item)
            for kind in (work.JOB, work.DONE)
            for item in self._table.indexed(connection_id, kind, limit=1, ScanIndexForward=False)
        ]
        return max(found, key=lambda job: job.created_at, default=None)

    def waiting(self, connection_id: str, *, matches: bool, receipts: bool) -> bool:
        """Return whether the ledger has work for the export worker.

        Open jobs always count. Matches to review count with `matches`, vouchers that may still get receipts with
        `receipts`.
        """
        kinds = [work.JOB, *([work.MATCH] if matches else []), *([work.RECEIPTS] if receipts else [])]
        return any(any(self._table.indexed(connection_id, kind, limit=1)) for kind in kinds)

    def snapshot(self, connection_id: str, job_id: str, items: Iterable[Mapping[str, Any]], now: datetime) -> None:
        """Store every item of a job before the first is exported. A repeated call changes no outcome."""
        for item in items:
            entry_id = str(item["accountingEntryId"]).lower()
            new = ExportItem(job_id=job_id, entry_id=entry_id, item=item)
            stored = {**_attributes(new), "expires_at": int((now + SNAPSHOT_KEPT).timestamp())}
            expression = "SET " + ", ".join(f"#{name} = if_not_exists(#{name}, :{name})" for name in stored)
            self._table.update(Update(_itemkey(connection_id, new), expression, stored))
            self._table.put(_last_item(connection_id, new))

    def last_item(self, connection_id: str, entry_id: str) -> LastItem | None:
        """Return the last export of an entry, None if it was never exported."""
        item = self._table.get(key(connection_id, f"ITEM#{entry_id}"))
        return from_item(LastItem, item) if item else None

    def last_items(self, connection_id: str, entry_ids: Iterable[str]) -> dict[str, LastItem]:
        """Return the last exports of at most 100 entries, by entry id. Eventually consistent read."""
        found = self._table.get_many([key(connection_id, f"ITEM#{entry_id}") for entry_id in entry_ids])
        return {item["entry_id"]: LastItem(item["entry_id"], item["job_id"], item["book_id"]) for item in found}

    def of_book_mark(self, connection_id: str, mark: str, limit: int) -> list[str]:
        """Return the ids of at most `limit` entries whose book id has this mark (`book_mark`), which is not unique."""
        found = self._table.indexed(connection_id, f"{work.BOOK}{mark.casefold()}#", limit=limit)
        return [item["entry_id"] for item in found]

    def item(self, connection_id: str, job_id: str, entry_id: str) -> ExportItem | None:
        """Return one item of a job, None if its snapshot has expired."""
        item = self._table.get(key(connection_id, f"EXPORT#{job_id}#{entry_id}"))
        return _item(item) if item else None

    def newest_items(self, connection_id: str, last: Iterable[LastItem]) -> dict[str, ExportItem]:
        """Return the unexpired items of at most 100 last exports, by entry id. Eventually consistent read."""
        keys = [key(connection_id, f"EXPORT#{each.job_id}#{each.entry_id}") for each in last]
        return {item["entry_id"]: _item(item) for item in self._table.get_many(keys)}

    def failed_items(self, connection_id: str, job_id: str, limit: int) -> list[ExportItem]:
        """Return at most `limit` failed items of a job."""
        found = self._table.indexed(connection_id, f"{work.FAILED}{job_id}#", limit=limit)
        return [_item(item) for item in found]

    def items(self, connection_id: str, job_id: str) -> list[ExportItem]:
        """Return every item of a job. Strongly consistent read."""
        return [_item(item) for item in self._table.with_prefix(connection_id, f"EXPORT#{job_id}#")]

    def save_outcome(self, connection_id: str, item: ExportItem) -> None:
        """Store an item's outcome. Raises ConditionFailedError if there is no such item."""
        self._set(connection_id, item, "outcome", "code", "failure_type", "text", "values", "voucher_id")

    def record_attempt(self, connection_id: str, item: ExportItem) -> None:
        """Store how many runs have failed at an item. Raises ConditionFailedError if there is no such item."""
        self._set(connection_id, item, "attempts")

    def mark_reported(self, connection_id: str, item: ExportItem) -> None:
        """Store that Pleo has accepted an item's outcome. Raises ConditionFailedError if there is no such item."""
        self._set(connection_id, replace(item, reported=True), "reported")

    def _set(self, connection_id: str, item: ExportItem, *names: str) -> None:
        attributes: Item = {name: getattr(item, name) for name in names}
        if item.outcome == "failed":
            attributes["work"] = f"{work.FAILED}{item.job_id}#{item.entry_id}"
        self._table.update(
            Update.setting(_itemkey(connection_id, item), attributes, condition="attribute_exists(#row)")
        )


def _itemkey(connection_id: str, item: ExportItem) -> dict[str, str]:
    return key(connection_id, f"EXPORT#{item.job_id}#{item.entry_id}")


def _job(item: Item) -> Job:
    return from_item(Job, item, state=JobState(item["state"]))


def _last_item(connection_id: str, item: ExportItem) -> Item:
    mark = book_mark(item.book_id).casefold()
    return {
        **key(connection_id, f"ITEM#{item.entry_id}"),
        "entry_id": item.entry_id,
        "job_id": item.job_id,
        "book_id": item.book_id,
        **({"work": f"{work.BOOK}{mark}#{item.entry_id}"} if mark else {}),
    }


def _attributes(item: ExportItem) -> Item:
    """Return an item's attributes, with Pleo's part compressed: splits and notes can be long.

    DynamoDB limits an item to 400 KB and bills by the KB.
    """
    return to_item(item) | {"item": zlib.compress(encode(item.item).encode(errors=_HALVES))}


def _item(stored: Item) -> ExportItem:
    text = zlib.decompress(stored["item"]).decode(errors=_HALVES)
    return from_item(ExportItem, stored, item=json.loads(text, parse_float=Decimal))
