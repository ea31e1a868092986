"""State and steps of the two halves of an expense, line and voucher. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.exporting.item_rules import BY_TYPE, Treatment
from shared.domain.exporting.match import MatchState
from shared.domain.feeding.ledger import Row, State
from shared.domain.lookup.expense_facts import ExpenseFacts, ExportFacts, ExportOutcome
from shared.domain.times import moment


class LineState(StrEnum):
    """The state of an entry's line with its corrections: the most severe state of its rows."""

    UNKNOWN = "unknown"  # not in the ledger
    NOT_SETTLED = "not_settled"
    REVERSED = "reversed"
    HELD = "held"
    FAILED = "failed"
    WAITING = "waiting"  # open work of the feed
    SENT = "sent"
    BY_HAND = "by_hand"  # listed to be entered in lexoffice by hand
    NONE = "none"  # the wallet does not move


class VoucherState(StrEnum):
    """The state of an expense's voucher."""

    MADE = "made"
    LOST = "lost"  # cancelled or deleted in lexoffice
    UNSURE = "unsure"  # sent, but lexoffice's answer is unknown
    MISSING = "missing"
    NOT_NEEDED = "not_needed"  # exported successfully without a voucher

    @property
    def is_made(self) -> bool:
        """Whether a voucher was created, even if it was cancelled or deleted later."""
        return self in {VoucherState.MADE, VoucherState.LOST}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of an expense. `what` and `state` are stable words; `at` is None if unknown.

    `detail` by step:

    - line: the row's reason, then lexoffice's message;
    - exported: the error's code;
    - receipts: their number;
    - match: the state of the match (shared/domain/exporting/match.py).
    """

    what: str  # accepted, settled, line, exported, voucher, receipts, hint, match
    state: str  # done, waiting, failed, missing, not_needed
    at: datetime | None = None
    detail: str = ""


_LOST = frozenset({MatchState.VOIDED, MatchState.GONE})
_TREATMENTS_WITH_VOUCHER = frozenset({Treatment.EXPENSE, Treatment.CREDIT, Treatment.EITHER})


def line_state(rows: Sequence[Row]) -> LineState:
    """Return the line state of an entry's rows with corrections, or of a single row."""
    states = [row.state for row in rows]
    for state, line in (
        (State.VOID, LineState.REVERSED),
        (State.PENDING, LineState.NOT_SETTLED),
        (State.HELD, LineState.HELD),
        (State.FAILED, LineState.FAILED),
        (State.READY, LineState.WAITING),
        (State.INCOMPLETE, LineState.WAITING),
    ):
        if state in states:
            return line
    final = {State.SENT: LineState.SENT, State.LISTED: LineState.BY_HAND, State.NONE: LineState.NONE}
    return final[states[0]] if states else LineState.UNKNOWN


def needs_voucher(kind: str) -> bool:
    """Return whether the export of an entry of this kind (as in the ledger) creates a voucher."""
    rule = BY_TYPE.get("fee" if kind == "fee_refund" else kind)
    return rule is not None and rule.treatment in _TREATMENTS_WITH_VOUCHER


def voucher_state(facts: ExpenseFacts) -> VoucherState:
    """Return the state of the entry's voucher, or of the voucher of the invoice that it pays."""
    if facts.voucher is not None and facts.voucher.voucher_id:
        return VoucherState.LOST if facts.match in _LOST else VoucherState.MADE
    export = facts.export
    if export is not None and export.outcome is ExportOutcome.SUCCESSFUL and not pays_invoice(facts):
        return VoucherState.NOT_NEEDED  # a wallet movement succeeds without one
    return VoucherState.MISSING if facts.voucher is None else VoucherState.UNSURE


def known_export(facts: ExpenseFacts) -> ExportFacts | None:
    """Return the newest export, or None.

    A forgotten export is returned only if it explains why a voucher is missing.
    """
    if facts.export is None or facts.export.outcome is not ExportOutcome.FORGOTTEN:
        return facts.export
    row = facts.rows[0] if facts.rows else None
    is_due = row is not None and needs_voucher(row.kind) and row.reason != "zero_amount"
    return facts.export if is_due and not voucher_state(facts).is_made else None


def pays_invoice(facts: ExpenseFacts) -> bool:
    """Return whether the entry pays an invoice. Its voucher is the invoice's, which Pleo exports as a separate item."""
    return bool(facts.rows) and facts.rows[0].kind == "invoice_payment"


def line_steps(facts: ExpenseFacts, line: LineState) -> list[Step]:
    """Return the steps accepted, settled and line."""
    row = facts.rows[0] if facts.rows else None
    if row is None:
        return [
            Step(what="accepted", state="missing"),
            Step(what="settled", state="waiting"),
            Step(what="line", state="missing"),
        ]
    settled = {LineState.REVERSED: "not_needed", LineState.NOT_SETTLED: "waiting"}.get(line, "done")
    return [
        Step(what="accepted", state="done", at=moment(row.ready_at)),
        Step(what="settled", state=settled, at=moment(row.settled_at) if settled == "done" else None),
        _line_step(facts.rows, line),
    ]


def _line_step(rows: Sequence[Row], line: LineState) -> Step:
    """Return the step of the line with its corrections: the most severe state, and when the last row was final."""
    done_at = moment(max(row.final_at for row in rows))
    match line:
        case LineState.SENT:
            return Step(what="line", state="done", at=done_at)
        case LineState.BY_HAND:
            return Step(what="line", state="not_needed", at=done_at, detail="by_hand")
        case LineState.NONE | LineState.REVERSED:
            return Step(what="line", state="not_needed", detail=rows[0].reason)
    worst = next(row for row in rows if line_state([row]) is line)
    state = "failed" if line in {LineState.HELD, LineState.FAILED} else "waiting"
    return Step(what="line", state=state, detail=" ".join(filter(None, (worst.reason, worst.detail))))


def voucher_steps(facts: ExpenseFacts, voucher: VoucherState, export: ExportFacts | None) -> list[Step]:
    """Return the steps exported, voucher, receipts, hint and match."""
    steps = [_exported_step(voucher, export)]
    record = facts.voucher
    if record is None or not voucher.is_made:
        rest = "not_needed" if voucher is VoucherState.NOT_NEEDED else "missing"
        steps.append(Step(what="voucher", state="waiting" if voucher is VoucherState.UNSURE else rest))
        return [*steps, *(Step(what=what, state=rest) for what in ("receipts", "hint", "match"))]
    is_lost = voucher is VoucherState.LOST
    steps.append(Step(what="voucher", state="failed" if is_lost else "done", at=record.made_at))
    receipts = "waiting" if record.uploading else "done" if record.receipts else "missing"
    steps.append(Step(what="receipts", state=receipts, detail=str(record.receipts)))
    steps.append(Step(what="hint", state="done" if record.hinted else "waiting"))
    match = "failed" if is_lost else "waiting" if facts.match in {None, MatchState.OPEN} else "done"
    word = facts.match.value if facts.match else ""
    return [*steps, Step(what="match", state=match, at=facts.matched_at, detail=word)]


def _exported_step(voucher: VoucherState, export: ExportFacts | None) -> Step:
    if export is None:
        # The snapshot of an export is kept for 90 days only, its voucher for good.
        return Step(what="exported", state="done" if voucher.is_made else "missing")
    states = {ExportOutcome.RUNNING: "waiting", ExportOutcome.SUCCESSFUL: "done"}
    return Step(what="exported", state=states.get(export.outcome, "failed"), at=export.clicked_at, detail=export.code)
