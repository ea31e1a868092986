"""Keeping Pleo's categories and tax codes in step with lexoffice: daily, and when somebody asks for it.

A refused list is looked at again every hour: lexoffice may be well again, and nothing is lost meanwhile.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from shared.aws.connections import Connection, Connections, Status
from shared.domain.times import utc_text
from shared.flows.syncing import catalogue
from shared.flows.vendors import Remaining, Vendors
from shared.telemetry import alert, log_info

EVERY = timedelta(hours=24)
AGAIN_AFTER_REFUSAL = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Lists:
    """Syncs companies' lists."""

    connections: Connections
    vendors: Vendors

    def due(self, connection: Connection, now: datetime) -> bool:
        """Whether a day has passed, or an hour since a list was refused."""
        if connection.status is not Status.ACTIVE:
            return False
        return _past(connection.catalogue_synced_at, EVERY, now) and _past(
            connection.catalogue_attempted_at, AGAIN_AFTER_REFUSAL, now
        )

    def sync(self, connection: Connection, remaining: Remaining, *, accepted: bool = False) -> bool:
        """Sync now; False when it was refused, which somebody is told of. Raises vendor errors.

        `accepted` as in shared/flows/syncing/catalogue.py.
        """
        lexoffice = self.vendors.lexoffice(connection, remaining)
        try:
            done = catalogue.sync(
                connection,
                lexoffice.profile(),
                pleo=self.vendors.pleo(connection),
                lexoffice=lexoffice,
                connections=self.connections,
                accepted=accepted,
            )
        except (catalogue.ImplausibleCatalogueError, catalogue.SyncIncompleteError) as error:
            alert("catalogue not synced", connection_id=connection.connection_id, detail=str(error))
            self.connections.change(connection.connection_id, catalogue_attempted_at=utc_text(datetime.now(UTC)))
            return False
        self.connections.change(connection.connection_id, catalogue_synced_at=utc_text(datetime.now(UTC)))
        log_info("lists synced", connection_id=connection.connection_id, **asdict(done))
        return True


def _past(moment: str, wait: timedelta, now: datetime) -> bool:
    return not moment or now - datetime.fromisoformat(moment) >= wait
