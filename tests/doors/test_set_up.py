"""The set-up as a worker does it, and as its progress page shows it."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cloud import Document

from shared.aws.connections import Connections, Status
from shared.domain.connecting.company_state import Hold
from shared.domain.connecting.set_up import STEPS, USUAL
from shared.domain.times import utc_text
from shared.pages.texts import MESSAGES

from .conftest import Context, Executioner, KilledError, Linked, company_sync


@pytest.fixture
def linked_not_set_up(linked: Linked, monkeypatch: pytest.MonkeyPatch) -> Linked:
    """Both have consented; the worker's message waits."""
    with monkeypatch.context() as patched:
        patched.setattr(Linked, "work", lambda _: [])
        linked.connect()
    return linked


def states(linked: Linked) -> list[str]:
    return [linked.connection().steps.get(name, "waiting") for name in STEPS]


def shown(linked: Linked) -> Document:
    return linked.visit("GET", "/connect/progress")


def breaks(linked: Linked, route: str, **fault: Any) -> None:
    linked.control_lexoffice("faults", **({"route": route, "times": 5, "kind": "status", "status": 503} | fault))


def calm(linked: Linked) -> None:
    linked.lexoffice.delete("/control/faults").raise_for_status()


def test_the_browser_only_asks_for_the_set_up_and_waits_for_it(linked_not_set_up: Linked) -> None:
    page = shown(linked_not_set_up)

    assert page["statusCode"] == 200
    assert page["headers"]["Refresh"] == "2"
    assert linked_not_set_up.connection().status is Status.CONNECTING
    assert states(linked_not_set_up) == ["waiting"] * len(STEPS)
    (message,) = linked_not_set_up.cloud.messages("SyncQueue")
    connection_id = linked_not_set_up.connection().connection_id
    assert message == {"connection_id": connection_id, "requests": ["set_up"]}


def test_the_worker_knows_the_public_address_from_the_connection(linked_not_set_up: Linked) -> None:
    linked_not_set_up.work()

    connection = linked_not_set_up.connection()
    subscriptions = linked_not_set_up.pleo.get("/control/state").json()["subscriptions"]
    endpoints = {
        each["endpointUrl"] for each in subscriptions if each["endpointUrl"].endswith(connection.connection_id)
    }
    assert endpoints == {f"{connection.public_url}/webhooks/pleo/{connection.connection_id}"}


def test_a_finished_set_up_leads_to_the_result_and_the_result_page_waits_for_it(linked_not_set_up: Linked) -> None:
    assert linked_not_set_up.visit("GET", "/connect/result")["headers"]["Location"].endswith("/connect/progress")

    linked_not_set_up.work()

    assert states(linked_not_set_up) == ["done"] * len(STEPS)
    assert shown(linked_not_set_up)["headers"]["Location"].endswith("/connect/result")
    assert linked_not_set_up.visit("GET", "/connect/result")["statusCode"] == 200


def test_a_failed_step_is_named_with_its_reason_and_the_page_rests(linked_not_set_up: Linked) -> None:
    breaks(linked_not_set_up, "posting-categories")

    linked_not_set_up.work()
    page = shown(linked_not_set_up)

    assert states(linked_not_set_up) == ["done", "failed", "waiting", "waiting", "waiting"]
    assert "Refresh" not in page["headers"]
    assert MESSAGES["half_way"].body.de in page["body"]
    assert 'action="/connect/resume' in page["body"]


def test_going_on_does_only_what_is_left(linked_not_set_up: Linked) -> None:
    breaks(linked_not_set_up, "posting-categories")
    linked_not_set_up.work()
    calm(linked_not_set_up)

    answer = linked_not_set_up.visit("POST", "/connect/resume")
    assert answer["headers"]["Location"].endswith("/connect/progress")
    assert shown(linked_not_set_up)["headers"]["Refresh"] == "2"
    linked_not_set_up.work()

    assert linked_not_set_up.connection().status is Status.ACTIVE
    assert len(linked_not_set_up.organisation()["accounts"]) == 1


def test_a_deactivated_account_is_told_and_nothing_else_is_set_up(linked: Linked) -> None:
    linked.connect()
    (account,) = linked.organisation()["accounts"]
    linked.control_lexoffice(f"accounts/{account['financialAccountId']}", deactivated=True)

    linked.connect()

    assert linked.connection().stopped == "account_deactivated"
    assert states(linked)[0] == "failed"


def test_after_half_a_minute_without_a_sign_of_life_going_on_is_offered(linked_not_set_up: Linked) -> None:
    assert 'action="/connect/resume' not in shown(linked_not_set_up)["body"]
    long_ago = utc_text(datetime.now(UTC) - USUAL - timedelta(seconds=1))
    connections = Connections(linked_not_set_up.cloud.connection_table)
    connections.change(linked_not_set_up.connection().connection_id, stepped_at=long_ago)

    page = shown(linked_not_set_up)

    assert 'action="/connect/resume' in page["body"]
    assert page["headers"]["Refresh"] == "2"


