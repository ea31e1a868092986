"""Problems of a company as a whole, and its access to both vendors. Pure functions.

The status page and `ops` use these decisions; each has its own texts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.connecting.company_state import PLEO_HOLDS, Hold
from shared.domain.lookup.overview import Overview
from shared.domain.syncing.proof import OVERDUE


class Problem(StrEnum):
    """A problem of a company, most severe first."""

    HELD = "held"  # nothing is written; the overview has the reason
    DEAD_LETTERS = "dead_letters"
    BALANCE_UNEXPLAINED = "balance_unexplained"
    SYNC_FAILING = "sync_failing"
    PAUSED = "paused"  # by an operator, who must resume it
    SETUP_UNFINISHED = "setup_unfinished"
    LINES_TO_CHECK = "lines_to_check"  # refused by lexoffice, or held to be checked by hand
    CATALOGUE_REFUSED = "catalogue_refused"
    EXPENSES_NOT_EXPORTED = "expenses_not_exported"
    PROOF_OVERDUE = "proof_overdue"


# Data does not reach lexoffice completely, or the balance may be wrong.
SEVERE = frozenset({Problem.HELD, Problem.DEAD_LETTERS, Problem.BALANCE_UNEXPLAINED, Problem.SYNC_FAILING})
# Problems that the company's admin can solve. The status page lists them.
OF_THE_ADMIN = frozenset(
    {Problem.BALANCE_UNEXPLAINED, Problem.LINES_TO_CHECK, Problem.CATALOGUE_REFUSED, Problem.EXPENSES_NOT_EXPORTED}
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem. `count` is the number of affected lines, expenses or messages, 1 where nothing is counted."""

    problem: Problem
    count: int = 1


def findings_of(overview: Overview, now: datetime, *, dead_letters: int = 0) -> tuple[Finding, ...]:
    """Return the problems of a company, most severe first. A disconnected company has none.

    `dead_letters` is the number of the company's messages in dead-letter queues.
    """
    if overview.status == "disconnected":
        return ()
    return tuple(_findings(overview, now, dead_letters))


def _findings(overview: Overview, now: datetime, dead_letters: int) -> Iterator[Finding]:
    is_held = overview.status == "held"
    proved_at = overview.balance.proved_at or overview.connected_at
    counts = {
        Problem.HELD: is_held and overview.hold != Hold.PAUSED,
        Problem.DEAD_LETTERS: dead_letters,
        Problem.BALANCE_UNEXPLAINED: overview.balance.unexplained != 0,
        Problem.SYNC_FAILING: overview.failing_since is not None,
        Problem.PAUSED: is_held and overview.hold == Hold.PAUSED,
        Problem.SETUP_UNFINISHED: overview.status == "connecting",
        Problem.LINES_TO_CHECK: lines_to_check(overview),
        Problem.CATALOGUE_REFUSED: overview.sync.refused is not None,
        Problem.EXPENSES_NOT_EXPORTED: overview.export.failed_count if overview.export else 0,
        Problem.PROOF_OVERDUE: proved_at is not None and now - proved_at >= OVERDUE,
    }
    yield from (Finding(problem, int(count)) for problem, count in counts.items() if count)


def lines_to_check(overview: Overview) -> int:
    """Count the shown entries that must be checked by hand."""
    return sum(each.needs_check for each in overview.waiting)


def verdict_of(overview: Overview, now: datetime) -> str:
    """Return one word for the company: its hold, else its status if not active, else attention, busy or ok."""
    if overview.status == "held":
        return overview.hold or "held"
    if overview.status != "active":
        return overview.status
    if any(finding.problem in OF_THE_ADMIN for finding in findings_of(overview, now)):
        return "attention"
    return "busy" if overview.done_by else "ok"


def pleo_access(status: str, hold: str) -> str:
    """Return the company's access to Pleo: ok or gone. `hold` is "" unless the company is held."""
    return "gone" if status == "disconnected" or hold in PLEO_HOLDS else "ok"


def lexoffice_access(status: str, hold: str, *, is_linked: bool) -> str:
    """Return the company's access to lexoffice: ok, gone or missing.

    It is missing if no organisation is linked or the finance account is gone.
    """
    if status == "disconnected":
        return "gone"
    if not is_linked or hold == "account_missing":
        return "missing"
    return "gone" if status == "held" and hold not in PLEO_HOLDS | {Hold.PAUSED} else "ok"
