"""Context of one company's sync, shared by its duties."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.aws.connections import Connection
from shared.aws.queues import CompanyQueue
from shared.aws.stores import Stores
from shared.domain.feeding.ledger import Row
from shared.domain.syncing.requests import SyncRequest
from shared.flows.connecting.keep_alive import KeepAlive
from shared.flows.syncing.proof import Prover
from shared.flows.syncing.silence import Silence
from shared.flows.vendors import Remaining, Vendors


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Stores, clients and flows that the duties share, built once per process."""

    stores: Stores
    vendors: Vendors
    feed_queue: CompanyQueue
    export_queue: CompanyQueue
    keep_alive: KeepAlive
    silence: Silence
    prover: Prover


@dataclass(slots=True, kw_only=True)
class SyncRun:
    """One sync: the connection as it was read, the requests, and the duties' results so far.

    - `oldest`: the row that has waited longest for the feed, or None.
    - `found`: number of entries read from Pleo.
    - `waiting`: number of those entries that wait for the feed.
    - `payments`: settlement times of the card purchases among those entries.
    - `caught_up`: True once every settled entry is in the ledger.
    """

    services: Services
    connection: Connection
    requests: frozenset[SyncRequest]
    remaining: Remaining
    oldest: Row | None = None
    found: int = 0
    waiting: int = 0
    catalogue_synced: bool = False
    payments: list[datetime] = field(default_factory=list)
    caught_up: bool = False

    @property
    def connection_id(self) -> str:
        """Return the id of the company's connection."""
        return self.connection.connection_id
