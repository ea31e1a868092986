"""What is wrong with a company: one list, from which page and operator each take their words."""

from dataclasses import replace
from datetime import timedelta

import facts
import pytest

from shared.domain.lookup.company_health import (
    OF_THE_ADMIN,
    SEVERE,
    Finding,
    Problem,
    findings_of,
    lexoffice_access,
    pleo_access,
    verdict_of,
)
from shared.domain.lookup.overview import Overview
from shared.domain.syncing.catalogue import CatalogueRefusal
from shared.domain.syncing.proof import OVERDUE

NOW = facts.NOW
FINE = replace(facts.FINE, balance=replace(facts.FINE.balance, proof=facts.proof()))


@pytest.mark.parametrize(
    ("overview", "dead", "found"),
    [
        (FINE, 0, []),
        (FINE, 2, [Finding(Problem.DEAD_LETTERS, 2)]),
        (replace(FINE, status="held", hold="plan"), 0, [Finding(Problem.HELD)]),
        (replace(FINE, status="held", hold="paused"), 0, [Finding(Problem.PAUSED)]),
        (replace(FINE, status="connecting"), 0, [Finding(Problem.SETUP_UNFINISHED)]),
        (replace(FINE, status="disconnected", waiting=facts.ATTENTION.waiting), 3, []),
        (replace(FINE, failing_since=NOW), 0, [Finding(Problem.SYNC_FAILING)]),
        (
            replace(FINE, waiting=facts.ATTENTION.waiting, export=facts.ATTENTION.export),
            0,
            [Finding(Problem.LINES_TO_CHECK, 2), Finding(Problem.EXPENSES_NOT_EXPORTED, 3)],
        ),
        (replace(FINE, waiting=facts.BUSY.waiting, waiting_count=1240), 0, []),
        (
            replace(FINE, sync=replace(FINE.sync, refused=CatalogueRefusal(reason="removed", count=30, known=95))),
            0,
            [Finding(Problem.CATALOGUE_REFUSED)],
        ),
        (
            replace(FINE, balance=replace(FINE.balance, proof=facts.proof(unexplained=-1))),
            0,
            [Finding(Problem.BALANCE_UNEXPLAINED)],
        ),
    ],
)
def test_each_problem_is_found_where_it_is_and_nowhere_else(
    overview: Overview, dead: int, found: list[Finding]
) -> None:
    assert list(findings_of(overview, NOW, dead_letters=dead)) == found


@pytest.mark.parametrize(("ago", "overdue"), [(OVERDUE, True), (OVERDUE - timedelta(seconds=1), False)])
def test_a_proof_is_overdue_after_as_many_days_as_the_alarm_waits(ago: timedelta, overdue: bool) -> None:
    proved = replace(FINE, balance=replace(FINE.balance, proof=facts.proof(NOW - ago)))
    never = replace(facts.FINE, connected_at=NOW - ago)

    for overview in (proved, never):
        assert (Finding(Problem.PROOF_OVERDUE) in findings_of(overview, NOW)) is overdue


def test_the_worst_comes_first_and_every_problem_can_be_found() -> None:
    worst = replace(
        facts.ATTENTION,
        status="held",
        hold="plan",
        failing_since=NOW,
        sync=replace(FINE.sync, refused=CatalogueRefusal(reason="empty", count=0, known=95)),
        balance=replace(FINE.balance, proof=facts.proof(NOW - OVERDUE, unexplained=1)),
    )
    found = [finding.problem for finding in findings_of(worst, NOW, dead_letters=1)]

    assert found == [problem for problem in Problem if problem not in {Problem.PAUSED, Problem.SETUP_UNFINISHED}]
    assert found[: len(SEVERE)] == [problem for problem in Problem if problem in SEVERE]


def test_expenses_of_which_only_the_number_is_known_still_need_the_admin() -> None:
    """Their details expire 90 days after the export; operator and page said different things then."""
    assert facts.ATTENTION.export is not None
    overview = replace(FINE, export=replace(facts.ATTENTION.export, failed=()))

    assert Problem.EXPENSES_NOT_EXPORTED in OF_THE_ADMIN
    assert findings_of(overview, NOW) == (Finding(Problem.EXPENSES_NOT_EXPORTED, 3),)
    assert verdict_of(overview, NOW) == "attention"


def test_what_only_an_operator_can_solve_does_not_disturb_the_admin() -> None:
    overview = replace(facts.FINE, failing_since=NOW - timedelta(hours=1))

    assert findings_of(overview, NOW)
    assert verdict_of(overview, NOW) == "ok"


@pytest.mark.parametrize(
    ("status", "hold", "is_linked", "pleo", "lexoffice"),
    [
        ("active", "", True, "ok", "ok"),
        ("connecting", "", False, "ok", "missing"),
        ("held", "pleo_access_gone", True, "gone", "ok"),
        ("held", "pleo_scope", True, "gone", "ok"),
        ("held", "lexoffice_access_gone", True, "ok", "gone"),
        ("held", "plan", True, "ok", "gone"),
        ("held", "account_missing", True, "ok", "missing"),
        ("held", "paused", True, "ok", "ok"),
        ("disconnected", "", True, "gone", "gone"),
    ],
)
def test_a_hold_says_which_side_is_gone(status: str, hold: str, is_linked: bool, pleo: str, lexoffice: str) -> None:
    assert (pleo_access(status, hold), lexoffice_access(status, hold, is_linked=is_linked)) == (pleo, lexoffice)
