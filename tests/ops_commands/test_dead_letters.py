"""`ops dlq` and the selective `ops redrive` in memory; SQS's own move task is driven by the journeys."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from cloud import Cloud

from shared.aws.connections import Connection, Status
from shared.aws.failures import EXPORT, FEED, SYNC, Failures
from shared.aws.quarantine import Quarantine
from shared.aws.queues import WakeUp
from shared.domain.connecting.company_state import Hold

from .conftest import Ops

WHY = ("--reason", "ticket 4711")


@pytest.fixture
def bury(aws: Cloud) -> Callable[..., None]:
    """Puts a message into a dead-letter queue: a company's wake-up, or any body."""

    def put(company: Connection | str, queue: str = "Feed", *requests: str) -> None:
        body, group = (company, "poison") if isinstance(company, str) else (None, company.connection_id)
        body = body or json.dumps({"connection_id": group} | ({"requests": requests} if requests else {}))
        fifo = {"MessageGroupId": group, "MessageDeduplicationId": str(next(numbers))}
        aws.client("sqs").send_message(
            QueueUrl=aws.queues[f"{queue}DeadLetterQueue"], MessageBody=body, **({} if queue == "Sync" else fifo)
        )

    numbers = iter(range(10_000))
    return put


@pytest.fixture
def failures(aws: Cloud) -> Failures:
    return Failures(aws.ledger_table)


