"""The balance proof, backfill and start date through the doors, against both stand-ins."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from cloud import Document

from shared.aws.ledger import Ledger
from shared.aws.proofs import Proofs, StoredProof
from shared.aws.table import Table, Update
from shared.domain.feeding.ledger import BEFORE_START, State
from shared.domain.lookup.overview import AccountBalance, Overview
from shared.domain.syncing.proof import BalanceProof, Pending
from shared.domain.times import booking_date, midnight, utc_text
from shared.flows.feeding.accept import accept_entry
from shared.flows.syncing import proof as proving
from shared.flows.syncing.proof_reading import Reading
from shared.pleo import entries

from .conftest import PUBLIC_URL, Context, Executioner, KilledError, Linked, company_sync
from .test_sessions import form, sign_in, token
from .test_status_facts import board

TODAY = booking_date(datetime.now(UTC))


def since(linked: Linked, day: date, opening: str = "") -> Linked:
    """Connected with a start date."""
    form = {"start_day": day.isoformat(), "opening": opening}
    body = "&".join(f"{name}={value}" for name, value in form.items())
    answer = linked.visit("POST", "/connect", body=body)
    query = linked.consent_at_pleo(answer["headers"]["Location"])
    onwards = linked.visit("GET", "/oauth/pleo/callback", query)
    query = linked.consent_at_lexoffice(onwards["headers"]["Location"])
    linked.visit("GET", "/oauth/lexoffice/callback", query)
    linked.work()
    linked.cloud.messages("SyncQueue")
    return linked


def pay(company: Linked, amount: int = 1000, *, days_ago: int = 0, **order: Any) -> str:
    when = utc_text(midnight(TODAY - timedelta(days=days_ago)) + timedelta(seconds=1))
    moments = {"performedAt": when, "settledAt": when}
    entry = {"status": "COMPLETED", "amount": amount, "silent": True, **moments, **order}
    entry_id: str = company.control_pleo("/entries", entry)["id"]
    return entry_id


def run_sync(company: Linked, *requests: str) -> None:
    from functions.sync import app

    assert app.handler(company.message("sync", *requests), Context()) == {"batchItemFailures": []}


def feed(company: Linked) -> None:
    from functions.feed import app

    assert app.handler(company.message("feed"), Context()) == {"batchItemFailures": []}


def stored(company: Linked) -> StoredProof:
    return Proofs(company.cloud.ledger_table).get(company.connection().connection_id)


def proved(company: Linked) -> BalanceProof:
    run_sync(company, "prove_balance")
    proof = stored(company).proof
    assert proof is not None
    return proof


def balance(company: Linked) -> int:
    """What lexoffice shows, in cents."""
    return round(float(company.organisation()["accounts"][0]["balance"]) * 100)


def alarms(caplog: pytest.LogCaptureFixture, cause: str) -> list[dict[str, Any]]:
    """The alarms with this cause, as they stand in the log."""
    return [vars(record) for record in caplog.records if vars(record).get("cause") == cause]


def unexplained(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The alarms about a balance."""
    return alarms(caplog, "balance not explained")


# --- proof ------------------------------------------------------------------------------------------------------------


def test_the_proof_holds_to_the_cent_and_says_what_became_of_everything(company: Linked) -> None:
    pay(company, 1000)
    refused = pay(company, 250)
    pay(company, 50_000, family="WALLET", subFamily="LOAD")
    company.control_lexoffice("refuse", external_reference=f"pleo-{refused}", message="Zeitraum ist abgeschlossen")
    run_sync(company)
    feed(company)
    pay(company, 77)

    proof = proved(company)

    parts = proof.sums
    assert (parts.lines, parts.by_hand, parts.failed, parts.waiting) == (-1000, 50_000, -250, -77)
    assert (proof.wallet, proof.total, proof.unexplained) == (48_673, 49_000, 0)


