"""SQS's move tasks in steps that a test decides; local/emulator/message_moves.py moves on its own, in an event loop."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from cloud import Cloud, Document

from local.emulator import in_process

_FIRST_START = 1_790_000_000_000
_ACTIVE = ("RUNNING", "CANCELLING")


class MoveTasks:
    """One dead-letter queue's task at a time. It moves a message whenever somebody asks for the list.

    - `started`: the tasks in the order of their start, with SQS's own keys
    - `on_list`: called before a list is answered
    - `late`: so many lists do not know the newest task yet
    - `rests`: no task moves anything
    """

    def __init__(self, aws: Cloud) -> None:
        self._sqs = aws.client("sqs")
        self._queues = aws.queues
        self.started: list[Document] = []
        self.on_list: Callable[[], object] = lambda: None
        self.late = 0
        self.rests = False

    @contextmanager
    def known_to_sqs(self) -> Iterator[None]:
        """Carries out the three actions in place of the emulator."""
        actions: dict[str, Callable[..., Document]] = {
            "StartMessageMoveTask": self.start,
            "ListMessageMoveTasks": self._list,
            "CancelMessageMoveTask": self._cancel,
        }
        call = BaseClient._make_api_call  # type: ignore[attr-defined]

        def acting(client: BaseClient, name: str, arguments: Document) -> Any:
            if name not in actions:
                return call(client, name, arguments)
            answer = actions[name](**arguments)
            if "Error" in answer:
                raise in_process.client_error(client, name, answer["Error"], "by SQS's rules")
            return answer

        with patch.object(BaseClient, "_make_api_call", acting):
            yield

    def start_elsewhere(self, queue: str) -> Document:
        """Another operator starts the task of a queue; the task."""
        self.start(SourceArn=self._arn(f"{queue}DeadLetterQueue"), DestinationArn=self._arn(f"{queue}Queue"))
        return self.started[-1]

    def start(self, SourceArn: str, **request: Any) -> Document:  # noqa: N803 - SQS's name
        """Starts a task; refused while another one runs on the queue."""
        if any(task["SourceArn"] == SourceArn and task["Status"] in _ACTIVE for task in self.started):
            return {"Error": "InvalidParameterValue"}
        task = {
            **request,
            "SourceArn": SourceArn,
            "TaskHandle": f"task {len(self.started)}",
            "Status": "RUNNING",
            "StartedTimestamp": _FIRST_START + len(self.started),
            "ApproximateNumberOfMessagesMoved": 0,
            "ApproximateNumberOfMessagesToMove": self._visible(SourceArn),
        }
        self.started.append(task)
        return {"TaskHandle": task["TaskHandle"]}

    def _list(self, SourceArn: str) -> Document:  # noqa: N803 - SQS's name
        self.on_list()
        found = [task for task in self.started if task["SourceArn"] == SourceArn]
        if self.late and found:
            self.late -= 1
            del found[-1]
        for task in found[-1:]:
            self._advance(task)
        return {"Results": [dict(task) for task in found[-1:]]}

    def _cancel(self, TaskHandle: str) -> Document:  # noqa: N803 - SQS's name
        (task,) = [each for each in self.started if each["TaskHandle"] == TaskHandle]
        if task["Status"] != "RUNNING":
            return {"Error": "InvalidParameterValue"}
        task["Status"] = "CANCELLING"
        return {"ApproximateNumberOfMessagesMoved": task["ApproximateNumberOfMessagesMoved"]}

    def _advance(self, task: Document) -> None:
        if task["Status"] == "CANCELLING":
            task["Status"] = "CANCELLED"
        if task["Status"] != "RUNNING" or self.rests:
            return
        source = self._url(task["SourceArn"])
        found = self._sqs.receive_message(QueueUrl=source, MessageSystemAttributeNames=["All"]).get("Messages", [])
        if not found:
            task["Status"] = "COMPLETED"
        for message in found:
            self._sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
            group = message["Attributes"].get("MessageGroupId")
            fifo = {"MessageGroupId": group, "MessageDeduplicationId": message["MessageId"]} if group else {}
            self._sqs.send_message(QueueUrl=self._url(task["DestinationArn"]), MessageBody=message["Body"], **fifo)
            task["ApproximateNumberOfMessagesMoved"] += 1

    def _visible(self, arn: str) -> int:
        name = "ApproximateNumberOfMessages"
        found = self._sqs.get_queue_attributes(QueueUrl=self._url(arn), AttributeNames=[name])
        return int(found["Attributes"][name])

    def _arn(self, queue: str) -> str:
        found = self._sqs.get_queue_attributes(QueueUrl=self._queues[queue], AttributeNames=["QueueArn"])
        return str(found["Attributes"]["QueueArn"])

    def _url(self, arn: str) -> str:
        return str(self._sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"])
