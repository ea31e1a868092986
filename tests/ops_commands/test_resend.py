"""`ops resend`: what is missing is sent, only that, however often somebody presses."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from cloud import Cloud, Document
from rich.console import Console
from samples import entry, pending

from ops.resend_plan import CannotSend, describe_plan, plan, within
from shared.aws.connections import Connection, Status
from shared.aws.failures import FEED, Failures
from shared.aws.ledger import Ledger
from shared.aws.matches import Matches
from shared.aws.vouchers import VoucherRecord, Vouchers
from shared.domain.feeding.ledger import Row, State, row_for

from .conftest import Ops

NOW = datetime(2026, 1, 12, 10, tzinfo=UTC)
DAY = ("--from", "2026-01-12", "--to", "2026-01-12")


@pytest.fixture
def company(connected: Callable[..., Connection]) -> str:
    return connected("Alpha GmbH").connection_id


@pytest.fixture
def woken(aws: Cloud) -> Callable[[str], list[Document]]:
    return aws.messages


class Books:
    """The company's ledger, and a feed worker that does at once what it is woken for."""

    def __init__(self, ledger: Ledger, connection_id: str) -> None:
        self.ledger, self.connection_id = ledger, connection_id

    def accept(self, number: int = 1, **changes: Any) -> Row:
        row = row_for(entry(**({"id": f"entry-{number:04}"} | changes)))
        return self.ledger.accept(self.connection_id, row)

    def become(self, row: Row, state: State, **changes: Any) -> Row:
        self.ledger.record(self.connection_id, [replace(row, state=state, **changes)], NOW)
        return row

    def sent(self, number: int = 1) -> Row:
        return self.become(self.accept(number), State.SENT)

    def refused(self, number: int = 1) -> Row:
        row = self.accept(number)
        return self.become(row, State.FAILED, reason="refused_by_lexoffice", detail="period closed")

    def states(self) -> dict[str, str]:
        return {row.entry_id: row.state.value for row in self.ledger.rows(self.connection_id)}


@pytest.fixture
def books(ledger: Ledger, company: str) -> Books:
    return Books(ledger, company)


@pytest.fixture
def feed(books: Books, monkeypatch: pytest.MonkeyPatch) -> list[State]:
    """Waking the feed makes every ready row this; nothing as long as it is empty."""
    outcome: list[State] = []

    def wake(self: object, connection_id: str, occasion: str) -> None:
        for row in books.ledger.open_rows(connection_id, 100) if outcome else []:
            books.become(row, outcome[0], detail="period closed" if outcome[0] is State.FAILED else "")

    monkeypatch.setattr("shared.aws.queues.CompanyQueue.wake", wake)
    return outcome


def resend(ops_: Ops, *arguments: str, code: int = 0) -> Any:
    ran = ops_("resend", "--company", "alpha", "--reason", "ticket 1", "--json", *arguments)
    assert ran.code == code, (ran.text, ran.complaint)
    return ran.data


# --- the decision ----------------------------------------------------------------------------------------------------

READY = row_for(entry())


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (READY, "would send 1, already there 0"),
        (row_for(entry(bill=None)), "would send 1, already there 0"),
        (replace(READY, state=State.FAILED), "would send 1, already there 0"),
        (replace(READY, state=State.SENT), "would send 0, already there 1"),
        (
            row_for(entry(family="WALLET", sub_family="LOAD")),
            "would send 0, already there 0, cannot send 1 (entered in lexoffice by hand: 1)",
        ),
        (
            replace(READY, state=State.NONE, reason="before_start"),
            "would send 0, already there 0, cannot send 1 (before the connection's start date: 1)",
        ),
        (
            row_for(pending(status="CANCELLED")),
            "would send 0, already there 0, cannot send 1 (taken back: 1)",
        ),
        (row_for(pending()), "would send 0, already there 0, cannot send 1 (not settled yet: 1)"),
        (
            row_for(entry(family="NEW")),
            "would send 0, already there 0, cannot send 1 (held: unknown_kind (`ops trace` says what to do): 1)",
        ),
    ],
)
def test_each_row_is_sent_or_there_or_cannot_be_sent(row: Row, said: str) -> None:
    assert describe_plan(plan([row]), 0) == said


def test_reasons_are_counted_and_the_commonest_comes_first() -> None:
    made = plan([row_for(pending())] * 2, [CannotSend("x", "not in our ledger")])

    assert describe_plan(made, 1).endswith(
        "cannot send 3 (not settled yet: 2, not in our ledger: 1), would send 1 hint"
    )


@pytest.mark.parametrize(
    ("settled", "inside"),
    [
        ("2026-01-11T22:59:59", False),  # still the 11th in Germany
        ("2026-01-11T23:00:00", True),
        ("2026-01-12T22:59:59", True),
        ("2026-01-12T23:00:00", False),
    ],
)
def test_days_are_german_days_and_both_are_included(settled: str, *, inside: bool) -> None:
    day = datetime(2026, 1, 12, tzinfo=UTC).date()
    row = row_for(entry(settled_at=datetime.fromisoformat(settled).replace(tzinfo=UTC)))

    assert (within([row], day, day) == [row]) is inside


