"""SQS in virtual time: the FIFO queues of one company, each with the Lambda function that it invokes.

Behaviour copied from SQS and Lambda:

- One run at a time, one batch per run.
- No message is delivered while an earlier one is hidden.
- A message received more often than allowed becomes a dead letter.
- A message older than the retention is deleted.
- Messages with the same occasion within five minutes are sent once.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.virtual_time import Sleeper, VirtualClock

type Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

_SAME_OCCASION = 300.0
# Seconds from sending a message until SQS and its poller invoke the function.
_HAND_OVER = 0.02


@dataclass(slots=True, eq=False)
class _Message:
    handle: str
    body: str
    visible_at: float
    sent_at: float
    received: int = 0


class Context:
    """Lambda context of a handler that may run for `seconds`."""

    aws_request_id = "virtual"

    def __init__(self, clock: VirtualClock, seconds: float) -> None:
        self._clock = clock
        self._deadline = clock.time() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda ends the run."""
        return int((self._deadline - self._clock.time()) * 1000)


@dataclass(slots=True)
class FifoQueue:
    """One queue and its function. Durations are in seconds, as in the template.

    - `timeout`: time limit of a run
    - `batch`: most messages per run
    - `runs`: duration of each run
    - `dead`: number of dead letters
    """

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
        """True if no message waits or is being processed."""
        return not self._messages

    def send(self, body: str, occasion: str) -> None:
        """Send a message, unless its occasion was sent within the last five minutes."""
        now = self.clock.time()
        if now - self._occasions.get(occasion, -math.inf) < _SAME_OCCASION:
            return
        self._occasions[occasion] = now
        self._messages.append(_Message(f"{occasion}/{now}", body, now + _HAND_OVER, now))
        if self._worker is not None:
            self.clock.wake(self._worker)
            self._worker = None

    def hide(self, handle: str, seconds: int) -> None:
        """Hide a message for `seconds` from now."""
        next(each for each in self._messages if each.handle == handle).visible_at = self.clock.time() + seconds

    def serve(self, handler: Handler) -> None:
        """Invoke the handler with one batch after another, until the simulation is stopped."""
        while True:
            kept_since = self.clock.time() - self.retention
            self._messages = [each for each in self._messages if each.sent_at > kept_since]
            if not self._messages:
                self._worker = self.clock.me
                self.clock.wait()
                continue
            # A hidden message blocks the others of its group.
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
    """The SQS service for `bench.export_cloud`.

    `queues`: by URL. Messages to other queues are dropped.
    """

    queues: Mapping[str, FifoQueue]

    async def handle_request(
        self, _method: str, _path: str, headers: Mapping[str, str], body: bytes, _query: object
    ) -> tuple[int, dict[str, str], bytes]:
        """Answer a request in AWS's JSON protocol. Raise NotImplementedError for other operations."""
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
        """Do nothing: no state is kept here."""
