"""Read the data of a company's status page in a few reads. Read-only; calls no vendor."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta

from shared.aws.connections import Connection
from shared.aws.days import DayOfLines
from shared.aws.exports import ExportItem, Job, JobState
from shared.aws.ledger import Balance
from shared.aws.ledger_view import Backlog
from shared.aws.proofs import StoredProof
from shared.aws.stores import Stores
from shared.domain.feeding.ledger import WALLET_CURRENCY, Row
from shared.domain.lookup.company_health import lexoffice_access, pleo_access
from shared.domain.lookup.overview import (
    AccountBalance,
    Day,
    FailedItem,
    LastExport,
    LastSync,
    Movement,
    Overview,
    Waiting,
)
from shared.domain.syncing.pace import finish_time
from shared.domain.syncing.requests import DONE_AT, TRIED_AT, SyncRequest, open_requests
from shared.domain.text import one_line
from shared.domain.times import booking_date, moment
from shared.pleo import export_items

DAYS = 30
_SHOWN = 100
_NAME_LIMIT = 70


class StatusBoard:
    """Reads the status page's data; one instance per process."""

    def __init__(self, stores: Stores, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._connections = stores.connections
        self._catalogues = stores.catalogues
        self._ledger = stores.ledger
        self._view = stores.view
        self._exports = stores.exports
        self._proofs = stores.proofs
        self._pace = stores.pace
        self._now = now

    def overview(self, connection_id: str) -> Overview | None:
        """Return the status page's data, or None if the connection does not exist. Raises StoreUnavailable."""
        connection = self._connections.get(connection_id)
        if connection is None:
            return None
        now, status = self._now(), connection.status.value
        hold = connection.hold or ""
        waiting = self._view.waiting(connection_id, _SHOWN)
        to_check = self._view.to_check(connection_id, _SHOWN)
        balance = self._ledger.balance(connection_id, connection.account_id)
        job = self._exports.newest_job(connection_id)
        stored = self._proofs.get(connection_id)
        feed_done, export_done = self._estimates(connection, waiting, job, now)
        return Overview(
            company=connection.company_name,
            organisation=connection.organisation_name,
            status=status,
            hold=hold,
            pleo=pleo_access(status, hold),
            lexoffice=lexoffice_access(status, hold, is_linked=bool(connection.organisation_id)),
            connected_at=moment(connection.connected_at),
            caught_up_at=moment(connection.caught_up_to),
            failing_since=moment(connection.failing_since),
            next_try_at=moment(connection.due_at) if connection.failing_since else None,
            last_line_at=moment(balance.last_line_at),
            waiting=tuple(_waiting(row) for row in (*to_check.oldest, *waiting.oldest)[:_SHOWN]),
            waiting_count=waiting.count + to_check.count,
            waiting_more=waiting.more or to_check.more,
            done_by=feed_done,
            movements=_movements(self._view.by_hand(connection_id, _SHOWN)),
            export=self._last_export(connection_id, job, export_done) if job and job.created_at else None,
            sync=self._last_sync(connection),
            days=self._days(connection_id, booking_date(now)),
            balance=_account_balance(connection, stored, waiting.amount, to_check.amount, balance),
            open_requests=_open_requests(connection, stored),
        )

    def movements(self, connection_id: str) -> list[Movement]:
        """Return the wallet movements to enter in lexoffice by hand, newest first. Raises StoreUnavailable."""
        return list(_movements(self._view.by_hand(connection_id)))

    def _estimates(
        self, connection: Connection, waiting: Backlog, job: Job | None, now: datetime
    ) -> tuple[datetime | None, datetime | None]:
        """Estimate when the feed's backlog and the running export will be done.

        Return None for each that has no work or is done too soon to show, and for both while the company is held.
        """
        if not connection.status.may_write:
            return None, None
        items = job.items - job.successful - job.failed if job and job.state is not JobState.FINISHED else 0
        if not waiting.lines and not items:
            return None, None
        pace = self._pace(connection)
        return finish_time(
            lines=waiting.lines, items=items, interval_ms=pace.interval_ms, next_at_ms=pace.next_at, now=now
        )

    def _last_export(self, connection_id: str, job: Job, done_by: datetime | None) -> LastExport:
        failed = self._exports.failed_items(connection_id, job.job_id, _SHOWN) if job.failed or not job.event else []
        return LastExport(
            job_id=job.job_id,
            created_at=datetime.fromisoformat(job.created_at),
            state=job.state.value,
            event=job.event,
            code=job.code,
            values=tuple(sorted(job.values.items())),
            items=job.items,
            successful=job.successful,
            failed_count=max(job.failed, len(failed)),
            failed=tuple(_failed(item) for item in failed),
            done_by=done_by,
        )

    def _last_sync(self, connection: Connection) -> LastSync:
        found = self._catalogues.last_changes(connection.connection_id)
        return LastSync(
            at=moment(connection.catalogue_synced_at),
            changed_at=moment(found.changed_at),
            changes=found.changes,
            more=found.more,
            refused=found.refused,
        )

    def _days(self, connection_id: str, today: date) -> tuple[Day, ...]:
        first = today - timedelta(days=DAYS - 1)
        found = {day.day: day for day in self._view.days(connection_id, first, today)}
        return tuple(_day(each, found.get(each)) for each in (first + timedelta(days=number) for number in range(DAYS)))


def _account_balance(
    connection: Connection, stored: StoredProof, waiting: int, failed: int, balance: Balance
) -> AccountBalance:
    return AccountBalance(
        lines=balance.total - balance.by_hand,
        by_hand=balance.by_hand,
        opening=connection.opening_minor,
        total=connection.opening_minor + balance.total,
        pushed=balance.pushed,
        waiting=waiting,
        failed=failed,
        first_day=connection.start.day if connection.connected_at else None,
        proof=stored.proof,
        tried_at=stored.tried_at,
    )


def _open_requests(connection: Connection, stored: StoredProof) -> frozenset[SyncRequest]:
    requested = {request: at for request, text in connection.requested_at.items() if (at := moment(text))}
    times = {"proved_at": stored.proof.proved_at if stored.proof else None, "proof_tried_at": stored.tried_at}
    named = {*DONE_AT.values(), *TRIED_AT.values()} - times.keys()
    return open_requests(requested, times | {name: moment(getattr(connection, name)) for name in named})


def _waiting(row: Row) -> Waiting:
    return Waiting(
        entry_id=row.entry_id,
        state=row.state.value,
        reason=row.reason,
        detail=row.detail,
        kind=row.kind,
        amount=row.amount,
        day=row.day,
        counterparty=row.counterparty,
    )


def _movements(rows: Iterable[Row]) -> tuple[Movement, ...]:
    return tuple(
        Movement(entry_id=row.entry_id, kind=row.kind, amount=row.amount, day=row.day) for row in rows if row.day
    )


def _failed(item: ExportItem) -> FailedItem:
    try:
        expense = export_items.parse(item.item)
    except export_items.MalformedExportItemError:
        book_id, amount, merchant = item.book_id, None, ""
    else:
        book_id = expense.book_id
        amount = expense.paid.minor if expense.paid.currency == WALLET_CURRENCY else None
        merchant = expense.supplier.name or expense.vendor.name
    return FailedItem(
        entry_id=item.entry_id,
        book_id=book_id,
        code=item.code,
        values=tuple(sorted(item.values.items())),
        amount=amount,
        merchant=one_line(merchant, _NAME_LIMIT),
    )


def _day(day: date, found: DayOfLines | None) -> Day:
    if found is None or not found.timed:
        return Day(day=day, lines=found.lines if found else 0, mean_delay=None, longest_delay=None)
    mean = found.delay_ms / found.timed / 1000
    return Day(day=day, lines=found.lines, mean_delay=mean, longest_delay=found.longest_ms / 1000)
