"""`ops dlq` and `ops redrive` on the deployed stack: too early, again, days later, by two at once, only some.

Nothing is ever lost or doubled, and every time it is said what was done. tests/ops_commands/test_redrive.py has the
cases that need no worker.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from .company import Company
from .dead_letters import attempts, bury, dies
from .operators import Operator
from .world import World

pytestmark = pytest.mark.journey

WHY = ("--reason", "ticket 4711")


@pytest.fixture
def operator(world: World, tmp_path: Path) -> Operator:
    return Operator(world, tmp_path)


def of(company: Company, found: list[Any]) -> Any:
    """What was said of this company."""
    (only,) = [each for each in found if each["connection_id"] == company.connection_id]
    return only


def test_a_dead_wake_up_is_redriven_too_early_in_time_and_once_more_and_every_line_arrives_once(
    world: World, company: Company, neighbour: Company, operator: Operator
) -> None:
    company.in_lexoffice(outage={"on": True})
    payments = company.pile_up(2)
    neighbours = neighbour.spend()
    dies(company)
    # The queue counts receives, the log counts tries that ended: on a busy machine a receive may end before its try.
    assert 1 <= attempts(company) <= 5
    neighbour.is_fed(neighbours)

    dead = operator.run("dlq", "--queue", "feed")
    assert dead["queues"] == [{"queue": "feed", "messages": 2, "looked_at": 2}]
    assert {each["company"] for each in dead["messages"]} == {company.connection["company_name"]}
    assert all("lexoffice answered 503" in each["cause"] for each in dead["messages"])
    assert {each["attempts_at_least"] for each in dead["messages"]} == {5}

    tried = operator.run("redrive", *WHY)
    assert (tried["moved"], tried["left"]) == (2, 0)
    outcome = of(company, tried["companies"])
    assert (outcome["messages"], outcome["outcome"]) == (2, "failing")
    assert "2 waited, 2 waiting now; still failing: lexoffice answered 503" in outcome["result"]
    assert (company.lines, company.states) == ([], {"ready": 2})

    company.in_lexoffice(outage={"on": False})
    world.stack.expire_visibility("FeedQueue")
    company.is_fed(*payments)
    calls = company.calls

    # Far outside the five minutes in which SQS recognises a message: the ledger knows what was sent.
    bury(company, "Feed", "days ago", "a week ago")
    late = operator.run("redrive", "--queue", "feed", *WHY)
    assert late["moved"] == 2
    assert (of(company, late["companies"])["outcome"], world.waiting("FeedDeadLetterQueue")) == ("done", 0)
    assert "0 moved: nothing is there." in operator.says("redrive", "--queue", "feed", *WHY)
    company.is_fed(*payments)
    assert company.calls == calls

    recorded = operator.run("audit")["actions"][-3:]
    assert [(each["action"], each["phase"], each["reason"], each["result"]) for each in recorded] == [
        ("redrive", "done", "ticket 4711", "2 moved."),
        ("redrive", "done", "ticket 4711", "2 moved."),
        ("redrive", "done", "ticket 4711", "0 moved: nothing is there."),
    ]


def test_of_two_operators_the_second_is_refused_and_what_the_first_says_after_ctrl_c_is_true(
    world: World, company: Company, operator: Operator
) -> None:
    bury(company, "Feed", *(f"occasion {number}" for number in range(9)))
    first = operator.started("redrive", "--queue", "feed", "--max-rate", "1", *WHY, "--json")
    world.eventually(lambda: 0 < world.waiting("FeedDeadLetterQueue") < 9, what="the first message moved")

    refused = operator.run("redrive", "--queue", "feed", *WHY, code=1)["error"]
    assert refused.startswith("feed: a redrive is running already, since ")
    assert refused.endswith("`ops dlq` shows what is left; repeat the command when it is over.")

    first.interrupt()
    done = json.loads(operator.finished(first, code=1))
    assert done["interrupted"]
    assert 0 < done["moved"] < 9
    assert world.waiting("FeedDeadLetterQueue") == 9 - done["moved"] == done["left"]
    world.at_rest()


def test_a_chosen_company_is_woken_once_its_letters_are_gone_and_the_others_stay(
    world: World, company: Company, neighbour: Company, operator: Operator
) -> None:
    payment = company.spend()
    company.is_fed(payment)
    before = len(world.log("FeedFunction"))
    bury(company, "Feed", *(f"occasion {number}" for number in range(12)))
    world.put("ConnectionTable", neighbour.connection | {"status": "held", "hold": "plan"})
    bury(neighbour, "Feed", "one", "two")

    done = operator.run("redrive", "--company", company.connection_id, *WHY)

    assert (done["moved"], done["left"], of(company, done["companies"])["outcome"]) == (12, 0, "done")
    world.at_rest()
    started = [line for line in world.log("FeedFunction")[before:] if line.startswith("START")]
    assert len(started) == 1
    company.is_fed(payment)
    left = operator.run("dlq", "--queue", "feed")["messages"]
    assert [(each["connection_id"], each["cause"]) for each in left] == [(neighbour.connection_id, "held: plan")] * 2

    held = operator.run("redrive", "--cause", "held: plan", *WHY)

    assert (held["moved"], world.waiting("FeedDeadLetterQueue")) == (2, 0)
    assert of(neighbour, held["companies"])["outcome"] == "held"
    neighbour.is_empty_in_lexoffice()
