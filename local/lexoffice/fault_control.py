"""How a fault is ordered: `POST /control/faults`."""

import re
import time
from typing import Literal, cast

from local.lexoffice import report
from local.lexoffice.command import Command, RejectedError
from local.lexoffice.faults import Fault, Kind

FIELDS = "route method times seconds kind status body when organization_id skip hold_seconds"
_KINDS = ("status", "timeout", "reset", "slow", "garbage")


def order_fault(command: Command) -> object:
    """Order a fault; without `times` and `seconds` it hits one call."""
    kind, when = command.text("kind") or "status", command.text("when") or "before"
    if kind not in _KINDS:
        raise RejectedError(f"kind must be one of {', '.join(_KINDS)}")
    if when not in {"before", "after"}:
        raise RejectedError("when must be before or after")
    times, seconds = command.count("times"), command.number("seconds")
    if times is None and seconds is None:
        times = 1
    method = command.text("method")
    hold = command.number("hold_seconds")
    fault = Fault(
        id=command.world.faults.next_id(),
        kind=cast("Kind", kind),
        route=_pattern(command.text("route") or ".*"),
        method=method.upper() if method else None,
        organization_id=command.text("organization_id"),
        status=command.count("status") or 503,
        body=command.body.get("body"),
        when=cast("Literal['before', 'after']", when),
        hold_seconds=30.0 if hold is None else hold,
        times=times,
        until=None if seconds is None else time.monotonic() + seconds,
        skip=command.count("skip") or 0,
    )
    command.world.faults.orders.append(fault)
    return report.fault(fault)


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise RejectedError(f"route is no regular expression: {error}") from error
