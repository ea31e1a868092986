"""`ops pause`, `ops resume`, `ops disconnect`, `ops rotate-secret`: what they write, refuse and say."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from cloud import Cloud

from ops.stack import Stack
from shared.aws.connections import Connection, Connections, SigningSecret, Status
from shared.aws.queues import SyncQueue
from shared.domain.connecting.company_state import Hold
from shared.flows.lookup.disconnect import begin_disconnect

from .conftest import Ops

WHY = ("--reason", "ticket 4711")
AT_ONCE = ("--wait", "0")
OLD, NEW = SigningSecret(subscription_id="old", sealed=b"1"), SigningSecret(subscription_id="new", sealed=b"2")


@pytest.fixture
def company(connected: Callable[..., Connection]) -> Connection:
    return connected(secrets=(OLD,), public_url="https://bridge.test")


@pytest.fixture
def now(connections: Connections, company: Connection) -> Callable[[], Connection]:
    """The company as it is now."""

    def read() -> Connection:
        found = connections.get(company.connection_id)
        assert found
        return found

    return read


@pytest.fixture
def thirty_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stack was deployed with this delay; that it is really asked is tested on the local stack."""
    monkeypatch.setattr(Stack, "parameter", lambda _, name: {"DeletionDelayDays": "30"}[name])


# --- pausing and resuming --------------------------------------------------------------------------------------------


def test_a_paused_company_is_held_and_resuming_makes_it_active_due_and_wakes_everybody(
    ops_: Ops, company: Connection, now: Callable[[], Connection], aws: Cloud
) -> None:
    paused = ops_("pause", "--company", "Muster", *WHY, "--json").data
    assert (paused["status"], paused["hold"], paused["changed"]) == ("held", "paused", True)

    resumed = ops_("resume", "--company", "Muster", *WHY, *AT_ONCE, "--json").data

    assert (resumed["status"], resumed["lifted"]) == ("active", ["paused"])
    assert (now().paused_at, now().hold) == ("", None)
    assert now().due_at == now().resumed_at
    (sync,) = aws.messages("SyncQueue")
    assert sync == {"connection_id": company.connection_id, "requests": ["check_access"]}
    for queue in ("FeedQueue", "ExportQueue"):
        assert aws.messages(queue) == [{"connection_id": company.connection_id}]


def test_pausing_and_resuming_twice_says_that_there_was_nothing_to_do(ops_: Ops, company: Connection) -> None:
    ops_("pause", "--company", company.connection_id, *WHY)
    again = ops_("pause", "--company", company.connection_id, *WHY)
    assert "has been paused since" in again.text

    ops_("resume", "--company", company.connection_id, *WHY, *AT_ONCE)
    assert "not held: nothing to resume" in ops_("resume", "--company", company.connection_id, *WHY, *AT_ONCE).text


def test_resuming_lifts_any_hold_and_says_which(ops_: Ops, company: Connection, connections: Connections) -> None:
    connections.hold(company.connection_id, Hold.PLAN)
    ops_("pause", "--company", company.connection_id, *WHY)

    ran = ops_("resume", "--company", company.connection_id, *WHY, *AT_ONCE, "--json")

    assert ran.data["lifted"] == ["plan", "paused"]
    assert ran.code == 0


