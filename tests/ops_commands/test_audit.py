"""The audit log: who, when, what, why, result; before and after; nothing is begun that cannot be recorded."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from cloud import Cloud

from ops.audit_log import AuditLog
from shared.errors import StoreUnavailable

from .conftest import OPERATOR, Ops


@pytest.fixture
def audit_log(aws: Cloud) -> AuditLog:
    return AuditLog("AuditLogs", OPERATOR)


def lately() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=5)


def test_an_action_is_recorded_before_and_after(audit_log: AuditLog) -> None:
    with audit_log.audited_action("pause", reason="ticket 1", connection_id="c", arguments={"all": True}) as action:
        (begun,) = audit_log.read(lately())
        action.result = "held"

    assert (begun.who, begun.action, begun.reason, begun.connection_id) == (OPERATOR, "pause", "ticket 1", "c")
    assert begun.arguments == {"all": True}
    found = audit_log.read(lately())
    assert [(each.action_id, each.phase, each.result) for each in found] == [
        (begun.action_id, "begun", ""),
        (begun.action_id, "done", "held"),
    ]


def test_an_action_that_fails_says_why(audit_log: AuditLog) -> None:
    with pytest.raises(StoreUnavailable), audit_log.audited_action("pause", reason="ticket 1"):
        raise StoreUnavailable("UpdateItem answered Throttling")

    assert [(each.phase, each.result) for each in audit_log.read(lately())] == [
        ("begun", ""),
        ("failed", "UpdateItem answered Throttling"),
    ]


def test_what_cannot_be_recorded_is_not_begun(audit_log: AuditLog, aws: Cloud) -> None:
    done = []
    with (
        aws.failing("logs", "PutLogEvents", "AccessDeniedException"),
        pytest.raises(StoreUnavailable),
        audit_log.audited_action("pause", reason="ticket 1"),
    ):
        done.append("paused")
    assert done == []


def test_an_interrupted_action_is_shown_as_unknown(audit_log: AuditLog, ops_: Ops, aws: Cloud) -> None:
    with (
        ExitStack() as until_the_end,
        pytest.raises(StoreUnavailable),
        audit_log.audited_action("redrive", reason="ticket 2"),
    ):
        until_the_end.enter_context(aws.failing("logs", "*"))  # nothing more of it gets out

    (action,) = ops_("audit", "--json").data["actions"]
    assert (action["phase"], action["reason"], action["result"]) == ("begun", "ticket 2", "")
    assert "interrupted" in ops_("audit").text


def test_the_newest_action_stands_last_and_one_company_can_be_asked_for(audit_log: AuditLog, ops_: Ops) -> None:
    for number in range(3):
        with audit_log.audited_action("pause", reason=f"ticket {number}"):
            pass
    assert [each["reason"] for each in ops_("audit", "--json").data["actions"]] == ["ticket 0", "ticket 1", "ticket 2"]
