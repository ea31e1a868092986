"""The clock: companies that are due are synced, and a sync heals what no webhook and no wake-up has done."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from .company import Company, event, now
from .world import World

pytestmark = pytest.mark.journey

LONG_AGO = "2020-01-01T00:00:00.000000Z"


def syncs_done(company: Company) -> int:
    return len(company.world.logged("SyncFunction", message="company synced", connection_id=company.connection_id))


def test_a_company_that_is_due_is_synced_and_is_not_due_again_for_minutes(world: World, company: Company) -> None:
    company.is_due(LONG_AGO)
    before = syncs_done(company)

    assert world.invoke("ScheduleFunction", {})["syncs"] >= 1

    world.eventually(lambda: syncs_done(company) == before + 1, what="the sync")
    due = datetime.fromisoformat(company.connection["due_at"])
    assert timedelta(minutes=4) < due - datetime.now(UTC) < timedelta(minutes=7)


def test_a_company_that_is_not_due_is_not_synced(world: World, company: Company) -> None:
    before = syncs_done(company)

    world.invoke("ScheduleFunction", {})

    world.at_rest()
    assert syncs_done(company) == before


def test_a_row_that_was_written_but_never_woken_is_fed_after_the_companys_sync(world: World, company: Company) -> None:
    """The receiver dies between ledger and queue, Pleo never delivers again, and its list does not have the entry."""
    data = company.snapshot(amount=800, settledAt=now()) | {"id": "e0000000-0000-4000-8000-0000000000e1"}
    with world.denied("PleoWebhookFunction", "sqs:SendMessage"):
        assert company.deliver(event(data)).status_code == 503
    world.at_rest()
    assert company.row(data["id"])["state"] == "ready"
    assert company.lines == []

    company.is_due(LONG_AGO)
    world.invoke("ScheduleFunction", {})
    world.eventually(lambda: company.lines, what="the line")

    assert f"pleo-{data['id']}" in [line["externalReference"] for line in company.lines]


def test_a_wake_up_that_was_lost_is_made_up_for_by_the_next_sync(world: World, company: Company) -> None:
    with world.denied("FeedFunction", "dynamodb:GetItem"):
        payment = company.spend()
        world.eventually(lambda: world.waiting("FeedQueue"), what="the wake-up")
        world.stack.client("sqs").purge_queue(QueueUrl=world.stack.resources["FeedQueue"])
        world.at_rest()
    assert company.row(payment)["state"] == "ready"

    company.sync()

    company.is_fed(payment)


def test_an_event_with_a_gap_is_completed_from_pleos_api(world: World, company: Company) -> None:
    data = company.snapshot(amount=650, settledAt=now())
    gap = {name: value for name, value in data.items() if name != "totalBillValue"}

    assert company.deliver(event(gap)).status_code == 200

    company.is_fed(data["id"])


def test_the_sync_brings_new_categories_to_pleo_and_archives_nothing_when_lexoffice_answers_nothing(
    world: World, company: Company
) -> None:
    before = company.shown_in_pleo()[0]
    world.lexoffice("/categories", action="empty")

    send_catalogue_sync(company)
    assert company.shown_in_pleo()[0] == before
    world.lexoffice("/categories", action="reset")
    world.lexoffice("/categories", action="add", name="Drohnenbedarf", type="outgo")
    send_catalogue_sync(company)
    world.lexoffice("/categories", action="reset")

    assert set(company.shown_in_pleo()[0]) == {*before, "Drohnenbedarf"}


def send_catalogue_sync(company: Company) -> None:
    before = syncs_done(company)
    message = json.dumps({"connection_id": company.connection_id, "requests": ["sync_catalogue"]})
    company.world.stack.client("sqs").send_message(
        QueueUrl=company.world.stack.resources["SyncQueue"], MessageBody=message
    )
    company.world.eventually(lambda: syncs_done(company) > before, what="the sync")
    company.world.at_rest()
