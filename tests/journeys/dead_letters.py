"""A company's wake-up on its way to the dead-letter queue, and what support does about it."""

from typing import Any

from .company import Company
from .world import World


def attempts(company: Company) -> int:
    """How often feeding a company has failed."""
    return len(company.world.logged("FeedFunction", message="feed postponed", connection_id=company.connection_id))


def dies(company: Company) -> None:
    """Waits until the queue has given the company's wake-up up; the pause after each failed attempt is cut short."""
    world, cut_short = company.world, {0}

    def dead() -> bool:
        if attempts(company) not in cut_short:
            cut_short.add(attempts(company))
            world.stack.expire_visibility("FeedQueue")
        return world.waiting("FeedQueue") == 0 and world.waiting("FeedDeadLetterQueue") > 0

    world.eventually(dead, what="a dead wake-up", seconds=120)


def redrive(world: World) -> int:
    """What support does; how many messages were moved."""
    sqs, source = world.stack.client("sqs"), _arn(world, "FeedDeadLetterQueue")
    sqs.start_message_move_task(SourceArn=source, DestinationArn=_arn(world, "FeedQueue"))

    def finished() -> Any:
        (task,) = sqs.list_message_move_tasks(SourceArn=source)["Results"]
        return task if task["Status"] == "COMPLETED" else None

    task = world.eventually(finished, what="the move")
    return int(task["ApproximateNumberOfMessagesMoved"])


def _arn(world: World, queue: str) -> str:
    attributes = world.stack.client("sqs").get_queue_attributes(
        QueueUrl=world.stack.resources[queue], AttributeNames=["QueueArn"]
    )
    return str(attributes["Attributes"]["QueueArn"])
