"""An alarm of template.yaml, judged as CloudWatch would judge it, on what the running stack has measured.

The emulator evaluates no alarms. So the alarm's own definition is read here (statistic or percentile, period, number of
periods, threshold, operator, missing data, and the one expression the template uses), and its metric's values come
from where they arise: our own from the lines in embedded metric format, with the dimensions that stand there, queues'
from their attributes, functions' from the emulator's CloudWatch. Periods end at the moment of asking, not on the clock.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cloud import load_template

from .world import DOORS, Json, World

_SUM_OF_ALL = "SUM(FILL(METRICS(), 0))"
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
}
_STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {"Sum": sum, "Maximum": max}
_QUEUE_METRICS = {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"}
_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as it is asked for: what is looked at has exactly these dimensions, with physical names."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Point:
    """One value, and when it was measured (Unix seconds)."""

    at: float
    value: float


type Measured = Callable[[Metric], Sequence[Point]]


@dataclass(slots=True)
class Watch:
    """What was measured since it began, of one running stack."""

    world: World
    since: float = field(default_factory=time.time)
    seen: list[tuple[Metric, Point]] = field(default_factory=list)

    @property
    def alarms(self) -> list[str]:
        """The names of all alarms."""
        resources = load_template()["Resources"]
        return [name for name, resource in resources.items() if resource["Type"] == "AWS::CloudWatch::Alarm"]

    def fires(self, alarm: str, *, minutes_from_now: int = 0) -> bool:
        """Whether an alarm is in alarm; later, if by then nothing has changed and messages have grown older."""
        definition = load_template()["Resources"][alarm]["Properties"]
        end = time.time() + 1 + minutes_from_now * _MINUTE
        # Once each: looking at a message counts as receiving it.
        measured = cache(lambda metric: self._measured(metric, end))
        return fires(resolved(definition, self.world.stack.resources), measured, end)

    def saw(self, alarm: str, count: int) -> None:
        """Adds what somebody outside saw to the metric of an alarm: the emulator does not measure it."""
        (metric, *_) = watched(resolved(load_template()["Resources"][alarm]["Properties"], self.world.stack.resources))
        self.seen.append((metric, Point(time.time(), count)))

    def _measured(self, metric: Metric, until: float) -> Sequence[Point]:
        if metric.namespace == "AWS/SQS":
            return self._of_queue(metric, until)
        if metric.namespace == "AWS/Lambda":
            return self._of_function(metric)
        return [*self._of_ours(metric), *(point for each, point in self.seen if each == metric)]

    def _of_ours(self, metric: Metric) -> Iterator[Point]:
        for door in DOORS:
            for line in self.world.lines(door):
                at = line.get("_aws", {}).get("Timestamp", 0) / 1000
                if at >= self.since and _is_about(line, metric):
                    values = line[metric.name]
                    yield from (Point(at, value) for value in (values if isinstance(values, list) else [values]))

    def _of_queue(self, metric: Metric, until: float) -> list[Point]:
        assert metric.name in _QUEUE_METRICS
        (name,) = (value for _, value in metric.dimensions)
        (queue,) = (url for url in self.world.stack.resources.values() if url.endswith(f"/{name}"))
        now = time.time()
        minutes = [now + _MINUTE * number for number in range(math.ceil((until - now) / _MINUTE) + 1)]
        if metric.name == "ApproximateNumberOfMessagesVisible":
            return [Point(at, self.world.visible(queue)) for at in minutes]
        sent = self.world.oldest_sent(queue)
        return [Point(at, at - sent) for at in minutes] if sent else []

    def _of_function(self, metric: Metric) -> list[Point]:
        found = self.world.stack.client("cloudwatch").get_metric_statistics(
            Namespace=metric.namespace,
            MetricName=metric.name,
            Dimensions=[{"Name": name, "Value": value} for name, value in metric.dimensions],
            StartTime=datetime.fromtimestamp(self.since, UTC),
            EndTime=datetime.fromtimestamp(time.time() + 1, UTC),
            Period=1,
            Statistics=["Sum"],
        )
        return [Point(each["Timestamp"].timestamp(), each["Sum"]) for each in found["Datapoints"]]


def fires(alarm: Json, measured: Measured, end: float) -> bool:
    """Whether an alarm, its references resolved, is in alarm by what was measured until `end`."""
    periods = int(alarm["EvaluationPeriods"])
    length = _period(alarm)
    values = [_value(alarm, measured, end - length * (number + 1), end - length * number) for number in range(periods)]
    threshold, compared = float(alarm["Threshold"]), _COMPARED[alarm["ComparisonOperator"]]
    missing = {"notBreaching": False, "breaching": True}[alarm["TreatMissingData"]]
    breaching = [missing if value is None else compared(value, threshold) for value in values]
    return sum(breaching) >= int(alarm.get("DatapointsToAlarm", periods))


def watched(alarm: Json) -> list[Metric]:
    """The metrics an alarm looks at."""
    single = [alarm] if "MetricName" in alarm else []
    return [_metric(each) for each in (*single, *(part["MetricStat"]["Metric"] for part in _stats(alarm)))]


def resolved(definition: Any, resources: dict[str, str]) -> Any:
    """A piece of the template with the physical names of what it refers to."""
    match definition:
        case {"Ref": name} if len(definition) == 1:
            return resources.get(name, name)
        case {"Fn::GetAtt": path} if len(definition) == 1:
            logical, _, attribute = (path if isinstance(path, str) else ".".join(path)).partition(".")
            assert attribute == "QueueName", path
            return resources[logical].rsplit("/", 1)[1]
        case dict():
            return {key: resolved(value, resources) for key, value in definition.items() if key != "AlarmActions"}
        case list():
            return [resolved(value, resources) for value in definition]
        case _:
            return definition


def _value(alarm: Json, measured: Measured, start: float, end: float) -> float | None:
    """The watched value of one period, None without data."""
    if "MetricName" in alarm:
        statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        return _statistic(statistic, _within(measured(_metric(alarm)), start, end))
    (expression,) = (part for part in alarm["Metrics"] if "Expression" in part)
    assert (expression["Expression"], expression["ReturnData"]) == (_SUM_OF_ALL, True)
    found = [
        _statistic(part["MetricStat"]["Stat"], _within(measured(_metric(part["MetricStat"]["Metric"])), start, end))
        for part in _stats(alarm)
    ]
    # A missing value is filled where any other metric has one; where none has, there is nothing to fill.
    return None if all(value is None for value in found) else sum(value or 0 for value in found)


def _statistic(name: str, values: Sequence[float]) -> float | None:
    if not values:
        return None
    if name in _STATISTICS:
        return _STATISTICS[name](values)
    rank = math.ceil(float(name.removeprefix("p")) / 100 * len(values))
    return sorted(values)[max(rank, 1) - 1]


def _within(points: Iterable[Point], start: float, end: float) -> list[float]:
    return [point.value for point in points if start < point.at <= end]


def _stats(alarm: Json) -> list[Json]:
    return [part for part in alarm.get("Metrics", []) if "MetricStat" in part]


def _period(alarm: Json) -> float:
    lengths = {alarm["Period"]} if "Period" in alarm else {part["MetricStat"]["Period"] for part in _stats(alarm)}
    (length,) = lengths
    return float(length)


def _metric(described: Json) -> Metric:
    dimensions = frozenset((each["Name"], each["Value"]) for each in described["Dimensions"])
    return Metric(described["Namespace"], described["MetricName"], dimensions)


def _is_about(line: Json, metric: Metric) -> bool:
    """Whether a line in embedded metric format adds to exactly this metric."""
    return any(
        part["Namespace"] == metric.namespace
        and any(each["Name"] == metric.name for each in part["Metrics"])
        and any(frozenset((name, line[name]) for name in names) == metric.dimensions for names in part["Dimensions"])
        for part in line["_aws"]["CloudWatchMetrics"]
    )
