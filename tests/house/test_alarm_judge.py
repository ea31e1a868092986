"""The judge of tests/journeys/alarms.py decides as CloudWatch documents it."""

from typing import Any

import pytest
from journeys.alarms import Metric, Point, fires, resolved

NOW = 1_800_000_000.0
ALARM: dict[str, Any] = {
    "Namespace": "N",
    "MetricName": "M",
    "Dimensions": [{"Name": "service", "Value": "s"}],
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 2,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "notBreaching",
}
MATH = {
    "Metrics": [
        {"Id": "sum", "Expression": "SUM(FILL(METRICS(), 0))", "ReturnData": True},
        *(
            {
                "Id": name.lower(),
                "ReturnData": False,
                "MetricStat": {
                    "Metric": {"Namespace": "N", "MetricName": name, "Dimensions": []},
                    "Period": 60,
                    "Stat": "Sum",
                },
            }
            for name in ("A", "B")
        ),
    ],
} | {name: ALARM[name] for name in ("EvaluationPeriods", "Threshold", "ComparisonOperator", "TreatMissingData")}


def judged(alarm: dict[str, Any], **points: list[tuple[float, float]]) -> bool:
    """By points (seconds ago, value) of metrics."""

    def measured(metric: Metric) -> list[Point]:
        return [Point(NOW - ago, value) for ago, value in points.get(metric.name, [])]

    return fires(alarm, measured, NOW)


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("GreaterThanThreshold", [1, 1], False),
        ("GreaterThanThreshold", [1, 2], True),
        ("GreaterThanOrEqualToThreshold", [1, 1], True),
        ("LessThanThreshold", [1], True),
        ("LessThanThreshold", [1, 1], False),
    ],
)
def test_the_operator_decides_at_the_threshold(operator: str, values: list[float], expected: bool) -> None:
    points = [(1.0, value) for value in values]

    assert judged(ALARM | {"ComparisonOperator": operator}, M=points) is expected


def test_what_is_older_than_the_period_does_not_count() -> None:
    assert judged(ALARM, M=[(59, 3)])
    assert not judged(ALARM, M=[(61, 3)])


def test_every_period_must_breach_unless_fewer_are_enough() -> None:
    three = ALARM | {"EvaluationPeriods": 3}

    assert not judged(three, M=[(1, 3), (61, 3)])
    assert judged(three, M=[(1, 3), (61, 3), (121, 3)])
    assert judged(three | {"DatapointsToAlarm": 2}, M=[(1, 3), (121, 3)])


def test_missing_data_breaches_if_the_alarm_says_so() -> None:
    assert not judged(ALARM)
    assert judged(ALARM | {"TreatMissingData": "breaching"})


def test_a_percentile_is_that_of_all_values_of_the_period() -> None:
    percentile = {name: value for name, value in ALARM.items() if name != "Statistic"} | {"ExtendedStatistic": "p95"}
    nineteen_fast = [(1.0, 1.0)] * 19

    assert not judged(percentile, M=[*nineteen_fast, (1, 100)])
    assert judged(percentile, M=[*nineteen_fast, (1, 100), (1, 100)])


def test_an_expression_adds_up_and_fills_what_is_missing() -> None:
    assert judged(MATH, A=[(1, 2)], B=[(1, 1)])
    assert judged(MATH, B=[(1, 3)])
    assert not judged(MATH, A=[(1, 1)], B=[(1, 1)])
    assert judged(MATH | {"TreatMissingData": "breaching"})


def test_references_become_physical_names() -> None:
    queue = {"Value": {"Fn::GetAtt": "Queue.QueueName"}, "AlarmActions": {"Fn::If": []}}

    assert resolved(queue, {"Queue": "http://aws/0/physical.fifo"}) == {"Value": "physical.fifo"}
    assert resolved([{"Ref": "Function"}], {"Function": "physical"}) == ["physical"]
