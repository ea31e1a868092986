"""Metrics, alarms, dashboard and their documents say the same, and every alarm is seen to fire somewhere."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cloud import ROOT, Document, load_template

from shared.aws.consume import POSTPONED
from shared.domain.exporting.export_errors import ALL_ERRORS
from shared.domain.syncing import silence
from shared.flows.exporting import late_receipts
from shared.texts.export_errors import EXPORT_ERRORS

RESOURCES: Document = load_template()["Resources"]
ALARMS: dict[str, Document] = {
    name: each["Properties"] for name, each in RESOURCES.items() if each["Type"] == "AWS::CloudWatch::Alarm"
}
OURS = "PleoLexoffice"
CODE = [path for folder in ("shared", "functions") for path in sorted((ROOT / folder).rglob("*.py"))]
METRICS = (ROOT / "docs" / "metrics.md").read_text("utf-8")
# An alarm can watch no more (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html).
MOST_METRICS = 10
LONGEST_DESCRIPTION = 1024


def table() -> list[list[str]]:
    """The rows of the table of metrics: metric, what it counts, alarm, page."""
    lines = METRICS.partition("\n| metric |")[2].partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def named(cell: str) -> set[str]:
    return set(re.findall(r"`([A-Z]\w+)`", cell))


def counted() -> set[str]:
    """The metrics that the code writes."""
    return {
        name
        for path in CODE
        for name in re.findall(r'(?<!\.)\b(?:count|record_durations)\(\s*"(\w+)"', path.read_text())
    } | set(POSTPONED.values())


def of_type(kind: str) -> list[str]:
    return [name for name, each in RESOURCES.items() if each["Type"] == kind]


def watched(alarm: Document) -> Iterator[Document]:
    """The metrics an alarm looks at."""
    if "MetricName" in alarm:
        yield alarm
    yield from (part["MetricStat"]["Metric"] for part in alarm.get("Metrics", []) if "MetricStat" in part)


def dimensions(metric: Document) -> dict[str, Any]:
    return {each["Name"]: each["Value"] for each in metric["Dimensions"]}


# --- metrics ---------------------------------------------------------------------------------------------------------


def test_every_metric_of_the_code_is_in_the_table_and_no_other() -> None:
    ours = {name for metric, *_ in table() for name in named(metric) if not name.endswith("Queue")}

    assert counted()
    assert ours == counted()


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_watches_a_metric_that_is_written(name: str) -> None:
    for metric in watched(ALARMS[name]):
        assert metric["Namespace"] != OURS or metric["MetricName"] in counted()
        assert metric["Namespace"] != OURS or dimensions(metric)["service"] == "pleo-lexoffice"


def test_an_export_fails_on_the_customers_side_or_on_ours() -> None:
    faults = {error.code: error.fault for error in ALL_ERRORS}

    assert set(faults.values()) == {"customer", "system"}
    assert faults["EXP-TAX-MISSING"] == "customer"
    # An error that sends the bookkeeper to support is not the bookkeeper's.
    for error in ALL_ERRORS:
        fix = EXPORT_ERRORS[error.code].fix.en
        assert error.fault == "system" or not re.search("(tell|ask) support", fix), error.code


# --- alarms ----------------------------------------------------------------------------------------------------------


def test_every_alarm_is_in_the_table_and_no_other() -> None:
    assert {name for _, _, alarm, _ in table() for name in named(alarm) if name.endswith("Alarm")} == set(ALARMS)


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_stands_beside_its_metric_and_leads_to_its_page(name: str) -> None:
    rows = [row for row in table() if name in named(row[2])]
    pages = {re.sub(r"^\[([\w-]+)\]\(runbook\.md#\1\)$", r"\1", row[3]) for row in rows}
    metrics = {metric["MetricName"] for metric in watched(ALARMS[name]) if metric["Namespace"] == OURS}

    (page,) = pages
    assert re.fullmatch(r"[a-z-]+", page)
    assert ALARMS[name]["AlarmDescription"].endswith(f" docs/runbook.md#{page}")
    assert metrics <= {each for row in rows for each in named(row[0])}


def test_every_page_of_the_table_is_in_the_runbook() -> None:
    headings = re.findall(r"^#+ +(.+?) *$", (ROOT / "docs" / "runbook.md").read_text("utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    explicit = set(re.findall(r'<a id="([^"]+)"', (ROOT / "docs" / "runbook.md").read_text("utf-8")))

    assert set(re.findall(r"runbook\.md#([\w-]+)", METRICS)) <= anchors | explicit


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarms_description_names_a_next_step(name: str) -> None:
    description = ALARMS[name]["AlarmDescription"]

    assert "`python -m ops " in description
    assert len(description) <= LONGEST_DESCRIPTION


@pytest.mark.parametrize("name", [name for name, alarm in ALARMS.items() if "Metrics" in alarm])
def test_an_expression_adds_up_what_aws_lets_an_alarm_watch(name: str) -> None:
    parts = ALARMS[name]["Metrics"]
    stats = [part["MetricStat"] for part in parts if "MetricStat" in part]

    assert [part["Expression"] for part in parts if part["ReturnData"]] == ["SUM(FILL(METRICS(), 0))"]
    assert 2 <= len(stats) <= MOST_METRICS
    assert len({(stat["Stat"], stat["Period"]) for stat in stats}) == 1
    assert len({part["Id"] for part in parts}) == len(parts)


@pytest.mark.parametrize("name", ["FunctionErrorAlarm", "FunctionThrottleAlarm"])
def test_every_door_is_watched(name: str) -> None:
    seen = {dimensions(metric)["FunctionName"]["Ref"] for metric in watched(ALARMS[name])}

    assert seen == set(of_type("AWS::Serverless::Function"))


def test_every_table_and_every_global_index_is_watched() -> None:
    wanted = {
        (name, index, metric)
        for name in of_type("AWS::DynamoDB::Table")
        for index in ["", *(i["IndexName"] for i in RESOURCES[name]["Properties"].get("GlobalSecondaryIndexes", []))]
        for metric in ("ReadThrottleEvents", "WriteThrottleEvents")
    }
    seen = {
        (found["TableName"]["Ref"], found.get("GlobalSecondaryIndexName", ""), metric["MetricName"])
        for metric in watched(ALARMS["TableThrottleAlarm"])
        for found in [dimensions(metric)]
    }

    assert seen == wanted


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_is_seen_to_fire_in_a_test(name: str) -> None:
    """By name; and the test asks of this alarm first that it is silent, then that it fires."""
    tests = ast.parse((ROOT / "tests" / "journeys" / "test_alarms.py").read_text("utf-8"))
    words = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    found = [each for each in tests.body if isinstance(each, ast.FunctionDef) and f"test_{words}_fires" in each.name]

    (test,) = found
    asked = [ast.unparse(each) for each in ast.walk(test) if isinstance(each, ast.Assert | ast.Call)]
    assert any(f"not watch.fires('{name}'" in each for each in asked)
    assert any(re.search(rf"(?<!not )watch\.fires\('{name}'", each) for each in asked)


# --- causes ----------------------------------------------------------------------------------------------------------


def calls(name: str) -> Iterator[tuple[str, ast.expr]]:
    """The first argument of every call of a function of telemetry, and where it is."""
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                yield str(path.relative_to(ROOT)), node.args[0]


def literals(path: Path, pattern: str) -> set[str]:
    return set(re.findall(pattern, path.read_text("utf-8")))


def test_every_cause_of_attention_is_listed_and_no_other() -> None:
    plain = {first.value for _, first in calls("alert") if isinstance(first, ast.Constant)}
    # Who does not name the cause in place has it from one of these.
    ledger = literals(
        ROOT / "shared" / "domain" / "feeding" / "ledger.py", r'State\.HELD, .*reason="(\w+)"|"(amount_missing)"'
    )
    reasons = {word for pair in ledger for word in pair if word}
    reasons |= literals(ROOT / "shared" / "flows" / "feeding" / "feed.py", r'unreadable\(row, "(\w+)"')
    receipts = literals(Path(late_receipts.__file__), r'_alert\("([^"]+)"')
    elsewhere = {
        "shared/flows/feeding/accept.py": reasons,
        "shared/flows/feeding/feed.py": reasons,
        "shared/flows/exporting/late_receipts.py": receipts,
        "shared/flows/syncing/silence.py": {silence.NO_WEBHOOKS, silence.NOT_FED, silence.NO_SYNC},
    }
    assert {place for place, first in calls("alert") if not isinstance(first, ast.Constant)} == set(elsewhere)
    chapter = METRICS.partition('## Causes of "needs attention"\n')[2].partition(". The last three")[0]

    assert set(re.findall(r"`([^`]+)`", chapter)) == plain.union(*elsewhere.values())


# --- dashboard -------------------------------------------------------------------------------------------------------


def body() -> str:
    """The dashboard as it is written, from the file that the template includes."""
    include = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Transform"]
    assert include["Name"] == "AWS::Include"
    # The transform knows no short tags, so neither does this loader.
    snippet = yaml.safe_load((ROOT / include["Parameters"]["Location"]).read_text("utf-8"))
    assert list(snippet) == ["Fn::Sub"]
    return str(snippet["Fn::Sub"])


def dashboard() -> list[Document]:
    """The dashboard's widgets, references replaced by their names."""
    widgets: list[Document] = json.loads(re.sub(r"\$\{!?([^}]+)\}", r"\1", body()))["widgets"]
    return widgets


