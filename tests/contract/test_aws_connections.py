"""One connection per company, one company per organisation, whoever comes at the same time."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cloud import Cloud

from shared.aws.connections import (
    SCHEDULED,
    Connection,
    Connections,
    DisconnectedError,
    OtherOrganisationError,
    SigningSecret,
    Status,
)
from shared.aws.table import ConditionFailedError
from shared.domain.connecting.company_state import Hold
from shared.domain.syncing.requests import ADMIN_REQUESTS, SyncRequest
from shared.domain.times import utc_text

NOW = datetime(2026, 1, 12, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NEW = Connection(connection_id="c1", company_id="company-1", company_name="Muster GmbH")


@pytest.fixture
def connections(aws: Cloud) -> Connections:
    return Connections(aws.connection_table)


@pytest.fixture
def first(connections: Connections) -> Connection:
    return connections.get_or_create(NEW)


def second(connections: Connections) -> Connection:
    return connections.get_or_create(replace(NEW, connection_id="c2", company_id="company-2"))


def test_an_opened_connection_is_found_by_its_id_and_by_its_company(connections: Connections) -> None:
    assert connections.get_or_create(NEW) == NEW
    assert connections.get("c1") == connections.by_company("company-1") == NEW


def test_nobody_is_found_where_nobody_is(connections: Connections) -> None:
    assert connections.get("c1") is None
    assert connections.by_company("company-1") is None


def test_a_company_that_has_a_connection_gets_that_one(connections: Connections, first: Connection) -> None:
    assert connections.get_or_create(replace(NEW, connection_id="c2")) == first
    assert connections.get("c2") is None


def test_of_many_browsers_opening_the_same_company_all_get_the_same_connection(connections: Connections) -> None:
    with ThreadPoolExecutor(8) as threads:
        opened = list(
            threads.map(
                lambda n: connections.get_or_create(replace(NEW, connection_id=f"c{n}")).connection_id, range(8)
            )
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

    assert [connections.hold("c1", Hold.PLAN), connections.hold("c1", Hold.ACCOUNT_MISSING)] == [True, False]

    held = connections.get("c1")
    assert held == replace(first, status=Status.HELD, hold=Hold.PLAN)


def test_access_that_is_gone_outweighs_another_hold_and_is_reported_once(
    connections: Connections, first: Connection
) -> None:
    connections.change("c1", status=Status.ACTIVE)
    holds = [Hold.PLAN, Hold.LEXOFFICE_ACCESS_GONE, Hold.LEXOFFICE_ACCESS_GONE, Hold.PLEO_ACCESS_GONE, Hold.PLAN]

    assert [connections.hold("c1", reason) for reason in holds] == [True, True, False, False, False]
    assert connections.get("c1") == replace(first, status=Status.HELD, hold=Hold.LEXOFFICE_ACCESS_GONE)


def test_only_an_active_connection_is_held(connections: Connections, first: Connection) -> None:
    for reason in (Hold.PLAN, Hold.PLEO_ACCESS_GONE):
        assert not connections.hold("c1", reason)
        assert not connections.hold("nobody", reason)
    assert connections.get("c1") == first
    assert connections.get("nobody") is None


def test_an_active_company_is_paused_once_and_resumed_once(connections: Connections, first: Connection) -> None:
    connections.change("c1", status=Status.ACTIVE)

    assert [connections.pause("c1", NOW), connections.pause("c1", NOW + MINUTE)] == [True, False]
    paused = connections.get("c1")
    assert paused == replace(first, status=Status.HELD, hold=Hold.PAUSED, paused_at=utc_text(NOW))

    assert [connections.resume(paused, NOW + MINUTE) for _ in range(2)] == [True, False]
    at = utc_text(NOW + MINUTE)
    assert connections.get("c1") == replace(first, status=Status.ACTIVE, resumed_at=at, due_at=at)


def test_a_pause_leaves_what_the_admin_must_know_and_evidence_does_not_end_it(
    connections: Connections, first: Connection
) -> None:
    connections.change("c1", status=Status.HELD, hold=Hold.PLAN)
    assert connections.pause("c1", NOW)
    assert connections.get("c1") == replace(first, status=Status.HELD, hold=Hold.PLAN, paused_at=utc_text(NOW))

    assert not connections.hold("c1", Hold.ACCOUNT_MISSING)
    assert connections.hold("c1", Hold.LEXOFFICE_ACCESS_GONE)
    found = connections.get("c1")
    assert found is not None
    assert (found.hold, found.paused_at) == (Hold.LEXOFFICE_ACCESS_GONE, utc_text(NOW))


def test_a_hold_that_came_after_the_look_is_not_lifted_unseen(connections: Connections, first: Connection) -> None:
    connections.change("c1", status=Status.ACTIVE)
    connections.pause("c1", NOW)
    seen = connections.get("c1")
    assert seen is not None
    connections.hold("c1", Hold.PLEO_ACCESS_GONE)

    assert not connections.resume(seen, NOW)

    now = connections.get("c1")
    assert now is not None
    assert (now.status, now.hold) == (Status.HELD, Hold.PLEO_ACCESS_GONE)


@pytest.mark.parametrize("status", [Status.CONNECTING, Status.DISCONNECTED])
def test_a_company_that_is_not_set_up_is_held_when_it_is(
    connections: Connections, first: Connection, status: Status
) -> None:
    connections.change("c1", status=status)
    assert connections.pause("c1", NOW)
    paused = connections.get("c1")
    assert paused is not None
    assert (paused.status, paused.hold) == (status, None)

    connections.change("c1", status=Status.CONNECTING)
    set_up = connections.activate("c1", account_id="a1")

    assert (set_up.status, set_up.hold, set_up.account_id) == (Status.HELD, Hold.PAUSED, "a1")
    assert connections.resume(set_up, NOW)
    assert connections.activate("c1").status is Status.ACTIVE


def test_a_disconnected_company_is_not_activated(connections: Connections, first: Connection) -> None:
    for paused_at in ("", utc_text(NOW)):
        connections.change("c1", status=Status.DISCONNECTED, paused_at=paused_at)
        with pytest.raises(DisconnectedError):
            connections.activate("c1")


def test_nobody_is_paused_where_nobody_is(connections: Connections) -> None:
    assert not connections.pause("nobody", NOW)
    assert connections.get("nobody") is None


def test_a_person_may_ask_for_each_thing_once_a_minute(connections: Connections, first: Connection) -> None:
    connections.change("c1", status=Status.ACTIVE)

    catalogue = SyncRequest.SYNC_CATALOGUE
    moments = (NOW, NOW + MINUTE / 2, NOW + 2 * MINUTE)
    accepted = [connections.record_request("c1", catalogue, moment) for moment in moments]
    also = [connections.record_request("c1", each, moments[-1]) for each in ADMIN_REQUESTS - {catalogue}]

    assert accepted == [True, False, True]
    assert also == [True, True]
    found = connections.get("c1")
    assert found is not None
    assert found.requested_at == dict.fromkeys(ADMIN_REQUESTS, utc_text(NOW + 2 * MINUTE))


@pytest.mark.parametrize("request_", sorted(ADMIN_REQUESTS))
@pytest.mark.parametrize("status", [Status.CONNECTING, Status.HELD, Status.DISCONNECTED])
def test_nobody_may_ask_for_anything_for_a_company_that_is_not_active(
    connections: Connections, first: Connection, status: Status, request_: SyncRequest
) -> None:
    connections.change("c1", status=status)

    assert not connections.record_request("c1", request_, NOW)


def test_one_browser_at_a_time_sets_a_company_up(connections: Connections, first: Connection) -> None:
    assert connections.lease_setup("c1", "me", NOW + MINUTE, NOW)
    assert not connections.lease_setup("c1", "you", NOW + MINUTE, NOW)
    assert connections.lease_setup("c1", "me", NOW + 2 * MINUTE, NOW)

    connections.release_setup("c1", "you")
    assert not connections.lease_setup("c1", "you", NOW + MINUTE, NOW)
    connections.release_setup("c1", "me")
    assert connections.lease_setup("c1", "you", NOW + MINUTE, NOW)
    assert connections.get("c1") == first


@pytest.mark.usefixtures("first")
def test_the_lease_of_a_browser_that_vanished_runs_out(connections: Connections) -> None:
    connections.lease_setup("c1", "me", NOW + MINUTE, NOW)

    assert not connections.lease_setup("c1", "you", NOW + 3 * MINUTE, NOW + MINUTE)
    assert connections.lease_setup("c1", "you", NOW + 3 * MINUTE, NOW + MINUTE + timedelta(seconds=1))


def due_at(connections: Connections, number: int, moment: datetime) -> None:
    connection_id = f"c{number}"
    connections.get_or_create(replace(NEW, connection_id=connection_id, company_id=f"company-{number}"))
    connections.change(connection_id, schedule=SCHEDULED, due_at=utc_text(moment))


def test_companies_whose_time_has_come_are_found_oldest_first(connections: Connections) -> None:
    for number, minutes in ((1, -1), (2, -3), (3, 1), (4, 0), (5, -2)):
        due_at(connections, number, NOW + minutes * MINUTE)

    assert [key for key, _ in connections.due(NOW)] == ["c2", "c5", "c1", "c4"]
    assert [key for key, _ in connections.due(NOW, page=2)] == ["c2", "c5", "c1", "c4"]


@pytest.mark.usefixtures("first")
def test_a_company_that_is_not_set_up_is_never_due(connections: Connections) -> None:
    assert list(connections.due(NOW + timedelta(days=10_000))) == []


def test_a_sync_is_taken_once(connections: Connections) -> None:
    due_at(connections, 1, NOW)
    ((key, seen),) = connections.due(NOW)

    taken = [connections.reschedule(key, seen, utc_text(NOW + 5 * MINUTE)) for _ in range(2)]

    assert taken == [True, False]
    assert list(connections.due(NOW)) == []
    assert list(connections.due(NOW + 5 * MINUTE)) == [("c1", utc_text(NOW + 5 * MINUTE))]


@pytest.mark.usefixtures("first")
def test_a_company_whose_due_time_moves_is_not_met_again_by_who_is_still_reading(connections: Connections) -> None:
    for number in range(6):
        due_at(connections, number, NOW - number * MINUTE)

    met = []
    for key, seen in connections.due(NOW, page=2):
        met.append(key)
        assert connections.reschedule(key, seen, utc_text(NOW + 5 * MINUTE))

    assert met == ["c5", "c4", "c3", "c2", "c1", "c0"]


def test_a_failed_sync_is_not_written_over_a_due_time_that_somebody_else_has_set(connections: Connections) -> None:
    due_at(connections, 1, NOW)
    read = connections.get("c1")
    assert read is not None

    assert connections.postpone(read, sync_failures=1, due_at=utc_text(NOW + MINUTE))
    assert not connections.postpone(read, sync_failures=2, due_at=utc_text(NOW + 9 * MINUTE))

    found = connections.get("c1")
    assert found is not None
    assert (found.sync_failures, found.due_at) == (1, utc_text(NOW + MINUTE))


def test_a_failed_sync_makes_nobody_due(connections: Connections, first: Connection) -> None:
    assert not connections.postpone(first, sync_failures=1, due_at=utc_text(NOW))
    assert connections.get("c1") == first


# --- disconnecting ---------------------------------------------------------------------------------------------------


def test_what_counts_for_connected_companies_only_is_refused_for_a_disconnected_one(
    connections: Connections, first: Connection
) -> None:
    assert connections.change_if_connected("c1", account_id="a1").account_id == "a1"
    connections.change("c1", status=Status.DISCONNECTED)

    with pytest.raises(DisconnectedError):
        connections.change_if_connected("c1", status=Status.ACTIVE)

    assert connections.get("c1") == replace(first, account_id="a1", status=Status.DISCONNECTED)


def test_the_end_of_one_farewell_is_not_written_over_a_later_one_or_a_return(connections: Connections) -> None:
    connections.get_or_create(NEW)
    left = connections.change("c1", status=Status.DISCONNECTED, disconnected_at="2026-01-01")

    assert connections.change_if_disconnected(left, access_revoked_at="2026-01-02")
    connections.change("c1", disconnected_at="2026-02-01", access_revoked_at="")
    assert not connections.change_if_disconnected(left, access_revoked_at="2026-01-02")
    connections.change("c1", status=Status.CONNECTING, disconnected_at="2026-01-01")
    assert not connections.change_if_disconnected(left, access_revoked_at="2026-01-02")


def test_a_forgotten_company_has_no_names_and_is_never_due(connections: Connections) -> None:
    connections.get_or_create(NEW)
    now = utc_text(NOW)
    connections.change("c1", schedule=SCHEDULED, due_at=now, delete_at=now, organisation_name="Muster")

    connections.erase_names("c1", now, now)

    left = connections.get("c1")
    assert left is not None
    assert (left.company_name, left.organisation_name, left.delete_at, left.deleted_at) == ("", "", "", now)
    assert list(connections.due(NOW + timedelta(days=9999))) == []


def test_nobody_is_forgotten_for_a_deletion_that_was_cancelled(connections: Connections, first: Connection) -> None:
    connections.change("c1", delete_at="")

    connections.erase_names("c1", utc_text(NOW), utc_text(NOW))

    assert connections.get("c1") == first


def test_a_field_that_a_connection_does_not_have_is_not_stored(connections: Connections, first: Connection) -> None:
    with pytest.raises(TypeError, match="a connection has no catalogue_sinced_at"):
        connections.change(first.connection_id, catalogue_sinced_at="2026-11-20T08:00:00.000000Z")