@pytest.mark.parametrize("moment", range(1, 60, 4))
def test_whatever_a_dying_worker_leaves_behind_the_next_one_finishes(
    linked_not_set_up: Linked, executioner: Executioner, moment: int
) -> None:
    from functions.sync import app

    (message,) = linked_not_set_up.cloud.messages("SyncQueue")
    event = linked_not_set_up.message("sync", "set_up")
    with executioner.at(moment), suppress(KilledError):
        app.handler(event, Context())
    # As when a minute has passed: the dead worker's lease has run out.
    connections = Connections(linked_not_set_up.cloud.connection_table)
    connections.change(message["connection_id"], setup_until=utc_text(datetime.now(UTC) - timedelta(seconds=1)))

    assert app.handler(event, Context()) == {"batchItemFailures": []}

    assert linked_not_set_up.connection().status is Status.ACTIVE
    assert states(linked_not_set_up) == ["done"] * len(STEPS)
    assert len(linked_not_set_up.organisation()["accounts"]) == 1
    assert len(linked_not_set_up.connection().secrets) == 1


def test_a_message_that_comes_again_sets_nothing_up_again(company: Linked) -> None:
    from functions.sync import app

    calls = company.organisation()["calls"]["by_route"]
    app.handler(company.message("sync", "set_up"), Context())

    assert company.organisation()["calls"]["by_route"] == calls


def test_a_worker_that_finds_another_one_at_it_leaves_the_message_for_later(linked_not_set_up: Linked) -> None:
    from functions.sync import app

    connections = Connections(linked_not_set_up.cloud.connection_table)
    connection_id = linked_not_set_up.connection().connection_id
    now = datetime.now(UTC)
    connections.lease_setup(connection_id, "another", now + timedelta(minutes=1), now)

    answer = app.handler(linked_not_set_up.message("sync", "set_up"), Context(40_000))

    assert len(answer["batchItemFailures"]) == 1
    assert linked_not_set_up.organisation()["accounts"] == []


def test_another_browser_sees_nothing_of_a_set_up_and_cannot_go_on_with_it(linked_not_set_up: Linked) -> None:
    for method, path in (("GET", "/connect/progress"), ("POST", "/connect/resume"), ("GET", "/connect/result")):
        assert linked_not_set_up.visit(method, path, cookies=["__Host-connect=other"])["statusCode"] == 404


def test_a_company_that_is_connected_again_stays_active_meanwhile(
    company: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Linked, "work", lambda _: [])
        company.connect()

    assert company.connection().status is Status.ACTIVE
    assert shown(company)["headers"]["Refresh"] == "2"


def test_a_held_company_is_active_again_and_goes_on_where_it_stopped(company: Linked) -> None:
    connections, before = Connections(company.cloud.connection_table), company.connection()
    connections.hold(before.connection_id, Hold.LEXOFFICE_ACCESS_GONE)

    company.connect()

    after = company.connection()
    assert (after.status, after.hold) == (Status.ACTIVE, None)
    assert (after.account_id, after.connected_at) == (before.account_id, before.connected_at)
    assert after.caught_up_to >= before.caught_up_to


@pytest.mark.parametrize("vendor", ["pleo", "lexoffice"])
def test_an_access_that_expired_unused_holds_the_company_and_connecting_again_heals_it(
    company: Linked, vendor: str
) -> None:
    from functions.feed import app as feed
    from functions.sync import app as sync

    years = 10 * 365 * 24 * 3600
    settled = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    payment = {"company_id": company.connection().company_id, "amount": 1_250, "settledAt": settled, "silent": True}
    if vendor == "pleo":
        entry = company.control_pleo("/entries", payment)["id"]
        company.control_pleo("/clock", {"advance_seconds": years})
        sync.handler(company.message("sync"), Context())
        company.control_pleo("/clock", {"now": datetime.now(UTC).isoformat()})
    else:
        entry = company.control_pleo("/entries", payment)["id"]
        sync.handler(company.message("sync"), Context())
        company.control_lexoffice("clock", advance_seconds=years)
        feed.handler(company.message("feed"), Context())
        company.control_lexoffice("clock", advance_seconds=-years)
    assert company.connection().hold == f"{vendor}_access_gone"

    company.connect()
    feed.handler(company.message("feed"), Context())

    assert (company.connection().status, company.connection().hold) == (Status.ACTIVE, None)
    assert [(row.entry_id, row.state.value) for row in company.rows()] == [(entry, "sent")]


def test_a_worker_that_was_overtaken_says_nothing_more(
    linked_not_set_up: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    from functions.sync import app

    set_up, connection_id = company_sync(app)._set_up, linked_not_set_up.connection().connection_id
    connections = Connections(linked_not_set_up.cloud.connection_table)
    subscribed = set_up._subscriptions.at_pleo

    def slow(*arguments: Any) -> Any:
        connection = subscribed(*arguments)
        until = utc_text(datetime.now(UTC) + timedelta(minutes=1))
        connections.change(connection_id, setup_owner="another", setup_until=until, steps={"account": "running"})
        return connection

    monkeypatch.setattr(set_up._subscriptions, "at_pleo", slow)
    answer = app.handler(linked_not_set_up.message("sync", "set_up"), Context())

    assert len(answer["batchItemFailures"]) == 1
    assert linked_not_set_up.connection().steps == {"account": "running"}
    assert linked_not_set_up.connection().stopped == ""
