"""Health of a company for the operator: a level and its reasons."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from shared.domain.lookup.company_health import SEVERE, Finding, Problem, findings_of
from shared.domain.lookup.overview import Overview
from shared.domain.syncing.proof import OVERDUE


class Level(IntEnum):
    """Health level. Higher is worse."""

    DISCONNECTED = 0  # nothing to do
    FINE = 1
    CHECK = 2  # the operator should check
    BROKEN = 3  # something does not reach lexoffice

    @property
    def word(self) -> str:
        """The level's name in lower case, as it is shown."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Health:
    """Level and reasons, the worst reason first."""

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
    """Return the health of a company. `dead`: number of its dead letters."""
    if overview.status == "disconnected":
        return Health(Level.DISCONNECTED, ("disconnected",))
    findings = findings_of(overview, now, dead_letters=dead)
    severe = any(finding.problem in SEVERE for finding in findings)
    level = Level.BROKEN if severe else Level.CHECK if findings else Level.FINE
    return Health(level, tuple(_reason(finding, overview) for finding in findings))


def _reason(finding: Finding, overview: Overview) -> str:
    return _REASONS[finding.problem].format(count=finding.count, hold=overview.hold)
