"""Raise alerts about silence: missing webhooks, rows that are not fed, no successful sync.

The rules are in shared/domain/syncing/silence.py. A missing webhook subscription is repaired at once.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from shared.aws.connections import Connection, DisconnectedError
from shared.aws.limiter import STEADY_MS
from shared.aws.stores import Stores
from shared.domain.feeding.ledger import Row
from shared.domain.syncing import silence
from shared.domain.syncing.silence import NO_SYNC, NO_WEBHOOKS, NOT_FED, Facts
from shared.domain.times import moment, utc_text
from shared.errors import IntegrationError, OutOfTime, VendorError
from shared.flows.connecting.keep_alive import KeepAlive
from shared.flows.vendors import Remaining, Vendors
from shared.telemetry import alert, count, log_warning


class Silence:
    """Checks for silence, company by company."""

    def __init__(self, stores: Stores, vendors: Vendors, keep_alive: KeepAlive) -> None:
        self._connections = stores.connections
        self._ledger = stores.ledger
        self._pace = stores.pace
        self._vendors = vendors
        self._keep_alive = keep_alive

    def check(
        self, connection: Connection, remaining: Remaining, *, oldest: Row | None, payments: Sequence[datetime]
    ) -> None:
        """Raise the alerts that are due. Raises StoreUnavailable.

        - `oldest`: the row that has waited longest for the feed.
        - `payments`: settlement times of the card purchases that this sync found.

        An alert is raised before it is recorded: after a crash in between it is raised twice rather than never.
        """
        facts = self._facts(connection, oldest, payments)
        due = silence.due_alerts(facts)
        for cause in due:
            count("Silence")
            alert(
                cause, connection_id=connection.connection_id, **self._likely_cause(cause, connection, facts, remaining)
            )
        if due:
            alerted_at = {**connection.alerted_at, **dict.fromkeys(due, utc_text(facts.now))}
            self._connections.change(connection.connection_id, alerted_at=alerted_at)

    def _facts(self, connection: Connection, oldest: Row | None, payments: Sequence[datetime]) -> Facts:
        # Set-up, repeated set-up, or resume: before that, no webhooks were expected and nothing was fed.
        begun = datetime.fromisoformat(max(connection.connected_at, connection.stepped_at, connection.resumed_at))
        last_webhook_at = moment(self._ledger.last_webhook_at(connection.connection_id))
        ready_at = moment(oldest.ready_at) if oldest else None
        # Read the balance only if a row waits: in most syncs none does.
        balance = self._ledger.balance(connection.connection_id, connection.account_id) if ready_at else None
        return Facts(
            now=datetime.now(UTC),
            active=connection.status.may_write,
            payments=payments,
            last_webhook_at=max(last_webhook_at or begun, begun),
            ready_since=max(ready_at, begun) if ready_at else None,
            fed_at=moment(balance.last_line_at) if balance else None,
            failing_since=moment(connection.failing_since),
            synced_at=moment(max(connection.catalogue_synced_at, connection.resumed_at)) or begun,
            alerted_at={cause: datetime.fromisoformat(moment) for cause, moment in connection.alerted_at.items()},
        )

    def _likely_cause(
        self, cause: str, connection: Connection, facts: Facts, remaining: Remaining
    ) -> dict[str, object]:
        """Return the probable cause of an alert for the log, in stable words."""
        if cause == NO_WEBHOOKS:
            return {"missed": silence.missed(facts), "likely": self._repair_webhooks(connection)}
        if cause == NOT_FED:
            return {"likely": self._why_not_fed(connection, facts, remaining)}
        if cause == NO_SYNC:
            return {"likely": connection.sync_error or "lists not synced"}
        raise AssertionError(cause)

    def _repair_webhooks(self, connection: Connection) -> str:
        """Ensure the subscription at once; return the cause that its previous state indicates."""
        try:
            changed = self._keep_alive.webhooks(connection)
        except (IntegrationError, DisconnectedError) as error:
            log_warning("webhooks not checked", connection_id=connection.connection_id, cause=str(error))
            return "subscription not checked"
        return "subscription renewed" if changed else "subscription in order: deliveries fail or are refused"

    def _why_not_fed(self, connection: Connection, facts: Facts, remaining: Remaining) -> str:
        pace = self._pace(connection)
        queued = pace.next_at / 1000 - facts.now.timestamp()
        if pace.interval_ms > 2 * STEADY_MS or queued > _MUCH_QUEUED_SECONDS:
            return "lexoffice limit"
        try:
            self._vendors.lexoffice(connection, remaining).profile()
        except OutOfTime:
            return "unknown"
        except VendorError as error:
            return f"lexoffice: {type(error).__name__}"
        return "feed gave up: dead-letter queue"


# If slots are taken this many seconds ahead, the feed is waiting for lexoffice's rate limit.
_MUCH_QUEUED_SECONDS = 60