def test_a_company_that_is_held_again_at_once_is_reported_as_failed(
    ops_: Ops, company: Connection, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections.hold(company.connection_id, Hold.PLAN)
    monkeypatch.setattr(
        "shared.aws.queues.SyncQueue.request_sync", lambda *_, **__: connections.hold(company.connection_id, Hold.PLAN)
    )

    ran = ops_("resume", "--company", company.connection_id, *WHY, "--json")

    assert (ran.code, ran.data["status"], ran.data["hold"]) == (1, "held", "plan")


def test_a_change_without_a_reason_is_refused_and_changes_nothing(
    ops_: Ops, company: Connection, now: Callable[[], Connection]
) -> None:
    for command in (
        ("pause",),
        ("resume",),
        ("rotate-secret",),
        ("proof", "--now"),
        ("sync", "--now"),
    ):
        ran = ops_(*command, "--company", company.connection_id)
        assert ran.code == 1
        assert "--reason" in ran.complaint
    assert now() == company


def test_every_change_is_in_the_audit_log_with_what_it_did(ops_: Ops, company: Connection) -> None:
    ops_("pause", "--company", company.connection_id, *WHY)
    ops_("resume", "--company", company.connection_id, *WHY, *AT_ONCE)

    actions = ops_("audit", "--json").data["actions"]

    assert [(each["action"], each["result"], each["reason"]) for each in actions] == [
        ("pause", "paused", "ticket 4711"),
        ("resume", "lifted: paused", "ticket 4711"),
    ]


# --- disconnecting ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("thirty_days")
def test_disconnecting_wants_the_name_a_second_time(
    ops_: Ops, company: Connection, now: Callable[[], Connection]
) -> None:
    for again in ((), ("--yes-really", "muster"), ("--yes-really", company.connection_id)):
        ran = ops_("disconnect", "--company", company.connection_id, *again, *WHY)
        assert ran.code == 1
        assert "Not confirmed, nothing was done" in ran.complaint
    assert now() == company


@pytest.mark.usefixtures("thirty_days")
def test_disconnecting_writes_what_the_admins_button_writes(
    ops_: Ops, connected: Callable[..., Connection], connections: Connections, aws: Cloud, stack: Stack
) -> None:
    by_support, by_admin = connected("Alpha GmbH", secrets=(OLD,)), connected("Beta GmbH", secrets=(OLD,))
    begin_disconnect(
        by_admin.connection_id,
        connections=connections,
        queue=SyncQueue(stack["SyncQueue"]),
        delay=timedelta(days=30),
    )

    ran = ops_("disconnect", "--company", "Alpha", "--yes-really", "Alpha GmbH", *WHY, *AT_ONCE, "--json")

    left, other = connections.get(by_support.connection_id), connections.get(by_admin.connection_id)
    assert left
    assert other
    assert (left.status, left.secrets, left.hold) == (other.status, other.secrets, other.hold)
    assert left.delete_at[:10] == other.delete_at[:10]
    assert [each["connection_id"] for each in aws.messages("SyncQueue")] == [
        by_admin.connection_id,
        by_support.connection_id,
    ]
    assert ran.data["delete_at"] == left.delete_at


@pytest.mark.usefixtures("thirty_days")
def test_disconnecting_twice_changes_nothing_and_keeps_the_day_of_deletion(
    ops_: Ops, company: Connection, now: Callable[[], Connection]
) -> None:
    ops_("disconnect", "--company", company.connection_id, "--yes-really", "Muster GmbH", *WHY, *AT_ONCE)
    first = now()

    ran = ops_("disconnect", "--company", company.connection_id, *WHY, "--json")

    assert ran.data["changed"] is False
    assert now() == first


def test_a_vendor_that_did_not_confirm_the_end_is_named(
    ops_: Ops, company: Connection, connections: Connections
) -> None:
    connections.change(
        company.connection_id,
        status=Status.DISCONNECTED,
        disconnected_at="2026-11-01T08:00:00.000000Z",
        access_revoked_at="2026-11-01T08:00:01.000000Z",
        unconfirmed="lexoffice",
        delete_at="2026-12-01T08:00:00.000000Z",
    )

    ran = ops_("disconnect", "--company", company.connection_id)

    assert ran.code == 1
    assert "lexoffice did not confirm the end" in ran.text
    assert "2026-12-01 09:00:00" in ran.text


def test_a_disconnected_company_can_be_neither_paused_nor_resumed(
    ops_: Ops, company: Connection, connections: Connections
) -> None:
    connections.change(company.connection_id, status=Status.DISCONNECTED)
    for command in ("pause", "resume", "rotate-secret"):
        ran = ops_(command, "--company", company.connection_id, *WHY)
        assert ran.code == 1
        assert "is disconnected" in ran.complaint


# --- exchanging the webhooks' secret ---------------------------------------------------------------------------------


def test_a_new_secret_is_asked_of_the_worker(ops_: Ops, company: Connection, aws: Cloud) -> None:
    ran = ops_("rotate-secret", "--company", company.connection_id, *WHY, *AT_ONCE)

    assert ran.code == 1
    assert "not done within 0 seconds" in ran.text
    assert aws.messages("SyncQueue") == [{"connection_id": company.connection_id, "requests": ["rotate_secret"]}]


def test_while_two_secrets_are_valid_a_third_is_not_asked_for(
    ops_: Ops, company: Connection, connections: Connections, aws: Cloud
) -> None:
    connections.change(company.connection_id, secrets=(NEW, OLD), retiring={"old": "2026-11-01T08:00:00.000000Z"})

    ran = ops_("rotate-secret", "--company", company.connection_id, *WHY, "--json")

    assert (ran.code, ran.data["state"], ran.data["changed"], ran.data["valid"]) == (0, "both", False, 2)
    assert aws.messages("SyncQueue") == []


def test_an_exchange_that_stopped_half_way_is_asked_for_again(
    ops_: Ops, company: Connection, connections: Connections, aws: Cloud
) -> None:
    connections.change(company.connection_id, retiring={"old": "2026-11-01T08:00:00.000000Z"})

    ops_("rotate-secret", "--company", company.connection_id, *WHY, *AT_ONCE)

    assert [each["requests"] for each in aws.messages("SyncQueue")] == [["rotate_secret"]]


def test_where_one_secret_is_valid_there_is_none_to_retire(ops_: Ops, company: Connection, aws: Cloud) -> None:
    ran = ops_("rotate-secret", "--company", company.connection_id, "--retire", *WHY)

    assert "there is none to retire" in ran.text
    assert aws.messages("SyncQueue") == []


def test_no_answer_shows_a_sealed_secret(ops_: Ops, connected: Callable[..., Connection]) -> None:
    company = connected(secrets=(SigningSecret(subscription_id="s", sealed=b"SEALED-SECRET"),))
    for command in (("rotate-secret", "--retire"), ("pause",), ("proof",), ("sync",)):
        assert "SEALED" not in ops_(*command, "--company", company.connection_id, *WHY, "--json").text
