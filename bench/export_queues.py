"""SQS in virtual time: the FIFO queues of one company, each with the Lambda function that it wakes.

As SQS and Lambda do it: one run at a time, a batch per run, no message while an earlier one is hidden, a message that
was received too often goes to the dead letters, one that is too old is gone, the same occasion within five minutes
counts once.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.virtual_time import Sleeper, VirtualClock

type Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

_SAME_OCCASION = 300.0
# What SQS and its poller take from the message to the function.
_HAND_OVER = 0.02


@dataclass(slots=True, eq=False)
class _Message:
    handle: str
    body: str
    visible_at: float
    sent_at: float
    received: int = 0


class Context:
    """What Lambda hands to a handler that may run for so many seconds."""

    aws_request_id = "virtual"

    def __init__(self, clock: VirtualClock, seconds: float) -> None:
        self._clock = clock
        self._deadline = clock.time() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the run."""
        return int((self._deadline - self._clock.time()) * 1000)


@dataclass(slots=True)
class FifoQueue:
    """One queue; seconds as in the template. `runs` has how long each run took."""

    clock: VirtualClock
    timeout: float
    batch: int
    visibility: float
    most_receives: int
    retention: float
    runs: list[float] = field(default_factory=list)
    dead: int = 0
    _messages: list[_Message] = field(default_factory=list)
    _occasions: dict[str, float] = field(default_factory=dict)
    _worker: Sleeper | None = None

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is being worked on."""
        return not self._messages

    def send(self, body: str, occasion: str) -> None:
        """Put a message in."""
        now = self.clock.time()
        if now - self._occasions.get(occasion, -math.inf) < _SAME_OCCASION:
            return
        self._occasions[occasion] = now
        self._messages.append(_Message(f"{occasion}/{now}", body, now + _HAND_OVER, now))
        if self._worker is not None:
            self.clock.wake(self._worker)
            self._worker = None

    def hide(self, handle: str, seconds: int) -> None:
        """Show a message again after so long."""
        next(each for each in self._messages if each.handle == handle).visible_at = self.clock.time() + seconds

    def serve(self, handler: Handler) -> None:
        """Hand out batches for ever, one after another."""
        while True:
            kept_since = self.clock.time() - self.retention
            self._messages = [each for each in self._messages if each.sent_at > kept_since]
            if not self._messages:
                self._worker = self.clock.me
                self.clock.wait()
                continue
            # One hidden message of a group keeps the others back.
            held = [each.visible_at for each in self._messages if each.received]
            pause = max(held, default=self._messages[0].visible_at) - self.clock.time()
            if pause > 0:
                self.clock.sleep(pause)
                continue
            self._run(handler)

    def _run(self, handler: Handler) -> None:
        began = self.clock.time()
        received = []
        for message in self._messages[: self.batch]:
            if message.visible_at > began:
                break
            message.received += 1
            if message.received > self.most_receives:
                self._messages.remove(message)
                self.dead += 1
                continue
            message.visible_at = began + self.visibility
            received.append(message)
        if not received:
            return
        answer = handler({"Records": [_record(each) for each in received]}, Context(self.clock, self.timeout))
        self.runs.append(self.clock.time() - began)
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        self._messages = [each for each in self._messages if each not in received or each.handle in failed]


def _record(message: _Message) -> dict[str, Any]:
    return {
        "messageId": message.handle,
        "receiptHandle": message.handle,
        "body": message.body,
        "attributes": {"ApproximateReceiveCount": str(message.received)},
    }


@dataclass(slots=True)
class Sqs:
    """The service, as `bench.export_cloud` calls one; messages to other queues than these, by URL, are dropped."""

    queues: Mapping[str, FifoQueue]

    async def handle_request(
        self, _method: str, _path: str, headers: Mapping[str, str], body: bytes, _query: object
    ) -> tuple[int, dict[str, str], bytes]:
        """Answer a request in AWS's JSON protocol."""
        request = json.loads(body)
        queue = self.queues.get(request["QueueUrl"])
        operation = headers["x-amz-target"].rpartition(".")[2]
        if operation not in {"SendMessage", "ChangeMessageVisibility"}:
            raise NotImplementedError(operation)
        if queue is not None and operation == "SendMessage":
            queue.send(request["MessageBody"], request["MessageDeduplicationId"])
        elif queue is not None:
            queue.hide(request["ReceiptHandle"], request["VisibilityTimeout"])
        answer = {"MessageId": "virtual"} if operation == "SendMessage" else {}
        return 200, {"content-type": "application/x-amz-json-1.0"}, json.dumps(answer).encode()

    def reset(self) -> None:
        """Nothing is kept here."""
