"""Hold a company: writing stops, collecting continues, and one alert names the reason."""

from shared.aws.connections import Connections
from shared.domain.connecting.company_state import Hold
from shared.telemetry import alert


def hold(connections: Connections, connection_id: str, reason: Hold) -> None:
    """Hold the company; raise an alert if it was not already held for this reason."""
    if connections.hold(connection_id, reason):
        alert("connection held", connection_id=connection_id, hold=reason.value)
