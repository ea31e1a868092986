"""Harness that runs the product in virtual time: replaces its transport, logs, metrics and caches."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient

from bench.export_vendors import Json, MeasuredVendors
from bench.virtual_time import PerThread, VirtualClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Virtual seconds per call, round trip."""

    vendor: float = 0.15
    aws: float = 0.005


@dataclass(slots=True)
class Observed:
    """Counts of what the product logged, measured and requested.

    - `lines`: log lines by (level, message)
    - `metrics`: sums by metric
    - `aws`: AWS calls by (door, operation)
    """

    lines: Counter[tuple[str, str]] = field(default_factory=Counter)
    metrics: Counter[str] = field(default_factory=Counter)
    aws: Counter[tuple[str, str]] = field(default_factory=Counter)

    def info(self, message: str, **_: object) -> None:
        """Replace the logger's method of this name."""
        self.lines["info", message] += 1

    def warning(self, message: str, **_: object) -> None:
        """Replace the logger's method of this name."""
        self.lines["warning", message] += 1

    def error(self, message: str, extra: Mapping[str, object]) -> None:
        """Replace the logger's method of this name."""
        self.lines["error", f"{message}: {extra.get('cause')}"] += 1

    def append_keys(self, **_: object) -> None:
        """Replace the logger's method of this name."""

    def add_metric(self, *, name: str, value: int, **_: object) -> None:
        """Replace the metrics' method of this name."""
        self.metrics[name] += value


@contextmanager
def harnessed(clock: VirtualClock, vendors: MeasuredVendors, latency: Latency) -> Iterator[Observed]:
    """Replace transport, AWS latency, limiter memory (one per door), logs and metrics of the product in the block."""
    from shared import telemetry
    from shared.aws import limiter
    from shared.http.client import Http

    observed = Observed()
    call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def make_api_call(self: BaseClient, operation: str, arguments: Json) -> Any:
        observed.aws[threading.current_thread().name, operation] += 1
        clock.sleep(latency.aws)
        return call(self, operation, arguments)

    metrics = SimpleNamespace(add_metric=observed.add_metric, provider=SimpleNamespace(metric_set={}))
    replaced = (
        (BaseClient, "_make_api_call", make_api_call),
        (telemetry, "_logger", lambda: observed),
        (telemetry, "_metrics", lambda: metrics),
        (limiter, "_last_call", PerThread[float]()),
        (Http.__init__, "__kwdefaults__", {**(Http.__init__.__kwdefaults__ or {}), "transport": vendors}),
    )
    with ExitStack() as stack:
        for owner, name, replacement in replaced:
            stack.enter_context(patch.object(owner, name, replacement))
        yield observed


@contextmanager
def fresh_processes() -> Iterator[None]:
    """Use new AWS clients and credentials for the block, not those of another simulation."""
    from shared.aws import clients, credentials

    with forgetting({"clients": clients, "credentials": credentials}):
        yield


@contextmanager
def forgetting(modules: Mapping[str, ModuleType]) -> Iterator[None]:
    """Clear the modules' caches before and after the block."""
    caches = [value for module in modules.values() for value in vars(module).values() if hasattr(value, "cache_clear")]
    for cache in caches:
        cache.cache_clear()
    try:
        yield
    finally:
        for cache in caches:
            cache.cache_clear()
