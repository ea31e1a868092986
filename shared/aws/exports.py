"""The export's part of the ledger: jobs, and the snapshot of their items with each outcome.

Items in LedgerTable: `JOB#<job id>`; `EXPORT#<job id>#<entry id>` (kept 90 days); `ITEM#<entry id>`, which names the
newest job of an entry and its book id, for good. In the index `work` (shared/aws/work.py) are the jobs, those that are
over apart, the failed items of a job, and the entries by book id. The vouchers are in shared/aws/vouchers.py. Every
method raises StoreUnavailable when AWS does not do what was asked.
"""

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from typing import Any

from shared.aws import work
from shared.aws.table import Item, Table, Update
from shared.domain.exporting.voucher import book_mark
from shared.domain.times import utc_text
from shared.http.wire import encode

SNAPSHOT_KEPT = timedelta(days=90)
# JSON can spell halves of characters ("\\ud800"); one in a note must not keep all other items from being exported.
_HALVES = "surrogatepass"


class JobState(StrEnum):
    """How far a job has come here; Pleo's own status is another matter."""

    CLAIMED = "claimed"  # `started` was or will be sent; the snapshot is not complete
    RUNNING = "running"  # all items are in the ledger
    FINISHED = "finished"  # the final event was accepted, or the job ended without us


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One export job.

    `event` is the final event once it is decided (it is never decided twice), or Pleo's status if the job ended without
    us; `code` says why it failed (docs/errors.md), `values` fill the braces of its texts. `created_at` is Pleo's time,
    UTC text. `items` counts them once all are in the ledger, `successful` and `failed` their outcomes when the job was
    last saved.
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
    """One item of a job as Pleo gave it, and what became of it.

    `outcome` is empty while it is work, then "successful" or "failed", or "abandoned" when the job ended before;
    `code`, `failure_type` and `text` say why, `values` fill the braces of the code's texts in any language. A success
    may name in `text` why no suggestion will appear. `reported`: Pleo has accepted the outcome. `attempts` counts the
    runs that a failure ended at this item.
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
        """The short number that people see in Pleo, "" if the item has none that can be read."""
        information = self.item.get("additionalInformation")
        number = information.get("reconciliationId") if isinstance(information, Mapping) else None
        return number if isinstance(number, str) and number.isprintable() else ""


@dataclass(frozen=True, slots=True)
class LastItem:
    """Where an entry was exported last: its newest job, and the book id people know it by, "" if Pleo gave none."""

    entry_id: str
    job_id: str
    book_id: str


class Exports:
    """All companies' exports."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def job(self, connection_id: str, job_id: str) -> Job | None:
        """What is known of a job."""
        item = self._table.get(_key(connection_id, f"JOB#{job_id}"))
        return _job(item) if item else None

    def save_job(self, connection_id: str, job: Job, now: datetime) -> None:
        """Remember how far a job has come."""
        stored = {each.name: getattr(job, each.name) for each in fields(job)}
        item = {**_key(connection_id, f"JOB#{job.job_id}"), **stored, "state": job.state.value}
        kind = work.DONE if job.state is JobState.FINISHED else work.JOB
        self._table.put({**item, "work": f"{kind}{job.created_at}#{job.job_id}", "changed_at": utc_text(now)})

    def open_jobs(self, connection_id: str) -> list[Job]:
        """The company's jobs that are not over for us, oldest first, read consistently."""
        return [_job(item) for item in self._work(connection_id, work.JOB)]

    def newest_job(self, connection_id: str) -> Job | None:
        """The job that was created last, open or over; None before the first."""
        found = [
            _job(item)
            for kind in (work.JOB, work.DONE)
            for item in self._work(connection_id, kind, ScanIndexForward=False, Limit=1)
        ]
        return max(found, key=lambda job: job.created_at, default=None)

    def waiting(self, connection_id: str, *, matches: bool, receipts: bool) -> bool:
        """Whether the export worker has anything to do that the ledger knows of: open jobs, always.

        With `matches` also vouchers to look at, with `receipts` also those that may still get some.
        """
        kinds = [work.JOB, *([work.MATCH] if matches else []), *([work.RECEIPTS] if receipts else [])]
        return any(self._work(connection_id, kind, Limit=1) for kind in kinds)

    def snapshot(self, connection_id: str, job_id: str, items: Iterable[Mapping[str, Any]], now: datetime) -> None:
        """Write down every item before the first is worked on. Repeating it forgets no outcome."""
        for item in items:
            entry_id = str(item["accountingEntryId"]).lower()
            new = ExportItem(job_id=job_id, entry_id=entry_id, item=item)
            stored = {**_attributes(new), "expires_at": int((now + SNAPSHOT_KEPT).timestamp())}
            self._table.update(
                Update(
                    key=_key(connection_id, f"EXPORT#{job_id}#{entry_id}"),
                    expression="SET " + ", ".join(f"#{name} = if_not_exists(#{name}, :{name})" for name in stored),
                    names=[*stored],
                    values=stored,
                )
            )
            self._table.put(_last_item(connection_id, new))

    def last_item(self, connection_id: str, entry_id: str) -> LastItem | None:
        """Where an entry was exported last, None if it never was."""
        item = self._table.get(_key(connection_id, f"ITEM#{entry_id}"))
        return LastItem(item["entry_id"], item["job_id"], item["book_id"]) if item else None

    def last_items(self, connection_id: str, entry_ids: Iterable[str]) -> dict[str, LastItem]:
        """Where entries were exported last, by entry id, read without consistency. At most 100 entries."""
        found = self._table.get_many([_key(connection_id, f"ITEM#{entry_id}") for entry_id in entry_ids])
        return {item["entry_id"]: LastItem(item["entry_id"], item["job_id"], item["book_id"]) for item in found}

    def of_book_mark(self, connection_id: str, mark: str, limit: int) -> list[str]:
        """The entries with a book id, given as the mark that voucher numbers have of it; it need not be unique."""
        found = self._work(connection_id, f"{work.BOOK}{mark.casefold()}#", Limit=limit)
        return [item["entry_id"] for item in found]

    def item(self, connection_id: str, job_id: str, entry_id: str) -> ExportItem | None:
        """One item of a job, None once its snapshot has expired."""
        item = self._table.get(_key(connection_id, f"EXPORT#{job_id}#{entry_id}"))
        return _item(item) if item else None

    def newest_items(self, connection_id: str, last: Iterable[LastItem]) -> dict[str, ExportItem]:
        """The items that `last` names, by entry id, without expired ones. At most 100; read without consistency."""
        keys = [_key(connection_id, f"EXPORT#{each.job_id}#{each.entry_id}") for each in last]
        return {item["entry_id"]: _item(item) for item in self._table.get_many(keys)}

    def failed_items(self, connection_id: str, job_id: str, limit: int) -> list[ExportItem]:
        """Items of a job that failed, at most so many."""
        return [_item(item) for item in self._work(connection_id, f"{work.FAILED}{job_id}#", Limit=limit)]

    def items(self, connection_id: str, job_id: str) -> list[ExportItem]:
        """Every item of a job, read consistently."""
        found = self._table.query(
            condition="#connection_id = :company AND begins_with(#row, :job)",
            names=["connection_id", "row"],
            values={"company": connection_id, "job": f"EXPORT#{job_id}#"},
            ConsistentRead=True,
        )
        return [_item(item) for item in found]

    def save_outcome(self, connection_id: str, item: ExportItem) -> None:
        """Record an item's outcome."""
        self._set(connection_id, item, "outcome", "code", "failure_type", "text", "values", "voucher_id")

    def record_attempt(self, connection_id: str, item: ExportItem) -> None:
        """Remember how often an item was tried in vain."""
        self._set(connection_id, item, "attempts")

    def mark_reported(self, connection_id: str, item: ExportItem) -> None:
        """Remember that Pleo knows an item's outcome."""
        self._set(connection_id, replace(item, reported=True), "reported")

    def _set(self, connection_id: str, item: ExportItem, *names: str) -> None:
        values: dict[str, Any] = {name: getattr(item, name) for name in names}
        if item.outcome == "failed":
            values["work"] = f"{work.FAILED}{item.job_id}#{item.entry_id}"
        self._table.update(
            Update(
                key=_key(connection_id, f"EXPORT#{item.job_id}#{item.entry_id}"),
                expression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
                names=[*values, "row"],
                values=values,
                condition="attribute_exists(#row)",
            )
        )

    def _work(self, connection_id: str, kind: str, **options: Any) -> list[Item]:
        found = self._table.query(
            condition="#connection_id = :company AND begins_with(#work, :kind)",
            names=["connection_id", "work"],
            values={"company": connection_id, "kind": kind},
            IndexName=work.INDEX,
            ConsistentRead=True,
            **options,
        )
        return list(islice(found, options.get("Limit")))