def test_what_is_not_settled_is_of_no_day() -> None:
    assert within([row_for(pending())], datetime(2000, 1, 1, tzinfo=UTC).date(), None) == []


# --- the command -----------------------------------------------------------------------------------------------------


def test_what_is_missing_is_sent_and_pressing_again_sends_nothing(ops_: Ops, books: Books, feed: list[State]) -> None:
    feed.append(State.SENT)
    books.accept(1)
    books.sent(2)
    books.refused(3)
    books.accept(4, settled_at=datetime(2026, 1, 20, tzinfo=UTC))

    assert resend(ops_, *DAY, "--dry-run")["result"] == "would send 2, already there 1"
    first = resend(ops_, *DAY)
    second = resend(ops_, *DAY)

    # Waking brings everything that is missing, of other days, too; told is what was asked for.
    assert (first["result"], first["sent"]) == ("2 sent, 1 already there", 2)
    assert second["result"] == "0 sent, 3 already there"
    assert set(books.states().values()) == {"sent"}


def test_a_dry_run_changes_nothing_wakes_nobody_and_leaves_no_trace(
    ops_: Ops, books: Books, aws: Cloud, woken: Callable[[str], list[Document]]
) -> None:
    books.refused()
    before = aws.dump("LedgerTable")

    ran = ops_("resend", "--company", "alpha", *DAY, "--dry-run")

    assert ran.text == "would send 1, already there 0.\n"
    assert aws.dump("LedgerTable") == before
    assert woken("FeedQueue") == woken("ExportQueue") == []
    assert ops_("audit", "--json").data["actions"] == []


def test_what_was_done_is_in_the_audit_log(ops_: Ops, books: Books, feed: list[State]) -> None:
    feed.append(State.SENT)
    row = books.accept()
    resend(ops_, "--entry", row.entry_id)

    (action,) = ops_("audit", "--json").data["actions"]
    assert (action["action"], action["reason"], action["result"]) == ("resend", "ticket 1", "1 sent, 0 already there")
    assert action["arguments"]["entries"] == [row.entry_id]


def test_nothing_missing_wakes_nobody(ops_: Ops, books: Books, woken: Callable[[str], list[Document]]) -> None:
    row = books.sent()

    assert resend(ops_, "--entry", row.entry_id)["result"] == "0 sent, 1 already there"
    assert woken("FeedQueue") == woken("ExportQueue") == []


def test_every_press_is_an_occasion_of_its_own(
    ops_: Ops, books: Books, aws: Cloud, woken: Callable[[str], list[Document]]
) -> None:
    """A queue drops an equal occasion for five minutes; whoever presses again wants the worker woken again."""
    row = books.accept()
    for _ in range(2):
        resend(ops_, "--entry", row.entry_id, "--wait", "0")
        assert len(woken("FeedQueue")) == 1


def test_a_line_that_is_refused_again_says_why_and_fails(ops_: Ops, books: Books, feed: list[State]) -> None:
    feed.append(State.FAILED)
    row = books.refused()

    told = resend(ops_, "--entry", row.entry_id, code=1)

    assert told["result"] == "0 sent, 0 already there, 1 refused again"
    assert told["refused"] == [{"entry_id": row.entry_id, "why": "period closed"}]


