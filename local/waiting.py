"""Waits for what happens by itself as long as something moves, so that a slow machine only takes longer.

A fixed time would measure the machine. Silence says that nothing works on it any more.
"""

import time
from collections.abc import Callable

# Longer than every pause between two steps: the longest is lexoffice's stand-in repeating an event after 160 s.
SILENCE_SECONDS = 200.0
# A look costs the machine time that those need who are waited for: three times as long nobody looks.
_LEAST_PAUSE_SECONDS = 0.25
_PAUSE_PER_LOOK = 3


class StalledError(RuntimeError):
    """Nothing has moved for too long; the text is a sentence that says what was waited for."""


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

    `progress` returns anything comparable that changes with each step towards it, and only then; `report` is called
    after every look that found the condition false. Raise StalledError when it has not changed for `silence` seconds.
    """
    seen, moved_at = progress(), clock()
    while True:
        began = clock()
        if condition():
            return
        now = progress()
        if now != seen:
            seen, moved_at = now, clock()
        elif clock() - moved_at > silence:
            raise StalledError(f"The wait for {what} was given up: nothing has moved for {silence:.0f} s.")
        report()
        sleep(max(_LEAST_PAUSE_SECONDS, _PAUSE_PER_LOOK * (clock() - began)))
