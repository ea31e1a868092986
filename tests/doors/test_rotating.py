"""Exchanging the secret of a company's webhooks: two are valid meanwhile, never a third, and nothing undoes it."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from cloud import Document

from shared.aws import signing_secrets
from shared.aws.connections import Connection, Connections, Status
from shared.domain.times import utc_text

from .conftest import Context, Executioner, KilledError, Linked, company_sync

DAY = timedelta(days=1)


@pytest.fixture
def sync(company: Linked) -> ModuleType:
    from functions.sync import app

    return app


def run_sync(company: Linked, sync: ModuleType, *requests: str) -> Document:
    answer: Document = sync.handler(company.message("sync", *requests), Context())
    return answer


def change(company: Linked, **changes: object) -> Connection:
    connections = Connections(company.cloud.connection_table)
    return connections.change(company.connection().connection_id, **changes)


def subscribed(company: Linked) -> list[str]:
    """The ids of our living subscriptions at Pleo."""
    found = company.pleo.get("/control/state").json()["subscriptions"]
    own = company.connection().connection_id
    return [each["id"] for each in found if each["endpointUrl"].endswith(own) and not each["deleted"]]


def known(company: Linked) -> list[str]:
    """The subscriptions whose secrets are valid here, the one in use first."""
    return [secret.subscription_id for secret in company.connection().secrets]


def opened(company: Linked) -> list[str]:
    connection, key = company.connection(), company.cloud.key_arn
    return [signing_secrets.unseal(key, connection.connection_id, secret.sealed) for secret in connection.secrets]


def daily_look(company: Linked, sync: ModuleType) -> None:
    change(company, access_checked_at="")
    run_sync(company, sync)


def test_a_new_secret_is_valid_first_and_the_old_one_beside_it(company: Linked, sync: ModuleType) -> None:
    (old,), (old_secret,) = known(company), opened(company)

    assert run_sync(company, sync, "rotate_secret") == {"batchItemFailures": []}

    new, beside = known(company)
    assert (beside, set(subscribed(company))) == (old, {old, new})
    assert opened(company)[0] != old_secret
    assert opened(company)[1] == old_secret
    assert set(company.connection().retiring) == {old}


def test_after_it_was_retired_only_the_new_one_is_left(company: Linked, sync: ModuleType) -> None:
    run_sync(company, sync, "rotate_secret")
    new, _ = known(company)

    run_sync(company, sync, "retire_secret")

    assert known(company) == subscribed(company) == [new]
    assert company.connection().retiring == {}


def test_pressed_twice_it_makes_no_third_secret_and_retires_once(company: Linked, sync: ModuleType) -> None:
    for _ in range(3):
        run_sync(company, sync, "rotate_secret")
    assert len(known(company)) == len(subscribed(company)) == 2
    new = known(company)[0]

    for _ in range(2):
        run_sync(company, sync, "retire_secret")
    assert known(company) == subscribed(company) == [new]


def test_nothing_is_retired_where_nothing_was_exchanged(company: Linked, sync: ModuleType) -> None:
    before = company.connection()

    run_sync(company, sync, "retire_secret")

    assert company.connection() == before
    assert len(subscribed(company)) == 1


def test_the_daily_look_leaves_an_exchange_alone_and_ends_it_after_a_day(company: Linked, sync: ModuleType) -> None:
    run_sync(company, sync, "rotate_secret")
    new, old = known(company)

    for _ in range(2):
        daily_look(company, sync)
    assert known(company) == [new, old]

    change(company, retiring={old: utc_text(datetime.now(UTC) - DAY)})
    daily_look(company, sync)
    assert known(company) == subscribed(company) == [new]


def test_a_sync_that_began_before_the_exchange_does_not_undo_it(company: Linked, sync: ModuleType) -> None:
    """What it had read of the connection knows nothing of the new secret."""
    keep_alive = company_sync(sync)._services.keep_alive
    stale = change(company, access_checked_at="")
    run_sync(company, sync, "rotate_secret")
    exchanged = company.connection()

    keep_alive.run(stale, lambda: 60)

    assert known(company) == [secret.subscription_id for secret in exchanged.secrets]
    assert company.connection().retiring == exchanged.retiring != {}


def test_connecting_again_goes_on_with_an_exchange(company: Linked, sync: ModuleType) -> None:
    run_sync(company, sync, "rotate_secret")
    before = known(company)

    company.connect()

    assert known(company) == before
    run_sync(company, sync, "retire_secret")
    assert known(company) == subscribed(company) == before[:1]


def test_a_new_subscription_that_pleo_switched_off_is_replaced_before_the_old_one_ends(
    company: Linked, sync: ModuleType
) -> None:
    run_sync(company, sync, "rotate_secret")
    new, old = known(company)
    world = company.pleo.get("/control/state").json()["subscriptions"]
    assert {each["id"] for each in world} >= {new, old}
    company.control_pleo("/faults", {"route": "/v1/subscriptions$", "method": "POST", "status": 503, "times": 3})
    switch_off(company, new)

    assert len(run_sync(company, sync, "retire_secret")["batchItemFailures"]) == 1
    assert old in subscribed(company)

    company.pleo.delete("/control/faults").raise_for_status()
    run_sync(company, sync, "retire_secret")
    assert old not in subscribed(company)
    assert known(company)[0] not in {old, new}


def switch_off(company: Linked, subscription_id: str) -> None:
    """As Pleo might after many failed deliveries."""
    company.control_pleo("/webhooks/switch-off", {"subscription_id": subscription_id})


@pytest.mark.parametrize("moment", range(1, 16))
def test_whoever_dies_while_exchanging_is_followed_by_one_that_ends_it(
    company: Linked, sync: ModuleType, executioner: Executioner, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    monkeypatch.setattr("shared.flows.connecting.rotation._LEASE", timedelta(0))
    (old,) = known(company)
    with executioner.at(moment), suppress(KilledError):
        run_sync(company, sync, "rotate_secret")
    assert old in known(company)

    run_sync(company, sync, "rotate_secret")

    assert len(known(company)) == len(subscribed(company)) == 2
    assert known(company)[1] == old


@pytest.mark.parametrize("moment", range(1, 18))
def test_whoever_dies_while_retiring_is_followed_by_one_that_ends_it(
    company: Linked, sync: ModuleType, executioner: Executioner, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    monkeypatch.setattr("shared.flows.connecting.rotation._LEASE", timedelta(0))
    run_sync(company, sync, "rotate_secret")
    new, _ = known(company)
    with executioner.at(moment), suppress(KilledError):
        run_sync(company, sync, "retire_secret")
    assert known(company)[0] == new

    run_sync(company, sync, "retire_secret")

    assert known(company) == subscribed(company) == [new]
    assert company.connection().retiring == {}


def test_one_worker_at_a_time_sees_to_the_webhooks(company: Linked, sync: ModuleType) -> None:
    connection_id = company.connection().connection_id
    until = datetime.now(UTC) + timedelta(minutes=1)
    assert Connections(company.cloud.connection_table).lease_setup(connection_id, "another", until, datetime.now(UTC))
    event = company.message("sync", "rotate_secret")

    answer = sync.handler(event, Context(40_500))

    assert len(answer["batchItemFailures"]) == 1
    assert len(subscribed(company)) == 1
    # Not a failure that its admin should be shown.
    assert company.connection().sync_failures == 0


def test_a_daily_look_that_meets_another_worker_is_made_up_for_by_the_next_sync(
    company: Linked, sync: ModuleType
) -> None:
    connection_id, connections = company.connection().connection_id, Connections(company.cloud.connection_table)
    until = datetime.now(UTC) + timedelta(minutes=1)
    connections.lease_setup(connection_id, "another", until, datetime.now(UTC))

    daily_look(company, sync)
    assert (company.connection().access_checked_at, company.connection().sync_failures) == ("", 0)

    connections.release_setup(connection_id, "another")
    run_sync(company, sync)
    assert company.connection().access_checked_at


def test_without_access_to_pleo_the_company_is_held_and_the_request_is_over(company: Linked, sync: ModuleType) -> None:
    company.control_pleo("/revoke", {"company_id": company.connection().company_id})

    assert run_sync(company, sync, "rotate_secret") == {"batchItemFailures": []}

    assert company.connection().hold == "pleo_access_gone"
    assert len(known(company)) == 1


@pytest.mark.parametrize("status", [Status.DISCONNECTED, Status.CONNECTING])
def test_of_a_company_that_is_not_connected_nothing_is_exchanged(
    company: Linked, sync: ModuleType, status: Status
) -> None:
    change(company, status=status)
    before = subscribed(company)

    assert run_sync(company, sync, "rotate_secret") == {"batchItemFailures": []}

    assert subscribed(company) == before


def test_disconnecting_ends_both(company: Linked, sync: ModuleType, sample: Any) -> None:
    from shared.aws.queues import SyncQueue
    from shared.flows.lookup.disconnect import begin_disconnect

    run_sync(company, sync, "rotate_secret")
    begin_disconnect(
        company.connection().connection_id,
        connections=Connections(company.cloud.connection_table),
        queue=SyncQueue(company.cloud.queues["SyncQueue"]),
        delay=30 * DAY,
    )
    company.work()

    assert subscribed(company) == []
    connection = company.connection()
    assert (connection.secrets, connection.retiring) == ((), {})
    assert json.dumps(connection.unconfirmed) == '""'
