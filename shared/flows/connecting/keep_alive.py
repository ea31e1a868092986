"""Use the access to both vendors once a day and maintain the webhook and event subscriptions of every company.

- An unused refresh token expires: Pleo's after 60 days (https://developers.pleo.io/docs/access-tokens), lexoffice's
  after an undocumented time (docs/assumptions.md#lexoffice-refresh-life).
- Access tokens expire after minutes or hours. One call a day therefore uses the refresh token daily, even for a held
  company that makes no other call.
- Subscriptions that a vendor ended or deactivated are created again. Their loss would stay unnoticed, because scheduled
  syncs still find every entry.
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
    """Maintains access and subscriptions, company by company."""

    def __init__(
        self, connections: Connections, vendors: Vendors, subscriptions: Subscriptions, rotation: Rotation
    ) -> None:
        self._connections = connections
        self._vendors = vendors
        self._subscriptions = subscriptions
        self._rotation = rotation

    def run(self, connection: Connection, remaining: Remaining) -> None:
        """Maintain access and subscriptions at both vendors. Raises vendor errors; the next sync then retries.

        If access is gone, the company is held, which raises one alert. A failure at one vendor does not stop the other.
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
        """Ensure the subscription to Pleo's webhooks; return True if a new one was created. Raises vendor errors."""
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
        """Run the checks of one vendor unless its access is known to be gone; return the error to retry for, or None.

        If access is found to be gone, hold the company.
        """
        if connection.hold is ACCESS_GONE[vendor]:
            return None
        try:
            run()
        except (AccessGone, Forbidden) as error:
            hold(self._connections, connection.connection_id, Hold.of(error))
        except IntegrationError as error:
            return error
        return None
