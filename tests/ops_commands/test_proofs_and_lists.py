"""`ops proof` and `ops sync`: what was proven and synced last, and asking for it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cloud import Cloud

from shared.aws.catalogues import Catalogues, CatalogueSnapshot
from shared.aws.connections import Connection, Connections, Status
from shared.aws.proofs import Proofs
from shared.aws.queues import SyncQueue
from shared.domain.connecting.company_state import Hold
from shared.domain.syncing.catalogue import CatalogueChange, CatalogueRefusal
from shared.domain.syncing.proof import BalanceProof, Frozen, Pending, ProofInProgress, Sums
from shared.domain.times import utc_text

from .conftest import Ops

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
GOOD = BalanceProof(
    proved_at=NOW,
    opening=10_000,
    sums=Sums(effect=-3_000, lines=-2_500, by_hand=-200, waiting=-300),
    total=-2_700,
    pending=Pending(cents=-1_999, count=2),
)
BAD = replace(GOOD, sums=replace(GOOD.sums, effect=-3_500))
WHY = ("--reason", "ticket 4711")


@pytest.fixture
def proofs(aws: Cloud) -> Proofs:
    return Proofs(aws.ledger_table)


@pytest.fixture
def catalogues(aws: Cloud) -> Catalogues:
    return Catalogues(aws.connection_table)


@pytest.fixture
def company(connected: Callable[..., Connection]) -> Connection:
    return connected()


def answers(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> list[list[str]]:
    """A worker that does this as soon as it is asked; what it was asked."""
    asked: list[list[str]] = []

    def worker(_queue: object, _connection_id: str, *requests: str) -> None:
        asked.append([*requests])
        act()

    monkeypatch.setattr(SyncQueue, "request_sync", worker)
    return asked


# --- proofs ----------------------------------------------------------------------------------------------------------


def test_the_worst_balance_comes_first(ops_: Ops, connected: Callable[..., Connection], proofs: Proofs) -> None:
    old, bad, fine, _never = (connected(name) for name in ("Old", "Bad", "Fine", "Never"))
    proofs.save(old.connection_id, replace(GOOD, proved_at=NOW - timedelta(days=9)), Frozen())
    proofs.save(bad.connection_id, BAD, Frozen())
    proofs.save(fine.connection_id, GOOD, Frozen())
    connected("Left", status=Status.DISCONNECTED)

    found = ops_("proof", "--json").data["companies"]

    assert [each["company"] for each in found] == ["Bad", "Never", "Old", "Fine"]
    assert found[0]["unexplained_cents"] == -500


def test_a_proof_says_where_every_cent_is(ops_: Ops, company: Connection, proofs: Proofs) -> None:
    proofs.save(company.connection_id, GOOD, Frozen())

    text, data = ops_("proof", "--company", "Muster").text, ops_("proof", "--company", "Muster", "--json").data

    assert "70.00 € (opening 100.00 €, entries -30.00 €)" in text
    assert "73.00 € (opening 100.00 €, lines -25.00 €, by hand -2.00 €)" in text
    assert "-19.99 € reserved by 2 payments" in text
    assert data["wallet_cents"] == data["lexoffice_cents"] + data["sums"]["waiting"] + data["unexplained_cents"]


def test_a_proof_on_demand_is_waited_for_and_shown(
    ops_: Ops, company: Connection, proofs: Proofs, monkeypatch: pytest.MonkeyPatch
) -> None:
    proofs.save(company.connection_id, BAD, Frozen())
    proven = replace(GOOD, proved_at=NOW + timedelta(minutes=1))
    asked = answers(monkeypatch, lambda: proofs.save(company.connection_id, proven, Frozen()))

    ran = ops_("proof", "--company", "Muster", "--now", *WHY, "--json")

    assert asked == [["prove_balance"]]
    assert (ran.code, ran.data["outcome"], ran.data["unexplained_cents"]) == (0, "proven", 0)
    (action,) = ops_("audit", "--json").data["actions"]
    assert (action["action"], action["result"]) == ("proof", "proven")


def test_a_proof_that_could_not_be_made_says_why(
    ops_: Ops, company: Connection, proofs: Proofs, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_progress = ProofInProgress(Frozen(), whole=True)
    answers(monkeypatch, lambda: proofs.save_progress(company.connection_id, in_progress, NOW))
    ran = ops_("proof", "--company", "Muster", "--now", *WHY, "--json")
    assert ran.code == 1
    assert "lines are being recorded" in ran.data["outcome"]

    connections.change(company.connection_id, prove_balance_requested_at="")
    changes = {"sync_failures": 1, "sync_error": "pleo unavailable", "failing_since": "2026-11-20T08:00:00.000000Z"}
    answers(monkeypatch, lambda: connections.change(company.connection_id, **changes))
    ran = ops_("proof", "--company", "Muster", "--now", *WHY, "--json")
    assert (ran.code, ran.data["outcome"]) == (1, "pleo unavailable")


def test_two_requests_within_a_minute_are_one(ops_: Ops, company: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answers(monkeypatch, lambda: None)

    for _ in range(2):
        ops_("proof", "--company", company.connection_id, "--now", "--wait", "0", *WHY)

    assert asked == [["prove_balance"]]
    first, second = ops_("audit", "--json").data["actions"]
    assert not first["result"].startswith("requested a moment ago")
    assert second["result"].startswith("requested a moment ago already")


def test_a_request_that_was_answered_within_the_minute_is_not_waited_for_again(
    ops_: Ops, company: Connection, proofs: Proofs, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    def proven() -> None:
        proofs.save(company.connection_id, replace(GOOD, proved_at=datetime.now(UTC)), Frozen())

    def synced() -> None:
        connections.change(company.connection_id, catalogue_synced_at=utc_text(datetime.now(UTC)))

    for command, worker in (("proof", proven), ("sync", synced)):
        asked = answers(monkeypatch, worker)
        first, second = (ops_(command, "--company", company.connection_id, "--now", *WHY, "--json") for _ in range(2))
        assert (first.code, second.code, len(asked)) == (0, 0, 1)
        assert "less than a minute ago already" in second.data["outcome"]


def test_a_paused_companys_balance_can_be_proven_one_without_pleo_cannot(
    ops_: Ops, company: Connection, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answers(monkeypatch, lambda: None)
    connections.hold(company.connection_id, Hold.PAUSED)
    ops_("proof", "--company", company.connection_id, "--now", "--wait", "0", *WHY)
    assert asked == [["prove_balance"]]

    connections.hold(company.connection_id, Hold.PLEO_ACCESS_GONE)
    ran = ops_("proof", "--company", company.connection_id, "--now", *WHY)
    assert ran.code == 1
    assert "until its admin connects it again" in ran.complaint


# --- categories and tax codes ----------------------------------------------------------------------------------------


def test_the_last_changes_are_shown_with_the_expenses_they_touch(
    ops_: Ops, company: Connection, catalogues: Catalogues
) -> None:
    gone = CatalogueChange(what="archived", name="Drohnenbedarf", expenses=1, entry_ids=("entry-1",))
    catalogues.save(company.connection_id, CatalogueSnapshot(), [gone], NOW)

    text, data = ops_("sync", "--company", "Muster").text, ops_("sync", "--company", "Muster", "--json").data

    assert "No longer in lexoffice: Drohnenbedarf" in text
    assert "1 expense: entry-1" in text
    assert data["changes"][0]["expenses"] == 1


def test_accepting_carries_out_what_was_refused(
    ops_: Ops, company: Connection, connections: Connections, catalogues: Catalogues, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogues.save_refusal(company.connection_id, CatalogueRefusal(reason="removed", count=30, known=70))
    assert "30 of 70 categories are missing" in ops_("sync", "--company", "Muster").text

    def synced() -> None:
        catalogues.save(company.connection_id, CatalogueSnapshot(), [], NOW)
        connections.change(company.connection_id, catalogue_synced_at="2026-11-20T08:00:00.000000Z")

    asked = answers(monkeypatch, synced)
    ran = ops_("sync", "--company", "Muster", "--accept", *WHY, "--json")

    assert asked == [["accept_catalogue"]]
    assert (ran.code, ran.data["outcome"], ran.data["refused"]) == (0, "synced", None)


def test_a_sync_that_is_refused_again_says_so(
    ops_: Ops, company: Connection, connections: Connections, catalogues: Catalogues, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> None:
        catalogues.save_refusal(company.connection_id, CatalogueRefusal(reason="removed", count=30, known=70))
        connections.change(company.connection_id, catalogue_attempted_at="2026-11-20T08:00:00.000000Z")

    answers(monkeypatch, refused)
    ran = ops_("sync", "--company", "Muster", "--now", *WHY)

    assert ran.code == 1
    assert "--accept" in ran.text


@pytest.mark.parametrize(
    ("refusal", "why"),
    [(None, "nothing to accept"), (CatalogueRefusal(reason="empty", count=0, known=70), "which cannot be accepted")],
)
def test_there_must_be_something_that_a_person_can_accept(
    ops_: Ops, company: Connection, catalogues: Catalogues, aws: Cloud, refusal: CatalogueRefusal | None, why: str
) -> None:
    if refusal:
        catalogues.save_refusal(company.connection_id, refusal)

    ran = ops_("sync", "--company", "Muster", "--accept", *WHY)

    assert ran.code == 1
    assert why in ran.complaint
    assert aws.messages("SyncQueue") == []


def test_the_lists_of_a_held_company_are_not_synced(ops_: Ops, company: Connection, connections: Connections) -> None:
    connections.hold(company.connection_id, Hold.PAUSED)

    ran = ops_("sync", "--company", "Muster", "--now", *WHY)

    assert ran.code == 1
    assert ran.complaint == "Muster GmbH is paused: its lists are not synced.\n"
