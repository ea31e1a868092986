"""`ops dlq` and what else looks into the dead-letter queues: every message with its cause, and nothing is consumed."""

import json
from typing import Any

import pytest
from cloud import Cloud

from shared.aws.connections import Status
from shared.aws.failures import EXPORT, FEED, SYNC, Failures
from shared.aws.quarantine import Quarantine
from shared.aws.queues import WakeUp
from shared.domain.connecting.company_state import Hold

from .conftest import Bury, Connect, Ops, visible
from .move_tasks import MoveTasks


def causes(answer: Any) -> dict[tuple[str, str], str]:
    return {(each["queue"], each["company"]): each["cause"] for each in answer["messages"] if each["company"]}


def test_each_message_is_shown_with_its_company_and_what_was_in_the_way(
    ops_: Ops, connected: Connect, bury: Bury, failures: Failures
) -> None:
    alpha, beta = connected("Alpha GmbH"), connected("Beta GmbH", status=Status.HELD, hold=Hold.PLAN)
    gamma, delta = connected("Gamma GmbH", status=Status.DISCONNECTED), connected("Delta GmbH", sync_error="pleo lost")
    for company in (alpha, beta, gamma, delta):
        bury(company)
    bury(alpha, "Export")
    bury(alpha, "Sync", "prove_balance")
    bury(delta, "Sync", "check_access")
    bury("nonsense")
    bury(json.dumps({"connection_id": "f" * 32}))
    failures.record(alpha.connection_id, FEED, "lexoffice answered 503 to POST /v1/x", 5)
    failures.record(alpha.connection_id, EXPORT, "pleo gave no answer to GET /v1/y", 2)
    failures.record(alpha.connection_id, SYNC, "crashed: KeyError at shared/x.py:1", 5)
    failures.record(beta.connection_id, FEED, "older", 5)

    answer = ops_("dlq", "--json").data

    assert causes(answer) == {
        ("feed", "Alpha GmbH"): "lexoffice answered 503 to POST /v1/x",
        ("feed", "Beta GmbH"): "held: plan",
        ("feed", "Gamma GmbH"): "disconnected",
        ("feed", "Delta GmbH"): "unknown: the worker left no note",
        ("export", "Alpha GmbH"): "pleo gave no answer to GET /v1/y",
        ("sync", "Alpha GmbH"): "crashed: KeyError at shared/x.py:1",
        ("sync", "Delta GmbH"): "syncs fail: pleo lost",
    }
    assert {each["cause"] for each in answer["messages"] if not each["company"]} == {
        "poisoned: no JSON",
        "company unknown: its data was deleted",
    }
    requests = {each["company"]: each["requests"] for each in answer["messages"] if each["queue"] == "sync"}
    assert requests == {"Alpha GmbH": ["prove_balance"], "Delta GmbH": ["check_access"]}
    assert {each["queue"]: each["messages"] for each in answer["queues"]} == {"feed": 6, "export": 1, "sync": 2}


def test_a_look_consumes_nothing_even_if_it_breaks_off(aws: Cloud, ops_: Ops, connected: Connect, bury: Bury) -> None:
    for name in ("Alpha GmbH", "Beta GmbH"):
        company = connected(name)
        bury(company, "Sync", times=8)

    assert len(ops_("dlq", "--json").data["messages"]) == 16
    assert visible(aws, "SyncDeadLetterQueue") == 16
    with aws.failing("dynamodb", "GetItem"):
        assert ops_("dlq").code == 1
    assert visible(aws, "SyncDeadLetterQueue") == 16


def test_an_interrupted_look_gives_everything_back(
    aws: Cloud, ops_: Ops, connected: Connect, bury: Bury, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = connected()
    bury(company, "Sync", times=15)
    seen: list[object] = []

    def interrupted(body: str) -> object:
        seen.append(body)
        if len(seen) == 12:
            raise KeyboardInterrupt
        return original(body)

    original = WakeUp.of
    monkeypatch.setattr(WakeUp, "of", interrupted)

    assert ops_("dlq", "--queue", "sync").code == 1
    # The two of the second call, whose receipts nobody had yet, come back by themselves.
    assert visible(aws, "SyncDeadLetterQueue") >= 10


def test_a_look_is_bounded_and_says_so(ops_: Ops, connected: Connect, bury: Bury) -> None:
    company = connected()
    bury(company, "Sync", times=5)

    assert "sync: looked at 2 of 5 messages" in ops_("dlq", "--limit", "2").text
    assert "feed: empty" in ops_("dlq").text


def test_a_company_with_dead_letters_is_broken(ops_: Ops, connected: Connect, bury: Bury) -> None:
    bury(connected("Alpha GmbH"), "Sync")
    bury("nonsense")

    (alpha,) = ops_("companies", "--json").data["companies"]
    assert (alpha["health"], alpha["reasons"][0]) == ("broken", "1 in dead-letter queues")


def test_a_look_takes_nothing_from_a_running_redrive(
    aws: Cloud, ops_: Ops, connected: Connect, bury: Bury, moves: MoveTasks
) -> None:
    bury(connected())
    moves.rests = True
    moves.start_elsewhere("Feed")

    assert ops_("companies").code == 0
    said = ops_("dlq", "--queue", "feed").text
    assert "feed: looked at 0 of 1 message (at most ten per company; none during a redrive)" in said
    received = aws.client("sqs").receive_message(
        QueueUrl=aws.queues["FeedDeadLetterQueue"], MessageSystemAttributeNames=["ApproximateReceiveCount"]
    )
    assert received["Messages"][0]["Attributes"]["ApproximateReceiveCount"] == "1"


def test_what_a_worker_quarantined_is_listed_with_its_text_and_cause(aws: Cloud, ops_: Ops) -> None:
    quarantine = Quarantine(aws.ledger_table)
    quarantine.store("feed", "1", "nonsense", "no JSON", 2)
    quarantine.store("sync", "2", "[]", "no object", 1)

    (kept,) = ops_("dlq", "--queue", "feed", "--json").data["quarantine"]

    assert (kept["queue"], kept["body"], kept["cause"], kept["attempts"]) == ("feed", "nonsense", "no JSON", 2)
    assert "no object" in ops_("dlq").text
