"""Sync a company: set it up if requested, then do every duty that is due (shared/flows/syncing/duties.py).

- A failed sync is not retried by the queue but rescheduled with back-off. The queue would retry it five times at its
  own pace and then move it to the dead-letter queue, although the next sync repairs everything.
- A request exists only in the message, so a failed message with requests goes back to the queue.
- A message at which the worker crashed goes back to the queue as well.
"""

from datetime import UTC, datetime

from shared.aws.connections import Connection, Connections, Status
from shared.aws.consume import log_postponed
from shared.aws.queues import CompanyQueue, WakeUp
from shared.aws.stores import Stores
from shared.config import SyncSettings
from shared.domain.connecting.company_state import Hold
from shared.domain.syncing.requests import SyncRequest
from shared.domain.syncing.schedule import error_name, most_severe, next_attempt
from shared.domain.times import utc_text
from shared.errors import AccessGone, Forbidden, IntegrationError, OutOfTime, StoreUnavailable
from shared.flows.connecting.keep_alive import KeepAlive
from shared.flows.connecting.offboarding import Offboarding, is_offboarding
from shared.flows.connecting.rotation import Rotation
from shared.flows.connecting.subscriptions import Subscriptions
from shared.flows.hold import hold
from shared.flows.syncing.duties import DUTIES, Duty
from shared.flows.syncing.proof import Prover
from shared.flows.syncing.set_up import SetUp
from shared.flows.syncing.silence import Silence
from shared.flows.syncing.sync_run import Services, SyncRun
from shared.flows.vendors import SECONDS_FOR_A_CALL, Remaining, Vendors
from shared.telemetry import log_info, log_warning


class CompanySync:
    """Runs companies' syncs for the lifetime of a Lambda execution environment."""

    def __init__(self, stores: Stores, vendors: Vendors, settings: SyncSettings) -> None:
        subscriptions = Subscriptions(
            stores.connections, key_arn=settings.key_arn, events_verifiable=bool(settings.lexoffice_webhook_key)
        )
        self._connections = stores.connections
        self._rotation = Rotation(stores.connections, vendors, subscriptions)
        keep_alive = KeepAlive(stores.connections, vendors, subscriptions, self._rotation)
        feed_queue = CompanyQueue(settings.feed_queue_url)
        self._services = Services(
            stores=stores,
            vendors=vendors,
            feed_queue=feed_queue,
            export_queue=CompanyQueue(settings.export_queue_url),
            keep_alive=keep_alive,
            silence=Silence(stores, vendors, keep_alive),
            prover=Prover(stores, vendors, feed_queue),
        )
        self._set_up = SetUp(stores, vendors, subscriptions, account_system=settings.lexoffice_account_system)
        self._offboarding = Offboarding(stores, vendors)

    def run(self, wake: WakeUp, remaining: Remaining) -> bool:
        """Run one company's sync. Always return False: the next sync does the remaining work.

        Raises IntegrationError if a request must be retried. A scheduled sync that fails is only rescheduled.
        """
        try:
            self._run(wake, lambda: remaining() - SECONDS_FOR_A_CALL)
        except IntegrationError as error:
            _postpone(self._connections, wake.connection_id, error)
            if wake.requests:
                raise
            log_postponed("sync", wake.connection_id, error)
        return False

    def _run(self, wake: WakeUp, remaining: Remaining) -> None:
        connection_id, requests = wake.connection_id, wake.requests
        if requests & {SyncRequest.ROTATE_SECRET, SyncRequest.RETIRE_SECRET}:
            self._rotation.rotate(connection_id, remaining, retire=SyncRequest.RETIRE_SECRET in requests)
            return
        if SyncRequest.SET_UP in requests and not self._set_up.run(connection_id, remaining):
            return
        connection = self._connections.get(connection_id)
        if connection is None:
            return
        if is_offboarding(connection, datetime.now(UTC)):
            self._offboarding.run(connection, remaining)
        elif connection.status is not Status.CONNECTING:
            run = SyncRun(services=self._services, connection=connection, requests=requests, remaining=remaining)
            self._do_duties(run)
        if connection.sync_failures:
            self._connections.change(connection_id, sync_failures=0, sync_error="", failing_since="")

    def _do_duties(self, run: SyncRun) -> None:
        """Do every duty that is due; raise the most severe error at the end."""
        # Wake the feed first: this needs no vendor, so a lost wake-up does not wait until a vendor recovers.
        run.oldest = next(iter(run.services.stores.ledger.open_rows(run.connection_id, 1)), None)
        if run.oldest:
            run.services.feed_queue.wake(run.connection_id, f"sync.{utc_text(datetime.now(UTC))}")
        failures = [failure for duty in DUTIES if (failure := self._do(duty, run))]
        log_info(
            "company synced",
            connection_id=run.connection_id,
            found=run.found,
            waiting=run.waiting,
            catalogue=run.catalogue_synced,
        )
        if failure := most_severe(failures):
            raise failure

    def _do(self, duty: Duty, run: SyncRun) -> IntegrationError | None:
        """Do a duty if it is due; return the error that requires a retry, or None. Lost access holds the company."""
        if run.remaining() <= 0:
            return OutOfTime("more to do than one sync can")
        try:
            if duty.is_due(run, datetime.now(UTC)):
                duty.run(run)
        except (AccessGone, Forbidden) as error:
            hold(self._connections, run.connection_id, Hold.of(error))
        except IntegrationError as error:
            return error
        return None


def _postpone(connections: Connections, connection_id: str, error: IntegrationError) -> None:
    """Record a failure and the time of the next attempt. Unfinished work continues within a minute.

    - If the failure cannot be recorded, the company stays due at its usual time, set when the sync was enqueued.
    - Two simultaneous failures may count as one, which only makes the next attempt earlier.
    """
    try:
        connection = connections.get(connection_id)
        if connection is not None:
            # The write is refused if the company was reconnected or disconnected meanwhile: both set the due time.
            connections.postpone(connection, **_changes(connection, error, datetime.now(UTC)))
    except StoreUnavailable as unavailable:
        log_warning("failure not recorded", connection_id=connection_id, cause=str(unavailable))


def _changes(connection: Connection, error: IntegrationError, now: datetime) -> dict[str, object]:
    if isinstance(error, OutOfTime):
        return {"due_at": utc_text(now)}
    failures = connection.sync_failures + 1
    return {
        "sync_failures": failures,
        "sync_error": error_name(error),
        "failing_since": connection.failing_since or utc_text(now),
        "due_at": utc_text(next_attempt(error, failures, now)),
    }
