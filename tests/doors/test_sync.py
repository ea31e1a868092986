"""A company's syncs over time: given to all, put off after failures, listening for silence, keeping access alive."""

from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from cloud import Document

from shared.aws.connections import SCHEDULED, Connection, Connections, Status
from shared.aws.ledger import Ledger
from shared.aws.queues import SyncQueue
from shared.aws.tokens import TokenStore
from shared.domain.connecting.company_state import Hold
from shared.domain.feeding.ledger import State
from shared.domain.times import utc_text

from .conftest import Context, Linked, company_sync

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def sync(company: Linked) -> ModuleType:
    from functions.sync import app

    return app


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What a person was told of silence."""
    found: list[dict[str, object]] = []
    monkeypatch.setattr(
        "shared.flows.syncing.silence.alert", lambda cause, **keys: found.append({"cause": cause, **keys})
    )
    return found


def now() -> datetime:
    return datetime.now(UTC)


def run_sync(company: Linked, sync: ModuleType, *requests: str, milliseconds: int = 120_000) -> Document:
    answer: Document = sync.handler(company.message("sync", *requests), Context(milliseconds))
    return answer


def change(company: Linked, **changes: object) -> Connection:
    connections = Connections(company.cloud.connection_table)
    return connections.change(company.connection().connection_id, **changes)


def pleo_is_down(company: Linked) -> None:
    company.control_pleo("/faults", {"route": "accounting-entries", "status": 503, "times": None})


# --- queueing syncs ---------------------------------------------------------------------------------------------------


def due(company: Linked, count: int) -> list[str]:
    """So many more companies, due one after the other."""
    connections = Connections(company.cloud.connection_table)
    change(company, due_at=utc_text(now() + DAY))
    for number in range(count):
        fresh = Connection(connection_id=f"c{number:02}", company_id=f"company-{number}", company_name="Muster")
        connections.get_or_create(fresh)
        connections.change(fresh.connection_id, schedule=SCHEDULED, due_at=utc_text(now() - DAY + number * MINUTE))
    return [f"c{number:02}" for number in range(count)]


def test_a_message_that_the_queue_did_not_take_leaves_its_company_due(
    company: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    from functions.schedule import app

    everybody = due(company, 12)
    send, refused = SyncQueue.request_syncs, {"c03", "c11"}
    monkeypatch.setattr(
        SyncQueue, "request_syncs", lambda self, ids: send(self, [each for each in ids if each not in refused])
    )

    assert app.handler({}, Context())["syncs"] == 10
    monkeypatch.undo()

    left = Connections(company.cloud.connection_table).due(now())
    assert [key for key, _ in left] == [each for each in everybody if each in refused]


def test_of_a_batch_those_count_that_the_queue_says_it_has(company: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = SyncQueue(company.cloud.queues["SyncQueue"])
    answer = {"Successful": [{"Id": "1"}], "Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]}
    monkeypatch.setattr(queue, "_sqs", type("Sqs", (), {"send_message_batch": lambda *_, **__: answer})())

    assert queue.request_syncs(["c1", "c2"]) == {"c2"}


def test_without_time_nobody_is_synced_and_everybody_stays_due(company: Linked) -> None:
    from functions.schedule import app

    everybody = due(company, 12)

    assert app.handler({}, Context(2_000))["syncs"] == 0
    assert [key for key, _ in Connections(company.cloud.connection_table).due(now())] == everybody
    assert company.cloud.messages("SyncQueue") == []


# --- failures --------------------------------------------------------------------------------------------------------


def test_a_company_whose_syncs_fail_is_due_later_and_later_and_a_success_clears_it(
    company: Linked, sync: ModuleType
) -> None:
    pleo_is_down(company)
    pauses = []
    for _ in range(5):
        before = now()
        assert run_sync(company, sync) == {"batchItemFailures": []}
        pauses.append(round((datetime.fromisoformat(company.connection().due_at) - before) / MINUTE))
    failing = company.connection()

    company.pleo.delete("/control/faults").raise_for_status()
    run_sync(company, sync)

    assert pauses == [10, 20, 30, 30, 30]
    assert (failing.sync_failures, failing.sync_error) == (5, "pleo unavailable")
    assert datetime.fromisoformat(failing.failing_since) < datetime.fromisoformat(failing.due_at) - 30 * MINUTE
    well = company.connection()
    assert (well.sync_failures, well.sync_error, well.failing_since) == (0, "", "")


def test_a_company_that_pleo_refuses_for_speed_backs_off_too(company: Linked, sync: ModuleType) -> None:
    company.control_pleo("/faults", {"route": "accounting-entries", "status": 429, "times": None})

    assert run_sync(company, sync) == {"batchItemFailures": []}
    assert company.connection().sync_error == "pleo rate limited"


def test_a_sync_that_was_requested_comes_again_although_the_company_is_due(company: Linked, sync: ModuleType) -> None:
    pleo_is_down(company)

    assert len(run_sync(company, sync, "sync_catalogue")["batchItemFailures"]) == 1
    assert company.connection().sync_failures == 1


def test_work_that_is_not_finished_goes_on_at_the_next_minute_and_is_no_failure(
    company: Linked, sync: ModuleType
) -> None:
    change(company, due_at=utc_text(now() + 5 * MINUTE))

    assert run_sync(company, sync, milliseconds=39_000) == {"batchItemFailures": []}

    connection = company.connection()
    assert connection.sync_failures == 0
    assert connection.due_at <= utc_text(now())


def test_when_the_failure_cannot_be_remembered_the_company_is_due_at_its_usual_time(
    company: Linked, sync: ModuleType
) -> None:
    usual = utc_text(now() + 5 * MINUTE)
    change(company, due_at=usual)
    pleo_is_down(company)

    with company.cloud.failing("dynamodb", "UpdateItem"):
        assert run_sync(company, sync) == {"batchItemFailures": []}

    assert company.connection().due_at == usual


def test_one_duty_that_fails_does_not_keep_the_others_from_being_done(company: Linked, sync: ModuleType) -> None:
    pleo_is_down(company)
    change(company, access_checked_at="")

    run_sync(company, sync)

    assert company.connection().sync_error == "pleo unavailable"
    assert company.connection().access_checked_at


# --- silence ---------------------------------------------------------------------------------------------------------


def paid(company: Linked, *hours_ago: float) -> None:
    entries = [
        {"status": "COMPLETED", "amount": 1000, "settledAt": (now() - hours * HOUR).strftime("%Y-%m-%dT%H:%M:%SZ")}
        for hours in hours_ago
    ]
    company.control_pleo("/entries/batch", entries)


def connected(company: Linked, **ago: float) -> Connection:
    """As if the company had been connected so long ago, and nothing had come since."""
    since = utc_text(now() - timedelta(**ago))
    return change(company, connected_at=since, stepped_at=since, caught_up_to=since, start_day=since[:10])


def subscriptions(company: Linked, sync: ModuleType) -> list[Any]:
    return list(company_sync(sync)._services.vendors.pleo(company.connection()).subscriptions())


def test_payments_without_webhooks_are_told_once_a_day_and_the_subscription_is_renewed(
    company: Linked, sync: ModuleType, told: list[dict[str, object]]
) -> None:
    connection = connected(company, days=3)
    (old,) = subscriptions(company, sync)
    company_sync(sync)._services.vendors.pleo(connection).delete_subscription(old.id)
    paid(company, 60, 40, 20, 0.5)

    run_sync(company, sync)
    run_sync(company, sync)

    assert [(each["cause"], each["missed"], each["likely"]) for each in told] == [
        ("no webhooks", 3, "subscription renewed")
    ]
    (new,) = subscriptions(company, sync)
    assert [secret.subscription_id for secret in company.connection().secrets] == [new.id] != [old.id]
    assert len(company.rows()) == 4


def test_a_subscription_that_is_in_order_points_at_the_way_to_us(
    company: Linked, sync: ModuleType, told: list[dict[str, object]]
) -> None:
    connected(company, days=3)
    before = [each.id for each in subscriptions(company, sync)]
    paid(company, 60, 40, 20)

    run_sync(company, sync)

    assert told[0]["likely"] == "subscription in order: deliveries fail or are refused"
    assert [each.id for each in subscriptions(company, sync)] == before


def test_payments_that_a_webhook_told_of_alarm_nobody(
    company: Linked, sync: ModuleType, told: list[dict[str, object]]
) -> None:
    connection = connected(company, days=3)
    Ledger(company.cloud.ledger_table).record_webhook(connection.connection_id, now() - 2 * HOUR)
    paid(company, 60, 40, 20)

    run_sync(company, sync)

    assert told == []


@pytest.mark.parametrize(
    ("trouble", "likely"), [("", "feed gave up: dead-letter queue"), ("outage", "lexoffice: Unavailable")]
)
def test_rows_that_nobody_feeds_are_told_once_an_hour_with_what_is_likely_behind_it(
    company: Linked, sync: ModuleType, told: list[dict[str, object]], trouble: str, likely: str
) -> None:
    connected(company, hours=5)
    paid(company, 0.2)
    run_sync(company, sync)
    (row,) = company.rows()
    assert told == []
    key = {"connection_id": {"S": company.connection().connection_id}, "row": {"S": f"ENTRY#{row.entry_id}"}}
    company.cloud.client("dynamodb").update_item(
        TableName=company.cloud.ledger_table,
        Key=key,
        UpdateExpression="SET ready_at = :then",
        ExpressionAttributeValues={":then": {"S": utc_text(now() - 16 * MINUTE)}},
    )
    if trouble:
        company.control_lexoffice(trouble, on=True)

    run_sync(company, sync)
    run_sync(company, sync)

    assert [(each["cause"], each["likely"]) for each in told] == [("rows not fed", likely)]


def test_rows_that_wait_while_others_are_fed_alarm_nobody(
    company: Linked, sync: ModuleType, told: list[dict[str, object]]
) -> None:
    from functions.feed import app as feed

    connected(company, hours=5)
    paid(company, 0.3)
    run_sync(company, sync)
    feed.handler(company.message("feed"), Context())
    paid(company, 0.2)
    run_sync(company, sync)
    waiting = next(row for row in company.rows() if row.state is State.READY)
    key = {"connection_id": {"S": company.connection().connection_id}, "row": {"S": f"ENTRY#{waiting.entry_id}"}}
    company.cloud.client("dynamodb").update_item(
        TableName=company.cloud.ledger_table,
        Key=key,
        UpdateExpression="SET ready_at = :then",
        ExpressionAttributeValues={":then": {"S": utc_text(now() - HOUR)}},
    )

    run_sync(company, sync)

    assert told == []


def test_rows_that_waited_for_the_company_to_be_connected_again_alarm_nobody(
    company: Linked, sync: ModuleType, told: list[dict[str, object]]
) -> None:
    paid(company, 0.1)
    change(company, status=Status.HELD, hold=Hold.PLAN)
    run_sync(company, sync)

    company.connect()
    company.cloud.messages("SyncQueue")
    run_sync(company, sync)

    assert company.connection().status is Status.ACTIVE
    assert told == []


def test_two_days_of_failures_are_told_with_the_failure(
    company: Linked, sync: ModuleType, told: list[dict[str, object]]
) -> None:
    pleo_is_down(company)
    change(company, failing_since=utc_text(now() - 2 * DAY), sync_failures=50, sync_error="pleo unavailable")

    run_sync(company, sync)
    run_sync(company, sync)

    assert [(each["cause"], each["likely"]) for each in told] == [("no successful sync", "pleo unavailable")]


# --- keeping access alive --------------------------------------------------------------------------------------------


def calls(company: Linked) -> int:
    """How often lexoffice was called."""
    return sum(company.organisation()["calls"]["by_route"].values())


def test_access_is_used_once_a_day_on_both_sides(company: Linked, sync: ModuleType) -> None:
    before = calls(company)
    run_sync(company, sync)
    assert calls(company) == before

    change(company, access_checked_at=utc_text(now() - DAY))
    run_sync(company, sync)
    run_sync(company, sync)

    assert calls(company) == before + 1


def test_the_refresh_token_of_a_held_company_is_used_before_it_expires(company: Linked, sync: ModuleType) -> None:
    change(company, status=Status.HELD, hold=Hold.PLAN, access_checked_at="")
    (sealed, version) = stored(company)
    company.cloud.client("dynamodb").update_item(
        TableName=company.cloud.token_table,
        Key={"connection_id": {"S": company.connection().connection_id}, "vendor": {"S": "lexoffice"}},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": {"N": "0"}},
    )

    run_sync(company, sync)

    assert stored(company) != (sealed, version)
    assert stored(company)[1] == version + 1
    assert (company.connection().status, company.connection().hold) == (Status.HELD, "plan")


def stored(company: Linked) -> tuple[bytes, int]:
    item = company.cloud.client("dynamodb").get_item(
        TableName=company.cloud.token_table,
        Key={"connection_id": {"S": company.connection().connection_id}, "vendor": {"S": "lexoffice"}},
    )["Item"]
    return item["sealed"]["B"], int(item["version"]["N"])


@pytest.mark.parametrize("held_for", ["", "plan"])
def test_access_that_ended_unnoticed_holds_the_company_which_is_told_once(
    company: Linked, sync: ModuleType, monkeypatch: pytest.MonkeyPatch, held_for: str
) -> None:
    if held_for:
        change(company, status=Status.HELD, hold=held_for)
    company.control_lexoffice("revoke")
    reported: list[str] = []
    monkeypatch.setattr("shared.flows.hold.alert", lambda cause, **_: reported.append(cause))

    for _ in range(3):
        change(company, access_checked_at="")
        assert run_sync(company, sync) == {"batchItemFailures": []}

    assert (company.connection().status, company.connection().hold) == (Status.HELD, "lexoffice_access_gone")
    assert reported == ["connection held"]


def test_a_side_whose_access_is_gone_is_left_alone_and_the_other_one_kept(
    company: Linked, sync: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(company, status=Status.HELD, hold=Hold.PLEO_ACCESS_GONE, access_checked_at="")
    asked: list[str] = []
    read = TokenStore.read

    def noted(self: TokenStore, connection_id: str, company_id: str, vendor: str) -> Any:
        asked.append(vendor)
        return read(self, connection_id, company_id, vendor)

    keep_alive = company_sync(sync)._services.keep_alive
    monkeypatch.setattr(TokenStore, "read", noted)
    keep_alive.run(company.connection(), lambda: 60.0)

    assert set(asked) == {"lexoffice"}
    assert company.connection().access_checked_at


def test_a_webhook_subscription_that_vanished_is_renewed_within_a_day(company: Linked, sync: ModuleType) -> None:
    (old,) = subscriptions(company, sync)
    company_sync(sync)._services.vendors.pleo(company.connection()).delete_subscription(old.id)
    change(company, access_checked_at=utc_text(now() - DAY))

    run_sync(company, sync)

    (new,) = subscriptions(company, sync)
    assert company.connection().secrets[0].subscription_id == new.id != old.id


def test_without_the_right_to_read_subscriptions_the_company_goes_on(company: Linked, sync: ModuleType) -> None:
    company.control_pleo("/faults", {"route": "subscriptions", "status": 403, "times": None})
    change(company, access_checked_at="")

    assert run_sync(company, sync) == {"batchItemFailures": []}
    assert company.connection().status is Status.ACTIVE
    assert company.connection().access_checked_at
