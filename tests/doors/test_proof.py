"""The balance proof, backfill and start date through the doors, against both stand-ins."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.aws.ledger import Ledger
from shared.aws.proofs import Proofs, Stored
from shared.aws.table import Table, Update
from shared.domain.ledger import BEFORE_START, State
from shared.domain.proof import BalanceProof
from shared.domain.times import booking_date, midnight, utc_text
from shared.errors import OutOfTime
from shared.flows import proof as proving
from shared.flows.accept import accept_entry
from shared.pleo import entries

from .conftest import Context, Linked

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


def turn(company: Linked, **wishes: bool) -> None:
    from functions.sync import app

    assert app.handler(company.message("sync", **wishes), Context()) == {"batchItemFailures": []}


def feed(company: Linked) -> None:
    from functions.feed import app

    assert app.handler(company.message("feed"), Context()) == {"batchItemFailures": []}


def stored(company: Linked) -> Stored:
    return Proofs(company.cloud.ledger_table).get(company.connection().connection_id)


def proved(company: Linked) -> BalanceProof:
    turn(company, proof=True)
    proof = stored(company).proof
    assert proof is not None
    return proof


def balance(company: Linked) -> int:
    """What lexoffice shows, in cents."""
    return round(float(company.organisation()["accounts"][0]["balance"]) * 100)


def unexplained(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The alarms about a balance, as they stand in the log."""
    return [vars(record) for record in caplog.records if vars(record).get("cause") == "balance not explained"]


# --- proof ------------------------------------------------------------------------------------------------------------


def test_the_proof_holds_to_the_cent_and_says_what_became_of_everything(company: Linked) -> None:
    pay(company, 1000)
    refused = pay(company, 250)
    pay(company, 50_000, family="WALLET", subFamily="LOAD")
    company.control_lexoffice("refuse", external_reference=f"pleo-{refused}", message="Zeitraum ist abgeschlossen")
    turn(company)
    feed(company)
    pay(company, 77)

    proof = proved(company)

    parts = proof.sums
    assert (parts.lines, parts.by_hand, parts.failed, parts.waiting) == (-1000, 50_000, -250, -77)
    assert (proof.wallet, proof.total, proof.unexplained) == (48_673, 49_000, 0)


def test_what_is_missing_in_the_ledger_is_made_good_by_the_proof(company: Linked) -> None:
    entry_id = pay(company)
    turn(company)
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
    turn(company)
    feed(company)
    table = Table(company.cloud.ledger_table)
    key = {"connection_id": company.connection().connection_id, "row": "BALANCE"}
    table.update(Update(key=key, expression="ADD #total :more", names=["total"], values={"more": 42}))

    proof = proved(company)

    assert proof.unexplained == -42
    (alarm,) = unexplained(caplog)
    assert (alarm["unexplained_cents"], alarm["wallet_cents"], alarm["lexoffice_cents"]) == (-42, -1000, -958)


