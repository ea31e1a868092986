"""Once a day both sides' access is used and our subscriptions are looked after, whatever else a company does.

A refresh token that nobody uses expires (Pleo's after 60 days, https://developers.pleo.io/docs/access-tokens; when
lexoffice's does is not documented, docs/assumptions.md#lexoffice-refresh-life). Access tokens live for minutes or
hours, so a call a day uses the refresh token each day, also for a company that is held and makes no other call.
Subscriptions that a vendor has ended or switched off are made anew; nobody would notice, because polling goes on.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from shared.aws.connections import Connection, Connections, DisconnectedError
from shared.domain.connecting.company_state import ACCESS_GONE, Hold
from shared.domain.syncing.schedule import most_severe
from shared.domain.times import utc_text
from shared.errors import AccessGone, Forbidden, IntegrationError
from shared.flows.connecting.rotation import Rotation
from shared.flows.connecting.subscriptions import Subscriptions
from shared.flows.hold import hold
from shared.flows.vendors import LEXOFFICE, PLEO, Remaining, Vendors
from shared.telemetry import log_info, log_warning


class KeepAlive:
    """Looks after the access of companies."""

    def __init__(
        self, connections: Connections, vendors: Vendors, subscriptions: Subscriptions, rotation: Rotation
    ) -> None:
        self._connections = connections
        self._vendors = vendors
        self._subscriptions = subscriptions
        self._rotation = rotation

    def run(self, connection: Connection, remaining: Remaining) -> None:
        """Look after both sides if a day has passed. Raises vendor errors; the next turn then tries again.

        Access that turns out to be gone holds the company, which is told once. One side that is down does not keep the
        other from being looked after.
        """
        now = datetime.now(UTC)
        try:
            failures = [
                self._check_side(connection, PLEO, lambda: self.webhooks(connection)),
                self._check_side(connection, LEXOFFICE, lambda: self._lexoffice(connection, remaining)),
            ]
        except DisconnectedError:
            return
        if failure := most_severe([each for each in failures if each]):
            raise failure
        self._connections.change(connection.connection_id, access_checked_at=utc_text(now))
        log_info("access kept alive", connection_id=connection.connection_id)

    def webhooks(self, connection: Connection) -> bool:
        """Have Pleo's webhooks sent to us; True when they were not and are now. Raises vendor errors."""
        try:
            now = self._rotation.maintain(connection.connection_id)
        except Forbidden as error:
            # The feed does not need this scope, so the company is not held for it.
            log_warning("webhooks not checked", connection_id=connection.connection_id, cause=str(error))
            return False
        known = {secret.subscription_id for secret in connection.secrets}
        return now.secrets[0].subscription_id not in known

    def _lexoffice(self, connection: Connection, remaining: Remaining) -> None:
        lexoffice = self._vendors.lexoffice(connection, remaining)
        lexoffice.profile()
        if connection.status.may_write:
            self._subscriptions.at_lexoffice(connection, lexoffice)

    def _check_side(self, connection: Connection, vendor: str, run: Callable[[], object]) -> IntegrationError | None:
        """One side, unless its access is known to be gone; why it must be tried again, None when it need not."""
        if connection.hold is ACCESS_GONE[vendor]:
            return None
        try:
            run()
        except (AccessGone, Forbidden) as error:
            hold(self._connections, connection.connection_id, Hold.of(error))
        except IntegrationError as error:
            return error
        return None
