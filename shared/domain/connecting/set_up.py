"""How far a company's set-up has come: its steps in order, and what the person who waits for it should be told.

The worker records each step as it happens (shared/flows/syncing/set_up.py); the progress page shows them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# In this order: the finance account, tax codes and categories, who tells us what, activation at Pleo.
STEPS = ("account", "catalogue", "pleo_webhooks", "lexoffice_events", "activation")
# A step that takes longer has probably lost its worker; going on by hand is then quicker than the queue.
USUAL = timedelta(seconds=30)


class StepState(StrEnum):
    """Where one step stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """A set-up as its page shows it.

    `stopped` names the message that says why it stopped (shared/texts/messages.py), empty while it has not. `slow`: it
    takes longer than usual, so going on by hand is offered.
    """

    steps: tuple[tuple[str, StepState], ...]
    stopped: str
    slow: bool

    @property
    def finished(self) -> bool:
        """Whether every step is done."""
        return all(state is StepState.DONE for _, state in self.steps)


def progress(recorded: Mapping[str, str], *, stopped: str, moved_at: datetime | None, now: datetime) -> Progress:
    """What the recorded steps (name → state) amount to; `moved_at` is when the last one was recorded."""
    steps = tuple((name, StepState(recorded.get(name, StepState.WAITING))) for name in STEPS)
    slow = moved_at is not None and now - moved_at > USUAL
    return Progress(steps, stopped, slow and not stopped)