def shown() -> Iterator[list[Any]]:
    """Every metric of the dashboard, its dimensions spelt out."""
    for widget in dashboard():
        yield from (metric for metric in widget["properties"].get("metrics", []) if isinstance(metric[0], str))


def test_the_dashboard_refers_to_what_there_is() -> None:
    references = {name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", body())}

    assert references - {"AWS::Region"} <= set(RESOURCES)
    assert {metric[1] for metric in shown() if metric[0] == OURS} <= counted()
    assert all(metric[2:4] == ["service", "pleo-lexoffice"] for metric in shown() if metric[0] == OURS)


def test_the_dashboard_shows_every_alarm_and_every_metric_that_raises_one() -> None:
    (states,) = (widget for widget in dashboard() if widget["type"] == "alarm")
    alarming = {(metric["Namespace"], metric["MetricName"]) for alarm in ALARMS.values() for metric in watched(alarm)}

    assert states["properties"]["alarms"] == [f"{name}.Arn" for name in ALARMS]
    assert alarming <= {(metric[0], metric[1]) for metric in shown()}


def test_no_widget_of_the_dashboard_covers_another() -> None:
    cells: list[tuple[int, int]] = []
    for widget in dashboard():
        columns = range(widget["x"], widget["x"] + widget["width"])
        cells += [(x, y) for x in columns for y in range(widget["y"], widget["y"] + widget["height"])]

    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == 23


def test_the_dashboard_finds_refusals_by_their_code() -> None:
    expressions = " ".join(
        metric[0]["expression"]
        for widget in dashboard()
        for metric in widget["properties"].get("metrics", [])
        if isinstance(metric[0], dict)
    )

    assert 'MetricName="ItemsRefused"' in expressions
    assert 'MetricName="JobsFailed"' in expressions
    assert expressions.count("{PleoLexoffice,code,service}") == 2
