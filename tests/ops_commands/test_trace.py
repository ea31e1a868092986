"""`ops trace`: an expense is found by whatever somebody has of it, and its remedy can be pasted."""

import json
import shlex
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cloud import Cloud
from samples import ENTRY_ID, entry

from shared.aws.connections import Connection
from shared.aws.exports import Exports
from shared.aws.failures import FEED, Failures
from shared.aws.ledger import Ledger
from shared.domain.feeding.ledger import Row, State, row_for

from .conftest import Ops

WEBHOOK = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"


@pytest.fixture
def company(connected: Callable[..., Connection]) -> str:
    """A connected company; its connection's id."""
    return connected("Alpha GmbH").connection_id


def ready(ledger: Ledger, connection_id: str, **changes: Any) -> Row:
    return ledger.accept(connection_id, row_for(entry(**changes)))


def sent(ledger: Ledger, connection_id: str) -> Row:
    row = ready(ledger, connection_id)
    ledger.record(connection_id, [replace(row, state=State.SENT, transaction_id="t")], datetime.now(UTC))
    return row


def dead(aws: Cloud, connection_id: str) -> None:
    aws.client("sqs").send_message(
        QueueUrl=aws.queues["FeedDeadLetterQueue"],
        MessageBody=json.dumps({"connection_id": connection_id}),
        MessageGroupId=connection_id,
        MessageDeduplicationId=connection_id,
    )


def logged(aws: Cloud, *lines: object) -> None:
    """Lines of the receiver's log."""
    logs = aws.client("logs")
    logs.create_log_stream(logGroupName="PleoWebhookLogs", logStreamName="s")
    logs.put_log_events(
        logGroupName="PleoWebhookLogs",
        logStreamName="s",
        logEvents=[
            {"timestamp": int(time.time() * 1000), "message": line if isinstance(line, str) else json.dumps(line)}
            for line in lines
        ],
    )


def test_an_expense_is_found_without_naming_its_company(
    ops_: Ops, ledger: Ledger, company: str, connected: Callable[..., Connection]
) -> None:
    connected("Beta GmbH")
    sent(ledger, company)

    (found,) = ops_("trace", ENTRY_ID.upper(), "--json").data["expenses"]

    assert (found["company"], found["entry_id"], found["branch"]) == ("Alpha GmbH", ENTRY_ID, "not_exported")
    assert (found["question"], found["amount_cents"]) == ("T3", -2677)


def test_only_the_named_company_is_searched(
    ops_: Ops, ledger: Ledger, company: str, connected: Callable[..., Connection]
) -> None:
    connected("Beta GmbH")
    sent(ledger, company)

    assert ops_("trace", ENTRY_ID, "--company", "beta", "--json").data["expenses"] == []
    assert len(ops_("trace", ENTRY_ID, "--company", "alpha", "--json").data["expenses"]) == 1


def test_all_expenses_of_several_companies_under_one_number_are_told(
    ops_: Ops, ledger: Ledger, aws: Cloud, company: str, connected: Callable[..., Connection]
) -> None:
    other = connected("Beta GmbH").connection_id
    wire = {"accountingEntryId": ENTRY_ID, "additionalInformation": {"reconciliationId": "4113617"}}
    for connection_id in (company, other):
        sent(ledger, connection_id)
        Exports(aws.ledger_table).snapshot(connection_id, "job", [wire], datetime.now(UTC))

    found = ops_("trace", "4113617", "--json").data["expenses"]

    assert {each["company"] for each in found} == {"Alpha GmbH", "Beta GmbH"}


def test_what_nobody_knows_says_what_can_be_done(ops_: Ops, company: str) -> None:
    everywhere, here = ops_("trace", "4711", "--json"), ops_("trace", "4711", "--company", "alpha", "--json")

    assert (everywhere.code, everywhere.data["remedy"]) == (1, [])
    assert "ops proof --company X --now" in everywhere.data["advice"]
    assert here.data["remedy"][3:] == [
        *("proof", "--company", company, "--now", "--reason", "nothing known of 4711", "--local")
    ]


def test_the_printed_remedy_is_one_line_that_a_shell_takes_as_it_is(ops_: Ops, ledger: Ledger, company: str) -> None:
    ready(ledger, company)

    argv = ops_("trace", ENTRY_ID, "--json").data["expenses"][0]["remedy"]
    (printed,) = [line for line in ops_("trace", ENTRY_ID).text.splitlines() if line.startswith("Remedy:")]

    assert shlex.split(printed.removeprefix("Remedy:  ")) == argv
    assert argv == [
        *("python", "-m", "ops", "resend", "--company", company, "--entry", ENTRY_ID),
        *("--reason", f"T1 line_waiting, trace of {ENTRY_ID}", "--local"),
    ]


