"""The export's part of the ledger: jobs, the snapshot of their items with each outcome, the vouchers made for entries.

Items in LedgerTable: `JOB#<job id>`, `EXPORT#<job id>#<entry id>` (kept 90 days), `VOUCHER#<entry id>` (kept for good:
a later job that brings the same entry again must find its voucher). Every method raises StoreUnavailable when AWS does
not do what was asked.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from shared.aws.table import Item, Table, Update
from shared.domain.times import utc_text
from shared.http import encode

SNAPSHOT_KEPT = timedelta(days=90)


class JobState(StrEnum):
    """How far a job has come here; Pleo's own status is another matter."""

    CLAIMED = "claimed"  # `started` was or will be sent; the snapshot is not complete
    RUNNING = "running"  # all items are in the ledger
    FINISHED = "finished"  # the final event was accepted, or the job ended without us


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One export job. `event` is the final event once it is decided: it is never decided twice."""

    job_id: str
    state: JobState
    event: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportItem:
    """One item of a job as Pleo gave it, and what became of it.

    `outcome` is empty while it is work, then "successful" or "failed"; `code`, `failure_type` and `text` say why it
    failed. `reported`: Pleo has accepted the outcome. `attempts` counts the runs that a failure ended at this item.
    """

    job_id: str
    entry_id: str
    item: Mapping[str, Any]
    outcome: str = ""
    code: str = ""
    failure_type: str = ""
    text: str = ""
    voucher_id: str = ""
    reported: bool = False
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherRecord:
    """The voucher of an entry. It is written before the voucher is: a number without id is an unknown outcome.

    `files` are the ids of its uploaded receipts in order, `uploading` says that one more was on its way.
    """

    entry_id: str
    number: str
    voucher_id: str = ""
    files: tuple[str, ...] = ()
    uploading: bool = False
    hinted: bool = False


class Exports:
    """All companies' exports."""

    def __init__(self, table: str) -> None:
        self._table = Table(table)

    def job(self, connection_id: str, job_id: str) -> Job | None:
        """What is known of a job."""
        item = self._table.get(_key(connection_id, f"JOB#{job_id}"))
        return Job(job_id=job_id, state=JobState(item["state"]), event=item["event"]) if item else None

    def save_job(self, connection_id: str, job: Job, now: datetime) -> None:
        """Remember how far a job has come."""
        stored = {"job_id": job.job_id, "state": job.state.value, "event": job.event, "changed_at": utc_text(now)}
        self._table.put({**_key(connection_id, f"JOB#{job.job_id}"), **stored})

    def snapshot(self, connection_id: str, job_id: str, items: Iterable[Mapping[str, Any]], now: datetime) -> None:
        """Write down every item before the first is worked on. Repeating it forgets no outcome."""
        for item in items:
            entry_id = str(item["accountingEntryId"]).lower()
            new = ExportItem(job_id=job_id, entry_id=entry_id, item=item)
            stored = {**_attributes(new), "expires_at": int((now + SNAPSHOT_KEPT).timestamp())}
            del stored["outcome"], stored["reported"]
            self._table.update(
                Update(
                    key=_key(connection_id, f"EXPORT#{job_id}#{entry_id}"),
                    expression="SET "
                    + ", ".join(
                        f"#{name} = if_not_exists(#{name}, :{name})" for name in (*stored, "outcome", "reported")
                    ),
                    names=[*stored, "outcome", "reported"],
                    values={**stored, "outcome": "", "reported": False},
                )
            )

    def items(self, connection_id: str, job_id: str) -> list[ExportItem]:
        """Every item of a job, read consistently."""
        found = self._table.query(
            condition="#connection_id = :company AND begins_with(#row, :job)",
            names=["connection_id", "row"],
            values={"company": connection_id, "job": f"EXPORT#{job_id}#"},
            ConsistentRead=True,
        )
        return [_item(item) for item in found]

    def decide(self, connection_id: str, item: ExportItem) -> None:
        """Record an item's outcome."""
        self._set(connection_id, f"EXPORT#{item.job_id}#{item.entry_id}", _outcome(item))

    def tried(self, connection_id: str, item: ExportItem) -> None:
        """Remember how often an item was tried in vain."""
        self._set(connection_id, f"EXPORT#{item.job_id}#{item.entry_id}", {"attempts": item.attempts})

    def reported(self, connection_id: str, item: ExportItem) -> None:
        """Remember that Pleo knows an item's outcome."""
        self._set(connection_id, f"EXPORT#{item.job_id}#{item.entry_id}", {"reported": True})

    def voucher(self, connection_id: str, entry_id: str) -> VoucherRecord | None:
        """The voucher of an entry, or the intention to make one."""
        item = self._table.get(_key(connection_id, f"VOUCHER#{entry_id}"))
        if item is None:
            return None
        known = {each.name: item[each.name] for each in fields(VoucherRecord) if each.name in item}
        return VoucherRecord(**{**known, "files": tuple(known["files"])})

    def save_voucher(self, connection_id: str, record: VoucherRecord, now: datetime) -> None:
        """Remember a voucher, before and after each step of making it."""
        stored = {each.name: getattr(record, each.name) for each in fields(record)}
        item = {**stored, "files": list(record.files), "changed_at": utc_text(now)}
        self._table.put({**_key(connection_id, f"VOUCHER#{record.entry_id}"), **item})

    def _set(self, connection_id: str, row: str, values: Mapping[str, Any]) -> None:
        self._table.update(
            Update(
                key=_key(connection_id, row),
                expression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
                names=[*values, "row"],
                values=values,
                condition="attribute_exists(#row)",
            )
        )


def _key(connection_id: str, row: str) -> dict[str, str]:
    return {"connection_id": connection_id, "row": row}


def _attributes(item: ExportItem) -> Item:
    return {each.name: getattr(item, each.name) for each in fields(item)} | {"item": encode(item.item)}


def _outcome(item: ExportItem) -> Item:
    names = ("outcome", "code", "failure_type", "text", "voucher_id")
    return {name: getattr(item, name) for name in names}


def _item(stored: Item) -> ExportItem:
    known = {each.name: stored[each.name] for each in fields(ExportItem) if each.name in stored}
    return ExportItem(**{**known, "item": json.loads(known["item"], parse_float=Decimal)})
