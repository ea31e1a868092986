"""The feed worker dies (SIGKILL) in the middle of a drain; SQS shows its message again; every line is there once."""

import random
import time
from decimal import Decimal

import pytest

from .company import Company

pytestmark = pytest.mark.journey

LINES = "finance/transactions$"
DRAIN = 110  # five calls
SEED = 20_26


def revive(company: Company) -> None:
    """What SQS does when the visibility timeout of the dead worker's message is over."""
    company.world.stack.expire_visibility("FeedQueue")


def killed(company: Company) -> int:
    return len(company.world.stack.kill_worker("FeedFunction"))


def is_complete(company: Company, payments: list[str]) -> None:
    """Each payment is one line; amounts, ledger and balance agree to the cent."""
    company.is_fed(*payments, seconds=60)
    assert company.states == {"sent": len(payments)}
    assert sum(line["amount"] for line in company.lines) == -Decimal(sum(range(1, len(payments) + 1))) / 100


def test_killed_before_lexoffice_has_read_the_call_which_then_takes_effect_late(company: Company) -> None:
    company.in_lexoffice(faults={"route": LINES, "kind": "slow", "when": "before", "hold_seconds": 4})

    payments = company.pile_up(DRAIN)
    company.world.eventually(lambda: hits(company) == 1, what="the first call")
    assert killed(company)
    revive(company)

    is_complete(company, payments)
    company.world.eventually(lambda: company.organisation["silent_duplicates"], what="the dead worker's call")
    company.is_fed(*payments)


def test_killed_after_the_commit_and_before_the_reply(company: Company) -> None:
    company.in_lexoffice(
        faults={"route": LINES, "kind": "timeout", "when": "after", "hold_seconds": 60, "skip": 1, "times": 1}
    )

    payments = company.pile_up(DRAIN)
    company.world.eventually(lambda: hits(company) == 1, what="the second call")
    company.world.eventually(lambda: len(company.lines) > company.states.get("sent", 0), what="lines nobody recorded")
    assert killed(company)
    revive(company)

    is_complete(company, payments)
    assert company.organisation["silent_duplicates"] > 0


def test_killed_after_the_reply_when_nothing_could_be_recorded(company: Company) -> None:
    """lexoffice has answered, the ledger takes nothing, and then the worker dies."""
    with company.world.denied("FeedFunction", "dynamodb:UpdateItem", table="LedgerTable"):
        payments = company.pile_up(DRAIN)
        company.world.eventually(lambda: postponed(company), what="a record that fails")
        assert len(company.lines) == 25
        assert "sent" not in company.states
        killed(company)
    revive(company)

    is_complete(company, payments)
    assert company.organisation["silent_duplicates"] > 0


def test_killed_at_eight_random_moments_of_one_drain(company: Company) -> None:
    """lexoffice answers half a second after the commit; a blow falls soon after it, before or after the record."""
    chance = random.Random(SEED)  # noqa: S311 - moments, not secrets
    company.in_lexoffice(faults={"route": LINES, "kind": "slow", "when": "after", "hold_seconds": 0.5, "times": 999})
    payments = company.pile_up(10 * 25)
    seen = 0

    def another_call() -> bool:
        return lines_taken(company) != seen or company.states == {"sent": len(payments)}

    for _ in range(8):
        company.world.eventually(another_call, what="another call, or the end")
        time.sleep(chance.uniform(0, 0.6))
        killed(company)
        seen = lines_taken(company)
        revive(company)

    is_complete(company, payments)
    assert company.organisation["silent_duplicates"] > 0


def test_lines_that_lexoffice_leaves_out_of_its_answer_after_a_crash_are_recorded(company: Company) -> None:
    company.world.lexoffice("/switches", duplicate_answer="omit")
    company.in_lexoffice(faults={"route": LINES, "kind": "timeout", "when": "after", "hold_seconds": 60})

    payments = company.pile_up(10)
    company.world.eventually(lambda: company.lines, what="the commit")
    assert killed(company)
    revive(company)

    is_complete(company, payments)


def hits(company: Company) -> int:
    """How often the ordered fault has struck."""
    return sum(fault["hits"] for fault in company.world.lexoffice("/faults", "GET"))


def postponed(company: Company) -> int:
    """How often feeding this company was put off."""
    return len(company.world.logged("FeedFunction", message="feed postponed", connection_id=company.connection_id))


def lines_taken(company: Company) -> int:
    """How many calls with lines lexoffice has executed."""
    return int(company.organisation["calls"]["by_route"].get("POST /v1/finance/transactions", 0))
