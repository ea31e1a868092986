"""What the product tells its operators: one structured line per outcome, and metrics in CloudWatch's embedded format.

Messages are constants, data goes into keys: ids, counts and stable words only. Never tokens, names, amounts' texts,
bodies, addresses with query strings.
"""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

type Handler = Callable[[dict[str, Any], Any], Any]


@cache
def _logger() -> Logger:
    return Logger(location=None)


@cache
def _metrics() -> Metrics:
    return Metrics()


def note(message: str, **keys: object) -> None:
    """Log an outcome."""
    _logger().info(message, extra=keys)


def warn(message: str, **keys: object) -> None:
    """Log an outcome that is not as it should be but heals itself."""
    _logger().warning(message, extra=keys)


def attention(cause: str, **keys: object) -> None:
    """A person must look: one line "needs attention" that names the cause, and the metric behind its alarm."""
    _logger().error("needs attention", extra={"cause": cause, **keys})
    count("NeedsAttention")


def count(name: str, value: int = 1) -> None:
    """Add to a metric; docs/metrics.md lists them."""
    _metrics().add_metric(name=name, unit=MetricUnit.Count, value=value)


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