def test_what_is_missing_in_the_ledger_is_made_good_by_the_proof(company: Linked) -> None:
    entry_id = pay(company)
    run_sync(company)
    rows = Table(company.cloud.ledger_table)
    key = {"connection_id": company.connection().connection_id, "row": f"ENTRY#{entry_id}"}
    rows._dynamodb.delete_item(TableName=rows.name, Key={name: {"S": value} for name, value in key.items()})

    proof = proved(company)
    feed(company)

    assert (proof.sums.waiting, proof.unexplained) == (-1000, 0)
    assert [row.state for row in company.rows()] == [State.SENT]
    assert proved(company).sums.lines == -1000


def test_a_balance_that_nobody_can_explain_raises_an_alarm_with_its_amounts(
    company: Linked, caplog: pytest.LogCaptureFixture
) -> None:
    pay(company)
    run_sync(company)
    feed(company)
    table = Table(company.cloud.ledger_table)
    key = {"connection_id": company.connection().connection_id, "row": "BALANCE"}
    table.update(Update(key=key, expression="ADD #total :more", values={"more": 42}))

    proof = proved(company)

    assert proof.unexplained == -42
    (alarm,) = unexplained(caplog)
    assert (alarm["unexplained_cents"], alarm["wallet_cents"], alarm["lexoffice_cents"]) == (-42, -1000, -958)


