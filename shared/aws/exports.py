"""The export's part of the ledger: jobs, and the snapshot of their items with each outcome.

Items in LedgerTable: `JOB#<job id>`, and `EXPORT#<job id>#<entry id>` (kept 90 days). A job that is not over is in the
index `work` under `job#`. The vouchers are in shared/aws/vouchers.py. Every method raises StoreUnavailable when AWS
does not do what was asked.
"""

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from typing import Any

from shared.aws.matches import MATCH_WORK
from shared.aws.table import Item, Table, Update
from shared.aws.vouchers import RECEIPTS_WORK
from shared.domain.times import utc_text
from shared.http.wire import encode

SNAPSHOT_KEPT = timedelta(days=90)
_JOB_WORK = "job#"


class JobState(StrEnum):
    """How far a job has come here; Pleo's own status is another matter."""

    CLAIMED = "claimed"  # `started` was or will be sent; the snapshot is not complete
    RUNNING = "running"  # all items are in the ledger
    FINISHED = "finished"  # the final event was accepted, or the job ended without us


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One export job.

    `event` is the final event once it is decided (it is never decided twice), or Pleo's status if the job ended without
    us; `code` says why it failed (docs/errors.md). `created_at` is Pleo's time, UTC text.
    """

    job_id: str
    state: JobState
    created_at: str = ""
    event: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportItem:
    """One item of a job as Pleo gave it, and what became of it.

    `outcome` is empty while it is work, then "successful" or "failed", or "abandoned" when the job ended before;
    `code`, `failure_type` and `text` say why. A success may name in `text` why no suggestion will appear. `reported`:
    Pleo has accepted the outcome. `attempts` counts the runs that a failure ended at this item.
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
        work = {} if job.state is JobState.FINISHED else {"work": f"{_JOB_WORK}{job.created_at}#{job.job_id}"}
        self._table.put({**item, **work, "changed_at": utc_text(now)})

    def open_jobs(self, connection_id: str) -> list[Job]:
        """The company's jobs that are not over for us, oldest first, read consistently."""
        return [_job(item) for item in self._work(connection_id, _JOB_WORK)]

    def waiting(self, connection_id: str, *, matches: bool, receipts: bool) -> bool:
        """Whether the export worker has anything to do that the ledger knows of: open jobs, always.

        With `matches` also vouchers to look at, with `receipts` also those that may still get some.
        """
        kinds = [_JOB_WORK, *([MATCH_WORK] if matches else []), *([RECEIPTS_WORK] if receipts else [])]
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
        self._set(connection_id, item, "outcome", "code", "failure_type", "text", "voucher_id")

    def tried(self, connection_id: str, item: ExportItem) -> None:
        """Remember how often an item was tried in vain."""
        self._set(connection_id, item, "attempts")

    def reported(self, connection_id: str, item: ExportItem) -> None:
        """Remember that Pleo knows an item's outcome."""
        self._set(connection_id, replace(item, reported=True), "reported")

    def _set(self, connection_id: str, item: ExportItem, *names: str) -> None:
        self._table.update(
            Update(
                key=_key(connection_id, f"EXPORT#{item.job_id}#{item.entry_id}"),
                expression="SET " + ", ".join(f"#{name} = :{name}" for name in names),
                names=[*names, "row"],
                values={name: getattr(item, name) for name in names},
                condition="attribute_exists(#row)",
            )
        )

    def _work(self, connection_id: str, kind: str, **options: Any) -> list[Item]:
        found = self._table.query(
            condition="#connection_id = :company AND begins_with(#work, :kind)",
            names=["connection_id", "work"],
            values={"company": connection_id, "kind": kind},
            IndexName="work",
            ConsistentRead=True,
            **options,
        )
        return list(islice(found, options.get("Limit")))


def _key(connection_id: str, row: str) -> dict[str, str]:
    return {"connection_id": connection_id, "row": row}


def _job(item: Item) -> Job:
    known = {each.name: item[each.name] for each in fields(Job) if each.name in item}
    return Job(**{**known, "state": JobState(known["state"])})


def _attributes(item: ExportItem) -> Item:
    """Compressed, because DynamoDB takes 400 KB an item and is paid by the KB; splits and notes can be long."""
    stored = {each.name: getattr(item, each.name) for each in fields(item)}
    return stored | {"item": zlib.compress(encode(item.item).encode())}


def _item(stored: Item) -> ExportItem:
    known = {each.name: stored[each.name] for each in fields(ExportItem) if each.name in stored}
    return ExportItem(**{**known, "item": json.loads(zlib.decompress(known["item"]), parse_float=Decimal)})
