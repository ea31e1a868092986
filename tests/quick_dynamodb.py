"""The emulator's DynamoDB called without botocore in between, which takes two thirds of a simulated call's time.

Other tests see to it that what botocore would write and check is right; this one is about the vendors.
"""

import asyncio
import base64
import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient
from ministack.services import dynamodb

_TARGET = "DynamoDB_20120810"


@contextmanager
def quick_dynamodb() -> Iterator[None]:
    """While this lasts, DynamoDB's clients call the emulator's functions; all other clients are as they were."""
    usual = BaseClient._make_api_call  # type: ignore[attr-defined]

    def make_api_call(self: BaseClient, operation: str, arguments: dict[str, Any]) -> Any:
        if self.meta.service_model.service_name != "dynamodb":
            return usual(self, operation, arguments)
        status, answer = _answered(operation, arguments)
        if status < 300:
            return answer
        code = str(answer["__type"]).rpartition("#")[2]
        parsed = answer | {"Error": {"Code": code, "Message": str(answer.get("message"))}}
        error: Any = self.exceptions.from_code(code)
        raise error(parsed, operation)

    with (
        patch.object(BaseClient, "_make_api_call", make_api_call),
        patch.object(dynamodb, "copy", SimpleNamespace(deepcopy=_copied)),
        patch.object(dynamodb, "_tokenize", _tokenize),
        patch.object(dynamodb, "_condition_syntax_error", _condition_syntax_error),
    ):
        yield


# The product has a few dozen expressions, and each is read hundreds of times.
_tokenize = cache(dynamodb._tokenize)
_condition_syntax_error = cache(dynamodb._condition_syntax_error)


def _answered(operation: str, arguments: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    headers = {"x-amz-target": f"{_TARGET}.{operation}"}
    body = json.dumps(arguments, default=_base64).encode()
    status, _, content = _finished(dynamodb.handle_request("POST", "/", headers, body, {}))
    return status, json.loads(content, object_hook=_bytes)


def _finished(call: Any) -> Any:
    """What a coroutine comes to that waits for nothing; an event loop may run in this thread already."""
    try:
        call.send(None)
    except StopIteration as done:
        return done.value
    raise asyncio.InvalidStateError("the emulated service waits for something")


def _copied(value: Any) -> Any:
    """A deep copy; most of what the emulator copies is JSON."""
    if type(value) is dict:
        return {key: _copied(each) for key, each in value.items()}
    if type(value) is list:
        return [_copied(each) for each in value]
    return value if type(value) is str else copy.deepcopy(value)


def _base64(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(type(value).__name__)


def _bytes(found: dict[str, Any]) -> dict[str, Any]:
    return {"B": base64.b64decode(found["B"])} if found.keys() == {"B"} and isinstance(found["B"], str) else found
