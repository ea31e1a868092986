"""`ops redrive` in memory: a whole queue by SQS's own task, chosen messages by waking their companies."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cloud import Cloud
from samples import entry

from ops.dead_letters import DeadLetters, Letter
from shared.aws.connections import Status
from shared.aws.failures import FEED, Failures
from shared.aws.ledger import Ledger
from shared.aws.queues import WakeUp
from shared.domain.connecting.company_state import Hold
from shared.domain.feeding.ledger import State, row_for
from shared.errors import StoreUnavailable

from .conftest import Bury, Connect, Ops, visible
from .move_tasks import MoveTasks

WHY = ("--wait", "0", "--reason", "ticket 4711")
QUICKLY = ("--max-rate", "50", *WHY)


def wakes(aws: Cloud, queue: str) -> list[tuple[str, set[str]]]:
    """The companies that were woken, and what is requested of their sync."""
    found = [WakeUp.of(json.dumps(message)) for message in aws.messages(queue)]
    return sorted(((wake.connection_id, set(wake.requests)) for wake in found), key=str)


def actions(ops_: Ops) -> list[Any]:
    """What the audit log has of redrives, oldest first: phase and result."""
    return [(each["phase"], each["result"]) for each in ops_("audit", "--json").data["actions"]]


# --- a whole queue ---------------------------------------------------------------------------------------------------


def test_sqs_moves_a_whole_queue_with_what_nobody_can_read_and_the_second_time_nothing(
    aws: Cloud, ops_: Ops, connected: Connect, bury: Bury, moves: MoveTasks
) -> None:
    alpha, beta = connected("Alpha GmbH"), connected("Beta GmbH")
    for company in (alpha, alpha, beta, "nonsense"):
        bury(company)
    bury(alpha, "Sync", "prove_balance")

    done = ops_("redrive", "--max-rate", "7", "--json", *WHY)

    result = "5 moved. feed: 1 cannot be read: the worker quarantines what it cannot read (`ops dlq`)."
    assert (done.code, done.data["result"], done.data["interrupted"]) == (0, result, False)
    assert (done.data["moved"], done.data["left"]) == (5, 0)
    assert done.data["queues"] == [
        {"queue": "feed", "expected": 4, "moved": 4, "left": 0, "gone": 0, "failed": ""},
        {"queue": "export", "expected": 0, "moved": 0, "left": 0, "gone": 0, "failed": ""},
        {"queue": "sync", "expected": 1, "moved": 1, "left": 0, "gone": 0, "failed": ""},
    ]
    assert [task["MaxNumberOfMessagesPerSecond"] for task in moves.started] == [7, 7]
    assert visible(aws, "FeedQueue") == 4
    assert wakes(aws, "SyncQueue") == [(alpha.connection_id, {"prove_balance"})]
    assert {(each["company"], each["queue"]): each["messages"] for each in done.data["companies"]} == {
        ("Alpha GmbH", "feed"): 2,
        ("Beta GmbH", "feed"): 1,
        ("Alpha GmbH", "sync"): 1,
    }

    again = ops_("redrive", *WHY)
    assert (again.code, "0 moved: nothing is there." in again.text) == (0, True)
    assert len(moves.started) == 2
    assert actions(ops_) == [("done", result), ("done", "0 moved: nothing is there.")]


@pytest.mark.parametrize("chosen", [(), ("--company", "Muster")])
def test_while_another_operators_redrive_runs_a_second_one_is_refused_and_takes_nothing_from_it(
    aws: Cloud, ops_: Ops, connected: Connect, bury: Bury, moves: MoveTasks, chosen: tuple[str, ...]
) -> None:
    company = connected()
    bury(company, "Export", times=3)
    task = moves.start_elsewhere("Export")
    assert ops_("dlq").code == 0  # one message is moved meanwhile
    moves.rests = True

    ran = ops_("redrive", *chosen, *WHY)

    assert (ran.code, ran.text) == (1, "")
    assert ran.complaint == (
        "export: a redrive is running already, since 2026-09-21 16:13:20, 1 of 3 messages moved; `ops dlq` shows what "
        "is left; repeat the command when it is over.\n"
    )
    assert (len(moves.started), visible(aws, "ExportDeadLetterQueue"), visible(aws, "ExportQueue")) == (1, 2, 1)
    assert [phase for phase, _ in actions(ops_)] == ["failed"]
    assert ops_("redrive", "--queue", "feed", *WHY).code == 0

    task["Status"] = "COMPLETED"
    moves.rests = False
    assert ops_("redrive", "--json", *WHY).data["moved"] == 2


def test_who_starts_a_moment_after_another_operator_is_told_to_try_again(
    aws: Cloud, ops_: Ops, connected: Connect, bury: Bury
) -> None:
    bury(connected())
    with aws.failing("sqs", "StartMessageMoveTask", "InvalidParameterValue"):
        ran = ops_("redrive", *WHY)

    assert ran.code == 1
    assert "StartMessageMoveTask answered InvalidParameterValue" in ran.complaint
    assert "nothing was lost, try again" in ran.complaint
    assert visible(aws, "FeedDeadLetterQueue") == 1


def test_ctrl_c_cancels_the_task_and_what_is_said_is_what_sqs_has_moved(
    aws: Cloud, ops_: Ops, connected: Connect, bury: Bury, moves: MoveTasks
) -> None:
    for number in range(5):
        bury(connected(f"Company {number}"))

    def press() -> None:
        if moves.started and moves.started[0]["ApproximateNumberOfMessagesMoved"] == 2:
            moves.on_list = lambda: None
            raise KeyboardInterrupt

    moves.on_list = press
    ran = ops_("redrive", "--json", *WHY)

    assert (ran.code, ran.data["interrupted"]) == (1, True)
    assert (ran.data["moved"], ran.data["left"]) == (2, 3)
    assert ran.data["companies"] == []  # nobody knows whose two were moved
    assert moves.started[0]["Status"] == "CANCELLED"
    assert (visible(aws, "FeedQueue"), visible(aws, "FeedDeadLetterQueue")) == (2, 3)
    assert actions(ops_) == [("done", "interrupted: 2 moved, 3 left (`ops dlq`).")]


def test_an_earlier_task_is_not_taken_for_this_one(ops_: Ops, connected: Connect, bury: Bury, moves: MoveTasks) -> None:
    """SQS may list the new task late."""
    company = connected()
    bury(company)
    assert ops_("redrive", "--json", *WHY).data["moved"] == 1
    bury(company, times=3)

    def start_late() -> None:
        if len(moves.started) == 2:
            moves.late, moves.on_list = 2, lambda: None

    moves.on_list = start_late
    assert ops_("redrive", "--json", *WHY).data["moved"] == 3


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ({"Status": "FAILED", "FailureReason": "AccessDenied"}, "feed: SQS stopped: AccessDenied"),
        ({"Status": "CANCELLED"}, "feed: SQS stopped: cancelled"),
    ],
)
def test_a_task_that_sqs_stops_is_no_success(
    ops_: Ops, connected: Connect, bury: Bury, moves: MoveTasks, end: dict[str, str], said: str
) -> None:
    for number in range(3):
        bury(connected(f"Company {number}"))

    def stop() -> None:
        if moves.started and moves.started[0]["ApproximateNumberOfMessagesMoved"] == 1:
            moves.started[0].update(end)

    moves.on_list = stop
    ran = ops_("redrive", "--queue", "feed", *WHY)

    assert ran.code == 1
    assert said in ran.text
    assert "1 moved, 2 left" in ran.text


@pytest.mark.parametrize("chosen", [(), ("--company", "Muster")])
def test_what_another_operator_is_just_looking_at_stays_and_ends_with_1(
    aws: Cloud, ops_: Ops, connected: Connect, bury: Bury, chosen: tuple[str, ...]
) -> None:
    company = connected()
    bury(company, times=2)
    held = aws.client("sqs").receive_message(QueueUrl=aws.queues["FeedDeadLetterQueue"], MaxNumberOfMessages=10)
    assert len(held["Messages"]) == 2

    ran = ops_("redrive", *chosen, *WHY)

    assert (ran.code, "0 moved, 2 left (`ops dlq`). feed: 2 could not be looked at: SQS shows" in ran.text) == (1, True)
    assert "0 of 2" in ops_("dlq", "--queue", "feed").text


def test_without_a_reason_nothing_is_moved(
    aws: Cloud, ops_: Ops, connected: Connect, bury: Bury, moves: MoveTasks
) -> None:
    bury(connected())

    for chosen in ((), ("--company", "Muster")):
        ran = ops_("redrive", *chosen)
        assert (ran.code, "--reason" in ran.complaint) == (1, True)
    assert (moves.started, visible(aws, "FeedDeadLetterQueue")) == ([], 1)


def test_each_company_is_shown_with_what_became_of_its_work(
    ops_: Ops, connected: Connect, bury: Bury, ledger: Ledger
) -> None:
    fed, waits, unbalanced = connected("Fed GmbH"), connected("Waiting GmbH"), connected("Unbalanced GmbH")
    held = connected("Held GmbH", status=Status.HELD, hold=Hold.PLAN)
    for company in (fed, waits, unbalanced, held, json.dumps({"connection_id": "f" * 32})):
        bury(company)
    ledger.accept(waits.connection_id, row_for(entry()))
    row = ledger.accept(unbalanced.connection_id, row_for(entry()))
    ledger.record(unbalanced.connection_id, [replace(row, state=State.SENT, transaction_id="t")], datetime.now(UTC))

    told = {each["company"]: each for each in ops_("redrive", "--json", *WHY).data["companies"]}

    assert told["Fed GmbH"] == {
        **{"queue": "feed", "company": "Fed GmbH", "connection_id": fed.connection_id, "messages": 1},
        **{"outcome": "done", "result": "0 waited, 0 waiting now"},
    }
    assert told["Waiting GmbH"]["outcome"] == "open"
    assert told["Waiting GmbH"]["result"] == "1 waited, 1 waiting now; look again with `ops company`"
    # Its line is recorded, its balance not set.
    assert told["Unbalanced GmbH"]["result"] == "1 waited, 1 waiting now; look again with `ops company`"
    assert told["Held GmbH"]["outcome"] == "held"
    assert told[""]["outcome"] == "held"


def test_a_company_that_fails_again_is_shown_with_the_new_cause(
    ops_: Ops, connected: Connect, bury: Bury, ledger: Ledger, failures: Failures, moves: MoveTasks
) -> None:
    company = connected()
    ledger.accept(company.connection_id, row_for(entry()))
    failures.record(company.connection_id, FEED, "lexoffice answered 500 to POST /v1/x", 5)
    bury(company)

    def fail() -> None:
        if moves.started:
            failures.record(company.connection_id, FEED, "lexoffice answered 503 to POST /v1/x", 1)

    moves.on_list = fail

    (told,) = ops_("redrive", "--json", *WHY).data["companies"]

    assert told["outcome"] == "failing"
    assert "1 waited, 1 waiting now; still failing: lexoffice answered 503" in told["result"]


# --- chosen messages -------------------------------------------------------------------------------------------------


def test_only_what_was_chosen_goes_back_and_a_dry_run_changes_nothing(
    aws: Cloud, ops_: Ops, connected: Connect, bury: Bury, failures: Failures, moves: MoveTasks
) -> None:
    alpha, beta = connected("Alpha GmbH"), connected("Beta GmbH")
    for company in (alpha, beta):
        bury(company)
        bury(company, "Sync", "prove_balance")
    failures.record(alpha.connection_id, FEED, "lexoffice answered 503 to POST /v1/x", 5)

    would = ops_("redrive", "--cause", "ANSWERED 503", "--dry-run", "--json").data
    assert (would["dry_run"], would["would_move"], would["not_looked_at"]) == (True, 1, 0)
    assert [each["company"] for each in would["messages"]] == ["Alpha GmbH"]
    assert ops_("redrive", "--dry-run", "--json").data["would_move"] == 4
    assert (actions(ops_), visible(aws, "FeedDeadLetterQueue")) == ([], 2)

    done = ops_("redrive", "--cause", "answered 503", "--json", *WHY).data
    assert (done["moved"], done["left"]) == (1, 0)
    assert wakes(aws, "FeedQueue") == [(alpha.connection_id, set())]
    assert ops_("redrive", "--cause", "answered 503", "--json", *WHY).data["moved"] == 0

    done = ops_("redrive", "--company", "beta", "--json", *QUICKLY).data
    assert done["moved"] == 2
    assert wakes(aws, "SyncQueue") == [(beta.connection_id, {"prove_balance"})]
    assert (visible(aws, "FeedDeadLetterQueue"), visible(aws, "SyncDeadLetterQueue")) == (0, 1)
    assert [result for _, result in actions(ops_)] == [
        *("1 moved.", "0 moved: no message matches your choice.", "2 moved.")
    ]
    assert moves.started == []


def test_a_company_is_woken_once_for_all_its_messages_that_ask_for_the_same(
    aws: Cloud, ops_: Ops, connected: Connect, bury: Bury
) -> None:
    """Also for more than the ten that SQS shows of a company at a time."""
    alpha = connected()
    bury(alpha, times=12)
    bury(alpha, "Export", times=3)
    bury(alpha, "Sync", "prove_balance", times=3)
    bury(alpha, "Sync", "check_access", "sync_catalogue")

    done = ops_("redrive", "--company", "Muster", "--json", *QUICKLY).data

    assert (done["moved"], done["left"]) == (19, 0)
    for queue in ("FeedQueue", "ExportQueue"):
        assert wakes(aws, queue) == [(alpha.connection_id, set())]
    assert wakes(aws, "SyncQueue") == sorted(
        [(alpha.connection_id, {"prove_balance"}), (alpha.connection_id, {"check_access", "sync_catalogue"})], key=str
    )


def test_what_nobody_can_read_is_never_chosen_and_stays_and_ends_with_1(
    aws: Cloud, ops_: Ops, connected: Connect, bury: Bury
) -> None:
    bury(connected())
    bury("nonsense")
    bury("nonsense", "Sync")
    why = "cannot be read: moved with the whole queue only (`ops dlq`)."

    for chosen, moved in (("--cause", "poison"), 0), (("--company", "Muster"), 1):
        would, done = ops_("redrive", *chosen, "--dry-run"), ops_("redrive", *chosen, *QUICKLY)
        assert (would.code, done.code) == (0, 1)
        assert f"nothing was changed. feed: 1 {why} sync: 1 {why}" in would.text
        assert f"{moved} moved, 2 left (`ops dlq`). feed: 1 {why} sync: 1 {why}" in done.text
    assert visible(aws, "FeedDeadLetterQueue") == 1
    assert ops_("redrive", *WHY).code == 0
    assert visible(aws, "FeedDeadLetterQueue") == 0


def test_what_another_redrive_of_the_same_choice_moves_meanwhile_is_gone_and_not_left(
    aws: Cloud, ops_: Ops, connected: Connect, bury: Bury, monkeypatch: pytest.MonkeyPatch
) -> None:
    bury(connected("Alpha GmbH"), "Sync")
    for _ in range(2):
        bury(connected("Beta GmbH"), "Sync")
    receive = DeadLetters.receive

    def other_first(self: DeadLetters, *arguments: Any, **more: Any) -> None:
        """The other command has the lead by two messages."""
        if self.queue == "sync" and not more:
            others = iter(range(2))
            receive(self, lambda letter: self.delete(letter) if next(others, None) is not None else None)
        receive(self, *arguments, **more)

    monkeypatch.setattr(DeadLetters, "receive", other_first)
    ran = ops_("redrive", "--cause", "no note", "--json", *QUICKLY)

    assert (ran.code, ran.data["moved"], ran.data["left"], ran.data["gone"]) == (0, 1, 0, 2)
    assert ran.data["result"] == "1 moved. sync: 2 gone: another command may have moved them."
    assert [each["messages"] for each in ran.data["companies"]] == [1]
    assert ops_("redrive", "--cause", "no note", *WHY).code == 0


def test_a_letter_is_not_deleted_when_its_company_could_not_be_woken(
    aws: Cloud, ops_: Ops, connected: Connect, bury: Bury
) -> None:
    alpha = connected()
    for queue in ("Feed", "Export", "Sync"):
        bury(alpha, queue)

    with aws.failing("sqs", "SendMessage"):
        for queue in ("feed", "export", "sync"):
            assert ops_("redrive", "--queue", queue, "--company", alpha.connection_id, *WHY).code == 1

    for queue in ("Feed", "Export", "Sync"):
        assert visible(aws, f"{queue}DeadLetterQueue") == 1


def test_dying_between_sending_and_deleting_doubles_nothing_that_matters(
    aws: Cloud, ops_: Ops, connected: Connect, bury: Bury
) -> None:
    alpha = connected()
    bury(alpha)
    chosen = ("redrive", "--company", alpha.connection_id, *WHY)

    with aws.failing("sqs", "DeleteMessage"):
        assert "nothing was lost, try again" in ops_(*chosen).complaint
    assert visible(aws, "FeedDeadLetterQueue") == 1
    assert ops_(*chosen).code == 0

    assert wakes(aws, "FeedQueue") == [(alpha.connection_id, set())]
    assert visible(aws, "FeedDeadLetterQueue") == 0


def test_when_aws_fails_half_way_it_is_said_what_was_done_until_then(
    aws: Cloud, ops_: Ops, connected: Connect, bury: Bury, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        bury(connected(), "Sync")
    delete, deleted = DeadLetters.delete, list[Letter]()

    def once(self: DeadLetters, letter: Letter) -> None:
        if deleted:
            raise StoreUnavailable("DeleteMessage answered ThrottlingException")
        deleted.append(letter)
        delete(self, letter)

    monkeypatch.setattr(DeadLetters, "delete", once)
    ran = ops_("redrive", "--cause", "no note", *QUICKLY)

    assert ran.code == 1
    said = "DeleteMessage answered ThrottlingException after 1 message had been moved"
    assert ran.complaint == f"AWS did not do what was asked ({said}); nothing was lost, try again.\n"
    assert visible(aws, "SyncDeadLetterQueue") == 2
    assert actions(ops_) == [("failed", said)]


def test_ctrl_c_stops_a_choice_and_gives_the_others_back(
    aws: Cloud, ops_: Ops, connected: Connect, bury: Bury, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        bury(connected(f"Company {number}"))
    pauses = []

    def press(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("ops.redrive.time.sleep", press)
    ran = ops_("redrive", "--cause", "no note", "--max-rate", "5", "--json", *WHY)

    assert (ran.code, ran.data["interrupted"], pauses) == (1, True, [0.2] * 3)
    # The third company is woken already; its letter stays, and the next redrive wakes it again.
    assert (ran.data["moved"], ran.data["left"], ran.data["companies"]) == (2, 2, [])
    assert (visible(aws, "FeedQueue"), visible(aws, "FeedDeadLetterQueue")) == (3, 2)
    assert ops_("redrive", "--cause", "no note", "--json", *QUICKLY).data["moved"] == 2


def test_a_cause_option_that_is_empty_chooses_nothing(ops_: Ops) -> None:
    ran = ops_("redrive", "--cause", " ", "--reason", "x")

    assert ran.code == 1
    assert ran.complaint.startswith("--cause is empty: ")