def _key(connection_id: str, row: str) -> dict[str, str]:
    return {"connection_id": connection_id, "row": row}


def _job(item: Item) -> Job:
    known = {each.name: item[each.name] for each in fields(Job) if each.name in item}
    return Job(**{**known, "state": JobState(known["state"])})


def _last_item(connection_id: str, item: ExportItem) -> Item:
    mark = book_mark(item.book_id).casefold()
    return {
        **_key(connection_id, f"ITEM#{item.entry_id}"),
        "entry_id": item.entry_id,
        "job_id": item.job_id,
        "book_id": item.book_id,
        **({"work": f"{work.BOOK}{mark}#{item.entry_id}"} if mark else {}),
    }


def _attributes(item: ExportItem) -> Item:
    """Compressed, because DynamoDB takes 400 KB an item and is paid by the KB; splits and notes can be long."""
    stored = {each.name: getattr(item, each.name) for each in fields(item)}
    return stored | {"item": zlib.compress(encode(item.item).encode(errors=_HALVES))}


def _item(stored: Item) -> ExportItem:
    known = {each.name: stored[each.name] for each in fields(ExportItem) if each.name in stored}
    text = zlib.decompress(known["item"]).decode(errors=_HALVES)
    return ExportItem(**{**known, "item": json.loads(text, parse_float=Decimal)})
