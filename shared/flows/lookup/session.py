"""Find the company whose pages a browser may see. Imports no HTTP client: the read-only door uses it too."""

from datetime import datetime

from shared.aws.connections import Connection, Connections, Status
from shared.aws.sessions import Sessions


def connection_of(cookie: str, *, sessions: Sessions, connections: Connections, now: datetime) -> Connection | None:
    """Return the connection of a session cookie, or None if the session is unknown or has ended.

    Disconnecting ends every session of the company that began before.
    """
    session = sessions.find(cookie, now)
    connection = connections.get(session.connection_id) if session else None
    if session is None or connection is None or connection.status is Status.DISCONNECTED:
        return None
    return connection if session.begun_at > connection.signed_out_at else None
