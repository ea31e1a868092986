"""Offboard a disconnected company in its syncs: revoke access at both vendors; later, delete personal data.

- Each step is idempotent and continues where the previous run stopped.
- Our copy of a vendor's tokens is erased even if the vendor does not answer.
- Reconnecting before the deletion is due cancels it.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from shared.aws.connections import Connection, Status
from shared.aws.stores import Stores
from shared.domain.times import utc_text
from shared.errors import AccessGone, NotFound, OutOfTime, VendorError
from shared.flows.vendors import LEXOFFICE, PLEO, Remaining, Vendors
from shared.lexoffice import oauth as lexoffice_oauth
from shared.telemetry import log_info, log_warning


def is_offboarding(connection: Connection, now: datetime) -> bool:
    """Return whether a sync must offboard the company.

    True if it is disconnected, or if its deletion is due before reconnecting is finished.
    """
    due = bool(connection.delete_at) and connection.delete_at <= utc_text(now)
    return connection.status is Status.DISCONNECTED or (connection.status is Status.CONNECTING and due)


class Offboarding:
    """Offboards companies."""

    def __init__(self, stores: Stores, vendors: Vendors) -> None:
        self._connections = stores.connections
        self._erasure = stores.erasure
        self._vendors = vendors

    def run(self, connection: Connection, remaining: Remaining) -> None:
        """Do the step that is due. Raises StoreUnavailable, and OutOfTime if another sync must continue."""
        now = datetime.now(UTC)
        if connection.status is Status.DISCONNECTED and not connection.access_revoked_at:
            self._revoke_access(connection)
        elif connection.delete_at and connection.delete_at <= utc_text(now):
            self._delete(connection, now, remaining)

    def _revoke_access(self, connection: Connection) -> None:
        """Revoke access at both vendors; erase the tokens whether or not a vendor confirms."""
        connection_id = connection.connection_id
        unconfirmed = []
        for vendor, end in ((LEXOFFICE, self._end_lexoffice), (PLEO, self._end_pleo)):
            if not _end_and_confirm(connection, vendor, end):
                unconfirmed.append(vendor)
            self._vendors.tokens.erase(connection_id, vendor)
        recorded = self._connections.change_if_disconnected(
            connection,
            access_revoked_at=utc_text(datetime.now(UTC)),
            unconfirmed=" ".join(unconfirmed),
            due_at=connection.delete_at,
        )
        log_info("access revoked", connection_id=connection_id, unconfirmed=" ".join(unconfirmed), recorded=recorded)

    def _delete(self, connection: Connection, now: datetime, remaining: Remaining) -> None:
        connection_id = connection.connection_id
        # An admin who started to reconnect and did not finish left new tokens behind.
        for vendor in (LEXOFFICE, PLEO):
            self._vendors.tokens.erase(connection_id, vendor)
        if not self._erasure.erase(connection_id, connection.delete_at, now, go_on=lambda: remaining() > 0):
            raise OutOfTime("more to delete than one sync can do")
        self._connections.erase_names(connection_id, connection.delete_at, utc_text(now))
        log_info("personal data deleted", connection_id=connection_id)

    def _end_lexoffice(self, connection: Connection) -> None:
        """Revoke the refresh token, which also removes its event subscriptions."""
        self._vendors.revoke_lexoffice(
            connection,
            lambda token: lexoffice_oauth.revoke(
                self._vendors.lexoffice_auth, client=self._vendors.lexoffice_credentials, refresh_token=token
            ),
        )

    def _end_pleo(self, connection: Connection) -> None:
        """Delete our webhook subscriptions, then the installation.

        Subscriptions may outlive the installation (docs/assumptions.md#pleo-subscription-life).
        """
        pleo = self._vendors.pleo(connection)
        try:
            for row in pleo.subscriptions():
                if row.endpoint_url.endswith(f"/{connection.connection_id}") and row.deleted_at is None:
                    pleo.delete_subscription(row.id)
        except VendorError as error:
            if isinstance(error, AccessGone) or error.status is None:
                raise  # another call could use up the time that is needed to erase the tokens
            log_warning("webhooks not unsubscribed", connection_id=connection.connection_id, cause=str(error))
        pleo.delete_installation()


def _end_and_confirm(connection: Connection, vendor: str, end: Callable[[Connection], None]) -> bool:
    """Revoke access at one vendor; return whether the vendor confirmed it."""
    try:
        end(connection)
    except (AccessGone, NotFound):
        return True  # access had already ended
    except VendorError as error:
        log_warning("end not confirmed", connection_id=connection.connection_id, vendor=vendor, cause=str(error))
        return False
    return True
