"""A message nobody can work on is quarantined with its cause, wherever it turns up, and does not circle."""

import json
from pathlib import Path
from typing import Any

import pytest

from .company import Company
from .operators import Operator
from .world import World

pytestmark = pytest.mark.journey

POISON = {
    "no JSON": "not JSON",
    "no object": "[]",
    "no connection_id": "{}",
    "connection_id is not one of ours": '{"connection_id": "../../secrets"}',
    "unknown field": '{"connection_id": "0123456789abcdef0123456789abcdef", "erase": true}',
    "requests is no list": '{"connection_id": "0123456789abcdef0123456789abcdef", "requests": "set_up"}',
    "unknown request": '{"connection_id": "0123456789abcdef0123456789abcdef", "requests": ["erase"]}',
}


@pytest.fixture
def operator(world: World, tmp_path: Path) -> Operator:
    return Operator(world, tmp_path)


def send(world: World, queue: str, body: str, group: str = "poison") -> str:
    """Sends a body to a queue; the message's id."""
    fifo = {} if queue.startswith("Sync") else {"MessageGroupId": group, "MessageDeduplicationId": body}
    answer = world.stack.client("sqs").send_message(QueueUrl=world.stack.resources[queue], MessageBody=body, **fifo)
    return str(answer["MessageId"])


def kept(operator: Operator, ids: set[str]) -> dict[str, Any]:
    """What is in quarantine of these messages, by cause."""
    found = operator.run("dlq")["quarantine"]
    return {each["cause"]: each for each in found if each["message_id"] in ids}


@pytest.mark.parametrize("worker", ["Feed", "Export", "Sync"])
def test_poison_is_quarantined_at_its_first_reading_and_the_door_lives_on(
    world: World, company: Company, operator: Operator, worker: str
) -> None:
    sent = {send(world, f"{worker}Queue", body) for body in POISON.values()}
    world.at_rest()

    found = kept(operator, sent)
    assert {cause: each["body"] for cause, each in found.items()} == POISON
    assert {(each["queue"], each["attempts"]) for each in found.values()} == {(worker.lower(), 1)}
    assert world.waiting(f"{worker}DeadLetterQueue") == 0
    told = world.logged(f"{worker}Function", message="needs attention", cause="message quarantined")
    assert sent <= {line["message_id"] for line in told}

    company.is_fed(company.spend())


def test_poison_in_a_dead_letter_queue_is_quarantined_instead_of_sent_back(
    world: World, company: Company, operator: Operator
) -> None:
    sent = {send(world, "FeedDeadLetterQueue", body) for body in POISON.values()}
    wake = json.dumps({"connection_id": company.connection_id})
    send(world, "FeedDeadLetterQueue", wake, group=company.connection_id)

    would = operator.run("redrive", "--dry-run")
    assert (would["would_move"], would["would_quarantine"]) == (1, len(POISON))
    assert {each["cause"] for each in would["messages"] if not each["connection_id"]} == {
        f"poisoned: {cause}" for cause in POISON
    }
    done = operator.run("redrive", "--reason", "ticket 4711")

    assert (done["moved"], done["quarantined"], done["left"]) == (1, len(POISON), 0)
    assert set(kept(operator, sent)) == set(POISON)
    assert (world.waiting("FeedDeadLetterQueue"), world.waiting("FeedQueue")) == (0, 0)
    assert operator.run("redrive", "--reason", "ticket 4711")["moved"] == 0


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

    assert "unknown field" in kept(operator, {sent})
