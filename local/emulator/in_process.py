"""AWS inside this process: the emulator's services, called without a socket.

Requests and responses pass through real botocore clients, so parameters are checked and encoded as for AWS.
"""

import json
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any, Protocol

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.handlers import BUILTIN_HANDLERS
from ministack.services import cloudwatch_logs, dynamodb, kms, secretsmanager, sqs

type Answer = tuple[int, dict[str, str], bytes | str]


class Service(Protocol):
    """Interface of an AWS service in the emulator."""

    def handle_request(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, str], /
    ) -> Coroutine[Any, Any, Answer]:
        """Return status, headers and body for a request."""


class _ShortPolls:
    """SQS without long polls: nothing arrives while the only process waits."""

    reset = staticmethod(sqs.reset)

    async def handle_request(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, str]
    ) -> Answer:
        """Answer a request of the service."""
        parameters = json.loads(body)
        if parameters.pop("WaitTimeSeconds", None) is not None:
            body = json.dumps(parameters).encode()
        answer: Answer = await sqs.handle_request(method, path, headers, body, query)
        return answer


# By their names in the events of botocore.
SERVICES: Mapping[str, Service] = {
    "cloudwatch-logs": cloudwatch_logs,
    "dynamodb": dynamodb,
    "kms": kms,
    "secrets-manager": secretsmanager,
    "sqs": _ShortPolls(),
}
_serving: dict[str, Service] = {}
# The emulator's functions expect to be called by one event loop; the product calls from several threads.
_one_by_one = threading.Lock()


@contextmanager
def in_process(services: Mapping[str, Service] = SERVICES) -> Iterator[None]:
    """Route all AWS clients to services in this process, which start empty."""
    _serving.update(services)
    _reset()
    try:
        yield
    finally:
        _reset()
        _serving.clear()


def _reset() -> None:
    for service in _serving.values():
        if reset := getattr(service, "reset", None):
            reset()


class _Body(BytesIO):
    """Response body as botocore reads it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        """Yield the whole body."""
        yield self.read()


def _answer(request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse | None:
    """Answer a request of botocore. None: it goes to AWS."""
    service = _serving.get(event_name.split(".")[1])
    if service is None:
        return None
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    body = request.body
    if not isinstance(body, bytes):
        raise TypeError("AWS's JSON protocols send bytes")
    with _one_by_one:
        status, answered, content = _result(service.handle_request("POST", "/", headers, body, {}))
    raw = _Body(content if isinstance(content, bytes) else content.encode())
    return AWSResponse(str(request.url), status, HTTPHeaders.from_dict(answered), raw)


def _result(call: Coroutine[Any, Any, Answer]) -> Answer:
    """Return the result of a coroutine that never waits. Raise RuntimeError if it does."""
    try:
        call.send(None)
    except StopIteration as done:
        answer: Answer = done.value
        return answer
    raise RuntimeError("the emulated service waits for something")


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


BUILTIN_HANDLERS.append(("before-send", _answer))