def test_a_booked_entry_that_pleo_no_longer_knows_is_named(
    company: Linked, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry_id = pay(company)
    turn(company)
    feed(company)
    monkeypatch.setattr(proving.Prover, "listed", lambda *_: iter(()))
    monkeypatch.setattr(proving, "_effect_of", lambda *_: None)

    assert proved(company).unexplained == 1000
    (alarm,) = unexplained(caplog)
    assert alarm["entry_ids"] == [entry_id]


def test_an_entry_that_came_while_pleos_list_was_read_is_asked_for_by_its_id(
    company: Linked, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay(company)
    turn(company)
    feed(company)
    monkeypatch.setattr(proving.Prover, "listed", lambda *_: iter(()))

    proof = proved(company)

    assert (proof.sums.lines, proof.wallet, proof.unexplained) == (-1000, -1000, 0)
    assert unexplained(caplog) == []


def test_while_lines_are_being_recorded_nothing_is_claimed(company: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    pay(company)
    turn(company)
    listed = proving.Prover.listed

    def meanwhile(self: Any, *arguments: Any) -> Any:
        pay(company)
        turn(company)
        feed(company)
        return listed(self, *arguments)

    monkeypatch.setattr(proving.Prover, "listed", meanwhile)

    turn(company, proof=True)

    assert stored(company).proof is None
    assert stored(company).tried_at is not None


def test_the_daily_proof_waits_a_day_after_connecting(company: Linked) -> None:
    from shared.aws.connections import Connections

    turn(company)
    assert stored(company).proof is None

    yesterday = utc_text(datetime.now(UTC) - timedelta(days=1))
    Connections(company.cloud.connection_table).change(company.connection().connection_id, connected_at=yesterday)
    turn(company)

    assert stored(company).proof is not None


def test_a_proof_that_takes_too_long_is_not_begun_again_every_minute(company: Linked) -> None:
    from functions.sync import app

    pay(company)
    turn(company)
    prover = app._parts()[0]._prover

    with pytest.raises(OutOfTime):
        prover.daily(company.connection(), lambda: 0.0, wanted=True)

    assert stored(company).proof is None
    assert stored(company).tried_at is not None


def test_old_days_are_read_once_and_then_stand(linked: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    pay(linked, 500, days_ago=50)
    pay(linked, 300, days_ago=3)
    company = since(linked, TODAY - timedelta(days=60))
    turn(company)
    feed(company)
    proved(company)
    asked: list[date] = []
    listed = proving.Prover.listed

    def noted(self: Any, connection: Any, first: date) -> Any:
        asked.append(first)
        return listed(self, connection, first)

    monkeypatch.setattr(proving.Prover, "listed", noted)
    monkeypatch.setattr("shared.domain.proof.is_due", lambda *_: True)

    turn(company)

    assert asked == [TODAY - timedelta(days=49)]
    proof = stored(company).proof
    assert proof is not None
    assert (proof.sums.lines, proof.unexplained) == (-800, 0)


# --- start date and backfill ------------------------------------------------------------------------------------------


def test_history_is_fed_once_from_the_chosen_day_on(linked: Linked) -> None:
    pay(linked, 111, days_ago=11)
    pay(linked, 100, days_ago=10)
    pay(linked, 10, days_ago=2)
    company = since(linked, TODAY - timedelta(days=10))

    for _ in range(2):
        turn(company)
        feed(company)

    assert sorted(float(line["amount"]) for line in company.organisation()["transactions"]) == [-1.0, -0.1]
    assert proved(company).unexplained == 0


def test_the_balance_begins_with_what_the_wallet_held(linked: Linked) -> None:
    company = since(linked, TODAY - timedelta(days=1), "1.234,56")
    assert balance(company) == 123_456
    pay(company, 56)

    turn(company)
    feed(company)

    assert balance(company) == 123_400
    assert proved(company).wallet == 123_400


def test_connecting_again_does_not_move_the_date(linked: Linked) -> None:
    pay(linked, days_ago=5)
    company = since(linked, TODAY, "10")

    since(company, TODAY - timedelta(days=9), "99")
    turn(company)

    connection = company.connection()
    assert (connection.start_day, connection.opening_minor) == (TODAY.isoformat(), 1000)
    assert company.rows() == []


def test_what_was_settled_before_the_start_makes_no_line_when_it_changes_later(linked: Linked) -> None:
    from functions.sync import app

    entry_id = pay(linked, days_ago=5)
    company = since(linked, TODAY)
    connection, turns = company.connection(), app._parts()[0]
    wire = turns._vendors.pleo(connection).entry(entry_id)

    row = accept_entry(
        connection.connection_id,
        entries.parse(wire),
        announced_settled=True,
        ledger=Ledger(company.cloud.ledger_table),
        queue=turns._queue,
        start=connection.start,
    )

    assert (row.state, row.reason) == (State.NONE, BEFORE_START)
    assert company.cloud.messages("FeedQueue") == []
    assert proved(company).wallet == 0


def test_a_new_payment_is_in_the_next_batch_although_history_waits(linked: Linked) -> None:
    for number in range(30):
        pay(linked, 100 + number, days_ago=3)
    company = since(linked, TODAY - timedelta(days=5))
    turn(company)
    new = pay(company, 5, settledAt=utc_text(datetime.now(UTC)))
    turn(company)

    (first, *rest) = Ledger(company.cloud.ledger_table).work(company.connection().connection_id, 25)

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
