"""Logs and metrics: one structured log line per outcome, and metrics in CloudWatch's embedded metric format.

Messages are constants; data goes into keys. Keys hold ids, counts and stable words only. They never hold tokens,
names, formatted amounts, bodies or addresses with query strings. Keys with a meaning across all doors:

- `entry_id` (`entry_ids` in lists): the expense; finds every log line about it.
- `vendor_request_id`: the id by which the vendor's support finds the call.
- `request_id`: Lambda's own request id.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache, wraps
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

_WORD = re.compile(r"[A-Za-z0-9_./-]{1,80}")

type Handler = Callable[[dict[str, Any], Any], Any]


@cache
def _logger() -> Logger:
    return Logger(location=None)


@cache
def _metrics() -> Metrics:
    return Metrics()


def log_info(message: str, **keys: object) -> None:
    """Log an outcome."""
    _logger().info(message, extra=keys)


def log_warning(message: str, **keys: object) -> None:
    """Log an unwanted outcome that the product repairs by itself."""
    _logger().warning(message, extra=keys)


def alert(cause: str, **keys: object) -> None:
    """Log "needs attention" with the cause, and count the metric behind the alarm. The operator must investigate."""
    _logger().error("needs attention", extra={"cause": cause, **keys})
    count("NeedsAttention")


def safe_word(word: str) -> str:
    """Return a vendor's word for a log line: unchanged if it looks like an enum value, "?" if it may be free text."""
    return word if _WORD.fullmatch(word) else "?"


def count(name: str, value: int = 1, **by: str) -> None:
    """Add to a metric; docs/metrics.md lists them.

    `by` adds dimensions by which CloudWatch can filter the metric. Each value of a dimension is a separate metric in
    CloudWatch, so pass only stable words from a short list.
    """
    if not by:
        _metrics().add_metric(name=name, unit=MetricUnit.Count, value=value)
        return
    # Flush at once: dimensions apply to every metric of the same flush.
    apart = AmazonCloudWatchEMFProvider()
    apart.add_metric(name=name, unit=MetricUnit.Count, value=value)
    for dimension, word in by.items():
        apart.add_dimensions(**{"service": str(apart.service), dimension: word})
    apart.flush_metrics()


def record_durations(name: str, seconds: Iterable[float]) -> None:
    """Add durations in seconds to a metric. Single values let CloudWatch compute percentiles."""
    for each in seconds:
        _metrics().add_metric(name=name, unit=MetricUnit.Seconds, value=round(each, 3))


def door(handler: Handler) -> Handler:
    """Wrap a Lambda handler: add the request id to every log line, and flush the metrics even if it raises."""

    @wraps(handler)
    def wrapped(event: dict[str, Any], context: Any) -> Any:
        _logger().append_keys(request_id=getattr(context, "aws_request_id", ""))
        try:
            return handler(event, context)
        finally:
            if _metrics().provider.metric_set:
                _metrics().flush_metrics()

    return wrapped
