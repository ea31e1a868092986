"""The duties of a company's sync in one table: name, interval, when last done, function.

A new duty is one row and one function. Duties run in this order; one that fails does not stop the others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.domain.syncing.requests import SyncRequest
from shared.domain.syncing.schedule import LATE_RECEIPTS_INTERVAL, LastRun, is_due
from shared.domain.times import moment, utc_text
from shared.errors import Forbidden
from shared.flows.syncing.catalogue import sync_catalogue
from shared.flows.syncing.catch_up import catch_up
from shared.flows.syncing.sync_run import SyncRun
from shared.telemetry import log_warning

EVERY_SYNC = timedelta(0)
ONLY_ON_REQUEST = timedelta.max
DAILY = timedelta(hours=24)


def _never_done(_run: SyncRun) -> LastRun:
    return LastRun(done_at=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One row of the table.

    - `last`: returns when the duty was last done.
    - `requests`: each of these requests makes the duty due at once.
    - `needs_active`: skip the duty while the company is held.
    - `needs_catch_up`: do the duty only after this sync has caught up with Pleo.
    """

    name: str
    run: Callable[[SyncRun], None]
    interval: timedelta
    last: Callable[[SyncRun], LastRun] = _never_done
    requests: frozenset[SyncRequest] = frozenset()
    needs_active: bool = False
    needs_catch_up: bool = False

    def __post_init__(self) -> None:
        """Refuse a duty that would run in every sync because nobody says when it was last done."""
        if self.interval not in {EVERY_SYNC, ONLY_ON_REQUEST} and self.last is _never_done:
            raise ValueError(f"the duty {self.name!r} has an interval and no `last`")

    def is_due(self, run: SyncRun, now: datetime) -> bool:
        """Return whether this sync must do the duty."""
        if (self.needs_active and not run.connection.status.may_write) or (self.needs_catch_up and not run.caught_up):
            return False
        if run.requests & self.requests or self.interval == EVERY_SYNC:
            return True
        return self.interval != ONLY_ON_REQUEST and is_due(self.last(run), self.interval, now)


def _check_access(run: SyncRun) -> None:
    """Read lexoffice's profile, which proves whether access is gone. Collecting continues in either case."""
    run.services.vendors.lexoffice(run.connection, run.remaining).profile()


def _wake_export(run: SyncRun) -> None:
    """Wake the export worker if work is open: a webhook may be missing, or the worker may have given up.

    An export job expires after an hour without an update.
    """
    is_waiting = run.services.stores.exports.waiting(
        run.connection_id, matches=run.connection.status.may_write, receipts=False
    )
    if not is_waiting:
        pleo = run.services.vendors.pleo(run.connection)
        try:
            is_waiting = any(pleo.export_jobs(run.connection.company_id, ["pending", "in_progress"]))
        except Forbidden as error:
            # The feed does not need this scope, so the company is not held for it.
            log_warning("export jobs not readable", connection_id=run.connection_id, cause=str(error))
    if is_waiting:
        run.services.export_queue.wake(run.connection_id, f"sync.{utc_text(datetime.now(UTC))}")


def _wake_for_late_receipts(run: SyncRun) -> None:
    """Wake the export worker if a voucher may still get receipts (shared/flows/exporting/late_receipts.py)."""
    if run.services.stores.exports.waiting(run.connection_id, matches=False, receipts=True):
        run.services.export_queue.wake(run.connection_id, f"receipts.{utc_text(datetime.now(UTC))}")


def _check_silence(run: SyncRun) -> None:
    run.services.silence.check(run.connection, run.remaining, oldest=run.oldest, payments=run.payments)


def _sync_catalogue(run: SyncRun) -> None:
    run.catalogue_synced = sync_catalogue(
        run.connection,
        run.remaining,
        stores=run.services.stores,
        vendors=run.services.vendors,
        accepted=SyncRequest.ACCEPT_CATALOGUE in run.requests,
    )


def _maintain_access(run: SyncRun) -> None:
    run.services.keep_alive.run(run.connection, run.remaining)


def _prove_balance(run: SyncRun) -> None:
    is_requested = SyncRequest.PROVE_BALANCE in run.requests
    run.services.prover.run(run.connection, run.remaining, from_start=is_requested)


DUTIES = (
    Duty(
        name="check access",
        run=_check_access,
        interval=ONLY_ON_REQUEST,
        requests=frozenset({SyncRequest.CHECK_ACCESS}),
        needs_active=True,
    ),
    Duty(name="wake export", run=_wake_export, interval=EVERY_SYNC),
    Duty(
        name="wake for late receipts",
        run=_wake_for_late_receipts,
        interval=LATE_RECEIPTS_INTERVAL,
        last=lambda run: LastRun(moment(run.connection.receipts_checked_at)),
        needs_active=True,
    ),
    Duty(name="catch up", run=catch_up, interval=EVERY_SYNC),
    Duty(name="check silence", run=_check_silence, interval=EVERY_SYNC),
    Duty(
        name="sync catalogue",
        run=_sync_catalogue,
        interval=DAILY,
        last=lambda run: LastRun(
            moment(run.connection.catalogue_synced_at), moment(run.connection.catalogue_attempted_at)
        ),
        requests=frozenset({SyncRequest.SYNC_CATALOGUE, SyncRequest.ACCEPT_CATALOGUE}),
        needs_active=True,
    ),
    Duty(
        name="maintain access",
        run=_maintain_access,
        interval=DAILY,
        last=lambda run: LastRun(moment(run.connection.access_checked_at)),
    ),
    # Last, because it may use all the remaining time of several syncs in a row.
    Duty(
        name="prove balance",
        run=_prove_balance,
        interval=DAILY,
        last=lambda run: run.services.prover.last_run(run.connection),
        requests=frozenset({SyncRequest.PROVE_BALANCE}),
        needs_catch_up=True,
    ),
)
