"""Waiting for what a worker was asked to do, as far as it shows in the tables."""

import time
from collections.abc import Callable

from ops.desk import Desk
from shared.aws.connections import Connection, Status

_LOOK_EVERY_SECONDS = 0.5


def awaited[T](desk: Desk, what: str, look: Callable[[], T], *, seconds: float) -> T:
    """Look until there is something true to see, or the time is over; what was seen last.

    Whoever presses Ctrl-C waits no longer; what was asked for is done all the same.
    """
    deadline = time.monotonic() + seconds
    with desk.progress.status(what):
        try:
            while not (seen := look()) and (left := deadline - time.monotonic()) > 0:
                time.sleep(min(_LOOK_EVERY_SECONDS, left))
        except KeyboardInterrupt:
            return look()
    return seen


def setback(before: Connection, now: Connection | None) -> str:
    """Why what was asked of a company's worker did not come about, "" as long as nothing says so.

    Told from what is stored of the company, `before` it was asked and `now`: a clock of ours proves nothing.
    """
    if now is None or now.status is Status.DISCONNECTED:
        return "the company has been disconnected"
    if now.hold and now.hold != before.hold:
        return f"the company is held now: {now.hold}"
    if now.sync_failures and (now.sync_failures, now.failing_since) != (before.sync_failures, before.failing_since):
        return now.sync_error
    return ""
