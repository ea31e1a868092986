"""lexoffice stays down until the queue gives up: nothing is lost, a redrive brings everything, a second one nothing."""

import pytest

from .company import Company
from .dead_letters import attempts, dies, redrive
from .world import World

pytestmark = pytest.mark.journey


def test_a_dead_wake_up_is_redriven_and_every_line_arrives_once(
    world: World, company: Company, neighbour: Company
) -> None:
    company.in_lexoffice(outage={"on": True})
    payments = company.pile_up(10)
    neighbours = neighbour.spend()

    world.eventually(lambda: neighbour.lines, what="the neighbour's line")
    dies(company)
    # The queue counts receives, the log counts tries that ended: on a busy machine a receive may end before its try.
    assert 1 <= attempts(company) <= 5
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
