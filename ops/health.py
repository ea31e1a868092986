"""How a company is doing, for the operator: one level, and the reasons in words."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from shared.domain.lookup.company_health import SEVERE, Finding, Problem, findings_of
from shared.domain.lookup.overview import Overview
from shared.domain.syncing.proof import OVERDUE


class Level(IntEnum):
    """The higher, the worse."""

    DISCONNECTED = 0  # nothing to do
    FINE = 1
    CHECK = 2  # an operator should look
    BROKEN = 3  # nothing, or not everything, reaches lexoffice

    @property
    def word(self) -> str:
        """As it is shown."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Health:
    """How bad it is, and why, the worst first."""

    level: Level
    reasons: tuple[str, ...]


_REASONS = {
    Problem.HELD: "held: {hold}",
    Problem.DEAD_LETTERS: "{count} in dead-letter queues",
    Problem.BALANCE_UNEXPLAINED: "balance not explained",
    Problem.SYNC_FAILING: "scheduled syncs fail",
    Problem.PAUSED: "paused",
    Problem.SETUP_UNFINISHED: "set-up not finished",
    Problem.LINES_TO_CHECK: "{count} to check",
    Problem.CATALOGUE_REFUSED: "catalogue refused",
    Problem.EXPENSES_NOT_EXPORTED: "{count} not exported",
    Problem.PROOF_OVERDUE: f"balance not proven for {OVERDUE.days} days",
}


def health_of(overview: Overview, *, dead: int, now: datetime) -> Health:
    """Judge a company; `dead` counts its messages in dead-letter queues."""
    if overview.status == "disconnected":
        return Health(Level.DISCONNECTED, ("disconnected",))
    findings = findings_of(overview, now, dead_letters=dead)
    severe = any(finding.problem in SEVERE for finding in findings)
    level = Level.BROKEN if severe else Level.CHECK if findings else Level.FINE
    return Health(level, tuple(_reason(finding, overview) for finding in findings))


def _reason(finding: Finding, overview: Overview) -> str:
    return _REASONS[finding.problem].format(count=finding.count, hold=overview.hold)
