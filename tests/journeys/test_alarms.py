"""Every alarm of template.yaml is seen to fire when what it watches breaks, and not before.

One test per alarm, named after it (tests/house/test_alarms.py sees to that); `alarms.py` says how an alarm is judged.
"""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from .alarms import Watch
from .company import Company, event, now
from .dead_letters import given_up
from .world import World

pytestmark = pytest.mark.journey

OTHER_SECRET = "whsec_" + base64.b64encode(b"not the one that was agreed").decode()


@pytest.fixture
def watch(world: World, company: Company) -> Watch:
    """Begins when the company is connected: what went before is not its business."""
    world.at_rest()
    return Watch(world)


def ago(minutes: int) -> str:
    """A moment as our tables hold it."""
    return (datetime.now(UTC) - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def deliveries(company: Company, count: int, *, secret: str = "") -> list[httpx.Response]:
    """So many webhooks of payments nobody has heard of yet."""
    known = secret or company.secrets[0]
    payments = [company.snapshot(amount=100, settledAt=now()) for _ in range(count)]
    return [company.deliver(event(payment), secret=known) for payment in payments]


def ready_since(company: Company, entry_id: str, minutes: int) -> None:
    """Lets a row that waits have waited for so many minutes already."""
    company.world.put("LedgerTable", company.row(entry_id) | {"ready_at": ago(minutes)})


# --- queues ----------------------------------------------------------------------------------------------------------


def test_feed_dead_letter_alarm_fires_when_a_companys_feed_is_given_up(company: Company, watch: Watch) -> None:
    company.is_fed(company.spend())
    assert not watch.fires("FeedDeadLetterAlarm")

    company.in_lexoffice(outage={"on": True})
    company.spend()
    given_up(company, "Feed")

    assert watch.fires("FeedDeadLetterAlarm")


def test_export_dead_letter_alarm_fires_when_a_companys_export_is_given_up(company: Company, watch: Watch) -> None:
    company.set_contra_account()
    entries = company.expenses(1)
    assert not watch.fires("ExportDeadLetterAlarm")

    company.in_lexoffice(outage={"on": True})
    company.export(entries)
    given_up(company, "Export")

    assert watch.fires("ExportDeadLetterAlarm")


def test_sync_dead_letter_alarm_fires_when_what_somebody_requested_is_given_up(company: Company, watch: Watch) -> None:
    company.start_sync("sync_catalogue")
    company.world.at_rest()
    assert not watch.fires("SyncDeadLetterAlarm")

    company.in_lexoffice(outage={"on": True})
    company.start_sync("sync_catalogue")
    given_up(company, "Sync")

    assert watch.fires("SyncDeadLetterAlarm")
    company.world.stack.client("sqs").purge_queue(QueueUrl=company.world.stack.resources["SyncDeadLetterQueue"])


def test_feed_delay_alarm_fires_when_wake_ups_wait(company: Company, watch: Watch) -> None:
    """The age is the real message's; what is foreseen is that nobody takes it for another quarter of an hour."""
    with company.world.feed_switched_off():
        company.spend()
        company.world.eventually(lambda: company.world.waiting("FeedQueue"), what="the wake-up")
        assert not watch.fires("FeedDelayAlarm")
        assert not watch.fires("FeedDelayAlarm", minutes_from_now=9)

        assert watch.fires("FeedDelayAlarm", minutes_from_now=15)
    company.world.at_rest()
    assert not watch.fires("FeedDelayAlarm", minutes_from_now=15)


def test_sync_delay_alarm_fires_when_syncs_wait(company: Company, watch: Watch) -> None:
    """The age is the real message's; what is foreseen is that nobody takes it for more than half an hour."""
    with company.world.switched_off("SyncFunctionRequest"):
        company.start_sync()
        company.world.eventually(lambda: company.world.waiting("SyncQueue"), what="the sync")
        assert not watch.fires("SyncDelayAlarm")
        assert not watch.fires("SyncDelayAlarm", minutes_from_now=29)

        assert watch.fires("SyncDelayAlarm", minutes_from_now=31)
    company.world.at_rest()
    assert not watch.fires("SyncDelayAlarm", minutes_from_now=31)


# --- lines -----------------------------------------------------------------------------------------------------------


def test_slow_feed_alarm_fires_when_a_line_came_later_than_a_minute(company: Company, watch: Watch) -> None:
    """The row is dated back by two minutes while it waits, so that nobody has to wait for them here."""
    company.is_fed(company.spend())
    assert not watch.fires("SlowFeedAlarm")

    with company.world.feed_switched_off():
        late = company.spend()
        company.world.eventually(lambda: company.states == {"ready": 1, "sent": 1}, what="a row that waits")
        ready_since(company, late, minutes=2)
    company.world.eventually(lambda: company.states == {"sent": 2}, what="the late line")
    company.world.at_rest()

    assert watch.fires("SlowFeedAlarm")


def test_history_and_corrections_do_not_count_as_slow(company: Company, watch: Watch) -> None:
    paid = company.spend()
    company.is_fed(paid)
    company.world.pleo("/clock", advance_seconds=5)  # Pleo's times are coarse, and a change must be the newer one
    with company.world.feed_switched_off():
        company.world.pleo(f"/entries/{paid}", "PATCH", totalBillValue={"currency": "EUR", "minors": 1_250})
        old = company.spend()
        company.world.eventually(lambda: company.states == {"ready": 2, "sent": 1}, what="rows that wait")
        ready_since(company, old, minutes=90)
        company.world.put("LedgerTable", company.row(old) | {"history": True})
        correction = company.row(f"{paid}#2")
        company.world.put("LedgerTable", correction | {"ready_at": ago(90)})
    company.world.eventually(lambda: company.states == {"sent": 3}, what="all lines")
    company.world.at_rest()

    assert not watch.fires("SlowFeedAlarm")


def test_silence_alarm_fires_when_nobody_feeds_a_row(company: Company, watch: Watch) -> None:
    """Connection and row are dated back by an hour, so that nobody has to wait for it here."""
    company.sync()
    assert not watch.fires("SilenceAlarm")

    connected = {"connected_at": ago(120), "stepped_at": ago(120)}
    company.world.put("ConnectionTable", company.connection | connected)
    with company.world.feed_switched_off():
        waiting = company.spend()
        company.world.eventually(lambda: company.states == {"ready": 1}, what="a row that waits")
        ready_since(company, waiting, minutes=60)
        company.start_sync()
        company.world.eventually(lambda: watch.fires("SilenceAlarm"), what="an alarm")


def test_attention_alarm_fires_when_a_companys_access_is_gone(company: Company, watch: Watch) -> None:
    company.is_fed(company.spend())
    assert not watch.fires("AttentionAlarm")

    company.in_lexoffice(revoke={})
    company.spend()
    company.is_held("lexoffice_access_gone")

    assert watch.fires("AttentionAlarm")


# --- webhooks, tokens, limits ----------------------------------------------------------------------------------------


def test_refused_signature_alarm_fires_at_the_twenty_first_wrong_signature(company: Company, watch: Watch) -> None:
    assert {answer.status_code for answer in deliveries(company, 20, secret=OTHER_SECRET)} == {401}
    assert not watch.fires("RefusedSignatureAlarm")

    assert deliveries(company, 1, secret=OTHER_SECRET)[0].status_code == 401

    assert watch.fires("RefusedSignatureAlarm")


def test_refresh_refused_alarm_fires_when_a_vendor_wants_no_more_of_a_token(company: Company, watch: Watch) -> None:
    company.world.lexoffice("/expire-access-tokens")
    company.is_fed(company.spend())
    assert not watch.fires("RefreshRefusedAlarm")

    company.in_lexoffice(revoke={})
    company.spend()
    company.is_held("lexoffice_access_gone")

    assert watch.fires("RefreshRefusedAlarm")


def test_refresh_failure_alarm_fires_when_refreshes_fail_again_and_again(
    company: Company, neighbour: Company, watch: Watch
) -> None:
    both = (company, neighbour)
    for each in both:
        token = each.world.item("TokenTable", connection_id=each.connection_id, vendor="lexoffice") or {}
        each.world.put("TokenTable", token | {"expires_at": 1})
        each.world.stack.kill_worker("FeedFunction")
    company.in_lexoffice(outage={"on": True})
    company.spend()
    company.world.eventually(lambda: company.world.counted("FeedFunction", "RefreshFailed"), what="a failed refresh")
    assert not watch.fires("RefreshFailureAlarm")

    neighbour.in_lexoffice(outage={"on": True})
    neighbour.spend()

    company.world.eventually(lambda: watch.fires("RefreshFailureAlarm"), what="an alarm", seconds=90)


def test_limit_alarm_fires_when_lexoffice_refuses_many_calls_for_speed(
    company: Company, founded: Callable[..., Company], watch: Watch
) -> None:
    """Several companies at once, as when lexoffice counted by something else than by organisation."""
    companies = [company, *(founded() for _ in range(3))]
    for each in companies[1:]:
        assert each.connect().startswith("Verbunden")
        each.is_due("2999-01-01T00:00:00.000000Z")
    too_many = {"route": "finance/transactions$", "status": 429, "times": 8}
    company.in_lexoffice(faults=too_many)
    company.is_fed(company.spend(), seconds=60)
    assert not watch.fires("LimitAlarm")

    for each in companies:
        each.in_lexoffice(faults=too_many | {"times": 1_000})
        each.spend()

    def fires() -> bool:
        for each in companies:
            each.at_full_speed()  # each refusal makes us slower; here the calls shall come soon
        return watch.fires("LimitAlarm")

    company.world.eventually(fires, what="an alarm", seconds=120)


# --- exports ---------------------------------------------------------------------------------------------------------


def test_export_failure_alarm_fires_for_what_no_bookkeeper_can_mend(company: Company, watch: Watch) -> None:
    company.set_contra_account()
    uncoded, refused = company.expenses(2)
    company.code(uncoded, tax_code=None)
    company.ends(company.export([uncoded]), "completed_with_errors")
    assert company.world.counted("ExportFunction", "ItemsRefused") > 0
    assert not watch.fires("ExportFailureAlarm")

    company.in_lexoffice(faults={"route": "/v1/vouchers$", "method": "POST", "status": 406, "times": 9})
    failed = company.ends(company.export([refused]), "completed_with_errors")[refused]

    assert "[EXP-LEXOFFICE-REFUSED]" in failed["failureReason"]
    assert watch.fires("ExportFailureAlarm")


def test_a_job_that_fails_as_a_whole_raises_the_alarm_of_exports_too(company: Company, watch: Watch) -> None:
    company.set_contra_account()
    entries = company.expenses(1)
    company.in_lexoffice(downgrade={"status": 402})

    company.ends(company.export(entries), "failed")

    assert watch.fires("ExportFailureAlarm")


# --- AWS -------------------------------------------------------------------------------------------------------------


def test_schedule_stopped_alarm_fires_when_nobody_syncs(world: World, watch: Watch) -> None:
    """What is foreseen is that the schedule fails for another twenty minutes as it does now."""
    world.invoke("ScheduleFunction", {})
    with world.denied("ScheduleFunction", "dynamodb:Query"):
        runs = world.counted("ScheduleFunction", "ScheduleRun")
        assert "errorMessage" in world.invoke("ScheduleFunction", {})
        assert world.counted("ScheduleFunction", "ScheduleRun") == runs
        assert not watch.fires("ScheduleStoppedAlarm")

        assert watch.fires("ScheduleStoppedAlarm", minutes_from_now=20)


def test_function_error_alarm_fires_when_a_door_crashes_three_times(world: World, watch: Watch) -> None:
    world.invoke("ScheduleFunction", {})
    assert not watch.fires("FunctionErrorAlarm")

    with world.denied("ScheduleFunction", "dynamodb:Query"):
        crashes = [world.invoke("ScheduleFunction", {}) for _ in range(3)]

    assert all("errorMessage" in crash for crash in crashes)
    assert watch.fires("FunctionErrorAlarm")


def test_function_throttle_alarm_fires_when_a_door_gets_no_concurrency(company: Company, watch: Watch) -> None:
    deliveries(company, 1)
    assert not watch.fires("FunctionThrottleAlarm")

    with no_concurrency(company.world, "PleoWebhookFunction"):
        answers = deliveries(company, 21)

    assert not any(answer.is_success for answer in answers)
    assert watch.fires("FunctionThrottleAlarm")


@contextmanager
def no_concurrency(world: World, door: str) -> Iterator[None]:
    lambdas, name = world.stack.client("lambda"), world.stack.resources[door]
    lambdas.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        yield
    finally:
        lambdas.delete_function_concurrency(FunctionName=name)


def test_api_error_alarm_fires_when_webhooks_are_not_acknowledged(company: Company, watch: Watch) -> None:
    """The emulator's API measures nothing; the value is what Pleo sees, the answers with 5xx."""
    accepted = deliveries(company, 2)
    watch.saw("ApiErrorAlarm", server_errors(accepted))
    assert not watch.fires("ApiErrorAlarm")

    with company.world.denied("PleoWebhookFunction", "dynamodb:UpdateItem"):
        refused = deliveries(company, 11)
    watch.saw("ApiErrorAlarm", server_errors(refused))

    assert watch.fires("ApiErrorAlarm")
    # Of the same minutes, told by the door itself.
    lines = [line for line in company.world.lines("PleoWebhookFunction") if "WebhookNotAcknowledged" in line]
    assert sum(line["_aws"]["Timestamp"] / 1000 >= watch.since for line in lines) == 11


def server_errors(answers: list[httpx.Response]) -> int:
    return sum(answer.is_server_error for answer in answers)


def test_table_throttle_alarm_fires_when_a_table_refuses_writes(company: Company, watch: Watch) -> None:
    """The emulator's tables refuse nothing for speed and measure nothing.

    So the writes are refused for lack of permission, which comes to the same for the door, and the value is how many
    it has logged as refused. That DynamoDB counts a throttled write in this metric is its documentation's word.
    """
    world, marker = company.world, {"message": "webhook not acknowledged"}
    before = len(world.logged("PleoWebhookFunction", **marker))
    deliveries(company, 2)
    watch.saw("TableThrottleAlarm", len(world.logged("PleoWebhookFunction", **marker)) - before)
    assert not watch.fires("TableThrottleAlarm")

    with world.denied("PleoWebhookFunction", "dynamodb:UpdateItem", table="LedgerTable"):
        deliveries(company, 21)
    watch.saw("TableThrottleAlarm", len(world.logged("PleoWebhookFunction", **marker)) - before)

    assert watch.fires("TableThrottleAlarm")


def test_nothing_fires_while_everything_works(company: Company, watch: Watch) -> None:
    company.set_contra_account()
    entries = company.expenses(2)
    company.has_exported(company.export(entries), entries)
    company.start_sync("sync_catalogue")
    company.world.at_rest()
    company.world.invoke("ScheduleFunction", {})

    assert [name for name in watch.alarms if watch.fires(name)] == []


def test_the_dashboard_is_there_and_shows_what_is_deployed(world: World) -> None:
    name = world.stack.resources["Dashboard"]
    body = world.stack.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"]

    widgets = json.loads(body)["widgets"]

    assert world.stack.resources["FeedFunction"] in body
    assert world.stack.resources["FeedQueue"].rsplit("/", 1)[1] in body
    labels = [
        widget["properties"]["metrics"][0][0].get("label") for widget in widgets if "SEARCH" in json.dumps(widget)
    ]
    assert labels == ["${PROP('Dim.code')}"] * 2
