"""The troubleshooting tree: for each state of both halves one branch, and what is missing."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from samples import ENTRY_ID, entry, pending

from shared.domain.exporting.match import MatchState
from shared.domain.feeding.ledger import Row, State, row_for
from shared.domain.lookup.expense_facts import ExpenseFacts, ExportFacts, ExportOutcome, VoucherFacts
from shared.domain.lookup.expense_halves import Step
from shared.domain.lookup.expense_state import Branch, ExpenseState, decide
from shared.domain.money import Money

CLICKED = datetime(2026, 1, 13, 8, tzinfo=UTC)
MADE = datetime(2026, 1, 13, 8, 1, tzinfo=UTC)
LOOKED = datetime(2026, 1, 14, 8, tzinfo=UTC)
SETTLED = datetime(2026, 1, 12, 9, tzinfo=UTC)
READY = datetime(2026, 1, 12, 9, 1, tzinfo=UTC)
FED = datetime(2026, 1, 12, 9, 2, tzinfo=UTC)

READY_ROW = replace(row_for(entry()), ready_at=READY.isoformat())
SENT = replace(READY_ROW, state=State.SENT, transaction_id="t-1", final_at=FED.isoformat())
REFUSED = replace(READY_ROW, state=State.FAILED, reason="refused_by_lexoffice", detail="Zeitraum geschlossen")
MOVEMENT = row_for(entry(family="WALLET", sub_family="LOAD"))
LISTED = replace(MOVEMENT, state=State.LISTED, final_at=FED.isoformat())
CORRECTION = replace(READY_ROW, revision=2, amount=-100, total=-100, reason="correction")
INVOICE_PAYMENT = replace(SENT, kind="invoice_payment")

EXPORTED = ExportFacts(clicked_at=CLICKED, outcome=ExportOutcome.SUCCESSFUL)
RUNNING = ExportFacts(clicked_at=CLICKED, outcome=ExportOutcome.RUNNING)
WITHOUT_TAX = ExportFacts(
    clicked_at=CLICKED, outcome=ExportOutcome.FAILED, code="EXP-TAX-UNKNOWN", values=(("tax", "21 %"),)
)
FORGOTTEN = ExportFacts(outcome=ExportOutcome.FORGOTTEN)
EXPIRED = ExportFacts(clicked_at=CLICKED, outcome=ExportOutcome.ABANDONED, code="EXP-JOB-EXPIRED")
LOCKED_OUT = ExportFacts(clicked_at=CLICKED, outcome=ExportOutcome.ABANDONED, code="EXP-ACCESS-GONE")

VOUCHER = VoucherFacts(
    number="PLEO-4113617-0123456789", voucher_id="v-1", made_at=MADE, receipts=1, uploading=False, hinted=True
)
INTENDED = replace(VOUCHER, voucher_id="", made_at=None, receipts=0, hinted=False)


def known(*rows: Row, **changes: Any) -> ExpenseFacts:
    facts: dict[str, Any] = {"export": None, "voucher": None, "match": None, "matched_at": None, "hold": ""}
    return ExpenseFacts(entry_id=ENTRY_ID, rows=rows, **(facts | changes))


def both(**changes: Any) -> ExpenseFacts:
    """Line and voucher are there, nobody has accepted the match."""
    facts: dict[str, Any] = {"export": EXPORTED, "voucher": VOUCHER, "match": MatchState.OPEN}
    return known(SENT, **(facts | changes))


@pytest.mark.parametrize(
    ("given", "branch"),
    [
        (known(), Branch.UNKNOWN),
        # T1, T6: exported, and everything is there
        (both(), Branch.COMPLETE),
        (both(match=None), Branch.COMPLETE),
        (both(export=None), Branch.COMPLETE),  # the snapshot has expired, the voucher is for good
        (both(export=replace(EXPORTED, unmet_criteria=("line_missing",))), Branch.COMPLETE),  # the line has come since
        (known(LISTED, export=EXPORTED), Branch.LINE_BY_HAND),
        # T2: the voucher is there, no suggestion
        (both(match=MatchState.ACCEPTED), Branch.MATCHED),
        (both(match=MatchState.ELSEWHERE), Branch.MATCHED),
        (both(match=MatchState.SETTLED), Branch.MATCHED),
        (replace(both(match=MatchState.ACCEPTED), rows=(SENT, CORRECTION)), Branch.MATCHED),
        (replace(both(), rows=(READY_ROW,)), Branch.LINE_WAITING),
        (replace(both(), rows=(row_for(entry(bill=None)),)), Branch.LINE_WAITING),
        (replace(both(), rows=()), Branch.LINE_WAITING),
        (replace(both(), rows=(REFUSED,)), Branch.LINE_FAILED),
        (replace(both(), rows=(SENT, replace(CORRECTION, state=State.FAILED))), Branch.LINE_FAILED),
        (replace(both(), rows=(SENT, CORRECTION)), Branch.LINE_WAITING),
        (replace(both(), rows=(row_for(entry(family="NEW")),)), Branch.LINE_HELD),
        (both(export=replace(EXPORTED, unmet_criteria=("voucher_after_line",))), Branch.NO_SUGGESTION),
        (both(voucher=replace(VOUCHER, hinted=False)), Branch.NO_SUGGESTION),
        # T3: nothing under «Belege»
        (known(SENT), Branch.NOT_EXPORTED),
        (known(SENT, voucher=INTENDED), Branch.NOT_EXPORTED),
        (known(row_for(entry(family="BILL_INVOICE"))), Branch.NOT_EXPORTED),
        (known(SENT, export=FORGOTTEN), Branch.EXPORT_FAILED),
        (known(SENT, export=FORGOTTEN, voucher=INTENDED), Branch.EXPORT_FAILED),
        (both(export=FORGOTTEN), Branch.COMPLETE),
        (known(INVOICE_PAYMENT, export=FORGOTTEN), Branch.NOT_EXPORTED),
        (known(row_for(entry(bill=Money(0, "EUR"))), export=FORGOTTEN), Branch.COMPLETE),
        (known(row_for(entry(family="MILEAGE")), export=FORGOTTEN), Branch.PAID_PRIVATELY),
        (known(export=FORGOTTEN), Branch.UNKNOWN),
        (known(INVOICE_PAYMENT, export=EXPORTED), Branch.NOT_EXPORTED),  # its voucher is that of the invoice
        (known(SENT, export=RUNNING), Branch.EXPORT_RUNNING),
        (known(READY_ROW, export=RUNNING), Branch.EXPORT_RUNNING),
        (known(SENT, export=WITHOUT_TAX), Branch.EXPORT_FAILED),
        (known(REFUSED, export=WITHOUT_TAX), Branch.EXPORT_FAILED),
        (known(SENT, export=EXPIRED), Branch.EXPORT_FAILED),
        (known(export=WITHOUT_TAX), Branch.EXPORT_FAILED),
        (both(match=MatchState.VOIDED), Branch.VOUCHER_GONE),
        (both(match=MatchState.GONE), Branch.VOUCHER_GONE),
        # nothing of it yet, or nothing at all
        (known(READY_ROW), Branch.LINE_WAITING),
        (known(MOVEMENT), Branch.LINE_BY_HAND),
        (known(LISTED), Branch.LINE_BY_HAND),
        (known(row_for(pending())), Branch.NOT_SETTLED),
        (known(row_for(pending(status="CANCELLED"))), Branch.REVERSED),
        (known(row_for(entry(family="OUT_OF_POCKET"))), Branch.PAID_PRIVATELY),
        (known(row_for(entry(status="COMPLETED_EXTERNALLY"))), Branch.PAID_PRIVATELY),
        (known(row_for(entry(bill=Money(0, "EUR")))), Branch.COMPLETE),
        (known(row_for(entry(family="MILEAGE")), export=WITHOUT_TAX), Branch.EXPORT_FAILED),
        # T5: the common cause goes first
        (known(READY_ROW, hold="lexoffice_access_gone"), Branch.COMPANY_HELD),
        (known(SENT, hold="plan"), Branch.COMPANY_HELD),
        (known(SENT, export=LOCKED_OUT, hold="lexoffice_access_gone"), Branch.COMPANY_HELD),
        (known(READY_ROW, export=RUNNING, hold="pleo_access_gone"), Branch.COMPANY_HELD),
        (both(match=MatchState.GONE, hold="disconnected"), Branch.COMPANY_HELD),
        # … but only where it is the cause
        (known(SENT, export=LOCKED_OUT), Branch.EXPORT_FAILED),
        (known(SENT, export=WITHOUT_TAX, hold="plan"), Branch.EXPORT_FAILED),
        (known(REFUSED, hold="plan"), Branch.LINE_FAILED),
        (known(row_for(pending()), hold="plan"), Branch.NOT_SETTLED),
        (both(hold="plan"), Branch.COMPLETE),
        (both(match=MatchState.ACCEPTED, hold="plan"), Branch.MATCHED),
        (known(hold="plan"), Branch.UNKNOWN),
    ],
)
def test_what_is_known_leads_to_one_branch(given: ExpenseFacts, branch: Branch) -> None:
    assert decide(given).branch is branch


def states(trace: ExpenseState) -> dict[str, str]:
    return {step.what: step.state for step in trace.steps}


def steps(given: ExpenseFacts) -> dict[str, Step]:
    return {step.what: step for step in decide(given).steps}


def test_of_a_matched_expense_everything_is_done_and_dated() -> None:
    assert decide(both(match=MatchState.ACCEPTED, matched_at=LOOKED)).steps == (
        Step(what="accepted", state="done", at=READY),
        Step(what="settled", state="done", at=SETTLED),
        Step(what="line", state="done", at=FED),
        Step(what="exported", state="done", at=CLICKED),
        Step(what="voucher", state="done", at=MADE),
        Step(what="receipts", state="done", detail="1"),
        Step(what="hint", state="done"),
        Step(what="match", state="done", at=LOOKED, detail="accepted"),
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (known(), "missing waiting missing missing missing missing missing missing"),
        (known(row_for(pending())), "done waiting waiting missing missing missing missing missing"),
        (known(READY_ROW), "done done waiting missing missing missing missing missing"),
        (known(REFUSED), "done done failed missing missing missing missing missing"),
        (known(row_for(entry(family="NEW"))), "done done failed missing missing missing missing missing"),
        (known(row_for(pending(status="ERROR"))), "done not_needed not_needed missing missing missing missing missing"),
        (known(LISTED, export=EXPORTED), "done done not_needed done not_needed not_needed not_needed not_needed"),
        (known(SENT, export=RUNNING), "done done done waiting missing missing missing missing"),
        (known(SENT, export=RUNNING, voucher=INTENDED), "done done done waiting waiting missing missing missing"),
        (known(SENT, export=WITHOUT_TAX), "done done done failed missing missing missing missing"),
        (both(), "done done done done done done done waiting"),
        (both(export=None), "done done done done done done done waiting"),
        (both(voucher=replace(VOUCHER, receipts=0)), "done done done done done missing done waiting"),
        (both(voucher=replace(VOUCHER, uploading=True)), "done done done done done waiting done waiting"),
        (both(voucher=replace(VOUCHER, hinted=False)), "done done done done done done waiting waiting"),
        (both(match=MatchState.GONE), "done done done done failed done done failed"),
        (replace(both(), rows=(SENT, CORRECTION)), "done done waiting done done done done waiting"),
    ],
)
def test_every_step_is_told_in_order(given: ExpenseFacts, told: str) -> None:
    names = ("accepted", "settled", "line", "exported", "voucher", "receipts", "hint", "match")

    assert states(decide(given)) == dict(zip(names, told.split(), strict=True))


def test_a_refused_line_says_why_and_a_movement_that_it_is_entered_by_hand() -> None:
    assert steps(known(REFUSED))["line"].detail == "refused_by_lexoffice Zeitraum geschlossen"
    assert steps(known(LISTED))["line"] == Step(what="line", state="not_needed", at=FED, detail="by_hand")


def test_a_corrected_line_is_done_when_its_last_correction_is() -> None:
    corrected = replace(CORRECTION, state=State.SENT, final_at=LOOKED.isoformat())

    assert steps(replace(both(), rows=(SENT, corrected)))["line"].at == LOOKED


def test_the_answer_names_what_people_search_for() -> None:
    trace = decide(both(book_id="4113617", pleo_url="https://app.pleo.io/expense/1"))

    assert (trace.book_id, trace.voucher_id, trace.voucher_number) == ("4113617", "v-1", VOUCHER.number)
    assert (trace.line_reference, trace.pleo_url) == (f"pleo-{ENTRY_ID}", "https://app.pleo.io/expense/1")
    assert (trace.kind, trace.amount, trace.day) == ("card_purchase", -2677, date(2026, 1, 12))
    assert (trace.counterparty, trace.hold, trace.unmet_criteria, trace.code) == ("Muster Bürobedarf", "", (), "")


def test_a_failed_export_names_code_and_values_and_a_hold_its_reason() -> None:
    trace = decide(known(SENT, export=WITHOUT_TAX, hold="plan"))

    assert (trace.code, trace.values, trace.hold) == ("EXP-TAX-UNKNOWN", (("tax", "21 %"),), "plan")


def test_a_missing_suggestion_names_the_criteria_that_are_still_unmet() -> None:
    unmet_criteria = ("line_missing", "voucher_too_old")

    assert decide(both(export=replace(EXPORTED, unmet_criteria=unmet_criteria))).unmet_criteria == ("voucher_too_old",)
    invoice = row_for(entry(family="BILL_INVOICE"))
    assert (
        decide(replace(both(export=replace(EXPORTED, unmet_criteria=unmet_criteria)), rows=(invoice,))).unmet_criteria
        == unmet_criteria
    )


def test_a_forgotten_export_is_a_failed_step_only_where_it_explains_the_missing_voucher() -> None:
    assert steps(known(SENT, export=FORGOTTEN))["exported"] == Step(what="exported", state="failed")
    assert steps(both(export=FORGOTTEN))["exported"] == Step(what="exported", state="done")
    assert steps(known(INVOICE_PAYMENT, export=FORGOTTEN))["exported"].state == "missing"


@pytest.mark.parametrize("row", [MOVEMENT, row_for(entry(family="BILL_INVOICE"))])
def test_what_is_no_line_has_no_reference(row: Row) -> None:
    assert decide(known(row)).line_reference == ""


def test_what_the_ledger_does_not_know_is_taken_from_the_export() -> None:
    facts = {"amount": 1234, "counterparty": "Muster Hotel", "day": date(2026, 1, 9)}

    unknown = decide(known(export=WITHOUT_TAX, **facts))
    pending_ = decide(known(row_for(pending(merchant="Muster Bahn")), export=WITHOUT_TAX, **facts))

    assert (unknown.amount, unknown.counterparty, unknown.day) == (1234, "Muster Hotel", date(2026, 1, 9))
    assert (pending_.amount, pending_.counterparty, pending_.day) == (1234, "Muster Bahn", date(2026, 1, 9))
