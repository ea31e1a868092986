"""Hold a company: writing stops, collecting goes on, and an alert names the reason once."""

from shared.aws.connections import Connections
from shared.domain.connecting.company_state import Hold
from shared.telemetry import alert


def hold(connections: Connections, connection_id: str, reason: Hold) -> None:
    """Hold the company, and alert if it was not held for this before."""
    if connections.hold(connection_id, reason):
        alert("connection held", connection_id=connection_id, hold=reason.value)
