"""Wait for a worker. Its progress is visible in the tables only."""

import time
from collections.abc import Callable

from ops.context import CommandContext
from shared.aws.connections import Connection, Status

_POLL_SECONDS = 0.5


def wait_for[T](context: CommandContext, what: str, look: Callable[[], T], *, seconds: float) -> T:
    """Call `look` every half second until it returns a true value or `seconds` have passed. Return its last result.

    Ctrl-C ends the waiting only; the worker continues.
    """
    deadline = time.monotonic() + seconds
    with context.progress.status(f"{what} (Ctrl-C stops waiting, nothing else)"):
        try:
            while not (seen := look()) and (left := deadline - time.monotonic()) > 0:
                time.sleep(min(_POLL_SECONDS, left))
        except KeyboardInterrupt:
            return look()
    return seen


def blocking_reason(before: Connection, now: Connection | None) -> str:
    """Return why the company's worker does not carry out the request, or "".

    Compare the stored company `before` the request with `now`, not times: the operator's clock may differ from AWS's.
    """
    if now is None or now.status is Status.DISCONNECTED:
        return "the company has been disconnected"
    if now.hold and now.hold != before.hold:
        return f"the company is held now: {now.hold}"
    if now.sync_failures and (now.sync_failures, now.failing_since) != (before.sync_failures, before.failing_since):
        return now.sync_error
    return ""