def test_while_lexoffice_is_down_the_cause_is_told_and_nothing_is_lost(
    ops_: Ops, books: Books, aws: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = books.accept()
    monkeypatch.setattr(
        "shared.aws.queues.CompanyQueue.wake",
        lambda _, company, __: Failures(aws.ledger_table).record(company, FEED, "lexoffice answered 503", 1),
    )

    ran = ops_("resend", "--company", "alpha", "--entry", row.entry_id, "--reason", "x", "--wait", "1")

    assert ran.code == 1
    assert "0 sent, 0 already there, 1 still waiting." in ran.text
    assert "lexoffice answered 503" in ran.text
    assert books.states() == {row.entry_id: "ready"}


def test_an_old_failure_is_not_taken_for_this_press(ops_: Ops, books: Books, aws: Cloud) -> None:
    row = books.accept()
    Failures(aws.ledger_table).record(books.connection_id, FEED, "lexoffice answered 503", 1)

    assert resend(ops_, "--entry", row.entry_id, "--wait", "0")["failure"] is None


def test_an_entry_that_is_not_in_the_ledger_is_looked_for_by_the_proof(ops_: Ops, books: Books) -> None:
    (cannot,) = resend(ops_, "--entry", "no-such-entry", "--dry-run")["cannot_send"]

    assert cannot["why"] == (
        f"not in our ledger: `ops proof --company {books.connection_id} --now` looks for it in Pleo"
    )


def test_days_narrow_entries_down(ops_: Ops, books: Books) -> None:
    row = books.accept()

    told = resend(ops_, "--entry", row.entry_id, "--from", "2026-02-01", "--dry-run")
    assert told["result"] == "would send 0, already there 0, cannot send 1 (not settled on these days: 1)"


def test_a_missing_hint_marks_the_match_and_wakes_the_export_worker(
    ops_: Ops, books: Books, aws: Cloud, woken: Callable[[str], list[Document]]
) -> None:
    row = books.sent()
    record = VoucherRecord(entry_id=row.entry_id, number="PLEO-1-0", voucher_id="v-1")
    vouchers, matches = Vouchers(aws.ledger_table), Matches(aws.ledger_table)
    record = vouchers.save(books.connection_id, record, NOW)
    matches.register(books.connection_id, "v-1", row.entry_id)

    assert resend(ops_, "--entry", row.entry_id, "--dry-run")["would_send_hints"] == 1
    assert matches.waiting(books.connection_id, 5) == []
    told = resend(ops_, "--entry", row.entry_id, "--wait", "0")

    assert told["result"] == "0 sent, 1 already there, 1 hint still waiting"
    assert [each.voucher_id for each in matches.waiting(books.connection_id, 5)] == ["v-1"]
    assert woken("ExportQueue") == [{"connection_id": books.connection_id}]
    assert woken("FeedQueue") == []
    vouchers.save(books.connection_id, replace(record, hinted=True), NOW)
    assert resend(ops_, "--entry", row.entry_id)["result"] == "0 sent, 1 already there"


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Say what to send: --from DAY and --to DAY, or --entry ID."),
        (("--from", "12.01.2026"), "--from '12.01.2026' is no day: write it as 2026-11-30."),
        (("--from", "2026-01-13", "--to", "2026-01-12"), "--from 2026-01-13 is after --to 2026-01-12: exchange them."),
    ],
)
def test_what_cannot_be_meant_is_refused(ops_: Ops, company: str, arguments: tuple[str, ...], sentence: str) -> None:
    ran = ops_("resend", "--company", "alpha", *arguments)
    assert (ran.code, ran.complaint) == (1, f"{sentence}\n")


@pytest.mark.parametrize(
    ("status", "hold", "told"),
    [
        (Status.HELD, "plan", ("held: plan", "change the plan", "ops resume --company")),
        (Status.HELD, "paused", ("held: paused", "ops resume --company")),
        (Status.DISCONNECTED, "", ("is disconnected",)),
        (Status.CONNECTING, "", ("is connecting",)),
    ],
)
def test_for_a_company_that_nothing_is_written_for_the_remedy_is_named(
    ops_: Ops, connected: Callable[..., Connection], status: Status, hold: str, told: tuple[str, ...]
) -> None:
    connected("Alpha GmbH", status=status, hold=hold)

    ran = ops_("resend", "--company", "alpha", *DAY, "--reason", "x")

    assert ran.code == 1
    assert all(part in ran.complaint for part in told), ran.complaint
    assert ran.complaint.count("\n") == 1


def test_more_than_a_hundred_lines_want_a_second_confirmation(ops_: Ops, books: Books, feed: list[State]) -> None:
    feed.append(State.SENT)
    for number in range(101):
        books.accept(number)

    ran = ops_("resend", "--company", "alpha", *DAY, "--reason", "x")
    assert ran.complaint == "That would send 101 lines: look with --dry-run, then confirm with --yes.\n"
    assert set(books.states().values()) == {"ready"}
    assert ops_("audit", "--json").data["actions"] == []

    feed[:] = [State.SENT]
    assert resend(ops_, *DAY, "--yes", "--wait", "0")["sent"] == 0  # not waited for
    assert books.states()["entry-0000"] == "sent"


@pytest.mark.parametrize(("typed", "state"), [("3", "sent"), ("2", "ready"), ("y", "ready")])
def test_a_person_confirms_many_lines_by_typing_their_number(
    ops_: Ops, books: Books, feed: list[State], monkeypatch: pytest.MonkeyPatch, typed: str, state: str
) -> None:
    feed.append(State.SENT)
    for number in range(3):
        books.accept(number)
    monkeypatch.setattr("ops.resend._CONFIRMED_ABOVE", 2)
    monkeypatch.setattr("ops.context.Console", lambda **_: Console(file=StringIO(), force_interactive=True))

    ops_("resend", "--company", "alpha", *DAY, "--reason", "x", "--wait", "0", typed=f"{typed}\n")

    assert books.states()["entry-0000"] == state


def test_without_a_reason_nothing_is_sent(ops_: Ops, books: Books) -> None:
    books.refused()

    assert ops_("resend", "--company", "alpha", *DAY).code == 1
    assert set(books.states().values()) == {"failed"}
