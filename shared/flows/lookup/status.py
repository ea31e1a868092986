"""What the status page shows of a company, in a handful of reads. Changes nothing and calls no vendor."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta

from shared.aws.connections import Connection, Status
from shared.aws.days import DayOfLines
from shared.aws.exports import ExportItem, Job, JobState
from shared.aws.ledger import Balance
from shared.aws.ledger_view import Backlog
from shared.aws.stores import Stores
from shared.domain.connecting.company_state import PLEO_HOLDS, Hold
from shared.domain.feeding.ledger import WALLET_CURRENCY, Row
from shared.domain.lookup.overview import Day, FailedItem, LastExport, LastSync, Movement, Overview, Proof, Waiting
from shared.domain.syncing.pace import finish_time
from shared.domain.syncing.proof import Pending
from shared.domain.text import one_line
from shared.domain.times import booking_date
from shared.pleo import export_items

DAYS = 30
_SHOWN = 100
_NAME_LIMIT = 70
# No side has taken anything away.
_OUR_HOLDS = frozenset({Hold.PAUSED})


class StatusBoard:
    """Collects the facts; one per process."""

    def __init__(self, stores: Stores, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._connections = stores.connections
        self._ledger = stores.ledger
        self._view = stores.view
        self._exports = stores.exports
        self._proofs = stores.proofs
        self._pace = stores.pace
        self._now = now

    def overview(self, connection_id: str) -> Overview | None:
        """Everything at a glance; None for a company that is not connected. Raises StoreUnavailable."""
        connection = self._connections.get(connection_id)
        if connection is None:
            return None
        now = self._now()
        waiting = self._view.waiting(connection_id, _SHOWN)
        to_check = self._view.to_check(connection_id, _SHOWN)
        balance = self._ledger.balance(connection_id, connection.account_id)
        job = self._exports.newest_job(connection_id)
        feed_done, export_done = self._estimates(connection, waiting, job, now)
        return Overview(
            company=connection.company_name,
            organisation=connection.organisation_name,
            status=connection.status.value,
            hold=connection.hold or "",
            pleo=_pleo_health(connection),
            lexoffice=_lexoffice_health(connection),
            connected_at=_moment(connection.connected_at),
            caught_up_at=_moment(connection.caught_up_to),
            failing_since=_moment(connection.failing_since),
            next_try_at=_moment(connection.due_at) if connection.failing_since else None,
            last_line_at=_moment(balance.last_line_at),
            waiting=tuple(_waiting(row) for row in (*to_check.oldest, *waiting.oldest)[:_SHOWN]),
            waiting_count=waiting.count + to_check.count,
            waiting_more=waiting.more or to_check.more,
            done_by=feed_done,
            movements=_movements(self._view.by_hand(connection_id, _SHOWN)),
            export=self._last_export(connection_id, job, export_done) if job and job.created_at else None,
            sync=self._last_sync(connection),
            days=self._days(connection_id, booking_date(now)),
            proof=self._proof(connection, balance, waiting.amount, to_check.amount),
        )

    def movements(self, connection_id: str) -> list[Movement]:
        """Every wallet movement that is entered in lexoffice by hand, the newest first. Raises StoreUnavailable."""
        return list(_movements(self._view.by_hand(connection_id)))

    def _estimates(
        self, connection: Connection, waiting: Backlog, job: Job | None, now: datetime
    ) -> tuple[datetime | None, datetime | None]:
        """When the feed's backlog and the running export will be done; None where nobody is working on it."""
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
        found = self._connections.catalogues.last_changes(connection.connection_id)
        asked, at = (
            max(connection.sync_catalogue_requested_at, connection.accept_catalogue_requested_at),
            connection.catalogue_synced_at,
        )
        return LastSync(
            at=_moment(at),
            changed_at=_moment(found.changed_at),
            changes=found.changes,
            more=found.more,
            # One that is refused has been answered, too.
            asked_at=_moment(asked) if asked > max(at, connection.catalogue_attempted_at) else None,
            refused=found.refused,
        )

    def _proof(self, connection: Connection, balance: Balance, waiting: int, failed: int) -> Proof:
        stored = self._proofs.get(connection.connection_id)
        last, asked_at = stored.proof, _moment(connection.prove_balance_requested_at)
        answered = [moment for moment in (last and last.proved_at, stored.tried_at) if moment]
        pending = (last.pending if last else None) or Pending()
        return Proof(
            lines=balance.total - balance.by_hand,
            by_hand=balance.by_hand,
            opening=connection.opening_minor,
            total=connection.opening_minor + balance.total,
            pushed=balance.pushed,
            waiting=waiting,
            failed=failed,
            first_day=connection.start.day if connection.connected_at else None,
            proved_at=last.proved_at if last else None,
            wallet=last.wallet if last else 0,
            unexplained=last.unexplained if last else 0,
            held=last.sums.held if last else 0,
            pending=pending.cents,
            pending_count=pending.count,
            pending_unknown=pending.unknown,
            asked_at=asked_at if asked_at and all(asked_at > moment for moment in answered) else None,
            tried_at=stored.tried_at,
        )

    def _days(self, connection_id: str, today: date) -> tuple[Day, ...]:
        first = today - timedelta(days=DAYS - 1)
        found = {day.day: day for day in self._view.days(connection_id, first, today)}
        return tuple(_day(each, found.get(each)) for each in (first + timedelta(days=number) for number in range(DAYS)))


def _pleo_health(connection: Connection) -> str:
    held = connection.status is Status.HELD and connection.hold in PLEO_HOLDS
    return "gone" if held or connection.status is Status.DISCONNECTED else "ok"


def _lexoffice_health(connection: Connection) -> str:
    if connection.status is Status.DISCONNECTED:
        return "gone"
    held = connection.status is Status.HELD
    if not connection.organisation_id or (held and connection.hold is Hold.ACCOUNT_MISSING):
        return "missing"
    return "gone" if held and connection.hold not in PLEO_HOLDS | _OUR_HOLDS else "ok"


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


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
