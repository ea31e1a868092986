"""What an admin may ask for from the status page, beyond what a company's turn does by itself.

Each at most once a minute, and only while the company is active; what was asked for before it is done is shown.
"""

from datetime import UTC, datetime
from enum import StrEnum

from shared.aws.connections import Connection, Connections
from shared.aws.queues import SyncQueue


class Wish(StrEnum):
    """The words that the page's forms send."""

    LISTS = "lists"  # sync categories and tax codes now
    ACCEPT = "accept"  # the same, although so many changes at once looked like a fault
    PROOF = "proof"  # prove the balance now, from the start date on


def ask(connection: Connection, wish: Wish, *, connections: Connections, queue: SyncQueue) -> None:
    """Ask the company's turn for it. Raises StoreUnavailable.

    Noted before it is sent: after a crash in between the page promises what does not come, until the turn that is due
    anyway answers; the other way round somebody could fill the queue. Nothing is confirmed that the page did not show.
    """
    connection_id, now = connection.connection_id, datetime.now(UTC)
    match wish:
        case Wish.LISTS:
            if connections.ask(connection_id, "sync", now):
                queue.request_sync(connection_id, catalogue=True)
        case Wish.ACCEPT:
            refused = connections.catalogues.last_changes(connection_id).refused
            if refused and refused.confirmable and connections.ask(connection_id, "accept", now):
                queue.request_sync(connection_id, catalogue=True, accept=True)
        case Wish.PROOF:
            if connections.ask(connection_id, "proof", now):
                queue.request_sync(connection_id, proof=True)
