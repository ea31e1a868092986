"""A message nobody can work on is quarantined with its cause, wherever it turns up, and does not circle.

tests/doors/test_poison.py has every cause and every door.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from .company import Company
from .dead_letters import bury
from .operators import Operator
from .world import World

pytestmark = pytest.mark.journey

POISON = {
    "FeedQueue": ("not JSON", "no JSON"),
    "ExportQueue": ("{}", "no connection_id"),
    "SyncQueue": ('{"connection_id": "0123456789abcdef0123456789abcdef", "requests": ["erase"]}', "unknown request"),
    "FeedDeadLetterQueue": ("[]", "no object"),
}


@pytest.fixture
def operator(world: World, tmp_path: Path) -> Operator:
    return Operator(world, tmp_path)


def send(world: World, queue: str, body: str) -> str:
    """Sends a body to a queue; the message's id."""
    fifo = {} if queue.startswith("Sync") else {"MessageGroupId": "poison", "MessageDeduplicationId": body}
    answer = world.stack.client("sqs").send_message(QueueUrl=world.stack.resources[queue], MessageBody=body, **fifo)
    return str(answer["MessageId"])


def kept(operator: Operator, bodies: set[str]) -> dict[str, Any]:
    """What is in quarantine of these texts, by text."""
    return {each["body"]: each for each in operator.run("dlq")["quarantine"] if each["body"] in bodies}


def test_poison_is_quarantined_at_its_first_reading_also_after_a_redrive_and_the_doors_live_on(
    world: World, company: Company, operator: Operator
) -> None:
    for queue, (body, _) in POISON.items():
        send(world, queue, body)
    bury(company, "Feed", "a wake-up beside it")

    assert operator.run("redrive", "--reason", "ticket 4711")["moved"] == 2
    world.at_rest()

    found = kept(operator, {body for body, _ in POISON.values()})
    assert {(each["body"], each["cause"]) for each in found.values()} == set(POISON.values())
    assert sorted((each["queue"], each["attempts"]) for each in found.values()) == [
        *(("export", 1), ("feed", 1), ("feed", 1), ("sync", 1))
    ]
    for worker in ("Feed", "Export", "Sync"):
        assert world.waiting(f"{worker}DeadLetterQueue") == 0
        told = world.logged(f"{worker}Function", message="needs attention", cause="message quarantined")
        ids = {each["message_id"] for each in found.values() if each["queue"] == worker.lower()}
        assert ids <= {line["message_id"] for line in told}
    company.is_fed(company.spend())


def test_what_cannot_be_quarantined_is_not_acknowledged(world: World, company: Company, operator: Operator) -> None:
    body = json.dumps({"connection_id": company.connection_id, "erase": True})
    with world.denied("FeedFunction", "dynamodb:PutItem", table="LedgerTable"):
        sent = send(world, "FeedQueue", body)
        world.eventually(
            lambda: world.logged("FeedFunction", message="message not quarantined", message_id=sent),
            what="a quarantine that failed",
        )
        assert world.waiting("FeedQueue") + world.waiting("FeedDeadLetterQueue") == 1
    world.stack.expire_visibility("FeedQueue")
    world.at_rest()

    assert kept(operator, {body})[body]["cause"] == "unknown field"