def waiting(aws: Cloud, queue: str) -> int:
    """How many messages of a queue are visible right now."""
    counts = aws.client("sqs").get_queue_attributes(
        QueueUrl=aws.queues[queue], AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(counts["Attributes"]["ApproximateNumberOfMessages"])


def syncs(aws: Cloud) -> list[tuple[str, set[str]]]:
    """The companies whose sync is requested, and what is requested of it."""
    wakes = [WakeUp.of(json.dumps(message)) for message in aws.messages("SyncQueue")]
    return [(wake.connection_id, set(wake.requests)) for wake in wakes]


def causes(answer: Any) -> dict[tuple[str, str], str]:
    return {(each["queue"], each["company"]): each["cause"] for each in answer["messages"] if each["company"]}


def test_each_message_is_shown_with_its_company_and_what_was_in_the_way(
    ops_: Ops, connected: Callable[..., Connection], bury: Callable[..., None], failures: Failures
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


def test_a_look_consumes_nothing_even_if_it_breaks_off(
    aws: Cloud, ops_: Ops, connected: Callable[..., Connection], bury: Callable[..., None]
) -> None:
    for name in ("Alpha GmbH", "Beta GmbH"):
        company = connected(name)
        for _ in range(8):
            bury(company, "Sync")

    assert len(ops_("dlq", "--json").data["messages"]) == 16
    assert waiting(aws, "SyncDeadLetterQueue") == 16
    with aws.failing("dynamodb", "GetItem"):
        assert ops_("dlq").code == 1
    assert waiting(aws, "SyncDeadLetterQueue") == 16


def test_an_interrupted_look_gives_everything_back(
    aws: Cloud,
    ops_: Ops,
    connected: Callable[..., Connection],
    bury: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    company = connected()
    for _ in range(15):
        bury(company, "Sync")
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
    assert waiting(aws, "SyncDeadLetterQueue") >= 10


def test_a_look_is_bounded_and_says_so(
    ops_: Ops, connected: Callable[..., Connection], bury: Callable[..., None]
) -> None:
    company = connected()
    for _ in range(5):
        bury(company, "Sync")

    assert "sync: looked at 2 of 5 messages" in ops_("dlq", "--limit", "2").text
    assert "feed: empty" in ops_("dlq").text


def test_a_company_with_dead_letters_is_broken(
    ops_: Ops, connected: Callable[..., Connection], bury: Callable[..., None]
) -> None:
    bury(connected("Alpha GmbH"), "Sync")
    bury("nonsense")

    (alpha,) = ops_("companies", "--json").data["companies"]
    assert (alpha["health"], alpha["reasons"][0]) == ("broken", "1 in dead-letter queues")


def test_only_what_was_chosen_goes_back_and_a_dry_run_changes_nothing(
    aws: Cloud, ops_: Ops, connected: Callable[..., Connection], bury: Callable[..., None], failures: Failures
) -> None:
    alpha, beta = connected("Alpha GmbH"), connected("Beta GmbH")
    for company in (alpha, beta):
        bury(company)
        bury(company, "Sync", "prove_balance")
    bury("nonsense")
    failures.record(alpha.connection_id, FEED, "lexoffice answered 503 to POST /v1/x", 5)

    would = ops_("redrive", "--cause", "ANSWERED 503", "--dry-run", "--json").data
    assert (would["would_move"], would["would_quarantine"]) == (1, 0)
    assert ops_("audit", "--json").data["actions"] == []

    chosen = ("redrive", "--cause", "answered 503", "--wait", "0", "--json", *WHY)
    done = ops_(*chosen).data
    assert (done["moved"], done["quarantined"], done["left"]) == (1, 0, 0)
    assert aws.messages("FeedQueue") == [{"connection_id": alpha.connection_id}]
    assert ops_(*chosen).data["moved"] == 0

    done = ops_("redrive", "--company", "beta", "--wait", "0", "--max-rate", "50", "--json", *WHY).data
    assert done["moved"] == 2
    assert syncs(aws) == [(beta.connection_id, {"prove_balance"})]
    assert (waiting(aws, "FeedDeadLetterQueue"), waiting(aws, "SyncDeadLetterQueue")) == (1, 1)
    results = [each["result"] for each in ops_("audit", "--json").data["actions"]]
    assert results == ["1 moved.", "0 moved: no message matches your choice.", "2 moved."]


def test_a_company_is_woken_once_for_all_its_messages_that_ask_for_the_same(
    aws: Cloud, ops_: Ops, connected: Callable[..., Connection], bury: Callable[..., None]
) -> None:
    alpha = connected()
    for _ in range(3):
        bury(alpha)
        bury(alpha, "Export")
        bury(alpha, "Sync", "prove_balance")
    bury(alpha, "Sync", "check_access", "sync_catalogue")

    done = ops_("redrive", "--company", "Muster", "--wait", "0", "--max-rate", "50", "--json", *WHY).data

    assert (done["moved"], done["left"]) == (10, 0)
    for queue in ("FeedQueue", "ExportQueue"):
        assert aws.messages(queue) == [{"connection_id": alpha.connection_id}]
    assert sorted(syncs(aws), key=str) == sorted(
        [(alpha.connection_id, {"prove_balance"}), (alpha.connection_id, {"check_access", "sync_catalogue"})], key=str
    )


def test_a_letter_is_not_deleted_when_its_company_could_not_be_woken(
    aws: Cloud, ops_: Ops, connected: Callable[..., Connection], bury: Callable[..., None]
) -> None:
    alpha = connected()
    for queue in ("Feed", "Export", "Sync"):
        bury(alpha, queue)

    with aws.failing("sqs", "SendMessage"):
        for queue in ("feed", "export", "sync"):
            ran = ops_("redrive", "--queue", queue, "--company", alpha.connection_id, "--wait", "0", *WHY)
            assert ran.code == 1

    for queue in ("Feed", "Export", "Sync"):
        assert waiting(aws, f"{queue}DeadLetterQueue") == 1


def test_poison_goes_into_quarantine_and_stays_where_it_is_if_that_fails(
    aws: Cloud, ops_: Ops, connected: Callable[..., Connection], bury: Callable[..., None]
) -> None:
    bury("nonsense")
    bury(connected())

    with aws.failing("dynamodb", "PutItem"):
        assert ops_("redrive", "--cause", "poison", "--wait", "0", *WHY).code == 1
    assert waiting(aws, "FeedDeadLetterQueue") == 2

    done = ops_("redrive", "--queue", "feed", "--wait", "0", "--max-rate", "50", "--json", *WHY).data
    assert (done["moved"], done["quarantined"]) == (1, 1)
    (kept,) = Quarantine(aws.ledger_table).content()
    assert (kept.queue, kept.body, kept.cause) == ("feed", "nonsense", "no JSON")
    assert waiting(aws, "FeedDeadLetterQueue") == 0
    assert "nonsense" in ops_("dlq").text


def test_dying_between_sending_and_deleting_doubles_nothing_that_matters(
    aws: Cloud, ops_: Ops, connected: Callable[..., Connection], bury: Callable[..., None]
) -> None:
    alpha = connected()
    bury(alpha)
    chosen = ("redrive", "--company", alpha.connection_id, "--wait", "0", *WHY)

    with aws.failing("sqs", "DeleteMessage"):
        assert "nothing was lost, try again" in ops_(*chosen).complaint
    assert waiting(aws, "FeedDeadLetterQueue") == 1
    assert ops_(*chosen).code == 0

    assert aws.messages("FeedQueue") == [{"connection_id": alpha.connection_id}]
    assert waiting(aws, "FeedDeadLetterQueue") == 0


def test_when_aws_fails_half_way_it_is_said_what_was_done_until_then(
    aws: Cloud,
    ops_: Ops,
    connected: Callable[..., Connection],
    bury: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alpha = connected()
    for _ in range(3):
        bury(alpha, "Sync")
    from ops.dead_letters import DeadLetters, Letter
    from shared.errors import StoreUnavailable

    delete, deleted = DeadLetters.delete, list[Letter]()

    def once(self: DeadLetters, letter: Letter) -> None:
        if deleted:
            raise StoreUnavailable("DeleteMessage answered ThrottlingException")
        deleted.append(letter)
        delete(self, letter)

    monkeypatch.setattr(DeadLetters, "delete", once)
    ran = ops_("redrive", "--company", alpha.connection_id, "--max-rate", "50", *WHY)

    assert ran.code == 1
    assert ran.complaint.startswith("1 moved, 2 left. Then AWS failed (DeleteMessage answered ThrottlingException)")
    assert waiting(aws, "SyncDeadLetterQueue") == 2
    (begun,) = ops_("audit", "--json").data["actions"]
    assert (begun["phase"], begun["result"][:16]) == ("failed", "1 moved, 2 left.")


def test_a_redrive_of_nothing_says_so(ops_: Ops) -> None:
    assert "0 moved: the queues are empty." in ops_("redrive", *WHY).text
    assert "0 moved: the queue is empty." in ops_("redrive", "--queue", "feed", *WHY).text


def test_without_a_reason_nothing_is_moved(
    aws: Cloud, ops_: Ops, connected: Callable[..., Connection], bury: Callable[..., None]
) -> None:
    alpha = connected()
    bury(alpha)

    ran = ops_("redrive", "--company", alpha.connection_id)
    assert (ran.code, "--reason" in ran.complaint) == (1, True)
    assert waiting(aws, "FeedDeadLetterQueue") == 1


def test_while_another_operators_redrive_runs_nothing_is_taken_from_it_and_it_is_said(
    aws: Cloud,
    ops_: Ops,
    connected: Callable[..., Connection],
    bury: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alpha = connected()
    bury(alpha)
    task = {"Status": "RUNNING", "StartedTimestamp": 1_790_000_000_000}
    monkeypatch.setattr("ops.dead_letters.DeadLetters.newest_move", lambda _: task)

    assert ops_("companies").code == 0
    assert "looked at 0 of 1 message" in ops_("dlq", "--queue", "feed").text
    said = ops_("redrive", "--queue", "feed", "--company", alpha.connection_id, *WHY).text

    assert "another operator's redrive was running already" in said
    received = aws.client("sqs").receive_message(
        QueueUrl=aws.queues["FeedDeadLetterQueue"], MessageSystemAttributeNames=["ApproximateReceiveCount"]
    )
    assert received["Messages"][0]["Attributes"]["ApproximateReceiveCount"] == "1"
