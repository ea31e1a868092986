"""The doors that no browser sees: feed, schedule and sync, against both stand-ins."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from cloud import Document

from shared.aws.catalogues import Catalogues
from shared.aws.connections import Status
from shared.domain.feeding.ledger import State
from shared.errors import StoreUnavailable
from shared.http.answer import HttpAnswer
from shared.http.client import Http

from .conftest import Context, Executioner, KilledError, Linked


@pytest.fixture
def feed(company: Linked) -> ModuleType:
    from functions.feed import app

    return app


@pytest.fixture
def sync(company: Linked) -> ModuleType:
    from functions.sync import app

    return app


def spend(company: Linked, count: int = 1, **order: object) -> list[str]:
    entries = [{"status": "COMPLETED", "amount": 1000 + number, **order} for number in range(count)]
    ids: list[str] = company.control_pleo("/entries/batch", entries)["ids"]
    return ids


def catch_up(company: Linked) -> Document:
    from functions.sync import app

    answer: Document = app.handler(company.message("sync"), Context())
    return answer


def run(company: Linked, feed: ModuleType, milliseconds: int = 120_000) -> list[str]:
    """One run of the feed; the messages it hands back."""
    answer = feed.handler(company.message("feed"), Context(milliseconds))
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def lines(company: Linked) -> list[Document]:
    return list(company.organisation()["transactions"])


def test_a_payment_found_by_catching_up_becomes_one_line_and_the_balance_follows(
    company: Linked, feed: ModuleType
) -> None:
    spend(company)

    assert catch_up(company) == {"batchItemFailures": []}
    assert company.cloud.messages("FeedQueue") == [{"connection_id": company.connection().connection_id}]
    assert run(company, feed) == []

    (row,) = company.rows()
    (line,) = lines(company)
    assert (row.state, row.reference) == (State.SENT, line["externalReference"])
    assert float(line["amount"]) == -10.0
    assert float(company.organisation()["accounts"][0]["balance"]) == -10.0


def test_woken_twice_a_company_is_fed_once(company: Linked, feed: ModuleType) -> None:
    spend(company, 3)
    catch_up(company)

    assert [run(company, feed), run(company, feed)] == [[], []]
    assert len(lines(company)) == 3


def test_catching_up_twice_finds_nothing_new(company: Linked, feed: ModuleType) -> None:
    spend(company, 3)
    catch_up(company)
    run(company, feed)
    company.cloud.messages("FeedQueue")

    catch_up(company)

    assert company.cloud.messages("FeedQueue") == []
    assert len(company.rows()) == 3


def test_more_than_a_batch_is_sent_in_one_run(company: Linked, feed: ModuleType) -> None:
    spend(company, 30)
    catch_up(company)

    assert run(company, feed) == []
    assert len(lines(company)) == 30
    assert {row.state for row in company.rows()} == {State.SENT}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_makes_no_second_line(company: Linked, feed: ModuleType, when: str) -> None:
    spend(company, 3)
    catch_up(company)
    company.control_lexoffice("faults", route="finance/transactions", method="POST", kind="reset", when=when)

    assert run(company, feed) == []
    assert len(lines(company)) == 3


def test_booked_lines_are_recorded_when_the_answer_lacks_their_account(
    company: Linked, feed: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines are booked by then. An answer that is refused for its form makes the queue send them again for ever."""
    request = Http.request
    posts = []

    def without_account(self: Http, method: str, path: str, **arguments: Any) -> HttpAnswer:
        answer = request(self, method, path, **arguments)
        if (method, path) != ("POST", "/v1/finance/transactions"):
            return answer
        posts.append(path)
        rows = [{key: row[key] for key in row if key != "financialAccountId"} for row in json.loads(answer.body)]
        return replace(answer, body=json.dumps(rows).encode())

    monkeypatch.setattr(Http, "request", without_account)
    spend(company, 3)
    catch_up(company)

    assert run(company, feed) == []

    assert {row.state for row in company.rows()} == {State.SENT}
    assert {row.transaction_id for row in company.rows()} == {line["financialTransactionId"] for line in lines(company)}
    assert float(company.organisation()["accounts"][0]["balance"]) == -30.03
    assert run(company, feed) == []
    assert (len(lines(company)), len(posts)) == (3, 1)


def test_one_bad_line_of_many_is_refused_alone(company: Linked, feed: ModuleType) -> None:
    spend(company, 9)
    catch_up(company)
    bad = sorted(row.reference for row in company.rows())[4]
    company.control_lexoffice("refuse", external_reference=bad, message="Zeitraum ist abgeschlossen")

    assert run(company, feed) == []

    states = {row.reference: row.state for row in company.rows()}
    assert states.pop(bad) is State.FAILED
    assert set(states.values()) == {State.SENT}
    assert len(lines(company)) == 8
    assert "Zeitraum ist abgeschlossen" in next(row.detail for row in company.rows() if row.reference == bad)