def test_the_remedy_is_for_the_stack_that_was_asked(ops_: Ops, ledger: Ledger, company: str) -> None:
    ready(ledger, company)
    target = ("--profile", "support", "--region", "eu-central-1")

    argv = ops_("trace", ENTRY_ID, "--json", *target).data["expenses"][0]["remedy"]

    assert argv[-5:] == ["--local", *target]


def test_a_worker_that_fails_is_told_with_time_attempt_and_cause(
    ops_: Ops, ledger: Ledger, aws: Cloud, company: str
) -> None:
    ready(ledger, company)
    Failures(aws.ledger_table).record(company, FEED, "lexoffice answered 503 to POST /v1/finance/transactions", 3)

    (found,) = ops_("trace", ENTRY_ID, "--json").data["expenses"]

    assert found["failure"]["attempt"] == 3
    assert "attempt 3: lexoffice answered 503" in found["cause"]
    assert found["dead_letters"] == 0


def test_a_failure_from_before_the_payment_explains_nothing(
    ops_: Ops, ledger: Ledger, aws: Cloud, company: str
) -> None:
    Failures(aws.ledger_table).record(company, FEED, "lexoffice answered 503", 3)
    ready(ledger, company)

    assert ops_("trace", ENTRY_ID, "--json").data["expenses"][0]["failure"] is None


def test_a_dead_wake_up_of_the_company_is_told_and_stays_where_it_is(
    ops_: Ops, ledger: Ledger, aws: Cloud, company: str, connected: Callable[..., Connection]
) -> None:
    ready(ledger, company)
    dead(aws, connected("Beta GmbH").connection_id)
    assert ops_("trace", ENTRY_ID, "--json").data["expenses"][0]["dead_letters"] == 0
    dead(aws, company)

    for _ in range(2):
        (found,) = ops_("trace", ENTRY_ID, "--json").data["expenses"]
        assert found["dead_letters"] == 1
    assert found["remedy"][3:6] == ["redrive", "--queue", "feed"]


def test_names_from_outside_cannot_colour_the_screen(ops_: Ops, ledger: Ledger, company: str) -> None:
    ready(ledger, company, merchant="[red]Muster[/red] \x1b[31mBahn")

    text = ops_("trace", ENTRY_ID).text
    assert "[red]Muster" in text
    assert "\x1b[31m" not in text


# --- webhooks --------------------------------------------------------------------------------------------------------


def line(company: str, message: str, **keys: str) -> dict[str, str]:
    return {"level": "INFO", "message": message, "connection_id": company, "webhook_id": WEBHOOK, **keys}


def test_a_webhook_leads_to_its_expense_once_however_often_it_came(
    ops_: Ops, ledger: Ledger, aws: Cloud, company: str
) -> None:
    sent(ledger, company)
    told = line(company, "entry accepted", entry_id=ENTRY_ID)
    other = told | {"webhook_id": f"{WEBHOOK}2", "entry_id": "another"}
    logged(aws, told, told, other, f"START {WEBHOOK}", f'["{WEBHOOK}"]')

    data = ops_("trace", WEBHOOK, "--json").data

    assert [each["outcome"] for each in data["webhook"]] == ["accepted", "accepted"]
    assert [each["entry_id"] for each in data["expenses"]] == [ENTRY_ID]


@pytest.mark.parametrize(
    ("keys", "cause"),
    [
        ({"message": "webhook parked", "cause": "unknown event type"}, "unknown event type"),
        (
            {"message": "needs attention", "cause": "webhook malformed", "detail": "malformed: no id"},
            "malformed: no id",
        ),
    ],
)
def test_a_parked_webhook_says_why(ops_: Ops, aws: Cloud, company: str, keys: dict[str, str], cause: str) -> None:
    logged(aws, line(company, **keys))

    ran = ops_("trace", WEBHOOK, "--json")

    assert ran.code == 0
    assert [(each["outcome"], each["cause"]) for each in ran.data["webhook"]] == [("parked", cause)]
    assert "It was parked" in ops_("trace", WEBHOOK).text


def test_a_click_on_export_is_told_as_such(ops_: Ops, aws: Cloud, company: str) -> None:
    logged(aws, line(company, "export wanted"))

    assert "The bookkeeper clicked «Exportieren»" in ops_("trace", WEBHOOK).text


def test_a_webhook_of_another_company_is_not_told(
    ops_: Ops, aws: Cloud, company: str, connected: Callable[..., Connection]
) -> None:
    connected("Beta GmbH")
    logged(aws, line(company, "export wanted"))

    assert ops_("trace", WEBHOOK, "--company", "beta", "--json").data["webhook"] == []


def test_a_webhook_that_nobody_logged_is_not_found(ops_: Ops, company: str) -> None:
    assert ops_("trace", WEBHOOK, "--json").code == 1
