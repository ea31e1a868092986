"""From a situation to the remedy: every branch names its question, and the command that fixes it if there is one."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from samples import ENTRY_ID, entry, pending

from ops.remedies import Remedy, Situation, remedy_for, waits_since, worker_of
from shared.aws.failures import EXPORT, FEED, Failure
from shared.domain.connecting.company_state import Hold
from shared.domain.exporting.match import MatchState
from shared.domain.feeding.ledger import Row, State, row_for
from shared.domain.lookup.expense_facts import ExpenseFacts, ExportFacts, ExportOutcome, VoucherFacts
from shared.domain.lookup.expense_state import Branch, decide

AT = datetime(2026, 1, 13, 8, tzinfo=UTC)
READY = replace(row_for(entry()), ready_at="2026-01-12T09:01:00.000000Z")
SENT = replace(READY, state=State.SENT, transaction_id="t", final_at="2026-01-12T09:02:00.000000Z")
REFUSED = replace(READY, state=State.FAILED, reason="refused_by_lexoffice", detail="Zeitraum festgeschrieben")
HELD = replace(READY, state=State.HELD, reason="entry_not_found")
FOREIGN = replace(READY, state=State.HELD, reason="wallet_currency", detail="SEK")
EXPORTED = ExportFacts(clicked_at=AT, outcome=ExportOutcome.SUCCESSFUL)
RUNNING = ExportFacts(clicked_at=AT, outcome=ExportOutcome.RUNNING)
BROKEN = ExportFacts(clicked_at=AT, outcome=ExportOutcome.FAILED, code="EXP-TAX-UNKNOWN", values=(("tax", "21 %"),))
VOUCHER = VoucherFacts(number="PLEO-1-0", voucher_id="v", made_at=AT, receipts=1, uploading=False, hinted=True)
UNHINTED = replace(VOUCHER, hinted=False)
DOWN = Failure(AT, "lexoffice answered 503 to POST /v1/finance/transactions", 5)
RESEND = ("resend", "--company", "c", "--entry", ENTRY_ID)


def situation(*rows: Row, failure: Failure | None = None, dead: int = 0, **facts: Any) -> Situation:
    known: dict[str, Any] = {"export": None, "voucher": None, "match": None, "matched_at": None, "hold": ""}
    state = decide(ExpenseFacts(entry_id=ENTRY_ID, rows=rows, **(known | facts)))
    return Situation(connection_id="c", state=state, failure=failure, dead=dead)


def both(*rows: Row, **facts: Any) -> Situation:
    usual: dict[str, Any] = {"export": EXPORTED, "voucher": VOUCHER, "match": MatchState.OPEN}
    return situation(*rows, **(usual | facts))


@pytest.mark.parametrize(
    ("given", "branch", "question", "command"),
    [
        # The article's own case, in its three forms
        (both(READY), Branch.LINE_WAITING, "T2", RESEND),
        (both(READY, failure=DOWN), Branch.LINE_WAITING, "T2", RESEND),
        (
            both(READY, failure=DOWN, dead=2),
            Branch.LINE_WAITING,
            "T2",
            ("redrive", "--queue", "feed", "--company", "c"),
        ),
        (both(REFUSED), Branch.LINE_FAILED, "T2", RESEND),
        (both(), Branch.LINE_WAITING, "T2", ("proof", "--company", "c", "--now")),
        (both(HELD), Branch.LINE_HELD, "T2", ("proof", "--company", "c", "--now")),
        (both(FOREIGN), Branch.LINE_HELD, "T2", ()),
        (both(SENT, voucher=UNHINTED), Branch.NO_SUGGESTION, "T2", RESEND),
        (
            both(SENT, voucher=UNHINTED, failure=DOWN, dead=1),
            Branch.NO_SUGGESTION,
            "T2",
            ("redrive", "--queue", "export", "--company", "c"),
        ),
        (both(SENT, export=replace(EXPORTED, unmet_criteria=("voucher_after_line",))), Branch.NO_SUGGESTION, "T2", ()),
        (both(SENT, match=MatchState.ACCEPTED), Branch.MATCHED, "T2", ()),
        (both(SENT, voucher=UNHINTED, export=BROKEN), Branch.EXPORT_FAILED, "T2", RESEND),
        # Nothing visible, or only the line
        (situation(READY), Branch.LINE_WAITING, "T1", RESEND),
        (situation(row_for(pending())), Branch.NOT_SETTLED, "T1", ()),
        (situation(SENT), Branch.NOT_EXPORTED, "T3", ()),
        (situation(SENT, export=BROKEN), Branch.EXPORT_FAILED, "T3", ()),
        (situation(READY, export=BROKEN), Branch.EXPORT_FAILED, "T3", RESEND),
        (situation(REFUSED, export=BROKEN), Branch.EXPORT_FAILED, "T3", RESEND),
        (situation(SENT, export=RUNNING), Branch.EXPORT_RUNNING, "T3", ()),
        (
            situation(SENT, export=RUNNING, failure=DOWN),
            Branch.EXPORT_RUNNING,
            "T3",
            ("sync", "--company", "c", "--now"),
        ),
        (
            situation(SENT, export=RUNNING, failure=DOWN, dead=1),
            Branch.EXPORT_RUNNING,
            "T3",
            ("redrive", "--queue", "export", "--company", "c"),
        ),
        # The common cause first
        (situation(READY, hold=Hold.PAUSED), Branch.COMPANY_HELD, "T5", ("resume", "--company", "c")),
        (situation(READY, hold=Hold.ACCOUNT_MISSING), Branch.COMPANY_HELD, "T5", ("resume", "--company", "c")),
        (situation(READY, hold=Hold.LEXOFFICE_ACCESS_GONE), Branch.COMPANY_HELD, "T5", ()),
        (situation(READY, hold="disconnected"), Branch.COMPANY_HELD, "T5", ()),
        (both(SENT), Branch.COMPLETE, "T6", ()),
    ],
)
def test_a_situation_has_its_question_and_its_remedy(
    given: Situation, branch: Branch, question: str, command: tuple[str, ...]
) -> None:
    remedy = remedy_for(given)

    assert (given.state.branch, remedy.question, remedy.command) == (branch, question, command)
    assert remedy.title
    assert remedy.advice


@pytest.mark.parametrize("trouble", [{"failure": DOWN}, {"dead": 1}])
def test_a_line_whose_feed_fails_is_not_said_to_be_on_its_way(trouble: dict[str, Any]) -> None:
    assert "on its way" in remedy_for(both(READY)).title
    assert "on its way" not in remedy_for(both(READY, **trouble)).title


def test_an_invoices_hint_is_not_an_operators_to_send() -> None:
    invoice = row_for(entry(family="BILL_INVOICE"))
    remedy = remedy_for(both(invoice, voucher=UNHINTED, export=replace(EXPORTED, unmet_criteria=("line_missing",))))

    assert remedy.command == ()
    assert "payment" in remedy.advice


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        (both(READY, failure=DOWN), "The feed failed at 2026-01-13 09:00:00, attempt 5: lexoffice answered 503"),
        (both(READY, dead=2), "2 wake-ups of the company in its dead-letter queue."),
        (both(READY), "Nothing has failed"),
        (both(REFUSED), "Zeitraum festgeschrieben"),
        (both(FOREIGN), "SEK"),
        (situation(SENT, export=BROKEN), "21 %"),
        (situation(READY, hold=Hold.LEXOFFICE_ACCESS_GONE), "[lexoffice_access_gone]"),
    ],
)
def test_the_cause_is_told(given: Situation, cause: str) -> None:
    assert cause in remedy_for(given).cause


def test_every_branch_that_is_told_has_words() -> None:
    for branch in Branch:
        state = replace(both(SENT).state, branch=branch, hold="plan", rows=(HELD, REFUSED, SENT))
        made = remedy_for(Situation(connection_id="c", state=state))
        assert isinstance(made, Remedy)
        assert made.title


@pytest.mark.parametrize(
    ("given", "worker", "since"),
    [
        (both(READY), FEED, "2026-01-12T09:01:00.000000Z"),
        (both(SENT, replace(READY, revision=2)), FEED, "2026-01-12T09:01:00.000000Z"),
        (both(replace(row_for(entry(bill=None)), ready_at="")), FEED, "2026-01-12T09:00:00.000000Z"),
        (situation(SENT, export=RUNNING), EXPORT, "2026-01-13T08:00:00.000000Z"),
        (both(SENT, voucher=UNHINTED), EXPORT, "2026-01-13T08:00:00.000000Z"),
        (both(SENT), "", ""),
    ],
)
def test_only_the_worker_that_has_something_to_do_can_have_failed(given: Situation, worker: str, since: str) -> None:
    assert worker_of(given.state) == worker
    if worker:
        assert waits_since(worker, given.state) == since
