"""Metrics in CloudWatch's embedded format: by service, by further words, and as durations."""

import json
from typing import Any

import pytest
from aws_lambda_powertools import Metrics

from shared import telemetry


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "pleo-lexoffice")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "PleoLexoffice")
    telemetry._metrics.cache_clear()


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def dimensions(line: dict[str, Any]) -> list[set[str]]:
    return [set(names) for names in line["_aws"]["CloudWatchMetrics"][0]["Dimensions"]]


def test_a_metric_by_further_words_can_be_looked_at_whole_and_by_each_of_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry.count("ItemsRefused", code="EXP-PLAN", fault="system")

    (line,) = written(capsys)
    assert dimensions(line) == [{"service"}, {"service", "code"}, {"service", "fault"}]
    assert (line["service"], line["code"], line["fault"]) == ("pleo-lexoffice", "EXP-PLAN", "system")
    assert line["ItemsRefused"] == [1.0]


def test_what_is_counted_by_a_word_leaves_other_metrics_without_it(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.count("LinesFed", 2)
    telemetry.count("ItemsRefused", code="EXP-PLAN")
    telemetry.door(lambda _event, _context: None)({}, None)

    apart, together = written(capsys)
    assert "LinesFed" not in apart
    assert dimensions(together) == [{"service"}]
    assert together["LinesFed"] == [2.0]


def test_every_duration_is_a_value_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.record_durations("FeedDelay", [0.25, 61.5])
    telemetry.door(lambda _event, _context: None)({}, None)

    (line,) = written(capsys)
    assert line["FeedDelay"] == [0.25, 61.5]
    assert line["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [{"Name": "FeedDelay", "Unit": "Seconds"}]


def test_more_durations_than_one_line_may_hold_become_two(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.record_durations("FeedDelay", [1.0] * 150)
    telemetry.door(lambda _event, _context: None)({}, None)

    assert [len(line["FeedDelay"]) for line in written(capsys)] == [100, 50]
    assert Metrics().metric_set == {}


@pytest.mark.parametrize(
    ("word", "shown"),
    [("PLEO_INVOICE/FEE", "PLEO_INVOICE/FEE"), ("job_expired", "job_expired"), ("Frau Kringel", "?"), ("", "?")],
)
def test_a_vendors_word_is_logged_and_a_text_is_not(word: str, shown: str) -> None:
    assert telemetry.safe_word(word) == shown
