"""A company's wake-up on its way to the dead-letter queue, and what support does about it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .company import Company
from .world import World

_TRIGGERS = {"Feed": "FeedFunctionWake", "Export": "ExportFunctionWake", "Sync": "SyncFunctionRequest"}
_POSTPONED = {"Feed": "feed postponed", "Export": "export postponed", "Sync": "sync postponed"}


def bury(company: Company, worker: str, *occasions: str, requests: tuple[str, ...] = ()) -> None:
    """Puts wake-ups of a company straight into a worker's dead-letter queue."""
    body = {"connection_id": company.connection_id} | ({"requests": requests} if requests else {})
    for occasion in occasions:
        fifo = {"MessageGroupId": company.connection_id, "MessageDeduplicationId": occasion}
        company.world.stack.client("sqs").send_message(
            QueueUrl=company.world.stack.resources[f"{worker}DeadLetterQueue"],
            MessageBody=json.dumps(body),
            **({} if worker == "Sync" else fifo),
        )


@contextmanager
def buried(company: Company, worker: str) -> Iterator[None]:
    """Whatever wakes a worker meanwhile becomes a dead letter at once, without the five attempts."""
    world, queue = company.world, f"{worker}Queue"
    with world.switched_off(_TRIGGERS[worker]):
        yield
        world.eventually(lambda: world.waiting(queue), what="a wake-up")
        world.eventually(world.all_delivered, what="all webhooks answered")
        world.stack.client("sqs").purge_queue(QueueUrl=world.stack.resources[queue])
    bury(company, worker, "buried")


def attempts(company: Company) -> int:
    """How often feeding a company has failed."""
    return len(company.world.logged("FeedFunction", message="feed postponed", connection_id=company.connection_id))


def dies(company: Company) -> None:
    """Waits until FeedQueue has given the company's wake-up up."""
    given_up(company, "Feed")


def given_up(company: Company, worker: str) -> None:
    """Waits until a queue has given the company's message up; the pause after each failed attempt is cut short."""
    world, cut_short = company.world, {0}
    failed = {"message": _POSTPONED[worker], "connection_id": company.connection_id}

    def dead() -> bool:
        attempts = len(world.logged(f"{worker}Function", **failed))
        # Not while a worker is at its last words: the message would be seen by a second one and counted twice.
        if attempts not in cut_short and _idle(world, worker):
            cut_short.add(attempts)
            world.stack.expire_visibility(f"{worker}Queue")
        return world.waiting(f"{worker}Queue") == 0 and world.waiting(f"{worker}DeadLetterQueue") > 0

    world.eventually(dead, what="a dead letter", seconds=120)


def _idle(world: World, worker: str) -> bool:
    """Whether every invocation of a function that has begun is over."""
    lines = [line.split() for line in world.log(f"{worker}Function") if line.startswith(("START", "END"))]
    began, ended = ({id_ for word, _, id_, *_ in lines if word == each} for each in ("START", "END"))
    return began <= ended


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
