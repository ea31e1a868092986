"""Holding a company: writing stops, collecting goes on, and somebody is told once, until a person has acted."""

from shared.aws.connections import ACCESS_GONE, Connections
from shared.errors import AccessGone, Forbidden
from shared.telemetry import alert


def reason_of(error: AccessGone | Forbidden) -> str:
    """Name the hold that an error amounts to: a vendor's access, its scope, or lexoffice's plan (402)."""
    if isinstance(error, AccessGone):
        return f"{error.vendor}_{ACCESS_GONE}"
    return "plan" if error.status == 402 else f"{error.vendor}_scope"


def hold(connections: Connections, connection_id: str, reason: str) -> None:
    """Hold the company, and tell somebody if it was not held before."""
    if connections.hold(connection_id, reason):
        alert("connection held", connection_id=connection_id, hold=reason)