def test_a_wallet_load_is_listed_and_never_sent(company: Linked, feed: ModuleType) -> None:
    spend(company, family="WALLET", subFamily="LOAD")
    catch_up(company)

    run(company, feed)

    assert [row.state for row in company.rows()] == [State.LISTED]
    assert lines(company) == []
    assert float(company.organisation()["accounts"][0]["balance"]) == 10.0


def test_when_lexoffice_is_down_the_message_comes_again_later(
    company: Linked, feed: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend(company)
    catch_up(company)
    company.cloud.messages("FeedQueue")
    later: list[int] = []
    monkeypatch.setattr("shared.aws.queues.CompanyQueue.delay", lambda _self, _handle, seconds: later.append(seconds))
    monkeypatch.setattr("shared.flows.feeding.feed._PAUSES", ())
    company.control_lexoffice("outage", on=True)

    assert len(run(company, feed)) == 1
    assert later == [60]
    assert [row.state for row in company.rows()] == [State.READY]

    company.control_lexoffice("outage", on=False)
    assert run(company, feed) == []
    assert len(lines(company)) == 1


def test_without_time_for_a_call_nothing_is_begun_and_nothing_is_lost(
    company: Linked, feed: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend(company)
    catch_up(company)
    monkeypatch.setattr("shared.aws.queues.CompanyQueue.delay", lambda *_: None)

    run(company, feed, milliseconds=20_000)

    assert lines(company) == []
    assert [row.state for row in company.rows()] == [State.READY]


@pytest.mark.parametrize(("order", "hold"), [({"status": 402}, "plan"), ({"status": 403}, "lexoffice_scope")])
def test_a_plan_that_no_longer_allows_it_holds_the_company(
    company: Linked, feed: ModuleType, order: Document, hold: str
) -> None:
    spend(company)
    catch_up(company)
    company.control_lexoffice("downgrade", **order)

    assert run(company, feed) == []

    assert (company.connection().status, company.connection().hold) == (Status.HELD, hold)
    assert [row.state for row in company.rows()] == [State.READY]


def test_after_the_access_was_withdrawn_payments_wait_and_connecting_again_sends_them(
    company: Linked, feed: ModuleType
) -> None:
    spend(company)
    company.control_lexoffice("revoke")
    catch_up(company)
    run(company, feed)
    assert company.connection().hold == "lexoffice_access_gone"

    company.connect()
    catch_up(company)
    assert run(company, feed) == []

    assert len(lines(company)) == 1


def test_when_a_record_fails_after_the_lines_were_sent_the_next_run_sends_none_twice(
    company: Linked, feed: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend(company, 3)
    catch_up(company)
    monkeypatch.setattr("shared.aws.queues.CompanyQueue.delay", lambda *_: None)

    with company.cloud.failing("dynamodb", "TransactWriteItems", "InternalServerError"):
        assert len(run(company, feed)) == 1
    assert len(lines(company)) == 3

    assert run(company, feed) == []
    assert len(lines(company)) == 3
    assert {row.state for row in company.rows()} == {State.SENT}
    assert float(company.organisation()["accounts"][0]["balance"]) == -30.03


def test_a_message_for_a_company_nobody_knows_is_done_with(company: Linked, feed: ModuleType) -> None:
    assert feed.handler(company.sample("feed"), Context()) == {"batchItemFailures": []}


def test_a_run_killed_at_any_moment_is_finished_by_the_next_one(
    company: Linked, feed: ModuleType, executioner: Executioner
) -> None:
    spent = moment = 0
    while True:
        moment += 1
        spend(company, 2)
        spent += 2
        catch_up(company)
        try:
            with executioner.at(moment):
                run(company, feed)
            break
        except KilledError:
            assert run(company, feed) == []
        assert len(lines(company)) == spent
        assert {row.state for row in company.rows()} == {State.SENT}

    assert moment > 8
    assert len({line["externalReference"] for line in lines(company)}) == len(lines(company)) == spent
    balance = -sum(1000 + 1001 for _ in range(moment))
    assert round(float(company.organisation()["accounts"][0]["balance"]) * 100) == balance


def test_two_workers_on_the_same_company_send_each_line_once(
    company: Linked, feed: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue prevents it; if it happens all the same, the second finds everything done."""
    monkeypatch.setattr("shared.aws.queues.CompanyQueue.delay", lambda *_: None)
    # A Lambda process handles one batch at a time, so its metrics need not stand several threads.
    monkeypatch.setattr("shared.flows.feeding.feed.count", lambda *_: None)
    monkeypatch.setattr("shared.aws.consume.count", lambda *_: None)
    spend(company, 30)
    catch_up(company)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: run(company, feed), range(2)))
    run(company, feed)

    assert len(lines(company)) == 30
    assert {row.state for row in company.rows()} == {State.SENT}
    total = sum(1000 + number for number in range(30))
    assert round(float(company.organisation()["accounts"][0]["balance"]) * 100) == -total


# --- sync ------------------------------------------------------------------------------------------------------------


def test_a_sync_of_a_company_nobody_knows_is_done_with(company: Linked, sync: ModuleType) -> None:
    assert sync.handler(company.sample("sync"), Context()) == {"batchItemFailures": []}


def test_when_pleo_is_down_the_company_is_due_again_and_a_lost_wake_up_is_made_good(
    company: Linked, sync: ModuleType
) -> None:
    spend(company)
    catch_up(company)
    company.cloud.messages("FeedQueue")
    company.control_pleo("/faults", {"route": "accounting-entries", "status": 503, "times": 5})

    assert catch_up(company) == {"batchItemFailures": []}
    assert company.connection().sync_error == "pleo unavailable"
    assert company.cloud.messages("FeedQueue") == [{"connection_id": company.connection().connection_id}]


def test_a_sync_finds_an_export_nobody_told_of(company: Linked, sync: ModuleType) -> None:
    company.control_pleo("/export", {"entry_ids": spend(company)})

    assert catch_up(company) == {"batchItemFailures": []}
    assert company.cloud.messages("ExportQueue") == [{"connection_id": company.connection().connection_id}]


def test_a_sync_without_an_open_export_wakes_nobody_for_one(company: Linked, sync: ModuleType) -> None:
    job = company.control_pleo("/export", {"entry_ids": spend(company)})
    company.control_pleo(f"/export/{job['id']}/cancel")

    catch_up(company)

    assert company.cloud.messages("ExportQueue") == []


def test_when_the_exports_cannot_be_looked_up_the_company_is_due_again_and_the_feed_is_woken(
    company: Linked, sync: ModuleType
) -> None:
    spend(company)
    catch_up(company)
    company.cloud.messages("FeedQueue")
    company.control_pleo("/faults", {"route": "export-jobs", "status": 503, "times": 5})

    assert catch_up(company) == {"batchItemFailures": []}
    assert company.connection().sync_failures == 1
    assert company.cloud.messages("FeedQueue") == [{"connection_id": company.connection().connection_id}]


def test_a_wanted_sync_of_the_lists_brings_new_categories(company: Linked, sync: ModuleType) -> None:
    before = company.pleo.get("/control/state").json()["accounts"]
    company.control_lexoffice("categories", action="add", name="Neue Kategorie", type="outgo", groupName="Sonstiges")

    answer = sync.handler(company.message("sync", "sync_catalogue"), Context())

    assert answer == {"batchItemFailures": []}
    assert company.pleo.get("/control/state").json()["accounts"] == before + 1


def test_an_empty_list_of_categories_removes_nothing(company: Linked, sync: ModuleType) -> None:
    known = Catalogues(company.cloud.connection_table).snapshot(company.connection().connection_id)
    company.control_lexoffice("categories", action="empty")

    assert sync.handler(company.message("sync", "sync_catalogue"), Context()) == {"batchItemFailures": []}
    assert Catalogues(company.cloud.connection_table).snapshot(company.connection().connection_id) == known


# --- schedule --------------------------------------------------------------------------------------------------------


def test_the_clock_syncs_a_due_company_once(company: Linked) -> None:
    from functions.schedule import app

    syncs = [app.handler(company.sample("schedule"), Context())["syncs"] for _ in range(2)]

    assert syncs == [1, 0]
    assert company.cloud.messages("SyncQueue") == [{"connection_id": company.connection().connection_id}]


def test_a_sync_that_could_not_be_sent_is_still_due(company: Linked) -> None:
    from functions.schedule import app

    with company.cloud.failing("sqs", "SendMessageBatch"), pytest.raises(StoreUnavailable):
        app.handler({}, Context())

    assert app.handler({}, Context())["syncs"] == 1


def test_what_the_doors_log_holds_no_tokens_and_no_names(
    company: Linked, feed: ModuleType, logged: Callable[[], str]
) -> None:
    spend(company, merchant={"name": "GEHEIMER HÄNDLER"})
    catch_up(company)
    run(company, feed)

    printed = logged()
    assert "company fed" in printed
    for secret in ("GEHEIM", "Bearer", "access_token", "whsec_", "Muster Handwerk"):
        assert secret not in printed


def test_without_the_right_to_read_exports_the_feed_goes_on(company: Linked, sync: ModuleType) -> None:
    company.control_pleo("/switches", {"scopes": {"export_jobs_read": "exports:never-granted"}})
    spend(company)

    assert catch_up(company) == {"batchItemFailures": []}

    assert company.connection().status is Status.ACTIVE
    assert company.cloud.messages("FeedQueue") != []
