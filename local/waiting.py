"""Wait for an asynchronous result for as long as there is progress, so that a slow machine only takes longer.

A fixed timeout would measure the speed of the machine. No progress for a while means that nothing works on the
result any more.
"""

import time
from collections.abc import Callable

# Longer than every pause between two steps. The longest pause is 160 s, before lexoffice's stand-in retries an event.
SILENCE_SECONDS = 200.0
# The number of checks in a row without a change that count as silence. Silence lasts longer where a check is slow.
_LOOKS = 20
# A check costs processor time that the product needs. Pause three times as long as the check took, within these bounds.
_LEAST_PAUSE_SECONDS = 0.25
_MOST_PAUSE_SECONDS = 5.0
_PAUSE_PER_LOOK = 3


class StalledError(RuntimeError):
    """Nothing has changed for too long. The text is a sentence that names what was awaited."""


def wait_until(
    condition: Callable[[], bool],
    *,
    what: str,
    progress: Callable[[], object],
    silence: float = SILENCE_SECONDS,
    report: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return once `condition` holds.

    - `progress` returns a comparable value that changes with each step towards the condition, and only then.
    - `report` is called each time the condition is false.

    Raise StalledError if `progress` has not changed for `silence` seconds.
    """
    seen, looks = progress(), 0
    moved_at = looked_at = clock()
    while True:
        began = clock()
        if condition():
            return
        if clock() - looked_at >= silence / _LOOKS:
            before, seen, looked_at = seen, progress(), clock()
            looks, moved_at = (looks + 1, moved_at) if seen == before else (0, looked_at)
            if looks >= _LOOKS:
                silent = clock() - moved_at
                raise StalledError(f"The wait for {what} was given up: nothing has moved for {silent:.0f} s.")
        report()
        sleep(min(max(_LEAST_PAUSE_SECONDS, _PAUSE_PER_LOOK * (clock() - began)), _MOST_PAUSE_SECONDS))
