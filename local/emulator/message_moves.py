"""Redrive of a dead-letter queue: the three MessageMoveTask actions of SQS, which MiniStack 1.5.33 lacks.

Rules of AWS:
- One task per queue at a time; 100 tasks in all.
- A moved message is a new message.
- The default destination is the queue a message came from. It is unknown for a message that was sent to the dead-letter
  queue directly.
- Only visible messages are moved; a message that a consumer has received stays.
- In a FIFO queue a moved message counts as sent with a deduplication id: the message id it had before the move.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
"""

import asyncio
import base64
import binascii
import json
import time
from typing import Any

from ministack.services import sqs

type Json = dict[str, Any]

_BURST = 500  # messages per second: AWS's maximum, and the default
_MOST_TASKS = 100
_MOST_LISTED = 10
_ACTIVE = ("RUNNING", "CANCELLING")

_tasks: dict[str, list[Json]] = {}  # dead-letter queue ARN → its tasks, newest first
_running: set[asyncio.Task[None]] = set()  # the loop keeps only weak references


async def _start(request: Json, _url: str) -> Json:
    """Start a task.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
    """
    source_arn, destination_arn = request.get("SourceArn", ""), request.get("DestinationArn")
    source = _queue(source_arn, "SourceArn")
    if destination_arn and _queue(destination_arn, "DestinationArn")["is_fifo"] != source["is_fifo"]:
        raise sqs._Err("InvalidParameterValue", "Source and destination queues must be of the same type.")
    rate = request.get("MaxNumberOfMessagesPerSecond", _BURST)
    if type(rate) is not int or not 1 <= rate <= _BURST:
        raise sqs._Err("InvalidParameterValue", f"MaxNumberOfMessagesPerSecond must be between 1 and {_BURST}.")
    policies = [json.loads(q["attributes"].get("RedrivePolicy") or "{}") for q in sqs._queues.values()]
    if not any(policy.get("deadLetterTargetArn") == source_arn for policy in policies):
        raise sqs._Err("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
    active = [task["SourceArn"] for tasks in _tasks.values() for task in tasks if task["Status"] in _ACTIVE]
    if source_arn in active:
        raise sqs._Err(
            "InvalidParameterValue",
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        )
    if len(active) >= _MOST_TASKS:
        raise sqs._Err("InvalidParameterValue", "There are too many active tasks in this account.")
    task: Json = {
        "TaskHandle": _handle(source_arn),
        "Status": "RUNNING",
        "SourceArn": source_arn,
        "ApproximateNumberOfMessagesMoved": 0,
        "ApproximateNumberOfMessagesToMove": len(source["messages"]),
        "StartedTimestamp": int(time.time() * 1000),
    }
    if destination_arn:
        task["DestinationArn"] = destination_arn
    if "MaxNumberOfMessagesPerSecond" in request:
        task["MaxNumberOfMessagesPerSecond"] = rate
    _tasks.setdefault(source_arn, []).insert(0, task)
    running = asyncio.create_task(_move(task, source))
    _running.add(running)
    running.add_done_callback(_running.discard)
    return {"TaskHandle": task["TaskHandle"]}


def _handle(source_arn: str) -> str:
    """Return the handle of a task. It contains the dead-letter queue, whose permissions decide who may cancel."""
    return base64.b64encode(json.dumps({"taskId": sqs.new_uuid(), "sourceArn": source_arn}).encode()).decode()


def queue_of(request: Json) -> str:
    """Return the ARN of the dead-letter queue that a request names, or ""."""
    if "TaskHandle" not in request:
        return str(request.get("SourceArn", ""))
    try:
        return str(json.loads(base64.b64decode(request["TaskHandle"], validate=True))["sourceArn"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        return ""


async def _move(task: Json, source: Json) -> None:
    """Move the visible messages of the dead-letter queue until none is left or the task is cancelled."""
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
            _send(message, destination, now)
            task["ApproximateNumberOfMessagesMoved"] += 1
        sqs.esm_wake.set()
        await asyncio.sleep(pause)
    task["Status"] = "CANCELLED"


def _send(message: Json, destination: Json, now: float) -> None:
    """Send a message as a new one: new id, new sent time, receive count 0, same message group."""
    fresh: Json = {"receipt_handle": None, "receive_count": 0, "first_receive_at": None}
    stamps = {"id": sqs.new_uuid(), "sent_at": now, "visible_at": now, "enqueued_at": now}
    if destination["is_fifo"]:
        # The deduplication id of a dead letter is its message id, whatever it was in the source queue.
        died = "DeadLetterQueueSourceArn" in message["sys"]
        dedup_id = message["id"] if died else message["dedup_id"]
        scoped = destination["attributes"].get("DeduplicationScope") == "messageGroup"
        key = f"{message['group_id']}:{dedup_id}" if scoped else dedup_id
        sqs._prune_dedup(destination)
        if key in destination["dedup_cache"]:
            return
        destination["fifo_seq"] += 1
        fresh |= {"seq": str(destination["fifo_seq"]).zfill(20), "dedup_id": dedup_id, "dedup_cache_key": key}
        seen = {"id": stamps["id"], "md5": message["md5_body"], "md5a": message["md5_attrs"], "seq": fresh["seq"]}
        destination["dedup_cache"][key] = {"expire": now + sqs._DEDUP_WINDOW_S, **seen}
    destination["messages"].append({**message, **fresh, **stamps, "sys": sqs._build_send_sys_attrs(now, {})})


def _list(request: Json, _url: str) -> Json:
    """List tasks.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListMessageMoveTasks.html
    """
    _queue(request.get("SourceArn", ""), "SourceArn")
    most = request.get("MaxResults", 1)
    if type(most) is not int or not 1 <= most <= _MOST_LISTED:
        raise sqs._Err("InvalidParameterValue", f"MaxResults must be between 1 and {_MOST_LISTED}.")
    tasks = _tasks.get(request["SourceArn"], [])[:most]
    # AWS returns the handle only while the task can still be cancelled.
    return {
        "Results": [
            {name: value for name, value in task.items() if name != "TaskHandle" or task["Status"] == "RUNNING"}
            for task in tasks
        ]
    }


def _cancel(request: Json, _url: str) -> Json:
    """Cancel a task.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CancelMessageMoveTask.html
    """
    every = (task for tasks in _tasks.values() for task in tasks)
    task = next((task for task in every if task["TaskHandle"] == request.get("TaskHandle")), None)
    if task is None:
        raise sqs._Err("ResourceNotFoundException", "Task does not exist.", 404)
    if task["Status"] != "RUNNING":
        raise sqs._Err("InvalidParameterValue", "Only active tasks can be cancelled.")
    task["Status"] = "CANCELLING"  # until the message in progress has arrived
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
