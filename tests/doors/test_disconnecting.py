"""Disconnecting a company, and what is deleted and kept when the delay is over."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from cloud import Document

from shared.aws import erasure
from shared.aws import tokens as stored_tokens
from shared.aws.connections import Connection, Connections, Status
from shared.aws.ledger import Ledger
from shared.aws.table import decode
from shared.domain.connecting.tokens import TokenPair
from shared.domain.feeding.ledger import State
from shared.domain.times import utc_text
from shared.errors import AccessGone, StoreUnavailable
from shared.flows.vendors import LEXOFFICE, PLEO

from .conftest import ORGANISATION_ID, PUBLIC_URL, Context, Executioner, KilledError, Linked, company_sync
from .exporting import click, expenses, run
from .test_sessions import form, is_signed_in, sign_in, token

LONG_AGO = "2020-01-01T00:00:00.000000Z"


@pytest.fixture
def admin(company: Linked) -> Linked:
    """A connected company whose admin is signed in."""
    sign_in(company)
    return company


def disconnect(linked: Linked) -> Document:
    """Press the button."""
    return linked.visit("POST", "/disconnect", body=form(csrf=token(linked)))


def run_sync(linked: Linked, milliseconds: int = 120_000) -> Document:
    """One sync of the company."""
    from functions.sync import app

    answer: Document = app.handler(linked.message("sync"), Context(milliseconds))
    return answer


def disconnected(linked: Linked) -> Connection:
    """Press the button and have the worker do the rest."""
    disconnect(linked)
    linked.work()
    return linked.connection()


def tokens(linked: Linked) -> list[Document]:
    """What the token table holds."""
    return [decode(item) for item in linked.cloud.dump(linked.cloud.token_table)]


def consents_alive(linked: Linked) -> int:
    """Connections that lexoffice still lets in."""
    return sum(not each["revoked"] for each in linked.organisation()["connections"])


def installation(linked: Linked) -> str | None:
    """What Pleo says of our installation."""
    companies = linked.pleo.get("/control/state").json()["companies"]
    found: str | None = next(each["installation"] for each in companies if each["id"] == linked.connection().company_id)
    return found


def pay(linked: Linked, **entry: Any) -> str:
    """A settled payment with texts that name people and places."""
    order = {"company_id": linked.connection().company_id, "amount": 1_250, "settledAt": settled()}
    made = linked.control_pleo("/entries", {**order, "silent": True, **entry})
    return str(made["id"])


def settled() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def feed(linked: Linked) -> None:
    from functions.feed import app

    app.handler(linked.message("feed"), Context())


# --- disconnecting ---------------------------------------------------------------------------------------------------


def test_the_page_says_what_stops_what_goes_and_when(admin: Linked) -> None:
    page = admin.visit("GET", "/disconnect")

    assert page["statusCode"] == 200
    assert "Nach 30 Tagen" in page["body"]
    assert "§ 147 AO" in page["body"]


def test_nobody_but_a_signed_in_admin_can_disconnect(company: Linked) -> None:
    assert company.visit("GET", "/disconnect")["headers"]["Location"] == f"{PUBLIC_URL}/status"
    assert company.visit("POST", "/disconnect", body=form(csrf=""))["statusCode"] == 403
    assert company.connection().status is Status.ACTIVE


def test_writing_collecting_and_sessions_stop_with_the_click(admin: Linked) -> None:
    from functions.feed import app as feed_door

    pay(admin)
    run_sync(admin)
    copied = list(admin.cookies)

    answer = disconnect(admin)

    assert answer["headers"]["Location"] == f"{PUBLIC_URL}/disconnect/result"
    connection = admin.connection()
    assert (connection.status, connection.secrets) == (Status.DISCONNECTED, ())
    feed_door.handler(admin.message("feed"), Context())
    assert [row.state for row in admin.rows()] == [State.READY]
    admin.cookies = copied
    assert not is_signed_in(admin)


def test_access_is_given_back_on_both_sides_and_no_token_is_left(admin: Linked) -> None:
    before = admin.connection()

    connection = disconnected(admin)

    assert consents_alive(admin) == 0
    assert installation(admin) is None
    assert all("sealed" not in row for row in tokens(admin))
    subscriptions = admin.pleo.get("/control/state").json()["subscriptions"]
    assert not [
        each for each in subscriptions if each["endpointUrl"].endswith(before.connection_id) and not each["deleted"]
    ]
    assert connection.access_revoked_at
    assert connection.unconfirmed == ""


def test_the_account_in_lexoffice_stays_with_its_lines(admin: Linked) -> None:
    pay(admin)
    run_sync(admin)
    feed(admin)

    disconnected(admin)

    (account,) = admin.organisation()["accounts"]
    assert not account.get("deactivated")
    assert [row.state for row in admin.rows()] == [State.SENT]


def test_the_browser_sees_it_happen_and_then_that_it_is_done(admin: Linked) -> None:
    disconnect(admin)
    during = admin.visit("GET", "/disconnect/result")
    admin.work()
    after = admin.visit("GET", "/disconnect/result")

    assert during["headers"]["Refresh"] == "2"
    assert "wird getrennt" in during["body"]
    assert "Refresh" not in after["headers"]
    assert "Die Verbindung ist getrennt" in after["body"]
    assert admin.visit("GET", "/disconnect/result", cookies=[])["statusCode"] == 404


def test_a_vendor_that_does_not_answer_keeps_no_token_alive_here_and_the_person_is_told(admin: Linked) -> None:
    admin.control_lexoffice("faults", route="oauth2/revoke", method="POST", times=9, kind="status", status=503)

    connection = disconnected(admin)

    assert connection.unconfirmed == LEXOFFICE
    assert installation(admin) is None
    assert all("sealed" not in row for row in tokens(admin))
    assert "nicht bestätigt" in admin.visit("GET", "/disconnect/result")["body"]


def test_pleo_out_of_order_does_not_keep_lexoffices_access_alive(admin: Linked) -> None:
    admin.control_pleo("/faults", {"route": "/v1/installations/me$", "method": "DELETE", "status": 503, "times": 9})

    connection = disconnected(admin)

    assert connection.unconfirmed == PLEO
    assert consents_alive(admin) == 0
    assert all("sealed" not in row for row in tokens(admin))


def test_access_that_is_gone_already_is_no_obstacle(admin: Linked) -> None:
    admin.control_lexoffice("revoke", organization_id=ORGANISATION_ID)
    admin.control_pleo("/revoke", {"company_id": admin.connection().company_id})

    connection = disconnected(admin)

    assert connection.access_revoked_at
    assert all("sealed" not in row for row in tokens(admin))


@pytest.mark.parametrize("moment", range(1, 8))
def test_whoever_dies_while_disconnecting_leaves_the_rest_to_the_next_sync(
    admin: Linked, executioner: Executioner, moment: int
) -> None:
    fields = form(csrf=token(admin))
    with executioner.at(moment), suppress(KilledError):
        admin.visit("POST", "/disconnect", body=fields)
    if admin.connection().status is not Status.DISCONNECTED:  # died before the first write
        assert admin.connection().status is Status.ACTIVE
        return

    run_sync(admin)

    assert admin.connection().access_revoked_at
    assert consents_alive(admin) == 0


@pytest.mark.parametrize("moment", range(1, 20))
def test_a_worker_that_dies_while_giving_access_back_is_followed_by_one_that_ends_it(
    admin: Linked, executioner: Executioner, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    monkeypatch.setattr(stored_tokens, "_REVOKE_SECONDS", 0.1)
    disconnect(admin)
    with executioner.at(moment), suppress(KilledError):
        run_sync(admin)

    run_sync(admin)

    assert admin.connection().access_revoked_at
    assert consents_alive(admin) == 0
    assert installation(admin) is None
    assert all("sealed" not in row for row in tokens(admin))


def test_a_disconnected_company_is_due_at_once_and_then_only_for_its_deletion(admin: Linked) -> None:
    disconnect(admin)
    assert admin.connection().due_at == admin.connection().disconnected_at

    admin.work()

    connection = admin.connection()
    assert connection.due_at == connection.delete_at
    days = datetime.fromisoformat(connection.delete_at) - datetime.fromisoformat(connection.disconnected_at)
    assert days == timedelta(days=30)


def test_a_set_up_that_is_under_way_does_not_bring_the_company_back(
    admin: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    from functions.sync import app

    with monkeypatch.context() as patched:
        patched.setattr(Linked, "work", lambda _: [])
        admin.connect()
    sign_in(admin)
    subscribed = company_sync(app)._set_up._subscriptions.at_lexoffice

    def meanwhile(*arguments: Any) -> None:
        subscribed(*arguments)
        disconnect(admin)

    monkeypatch.setattr(company_sync(app)._set_up._subscriptions, "at_lexoffice", meanwhile)
    app.handler(admin.message("sync", "set_up"), Context())

    assert admin.connection().status is Status.DISCONNECTED


def test_who_signs_in_to_a_disconnected_company_is_told_so_and_leaves_no_token(admin: Linked) -> None:
    disconnected(admin)

    answer = sign_in(admin)

    assert "Dieses Unternehmen ist nicht verbunden" in answer["body"]
    assert all("sealed" not in row for row in tokens(admin))
    assert installation(admin) is None


# --- connecting again ------------------------------------------------------------------------------------------------


def test_connecting_again_goes_on_where_it_stopped_and_feeds_nothing_twice(admin: Linked) -> None:
    first = pay(admin)
    run_sync(admin)
    feed(admin)
    before = admin.connection()
    disconnected(admin)
    second = pay(admin, amount=99)

    admin.connect()
    feed(admin)

    after = admin.connection()
    assert (after.status, after.connection_id, after.account_id) == (
        Status.ACTIVE,
        before.connection_id,
        before.account_id,
    )
    assert (after.delete_at, after.disconnected_at) == ("", "")
    assert {row.entry_id: row.state for row in admin.rows()} == {first: State.SENT, second: State.SENT}
    lines = admin.lexoffice.get(f"/control/transactions?organization_id={ORGANISATION_ID}").json()
    assert sorted(line["externalReference"] for line in lines) == sorted([f"pleo-{first}", f"pleo-{second}"])


def test_another_organisation_is_refused_after_disconnecting_too(admin: Linked) -> None:
    disconnected(admin)
    other = admin.control_lexoffice("organizations", companyName="Andere GmbH")["id"]

    assert admin.connect(organisation_id=other)["statusCode"] == 409
    assert admin.connection().status is Status.DISCONNECTED


# --- deletion --------------------------------------------------------------------------------------------------------


@pytest.fixture
def left(admin: Linked) -> Linked:
    """Disconnected; one payment fed, one waiting, one webhook parked; deletion is due."""
    pay(admin)
    run_sync(admin)
    feed(admin)
    pay(admin, amount=777)
    run_sync(admin)
    connection = admin.connection()
    Ledger(admin.cloud.ledger_table).park(connection.connection_id, "e1", b"a body", "unknown", datetime.now(UTC))
    disconnected(admin)
    return admin


def due(linked: Linked) -> None:
    """As if the delay were over."""
    connections = Connections(linked.cloud.connection_table)
    connections.change(linked.connection().connection_id, delete_at=LONG_AGO, due_at=LONG_AGO)


def partition(linked: Linked) -> list[Document]:
    return [decode(item) for item in linked.cloud.dump(linked.cloud.ledger_table)]


def record(linked: Linked) -> Document:
    (found,) = [item for item in partition(linked) if item["row"].startswith("DELETED#")]
    return found


def test_before_it_is_due_nothing_is_deleted(left: Linked) -> None:
    before = partition(left)

    run_sync(left)

    assert partition(left) == before


def test_when_it_is_due_texts_and_names_go_and_amounts_and_references_stay(left: Linked) -> None:
    before = {row.entry_id: row for row in left.rows()}
    due(left)

    run_sync(left)

    connection = left.connection()
    assert (connection.company_name, connection.organisation_name) == ("", "")
    assert connection.company_id
    assert connection.organisation_id
    for row in left.rows():
        assert (row.counterparty, row.purpose, row.detail) == ("", "", "")
        old = before[row.entry_id]
        assert (row.amount, row.total, row.day, row.version) == (old.amount, old.total, old.day, old.version)
        assert (row.kind, row.reference, row.transaction_id) == (old.kind, old.reference, old.transaction_id)


def test_a_parked_webhook_is_emptied_and_expires(left: Linked) -> None:
    due(left)

    run_sync(left)

    (parked,) = [item for item in partition(left) if item["row"].startswith("PARKED#")]
    assert "body" not in parked
    assert parked["expires_at"] <= datetime.now(UTC).timestamp()


def test_what_was_deleted_is_recorded_with_counts(left: Linked) -> None:
    due(left)

    run_sync(left)

    found = record(left)
    assert (found["row"], found["entries"], found["events"]) == (f"DELETED#{LONG_AGO}", 2, 1)
    assert found["finished_at"] <= utc_text(datetime.now(UTC))
    assert left.connection().deleted_at


def test_a_company_that_was_deleted_is_never_due_again(left: Linked) -> None:
    due(left)
    run_sync(left)

    assert list(Connections(left.cloud.connection_table).due(datetime(2999, 1, 1, tzinfo=UTC))) == []
    after = partition(left)
    run_sync(left)
    assert partition(left) == after


def test_a_sync_that_runs_out_of_time_goes_on_later_and_counts_once(
    left: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "_TOGETHER", 1)
    due(left)

    assert run_sync(left, milliseconds=40_000) == {"batchItemFailures": []}
    assert left.connection().company_name
    assert left.connection().due_at <= utc_text(datetime.now(UTC))
    assert run_sync(left) == {"batchItemFailures": []}

    assert (record(left)["entries"], record(left)["events"]) == (2, 1)


@pytest.mark.parametrize("moment", range(1, 22))
def test_a_deletion_that_dies_is_finished_by_the_next_sync_and_counts_once(
    left: Linked, executioner: Executioner, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    monkeypatch.setattr(erasure, "_TOGETHER", 1)
    due(left)
    with executioner.at(moment), suppress(KilledError):
        run_sync(left)

    run_sync(left)

    assert (record(left)["entries"], record(left)["events"]) == (2, 1)
    assert left.connection().deleted_at
    assert {row.purpose for row in left.rows()} == {""}


def test_connecting_again_in_time_cancels_the_deletion(left: Linked) -> None:
    left.connect()
    texts = [row.purpose for row in left.rows()]

    run_sync(left)

    assert left.connection().delete_at == ""
    assert [row.purpose for row in left.rows()] == texts
    assert all(texts)


def test_after_the_deletion_a_payment_that_still_waits_is_read_from_pleo_again_and_fed_once(left: Linked) -> None:
    due(left)
    run_sync(left)

    left.connect()
    feed(left)

    assert [row.state for row in left.rows()] == [State.SENT, State.SENT]
    lines = left.lexoffice.get(f"/control/transactions?organization_id={ORGANISATION_ID}").json()
    assert len(lines) == 2
    assert all(line["purpose"] for line in lines)
    assert left.connection().company_name


def test_a_second_deletion_erases_what_came_since_the_first(left: Linked) -> None:
    due(left)
    run_sync(left)
    left.connect()
    feed(left)
    assert any(row.purpose for row in left.rows())
    sign_in(left)
    disconnected(left)
    connections = Connections(left.cloud.connection_table)
    connections.change(left.connection().connection_id, delete_at="2021-01-01T00:00:00.000000Z")

    run_sync(left)

    assert {row.purpose for row in left.rows()} == {""}


def test_an_exports_snapshot_is_emptied(export: ModuleType, company: Linked) -> None:
    click(company, expenses(company, 2))
    run(company, export)
    sign_in(company)
    disconnected(company)
    due(company)

    run_sync(company)

    items = [item for item in partition(company) if item["row"].startswith("EXPORT#")]
    assert items
    assert {bytes(item["item"]) for item in items} == {erasure._NOTHING}
    assert record(company)["export_items"] == len(items)


def test_a_pair_that_is_being_refreshed_cannot_be_stored_after_it_was_erased(admin: Linked) -> None:
    from functions.sync import app

    store = company_sync(app)._services.vendors.tokens
    connection = admin.connection()
    owner = (connection.connection_id, connection.company_id, LEXOFFICE)
    held = store.read(*owner)
    store.erase(connection.connection_id, LEXOFFICE)

    with pytest.raises(StoreUnavailable):
        store.replace(*owner, TokenPair("a", "r", 300), version=held.version)
    with pytest.raises(AccessGone):
        store.read(*owner)
