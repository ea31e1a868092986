"""What the product tells its operators: one structured line per outcome, and metrics in CloudWatch's embedded format.

Messages are constants, data goes into keys: ids, counts and stable words only. Never tokens, names, amounts' texts,
bodies, addresses with query strings. The key `entry_id` (in lists `entry_ids`) holds an expense's lines together across
all doors, `vendor_request_id` is what the vendor's support finds a call by; `request_id` is Lambda's own.
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
    """Log an outcome that is not as it should be but heals itself."""
    _logger().warning(message, extra=keys)


def alert(cause: str, **keys: object) -> None:
    """A person must look: one line "needs attention" that names the cause, and the metric behind its alarm."""
    _logger().error("needs attention", extra={"cause": cause, **keys})
    count("NeedsAttention")


def safe_word(word: str) -> str:
    """A vendor's word for a log line: as it is if it can be of a fixed list, "?" if it could be a person's text."""
    return word if _WORD.fullmatch(word) else "?"


def count(name: str, value: int = 1, **by: str) -> None:
    """Add to a metric; docs/metrics.md lists them.

    `by` names further dimensions, by each of which the metric can also be looked at alone. Every value of one is a
    metric of its own to CloudWatch, so only stable words of a short list will do.
    """
    if not by:
        _metrics().add_metric(name=name, unit=MetricUnit.Count, value=value)
        return
    # Written out at once: dimensions hold for everything that is written out together.
    apart = AmazonCloudWatchEMFProvider()
    apart.add_metric(name=name, unit=MetricUnit.Count, value=value)
    for dimension, word in by.items():
        apart.add_dimensions(**{"service": str(apart.service), dimension: word})
    apart.flush_metrics()


def record_durations(name: str, seconds: Iterable[float]) -> None:
    """Add durations to a metric, of which CloudWatch then knows the percentiles."""
    for each in seconds:
        _metrics().add_metric(name=name, unit=MetricUnit.Seconds, value=round(each, 3))


def door(handler: Handler) -> Handler:
    """Wrap a Lambda handler: request id on every log line, metrics written out whatever happens."""

    @wraps(handler)
    def wrapped(event: dict[str, Any], context: Any) -> Any:
        _logger().append_keys(request_id=getattr(context, "aws_request_id", ""))
        try:
            return handler(event, context)
        finally:
            if _metrics().provider.metric_set:
                _metrics().flush_metrics()

    return wrapped
