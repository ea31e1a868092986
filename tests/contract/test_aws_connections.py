"""One connection per company, one company per organisation, whoever comes at the same time."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cloud import Cloud

from shared.aws.connections import (
    AGENDA,
    Connection,
    Connections,
    OtherOrganisationError,
    SigningSecret,
    Status,
)
from shared.aws.table import ConditionFailedError
from shared.domain.times import utc_text

NOW = datetime(2026, 1, 12, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NEW = Connection(connection_id="c1", company_id="company-1", company_name="Muster GmbH")


@pytest.fixture
def connections(aws: Cloud) -> Connections:
    return Connections(aws.connection_table)


@pytest.fixture
def first(connections: Connections) -> Connection:
    return connections.open(NEW)


def second(connections: Connections) -> Connection:
    return connections.open(replace(NEW, connection_id="c2", company_id="company-2"))


def test_an_opened_connection_is_found_by_its_id_and_by_its_company(connections: Connections) -> None:
    assert connections.open(NEW) == NEW
    assert connections.get("c1") == connections.of_company("company-1") == NEW


def test_nobody_is_found_where_nobody_is(connections: Connections) -> None:
    assert connections.get("c1") is None
    assert connections.of_company("company-1") is None


def test_a_company_that_has_a_connection_gets_that_one(connections: Connections, first: Connection) -> None:
    assert connections.open(replace(NEW, connection_id="c2")) == first
    assert connections.get("c2") is None


def test_of_many_browsers_opening_the_same_company_all_get_the_same_connection(connections: Connections) -> None:
    with ThreadPoolExecutor(8) as threads:
        opened = list(
            threads.map(lambda n: connections.open(replace(NEW, connection_id=f"c{n}")).connection_id, range(8))
        )

    assert len(set(opened)) == 1


def test_an_organisation_is_claimed_once_and_claiming_it_again_is_fine(
    connections: Connections, first: Connection
) -> None:
    claimed = connections.claim_organisation(first, "org-1", "Muster Buchhaltung")

    assert (claimed.organisation_id, claimed.organisation_name) == ("org-1", "Muster Buchhaltung")
    assert connections.get("c1") == claimed
    assert connections.claim_organisation(claimed, "org-1", "Muster Buchhaltung") == claimed
    assert connections.claim_organisation(first, "org-1", "Muster Buchhaltung") == claimed


def test_a_company_does_not_change_its_organisation(connections: Connections, first: Connection) -> None:
    claimed = connections.claim_organisation(first, "org-1", "A")

    for known in (claimed, first):
        with pytest.raises(OtherOrganisationError):
            connections.claim_organisation(known, "org-2", "B")

    assert connections.get("c1") == claimed


def test_an_organisation_does_not_change_its_company(connections: Connections, first: Connection) -> None:
    connections.claim_organisation(first, "org-1", "A")
    other = second(connections)

    with pytest.raises(OtherOrganisationError):
        connections.claim_organisation(other, "org-1", "A")

    assert connections.get("c2") == other


def test_after_a_refused_claim_both_are_free_for_their_own(connections: Connections, first: Connection) -> None:
    connections.claim_organisation(first, "org-1", "A")
    other = second(connections)
    with pytest.raises(OtherOrganisationError):
        connections.claim_organisation(other, "org-1", "A")

    assert connections.claim_organisation(other, "org-2", "B").organisation_id == "org-2"


def test_changes_are_stored_and_come_back(connections: Connections, first: Connection) -> None:
    secrets = (
        SigningSecret(subscription_id="s2", sealed=b"\x00\xffnew"),
        SigningSecret(subscription_id="s1", sealed=b"old"),
    )

    changed = connections.change("c1", status=Status.ACTIVE, secrets=secrets, account_id="a1", due_at=utc_text(NOW))

    assert changed == replace(first, status=Status.ACTIVE, secrets=secrets, account_id="a1", due_at=utc_text(NOW))
    assert connections.get("c1") == changed


def test_a_connection_that_is_gone_is_not_brought_back_by_a_change(connections: Connections) -> None:
    with pytest.raises(ConditionFailedError):
        connections.change("c1", account_id="a1")
    assert connections.get("c1") is None


def test_a_hold_is_reported_once(connections: Connections, first: Connection) -> None:
    connections.change("c1", status=Status.ACTIVE)

    assert [connections.hold("c1", "plan"), connections.hold("c1", "account_missing")] == [True, False]

    held = connections.get("c1")
    assert held == replace(first, status=Status.HELD, hold="plan")


def test_only_an_active_connection_is_held(connections: Connections, first: Connection) -> None:
    assert not connections.hold("c1", "plan")
    assert not connections.hold("nobody", "plan")
    assert connections.get("c1") == first
    assert connections.get("nobody") is None


def test_what_was_synced_is_remembered(connections: Connections) -> None:
    assert connections.catalogue("c1") == {}

    connections.remember_catalogue("c1", {"a": "Büro"})
    connections.remember_catalogue("c1", {"b": "Reise"})

    assert connections.catalogue("c1") == {"b": "Reise"}


def test_one_browser_at_a_time_sets_a_company_up(connections: Connections, first: Connection) -> None:
    assert connections.lease_setup("c1", "me", NOW + MINUTE, NOW)
    assert not connections.lease_setup("c1", "you", NOW + MINUTE, NOW)
    assert connections.lease_setup("c1", "me", NOW + 2 * MINUTE, NOW)

    connections.end_setup("c1", "you")
    assert not connections.lease_setup("c1", "you", NOW + MINUTE, NOW)
    connections.end_setup("c1", "me")
    assert connections.lease_setup("c1", "you", NOW + MINUTE, NOW)
    assert connections.get("c1") == first


@pytest.mark.usefixtures("first")
def test_the_lease_of_a_browser_that_vanished_runs_out(connections: Connections) -> None:
    connections.lease_setup("c1", "me", NOW + MINUTE, NOW)

    assert not connections.lease_setup("c1", "you", NOW + 3 * MINUTE, NOW + MINUTE)
    assert connections.lease_setup("c1", "you", NOW + 3 * MINUTE, NOW + MINUTE + timedelta(seconds=1))


def due_at(connections: Connections, number: int, moment: datetime) -> None:
    connection_id = f"c{number}"
    connections.open(replace(NEW, connection_id=connection_id, company_id=f"company-{number}"))
    connections.change(connection_id, agenda=AGENDA, due_at=utc_text(moment))


def test_companies_whose_time_has_come_are_found_oldest_first(connections: Connections) -> None:
    for number, minutes in ((1, -1), (2, -3), (3, 1), (4, 0), (5, -2)):
        due_at(connections, number, NOW + minutes * MINUTE)

    assert [key for key, _ in connections.due(NOW, 10)] == ["c2", "c5", "c1", "c4"]
    assert [key for key, _ in connections.due(NOW, 2)] == ["c2", "c5"]


@pytest.mark.usefixtures("first")
def test_a_company_that_is_not_set_up_is_never_due(connections: Connections) -> None:
    assert connections.due(NOW + timedelta(days=10_000), 10) == []


def test_a_turn_is_taken_once(connections: Connections) -> None:
    due_at(connections, 1, NOW)
    ((key, seen),) = connections.due(NOW, 10)

    taken = [connections.take_turn(key, seen, utc_text(NOW + 5 * MINUTE)) for _ in range(2)]

    assert taken == [True, False]
    assert connections.due(NOW, 10) == []
    assert connections.due(NOW + 5 * MINUTE, 10) == [("c1", utc_text(NOW + 5 * MINUTE))]
