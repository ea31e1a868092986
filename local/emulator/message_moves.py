"""Redriving a dead-letter queue, which MiniStack 1.5.33 cannot: the three MessageMoveTask actions of SQS.

One task per queue at a time; what is moved is a new message; the default destination is where a message came from.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
"""

import asyncio
import json
import time
from typing import Any

from ministack.services import sqs

type Json = dict[str, Any]

_BURST = 500  # messages per second, AWS's ceiling when no rate is asked for

_tasks: dict[str, list[Json]] = {}  # dead-letter queue ARN → its tasks, newest first
_running: set[asyncio.Task[None]] = set()  # the loop keeps only weak references


async def _start(request: Json, _url: str) -> Json:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html."""
    source_arn, destination_arn = request.get("SourceArn", ""), request.get("DestinationArn")
    source = _queue(source_arn, "SourceArn")
    if destination_arn:
        _queue(destination_arn, "DestinationArn")
    policies = [json.loads(q["attributes"].get("RedrivePolicy") or "{}") for q in sqs._queues.values()]
    if not any(policy.get("deadLetterTargetArn") == source_arn for policy in policies):
        raise sqs._Err("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
    tasks = _tasks.setdefault(source_arn, [])
    if any(task["Status"] == "RUNNING" for task in tasks):
        raise sqs._Err(
            "InvalidParameterValue",
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        )
    task: Json = {
        "TaskHandle": sqs.new_uuid(),
        "Status": "RUNNING",
        "SourceArn": source_arn,
        "ApproximateNumberOfMessagesMoved": 0,
        "ApproximateNumberOfMessagesToMove": len(source["messages"]),
        "StartedTimestamp": int(time.time() * 1000),
    }
    if destination_arn:
        task["DestinationArn"] = destination_arn
    if "MaxNumberOfMessagesPerSecond" in request:
        task["MaxNumberOfMessagesPerSecond"] = request["MaxNumberOfMessagesPerSecond"]
    tasks.insert(0, task)
    running = asyncio.create_task(_move(task, source))
    _running.add(running)
    running.add_done_callback(_running.discard)
    return {"TaskHandle": task["TaskHandle"]}


async def _move(task: Json, source: Json) -> None:
    """Moves what is visible in the dead-letter queue until nothing is left or the task is cancelled."""
    pause = 1 / task.get("MaxNumberOfMessagesPerSecond", _BURST)
    while task["Status"] == "RUNNING":
        with sqs._queues_lock:
            now = time.time()
            message = next((m for m in source["messages"] if m["visible_at"] <= now), None)
            if message is None:
                task["Status"] = "COMPLETED"
                return
            target = task.get("DestinationArn") or message["sys"].get("DeadLetterQueueSourceArn", "")
            destination = sqs._queue_by_arn(target)
            if destination is None:
                task.update(Status="FAILED", FailureReason="CouldNotDetermineMessageSource")
                return
            source["messages"].remove(message)
            destination["messages"].append(_as_new(message, destination, now))
            task["ApproximateNumberOfMessagesMoved"] += 1
        sqs.esm_wake.set()
        await asyncio.sleep(pause)


def _as_new(message: Json, destination: Json, now: float) -> Json:
    """A redriven message is a new message: new id, new time of sending, never received; the group stays."""
    fresh: Json = {"receipt_handle": None, "receive_count": 0, "first_receive_at": None}
    if destination["is_fifo"]:
        destination["fifo_seq"] += 1
        fresh["seq"] = str(destination["fifo_seq"]).zfill(20)
    stamps = {"id": sqs.new_uuid(), "sent_at": now, "visible_at": now, "enqueued_at": now}
    return {**message, **fresh, **stamps, "sys": sqs._build_send_sys_attrs(now, {})}


def _list(request: Json, _url: str) -> Json:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListMessageMoveTasks.html."""
    _queue(request.get("SourceArn", ""), "SourceArn")
    tasks = _tasks.get(request["SourceArn"], [])[: int(request.get("MaxResults", 1))]
    # The handle is only shown while the task can still be cancelled.
    return {
        "Results": [
            {name: value for name, value in task.items() if name != "TaskHandle" or task["Status"] == "RUNNING"}
            for task in tasks
        ]
    }


def _cancel(request: Json, _url: str) -> Json:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CancelMessageMoveTask.html."""
    every = (task for tasks in _tasks.values() for task in tasks)
    task = next((task for task in every if task["TaskHandle"] == request.get("TaskHandle")), None)
    if task is None:
        raise sqs._Err("ResourceNotFoundException", "Task does not exist.", 404)
    if task["Status"] != "RUNNING":
        raise sqs._Err("InvalidParameterValue", "Only active tasks can be cancelled.")
    task["Status"] = "CANCELLED"
    return {"ApproximateNumberOfMessagesMoved": task["ApproximateNumberOfMessagesMoved"]}


def _queue(arn: str, parameter: str) -> Json:
    queue: Json | None = sqs._queue_by_arn(arn)
    if queue is None:
        raise sqs._Err(
            "ResourceNotFoundException",
            f"The resource that you specified for the {parameter} parameter doesn't exist.",
            404,
        )
    return queue


HANDLERS = {"StartMessageMoveTask": _start, "ListMessageMoveTasks": _list, "CancelMessageMoveTask": _cancel}