def test_a_booked_entry_that_pleo_no_longer_knows_is_named(
    company: Linked, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry_id = pay(company)
    run_sync(company)
    feed(company)
    monkeypatch.setattr(Reading, "entries_since", lambda *_: iter(()))
    monkeypatch.setattr(proving, "_read_settled", lambda *_: None)

    assert proved(company).unexplained == 1000
    (alarm,) = unexplained(caplog)
    assert alarm["entry_ids"] == [entry_id]


def test_an_entry_that_came_while_pleos_list_was_read_is_asked_for_by_its_id(
    company: Linked, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay(company)
    run_sync(company)
    feed(company)
    monkeypatch.setattr(Reading, "entries_since", lambda *_: iter(()))

    proof = proved(company)

    assert (proof.sums.lines, proof.wallet, proof.unexplained) == (-1000, -1000, 0)
    assert unexplained(caplog) == []


def test_while_lines_are_being_recorded_nothing_is_claimed(company: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    pay(company)
    run_sync(company)
    listed = Reading.entries_since

    def meanwhile(self: Any, *arguments: Any) -> Any:
        pay(company)
        run_sync(company)
        feed(company)
        return listed(self, *arguments)

    monkeypatch.setattr(Reading, "entries_since", meanwhile)

    run_sync(company, "prove_balance")

    assert stored(company).proof is None
    assert stored(company).tried_at is not None


def test_the_daily_proof_waits_a_day_after_connecting(company: Linked) -> None:
    from shared.aws.connections import Connections

    run_sync(company)
    assert stored(company).proof is None

    yesterday = utc_text(datetime.now(UTC) - timedelta(days=1))
    Connections(company.cloud.connection_table).change(company.connection().connection_id, connected_at=yesterday)
    run_sync(company)

    assert stored(company).proof is not None


def test_old_days_are_read_once_and_then_stand(linked: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    pay(linked, 500, days_ago=50)
    pay(linked, 300, days_ago=3)
    company = since(linked, TODAY - timedelta(days=60))
    run_sync(company)
    feed(company)
    proved(company)
    asked = days_asked_for(monkeypatch)
    monkeypatch.setattr("shared.flows.syncing.duties.is_due", lambda *_, **__: True)

    run_sync(company)

    assert asked == [TODAY - timedelta(days=49)]
    proof = stored(company).proof
    assert proof is not None
    assert (proof.sums.lines, proof.unexplained) == (-800, 0)


# --- more entries than one sync can read ------------------------------------------------------------------------------


def days_asked_for(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """From which days on Pleo is asked for its entries."""
    asked: list[date] = []
    listed = Reading.entries_since

    def noted(self: Any, first: date) -> Any:
        asked.append(first)
        return listed(self, first)

    monkeypatch.setattr(Reading, "entries_since", noted)
    return asked


def turns_read(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """No sync can read more than so many days with entries."""
    daily = proving.Prover.run

    def shortly(self: Any, connection: Any, _: Any, **options: Any) -> None:
        left = iter(range(days - 1, -1, -1))
        daily(self, connection, lambda: float(next(left, 0)), **options)

    monkeypatch.setattr(proving.Prover, "run", shortly)


@pytest.fixture
def long_history(linked: Linked, monkeypatch: pytest.MonkeyPatch) -> Linked:
    """A company with six old days of entries, all booked; no sync can read more than two of them."""
    for number in range(6):
        pay(linked, 100 + number, days_ago=60 - number)
    company = since(linked, TODAY - timedelta(days=60))
    run_sync(company)
    feed(company)
    turns_read(monkeypatch, 2)
    return company


@pytest.mark.parametrize(
    "every", [[["prove_balance"], [], [], []], [["prove_balance"]] * 4], ids=["once", "every time"]
)
def test_a_proof_that_one_sync_is_too_short_for_goes_on_in_the_next_ones(
    long_history: Linked, monkeypatch: pytest.MonkeyPatch, every: list[list[str]]
) -> None:
    asked = days_asked_for(monkeypatch)

    for requests in every:
        assert stored(long_history).proof is None
        run_sync(long_history, *requests)

    assert asked == [TODAY - timedelta(days=ago) for ago in (60, 58, 56, 54)]
    proof = stored(long_history).proof
    assert proof is not None
    assert (proof.sums.lines, proof.total, proof.unexplained) == (-615, -615, 0)
    assert stored(long_history).in_progress is None


def test_the_daily_proof_goes_on_in_the_next_syncs_too_and_then_rests_a_day(
    long_history: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.aws.connections import Connections

    yesterday = utc_text(datetime.now(UTC) - timedelta(days=1))
    connection_id = long_history.connection().connection_id
    Connections(long_history.cloud.connection_table).change(connection_id, connected_at=yesterday)
    asked = days_asked_for(monkeypatch)

    for _ in range(6):
        run_sync(long_history)

    assert asked == [TODAY - timedelta(days=ago) for ago in (60, 58, 56, 54)]
    assert stored(long_history).proof is not None


def test_a_proof_that_another_sync_would_not_bring_further_waits_an_hour(
    company: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay(company)
    run_sync(company)
    turns_read(monkeypatch, 1)
    asked = days_asked_for(monkeypatch)

    run_sync(company, "prove_balance")
    run_sync(company)

    assert len(asked) == 1
    assert stored(company).proof is None
    assert stored(company).tried_at is not None


def test_a_proof_that_has_been_tried_without_success_for_three_days_is_told_once_a_day(
    company: Linked, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.aws.connections import Connections

    long_ago = utc_text(datetime.now(UTC) - timedelta(days=3))
    Connections(company.cloud.connection_table).change(company.connection().connection_id, connected_at=long_ago)
    monkeypatch.setattr(proving.Prover, "_examine", lambda *_: None)

    for _ in range(3):
        run_sync(company, "prove_balance")

    (alarm,) = alarms(caplog, "balance not proven")
    assert alarm["proved_at"] == "never"


def test_a_difference_that_a_short_sync_finds_is_the_same_alarm_and_counts_nothing_twice(
    long_history: Linked, caplog: pytest.LogCaptureFixture
) -> None:
    """Pleo has moved the last entry to a day that was read before: it is not taken for one that Pleo did not list."""
    moved = pay(long_history, 700, days_ago=1)
    run_sync(long_history)
    feed(long_history)
    then = utc_text(midnight(TODAY - timedelta(days=59)) + timedelta(seconds=9))
    long_history.pleo.patch(f"/control/entries/{moved}", json={"settledAt": then, "silent": True}).raise_for_status()
    table = Table(long_history.cloud.ledger_table)
    key = {"connection_id": long_history.connection().connection_id, "row": "BALANCE"}
    table.update(Update(key=key, expression="ADD #total :more", values={"more": 42}))

    run_sync(long_history, "prove_balance")
    for _ in range(3):
        run_sync(long_history)

    proof = stored(long_history).proof
    assert proof is not None
    assert (proof.unexplained, proof.sums.lines) == (-42, -1315)
    (alarm,) = unexplained(caplog)
    assert alarm["entry_ids"] == []


def test_a_difference_behind_frozen_days_is_looked_for_from_the_start_in_as_many_syncs_as_it_takes(
    linked: Linked, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = [pay(linked, 100, days_ago=ago) for ago in (60, 58, 56)]
    company = since(linked, TODAY - timedelta(days=60))
    run_sync(company)
    feed(company)
    proved(company)
    company.pleo.patch(
        f"/control/entries/{old[1]}", json={"totalBillValue": {"currency": "EUR", "minors": 130}, "silent": True}
    ).raise_for_status()
    pay(company, 5)
    run_sync(company)
    feed(company)
    turns_read(monkeypatch, 2)
    monkeypatch.setattr("shared.flows.syncing.duties.is_due", lambda *_, **__: True)
    table = Table(company.cloud.ledger_table)
    key = {"connection_id": company.connection().connection_id, "row": "BALANCE"}
    table.update(Update(key=key, expression="ADD #total :more", values={"more": 42}))
    asked = days_asked_for(monkeypatch)

    for _ in range(2):
        run_sync(company)
    feed(company)
    for _ in range(2):
        run_sync(company)

    # On from the frozen days, then everything; the entry that had changed is corrected on the way, and fed.
    assert asked == [TODAY - timedelta(days=ago) for ago in (55, 60, 59, 59, 55)]
    proof = stored(company).proof
    assert proof is not None
    assert (proof.sums.lines, proof.unexplained) == (-335, -42)
    assert len(unexplained(caplog)) == 1


def test_a_proof_killed_at_any_moment_is_made_by_the_next_sync(company: Linked, executioner: Executioner) -> None:
    from functions.sync import app

    prover, moment = company_sync(app)._services.prover, 0
    while True:
        moment += 1
        pay(company)
        try:
            with executioner.at(moment):
                prover.run(company.connection(), lambda: 60.0, from_start=True)
            break
        except KilledError:
            prover.run(company.connection(), lambda: 60.0, from_start=True)
        proof = stored(company).proof
        assert proof is not None
        assert (proof.wallet, proof.sums.waiting, proof.unexplained) == (-1000 * moment, -1000 * moment, 0)

    assert moment > 3


# --- not settled yet --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("finds", ["undated", "pending"])
def test_what_pleo_has_reserved_explains_what_its_app_shows_as_available(company: Linked, finds: str) -> None:
    company.control_pleo("/switches", {"unsettled_finds": finds})
    pay(company, 1000)
    for order in (
        {"amount": 700},
        {"amount": 30},
        {"transactionValue": {"currency": "USD", "minors": 900}},
        {"family": "BILL_INVOICE_PAYMENT", "status": "PENDING", "amount": 50},
        # None of these takes anything away from what is available.
        {"amount": 400, "refund": True},
        {"family": "WALLET", "subFamily": "LOAD", "status": "PENDING", "amount": 50_000},
        {"family": "OUT_OF_POCKET", "status": "PENDING", "amount": 9},
        {"amount": 8, "status": "DRAFT"},
    ):
        company.control_pleo("/entries", {"silent": True, **order})
    cancelled = company.control_pleo("/entries", {"amount": 60, "silent": True})["id"]
    company.control_pleo(f"/entries/{cancelled}/cancel", {"silent": True})
    run_sync(company)
    feed(company)

    proof = proved(company)

    assert proof.pending == Pending(cents=-780, count=4, unknown=1)
    told = company.pleo.get(f"/control/wallet/{company.connection().company_id}").json()
    assert proof.pending.cents == told["availableMinors"] - told["minors"]
    assert (proof.wallet, proof.unexplained) == (-1000, 0)


def test_a_payment_that_settles_while_it_is_added_up_is_not_counted_twice(
    company: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry_id = company.control_pleo("/entries", {"amount": 700, "silent": True})["id"]
    read = Reading.read

    def then_settled(self: Any) -> Any:
        sums = read(self)
        company.control_pleo(f"/entries/{entry_id}/settle", {"silent": True})
        return sums

    monkeypatch.setattr(Reading, "read", then_settled)

    proof = proved(company)

    assert (proof.wallet, proof.pending) == (0, Pending())


def test_a_proof_holds_although_pleo_refuses_to_search_for_what_is_not_settled(
    company: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.pleo.client import PleoClient

    pay(company)
    run_sync(company)
    feed(company)
    # As if Pleo did not take this combination of filters: the stand-in then answers as it does to wrong ones.
    monkeypatch.setattr(
        PleoClient,
        "unsettled_entries",
        lambda self, company_id, **_: self.unexported_entries(company_id, ["no id at all"]),
    )

    proof = proved(company)

    assert (proof.pending, proof.wallet, proof.unexplained) == (None, -1000, 0)


# --- asked for on the status page -------------------------------------------------------------------------------------


@pytest.fixture
def admin(company: Linked) -> Linked:
    """A connected company whose admin is signed in."""
    sign_in(company)
    company.cloud.messages("SyncQueue")
    return company


def press(company: Linked, request: str) -> Document:
    return company.visit("POST", "/status/request", body=form(csrf=token(company), request=request))


def overview_of(company: Linked) -> Overview:
    """What the status page knows."""
    overview = board(company.cloud).overview(company.connection().connection_id)
    assert overview is not None
    return overview


def shown(company: Linked) -> AccountBalance:
    """What the status page knows of the balance."""
    return overview_of(company).balance


def test_the_button_asks_for_a_proof_from_the_start_and_the_page_waits_for_it(admin: Linked) -> None:
    pay(admin, family="LOYALTY", subFamily="POINTS")
    admin.control_pleo("/entries", {"amount": 700, "silent": True})

    assert press(admin, "prove_balance")["headers"]["Location"] == f"{PUBLIC_URL}/status"
    assert overview_of(admin).open_requests == {"prove_balance"}
    connection_id = admin.connection().connection_id
    assert admin.work() == [{"connection_id": connection_id, "requests": ["prove_balance"]}]

    told = shown(admin)
    assert not overview_of(admin).open_requests
    assert told.proof is not None
    assert (told.proof.sums.held, told.proof.pending) == (1, Pending(cents=-700, count=1))


def test_a_proof_asked_for_again_within_a_minute_is_asked_for_once_and_the_lists_all_the_same(admin: Linked) -> None:
    for request in ("prove_balance", "sync_catalogue") * 2:
        press(admin, request)

    connection_id = admin.connection().connection_id
    assert sorted(admin.cloud.messages("SyncQueue"), key=len) == [
        {"connection_id": connection_id, "requests": ["prove_balance"]},
        {"connection_id": connection_id, "requests": ["sync_catalogue"]},
    ]


def test_the_page_waits_for_as_many_syncs_as_the_proof_takes(linked: Linked, long_history: Linked) -> None:
    sign_in(long_history)
    long_history.cloud.messages("SyncQueue")
    press(long_history, "prove_balance")
    long_history.work()

    for _ in range(3):
        assert overview_of(long_history).open_requests == {"prove_balance"}
        run_sync(long_history)

    assert not overview_of(long_history).open_requests


def test_a_proof_without_success_answers_the_question_and_says_when(
    admin: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(admin, "prove_balance")
    monkeypatch.setattr(proving.Prover, "_examine", lambda *_: None)

    admin.work()

    told = shown(admin)
    assert (overview_of(admin).open_requests, told.proved_at) == (frozenset(), None)
    assert told.tried_at is not None


@pytest.mark.parametrize("request_", ["", "SYNC_CATALOGUE", "everything", "prove_balance accept_catalogue", "set_up"])
def test_a_request_that_no_form_offers_is_refused_and_nothing_is_recorded(admin: Linked, request_: str) -> None:
    before = admin.connection()

    answer = press(admin, request_)

    assert answer["statusCode"] == 400
    assert "Dieses Formular kam nicht von unserer Seite" in answer["body"]
    assert admin.cloud.messages("SyncQueue") == []
    assert admin.connection() == before


# --- start date and backfill ------------------------------------------------------------------------------------------


def test_history_is_fed_once_from_the_chosen_day_on(linked: Linked) -> None:
    pay(linked, 111, days_ago=11)
    pay(linked, 100, days_ago=10)
    pay(linked, 10, days_ago=2)
    company = since(linked, TODAY - timedelta(days=10))

    for _ in range(2):
        run_sync(company)
        feed(company)

    assert sorted(float(line["amount"]) for line in company.organisation()["transactions"]) == [-1.0, -0.1]
    assert proved(company).unexplained == 0


def test_the_balance_begins_with_what_the_wallet_held(linked: Linked) -> None:
    company = since(linked, TODAY - timedelta(days=1), "1.234,56")
    assert balance(company) == 123_456
    pay(company, 56)

    run_sync(company)
    feed(company)

    assert balance(company) == 123_400
    assert proved(company).wallet == 123_400


def test_connecting_again_does_not_move_the_date(linked: Linked) -> None:
    pay(linked, days_ago=5)
    company = since(linked, TODAY, "10")

    since(company, TODAY - timedelta(days=9), "99")
    run_sync(company)

    connection = company.connection()
    assert (connection.start_day, connection.opening_minor) == (TODAY.isoformat(), 1000)
    assert company.rows() == []


def test_what_was_settled_before_the_start_makes_no_line_when_it_changes_later(linked: Linked) -> None:
    from functions.sync import app

    entry_id = pay(linked, days_ago=5)
    company = since(linked, TODAY)
    connection, services = company.connection(), company_sync(app)._services
    wire = services.vendors.pleo(connection).entry(entry_id)

    row = accept_entry(
        connection.connection_id,
        entries.parse(wire),
        announced_settled=True,
        ledger=Ledger(company.cloud.ledger_table),
        queue=services.feed_queue,
        start=connection.start,
    )

    assert (row.state, row.reason) == (State.NONE, BEFORE_START)
    assert company.cloud.messages("FeedQueue") == []
    assert proved(company).wallet == 0


def test_a_new_payment_is_in_the_next_batch_although_history_waits(linked: Linked) -> None:
    for number in range(30):
        pay(linked, 100 + number, days_ago=3)
    company = since(linked, TODAY - timedelta(days=5))
    run_sync(company)
    new = pay(company, 5, settledAt=utc_text(datetime.now(UTC)))
    run_sync(company)

    (first, *rest) = Ledger(company.cloud.ledger_table).open_rows(company.connection().connection_id, 25)

    assert (first.entry_id, first.history) == (new, False)
    assert {row.history for row in rest} == {True}
    feed(company)
    assert len(company.organisation()["transactions"]) == 31
    assert proved(company).unexplained == 0


@pytest.mark.parametrize(
    ("day", "opening"),
    [(TODAY + timedelta(days=1), ""), (TODAY - timedelta(days=800), ""), (TODAY, "viel"), (TODAY, "-1")],
    ids=["future", "too old", "no number", "negative"],
)
def test_what_cannot_be_meant_is_asked_for_again_and_nothing_is_lost(linked: Linked, day: date, opening: str) -> None:
    body = f"start_day={day.isoformat()}&opening={opening}"

    answer = linked.visit("POST", "/connect", body=body)

    assert answer["statusCode"] == 400
    assert 'role="alert"' in answer["body"]
    assert f'value="{day.isoformat()}"' in answer["body"]
    assert f'value="{opening}"' in answer["body"]
    assert "Location" not in answer["headers"]
