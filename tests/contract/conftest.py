"""The adapters meet moto here, and the emulator everywhere else: two opinions of AWS."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

import pytest
from cloud import ENVIRONMENT, Cloud, in_memory
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber
from moto.kms.utils import generate_private_key

# moto makes an RSA key for every key, also for one that only encrypts.
_private_key = cache(generate_private_key)


@contextmanager
def _moto() -> Iterator[None]:
    # moto handles calls in the caller's thread and without locks; AWS carries out each one on its own.
    process, one_by_one = BotocoreStubber.process_request, threading.Lock()

    def processed(self: BotocoreStubber, request: Any) -> Any:
        with one_by_one:
            return process(self, request)

    with (
        patch.object(BotocoreStubber, "process_request", processed),
        patch("moto.kms.models.generate_private_key", _private_key),
        mock_aws(),
    ):
        yield


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The product's tables, queues, key and secret."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with in_memory(_moto) as cloud:
        yield cloud
