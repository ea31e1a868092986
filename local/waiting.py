"""Waits for what happens by itself as long as something moves, so that a slow machine only takes longer.

A fixed time would measure the machine. Silence says that nothing works on it any more.
"""

import time
from collections.abc import Callable

# Longer than every pause between two steps: the longest is lexoffice's stand-in repeating an event after 160 s.
SILENCE_SECONDS = 200.0
# Silence is so many looks in a row without a change. Where even a look takes long, silence lasts longer, too.
_LOOKS = 20
# A look costs processor time that the product needs: pause three times as long as it took, within these bounds.
_LEAST_PAUSE_SECONDS = 0.25
_MOST_PAUSE_SECONDS = 5.0
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
    each time the condition is found false. Raise StalledError when nothing has changed for `silence` seconds.
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
