"""lexoffice stays down until the queue gives up: nothing is lost, a redrive brings everything, a second one nothing."""

from typing import Any

import pytest

from .company import Company
from .world import World

pytestmark = pytest.mark.journey


def arn(world: World, queue: str) -> str:
    attributes = world.stack.client("sqs").get_queue_attributes(
        QueueUrl=world.stack.resources[queue], AttributeNames=["QueueArn"]
    )
    return str(attributes["Attributes"]["QueueArn"])


def attempts(company: Company) -> int:
    """How often feeding a company has failed."""
    return len(company.world.logged("FeedFunction", message="feed postponed", connection_id=company.connection_id))


def redrive(world: World) -> int:
    """What support does; how many messages were moved."""
    sqs, source = world.stack.client("sqs"), arn(world, "FeedDeadLetterQueue")
    sqs.start_message_move_task(SourceArn=source, DestinationArn=arn(world, "FeedQueue"))

    def finished() -> Any:
        (task,) = sqs.list_message_move_tasks(SourceArn=source)["Results"]
        return task if task["Status"] == "COMPLETED" else None

    task = world.eventually(finished, what="the move")
    return int(task["ApproximateNumberOfMessagesMoved"])


def test_a_dead_wake_up_is_redriven_and_every_line_arrives_once(
    world: World, company: Company, neighbour: Company
) -> None:
    company.in_lexoffice(outage={"on": True})
    payments = company.pile_up(10)
    neighbours = neighbour.spend()
    cut_short = {0}

    def dead() -> bool:
        # Time is not what this is about: the pause after each failed attempt is cut short.
        if attempts(company) not in cut_short:
            cut_short.add(attempts(company))
            world.stack.expire_visibility("FeedQueue")
        return world.waiting("FeedQueue") == 0 and world.waiting("FeedDeadLetterQueue") > 0

    world.eventually(lambda: neighbour.lines, what="the neighbour's line", seconds=15)
    world.eventually(dead, what="a dead wake-up", seconds=120)
    assert attempts(company) == 5
    assert company.lines == []
    assert company.states == {"ready": 10}
    neighbour.is_fed(neighbours)

    company.in_lexoffice(outage={"on": False})
    assert redrive(world) == 10
    company.is_fed(*payments)
    calls = company.organisation["calls"]["by_route"]

    assert redrive(world) == 0
    world.at_rest()
    assert company.organisation["calls"]["by_route"] == calls


def test_a_wake_up_without_work_does_nothing_at_all(world: World, company: Company) -> None:
    """A redrive although nothing was missing, days later: pressing the button twice is safe."""
    company.is_fed(company.spend())
    calls = company.organisation["calls"]["by_route"]

    for occasion in ("first", "second"):
        world.stack.client("sqs").send_message(
            QueueUrl=world.stack.resources["FeedQueue"],
            MessageBody=f'{{"connection_id": "{company.connection_id}"}}',
            MessageGroupId=company.connection_id,
            MessageDeduplicationId=f"redrive.{occasion}",
        )
    world.at_rest()

    assert company.organisation["calls"]["by_route"] == calls
    assert len(company.lines) == 1
