"""What every test gets: no way out of this machine, and on request the product's AWS resources in memory."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from aws_lambda_powertools import Metrics
from cloud import ENVIRONMENT, Cloud, Document, in_memory, load_template
from hypothesis import HealthCheck, settings
from pytest_socket import socket_allow_hosts

if TYPE_CHECKING:
    from journeys.world import World

# How long an example takes says nothing on a busy machine.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than processors: a journey waits for its stack a sixth of the time."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


def pytest_runtest_setup() -> None:
    """Connections to anything but this machine fail; pytest-socket lifts that again after each test."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def _no_metrics_of_another_test() -> None:
    """Metrics gather in the process until a door writes them out."""
    Metrics().clear_metrics()


@pytest.fixture(scope="session")
def template() -> Document:
    """template.yaml as it stands."""
    return load_template()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The product's tables, queues, key and secret."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with in_memory() as cloud:
        yield cloud


@pytest.fixture(scope="session")
def world() -> Iterator["World"]:
    """The deployed template between its two vendors: one stack per test process, for journeys and browser."""
    from journeys.world import World

    from local.stack import LocalStack

    with LocalStack() as stack:
        world = World(stack)
        yield world
        world.close()
