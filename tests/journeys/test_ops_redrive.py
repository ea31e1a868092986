"""`ops dlq` and `ops redrive` on the deployed stack: twice, by two at once, too early, days later, only some.

Nothing is ever lost or doubled, and every time it is said what was done.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from .company import Company
from .dead_letters import dies
from .operators import Operator
from .world import World

pytestmark = pytest.mark.journey

WHY = ("--reason", "ticket 4711")


@pytest.fixture
def operator(world: World, tmp_path: Path) -> Operator:
    return Operator(world, tmp_path)


def goes_down_for(company: Company, payments: int = 3) -> list[str]:
    """lexoffice goes down for this company until its wake-ups are dead."""
    company.in_lexoffice(outage={"on": True})
    paid = company.pile_up(payments)
    dies(company)
    return paid


def bury(company: Company, *occasions: str, queue: str = "Feed", body: str = "") -> None:
    """Puts messages straight into a dead-letter queue; by default the company's own wake-up."""
    for occasion in occasions:
        company.world.stack.client("sqs").send_message(
            QueueUrl=company.world.stack.resources[f"{queue}DeadLetterQueue"],
            MessageBody=body or json.dumps({"connection_id": company.connection_id}),
            MessageGroupId=company.connection_id,
            MessageDeduplicationId=occasion,
        )


def of(company: Company, found: list[Any]) -> Any:
    """What was said of this company."""
    (only,) = [each for each in found if each["connection_id"] == company.connection_id]
    return only


def test_a_dead_wake_up_is_seen_with_its_cause_and_redriven_and_the_second_time_nothing_is_there(
    company: Company, operator: Operator
) -> None:
    payments = goes_down_for(company)

    for _ in range(2):  # a look consumes nothing
        dead = operator.run("dlq", "--queue", "feed")
        assert dead["queues"] == [{"queue": "feed", "messages": 3, "looked_at": 3}]
        assert {each["company"] for each in dead["messages"]} == {company.connection["company_name"]}
        assert all("lexoffice answered 503" in each["cause"] for each in dead["messages"])
        assert {each["attempts_at_least"] for each in dead["messages"]} == {5}
    assert "lexoffice answered 503" in operator.says("dlq")

    company.in_lexoffice(outage={"on": False})
    assert operator.run("redrive", "--dry-run")["would_move"] == 3
    done = operator.run("redrive", *WHY)

    assert (done["moved"], done["quarantined"], done["left"]) == (3, 0, 0)
    assert of(company, done["companies"]) | {"messages": 0} == {
        "queue": "feed",
        "connection_id": company.connection_id,
        "company": company.connection["company_name"],
        "messages": 0,
        "outcome": "done",
        "result": "3 waited, 0 lines waiting now",
    }
    company.is_fed(*payments)
    calls = company.calls

    again = operator.run("redrive", "--queue", "feed", *WHY)
    assert (again["moved"], again["companies"]) == (0, [])
    assert "the queue is empty" in operator.says("redrive", "--queue", "feed", *WHY)
    company.is_fed(*payments)
    assert company.calls == calls

    recorded = operator.run("audit")["actions"][-3:]
    assert [(each["action"], each["phase"], each["reason"]) for each in recorded] == [
        ("redrive", "done", "ticket 4711")
    ] * 3
    assert recorded[0]["result"] == "3 moved."


def test_while_lexoffice_is_still_down_it_says_so_and_nothing_is_lost(company: Company, operator: Operator) -> None:
    payments = goes_down_for(company)

    tried = operator.run("redrive", "--queue", "feed", *WHY)
    assert tried["moved"] == 3
    outcome = of(company, tried["companies"])
    assert outcome["outcome"] == "failing"
    assert "3 waited, 3 lines waiting now; still failing: lexoffice answered 503" in outcome["result"]
    assert company.lines == []
    assert company.states == {"ready": 3}

    dies(company)
    company.in_lexoffice(outage={"on": False})
    # The last worker that tried may still be at it, and be the one who sends them.
    assert of(company, operator.run("redrive", *WHY)["companies"])["outcome"] in {"done", "nothing"}
    company.is_fed(*payments)


def test_two_operators_at_once_move_every_message_once_and_both_are_told(company: Company, operator: Operator) -> None:
    payments = goes_down_for(company, 12)
    company.in_lexoffice(outage={"on": False})

    both = [operator.started("redrive", "--max-rate", "4", *WHY, "--json") for _ in range(2)]
    told = [json.loads(operator.finished(process)) for process in both]

    assert sum(each["moved"] for each in told) == 12
    assert all(each["left"] == 0 for each in told)
    company.is_fed(*payments)


