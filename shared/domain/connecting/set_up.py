"""Progress of a company's set-up: its steps in order, and what the progress page shows the admin.

The sync worker records each step when it starts and ends (shared/flows/syncing/set_up.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# In this order: finance account, tax codes and categories, webhook subscriptions at both vendors, activation at Pleo.
STEPS = ("account", "catalogue", "pleo_webhooks", "lexoffice_events", "activation")
# A step that takes longer has probably lost its worker. Resuming by hand is then faster than the queue's retry.
USUAL = timedelta(seconds=30)


class StepState(StrEnum):
    """The state of one step."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """A set-up as the progress page shows it.

    - `steps`: name and state of every step, in order.
    - `stopped`: key of the message that says why the set-up stopped (shared/texts/messages.py), "" if it did not.
    - `slow`: the current step takes longer than `USUAL`, so the page offers to resume by hand.
    """

    steps: tuple[tuple[str, StepState], ...]
    stopped: str
    slow: bool

    @property
    def finished(self) -> bool:
        """Whether every step is done."""
        return all(state is StepState.DONE for _, state in self.steps)


def progress(recorded: Mapping[str, str], *, stopped: str, moved_at: datetime | None, now: datetime) -> Progress:
    """Build the progress from the recorded steps (name → state). `moved_at` is when the last step was recorded."""
    steps = tuple((name, StepState(recorded.get(name, StepState.WAITING))) for name in STEPS)
    slow = moved_at is not None and now - moved_at > USUAL
    return Progress(steps, stopped, slow and not stopped)