def test_a_redrive_that_is_running_already_is_watched_and_said_so(company: Company, operator: Operator) -> None:
    payments = goes_down_for(company, 9)
    company.in_lexoffice(outage={"on": False})
    sqs, resources = company.world.stack.client("sqs"), company.world.stack.resources
    arn = sqs.get_queue_attributes(QueueUrl=resources["FeedDeadLetterQueue"], AttributeNames=["QueueArn"])
    sqs.start_message_move_task(SourceArn=arn["Attributes"]["QueueArn"], MaxNumberOfMessagesPerSecond=1)

    said = operator.says("redrive", "--queue", "feed", *WHY)

    assert "another operator's redrive was running already" in said
    assert "0 moved, 9 moved by another operator's redrive." in said
    company.is_fed(*payments)


def test_days_later_when_nothing_is_missing_a_redrive_changes_nothing(company: Company, operator: Operator) -> None:
    """Far outside the five minutes in which SQS recognises a message: the ledger knows what was sent."""
    payment = company.spend()
    company.is_fed(payment)
    calls = company.calls
    bury(company, "days ago", "a week ago")

    done = operator.run("redrive", "--queue", "feed", *WHY)

    assert done["moved"] == 2
    assert of(company, done["companies"])["outcome"] == "nothing"
    company.is_fed(payment)
    assert company.calls == calls


def test_what_another_operator_is_just_looking_at_is_waited_for(company: Company, operator: Operator) -> None:
    bury(company, "one", "two")
    sqs, url = company.world.stack.client("sqs"), company.world.stack.resources["FeedDeadLetterQueue"]
    held = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=6)["Messages"]
    assert len(held) == 2

    done = operator.run("redrive", "--queue", "feed", *WHY)

    assert (done["moved"], done["left"]) == (2, 0)


def test_one_companys_messages_go_and_the_neighbours_stay(
    company: Company, neighbour: Company, operator: Operator
) -> None:
    payments = goes_down_for(company)
    company.in_lexoffice(outage={"on": False})
    bury(neighbour, "one", "two")

    chosen = ("redrive", "--company", company.connection_id)
    assert operator.run(*chosen, "--dry-run")["would_move"] == 3
    done = operator.run(*chosen, *WHY)

    assert (done["moved"], done["left"]) == (3, 0)
    company.is_fed(*payments)
    left = operator.run("dlq", "--queue", "feed")["messages"]
    assert {each["connection_id"] for each in left} == {neighbour.connection_id}
    assert operator.run("redrive", "--cause", "answered 503", *WHY)["moved"] == 0
    assert operator.run("redrive", "--cause", "left no note", *WHY)["moved"] == 2


def test_a_chosen_company_is_woken_once_and_its_letters_are_gone(company: Company, operator: Operator) -> None:
    payment = company.spend()
    company.is_fed(payment)
    before = len(company.world.stack.logs("FeedFunction"))
    bury(company, *(f"occasion {number}" for number in range(15)))

    done = operator.run("redrive", "--company", company.connection_id, "--max-rate", "50", *WHY)

    assert (done["moved"], done["left"]) == (15, 0)
    assert of(company, done["companies"])["outcome"] == "nothing"
    company.world.at_rest()
    assert company.world.waiting("FeedDeadLetterQueue") == 0
    started = [line for line in company.world.stack.logs("FeedFunction")[before:] if line.startswith("START")]
    assert len(started) == 1
    company.is_fed(payment)


def test_a_held_company_is_woken_and_shown_as_held(company: Company, operator: Operator) -> None:
    company.world.put("ConnectionTable", company.connection | {"status": "held", "hold": "plan"})
    bury(company, "one")

    assert {each["cause"] for each in operator.run("dlq")["messages"]} == {"held: plan"}
    outcome = of(company, operator.run("redrive", *WHY)["companies"])

    assert outcome["outcome"] == "held"
    assert outcome["result"].startswith("held: plan — nothing is sent until")
    company.is_empty_in_lexoffice()


def test_interrupted_a_redrive_stops_and_what_it_said_is_true(company: Company, operator: Operator) -> None:
    bury(company, *(f"occasion {number}" for number in range(9)))
    world = company.world

    process = operator.started("redrive", "--queue", "feed", "--max-rate", "1", *WHY, "--json")
    world.eventually(lambda: 0 < world.waiting("FeedDeadLetterQueue") < 9, what="the first message moved")
    process.interrupt()
    done = json.loads(operator.finished(process, code=1))

    assert done["interrupted"]
    world.eventually(lambda: world.waiting("FeedDeadLetterQueue") == 9 - done["moved"], what="the move to have ended")
    assert done["left"] == 9 - done["moved"]


def test_interrupted_a_redrive_of_some_gives_the_others_back(company: Company, operator: Operator) -> None:
    bury(company, *(f"occasion {number}" for number in range(9)))
    world, chosen = company.world, ("--company", company.connection_id)

    process = operator.started("redrive", *chosen, "--max-rate", "1", *WHY, "--json")
    world.eventually(lambda: 0 < world.waiting("FeedDeadLetterQueue") < 9, what="the first message moved")
    process.interrupt()
    done = json.loads(operator.finished(process, code=1))

    assert done["interrupted"]
    assert operator.run("redrive", *chosen, "--max-rate", "50", *WHY)["moved"] == 9 - done["moved"]
    assert world.waiting("FeedDeadLetterQueue") == 0
