"""State of an expense: both halves, receipts, hint, match, and the branch of the article's troubleshooting tree.

Pure functions of facts. The expense's page, `ops trace`, `ops resend` and the month-end sheet use this decision.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.domain.exporting import export_errors
from shared.domain.exporting.match import Criterion, MatchState
from shared.domain.feeding.entry_rules import Destination
from shared.domain.feeding.ledger import Row, State
from shared.domain.lookup.expense_facts import ExpenseFacts, ExportFacts, ExportOutcome
from shared.domain.lookup.expense_halves import (
    LineState,
    Step,
    VoucherState,
    known_export,
    line_state,
    line_steps,
    pays_invoice,
    voucher_state,
    voucher_steps,
)


class Branch(StrEnum):
    """The branch of an expense. Values are stable. T and S numbers name the article's question that it answers."""

    COMPLETE = "complete"  # T6: line, voucher, receipts, hint; the suggestion is there or will be
    MATCHED = "matched"  # T2: already accepted, see «Alle Umsätze»
    LINE_WAITING = "line_waiting"  # T2: the line is not sent yet
    LINE_FAILED = "line_failed"  # T2: lexoffice refuses the line
    LINE_HELD = "line_held"  # T2: must be checked by hand
    LINE_BY_HAND = "line_by_hand"  # S10: entered in lexoffice by hand
    NO_SUGGESTION = "no_suggestion"  # T2: line and voucher exist, but a criterion of the suggestion is not met
    NOT_EXPORTED = "not_exported"  # T3: not exported yet
    EXPORT_FAILED = "export_failed"  # T3: the export failed; has its code, unless the snapshot expired
    EXPORT_RUNNING = "export_running"  # T3: the export is in progress
    VOUCHER_GONE = "voucher_gone"  # T3: exported, but the voucher was cancelled or deleted in lexoffice
    PAID_PRIVATELY = "paid_privately"  # S11: not paid from the wallet, not supported
    NOT_SETTLED = "not_settled"  # nothing to show yet
    REVERSED = "reversed"  # never became a payment
    COMPANY_HELD = "company_held"  # T5: access revoked, plan ended, account missing
    UNKNOWN = "unknown"  # no row, export or voucher


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpenseState:
    """The state of one expense. Unknown values are "" or None.

    - `rows`: ledger rows with corrections. `line` is the most severe state of them.
    - `export`: the newest export. A forgotten one counts as failed if a voucher is due and missing, else as none.
    - `code`, `values`: the export's error.
    - `hold`: why the company is held.
    - `unmet_criteria`: the suggestion criteria that are still unmet.
    - `amount`: effect on the wallet in euro cents with all corrections, or the amount that Pleo's export states.
    """

    entry_id: str
    book_id: str
    branch: Branch
    steps: tuple[Step, ...]
    rows: tuple[Row, ...] = ()
    line: LineState = LineState.UNKNOWN
    export: ExportOutcome | None = None
    voucher: VoucherState = VoucherState.MISSING
    match: MatchState | None = None
    code: str = ""
    values: tuple[tuple[str, str], ...] = ()
    hold: str = ""
    voucher_id: str = ""
    voucher_number: str = ""
    line_reference: str = ""
    unmet_criteria: tuple[str, ...] = ()
    pleo_url: str = ""
    kind: str = ""
    amount: int | None = None
    counterparty: str = ""
    day: date | None = None

    @property
    def export_failed(self) -> bool:
        """Whether the newest export failed, regardless of the voucher."""
        return self.export in _FAILED_EXPORTS

    @property
    def hint_missing(self) -> bool:
        """Whether the voucher is in lexoffice but its hint was never sent."""
        states = {step.what: step.state for step in self.steps}
        return states.get("voucher") == "done" and states.get("hint") == "waiting"


_SETTLED = frozenset({MatchState.ACCEPTED, MatchState.ELSEWHERE, MatchState.SETTLED})
_MOVED = frozenset({State.READY, State.SENT, State.LISTED, State.FAILED})
_FAILED_EXPORTS = frozenset({ExportOutcome.FAILED, ExportOutcome.ABANDONED, ExportOutcome.FORGOTTEN})
_BRANCHES_OF_LINES = {
    LineState.REVERSED: Branch.REVERSED,
    LineState.NOT_SETTLED: Branch.NOT_SETTLED,
    LineState.HELD: Branch.LINE_HELD,
    LineState.FAILED: Branch.LINE_FAILED,
}
# Errors that the hold causes: while the company is held, the hold is the cause to report.
_CODES_OF_HOLDS = frozenset(
    error.code
    for error in (
        export_errors.ACCESS_GONE,
        export_errors.PLAN,
        export_errors.WALLET_ACCOUNT_GONE,
        export_errors.PAUSED,
        export_errors.DISCONNECTED,
    )
)
# Branches that neither waiting nor another export resolves while the company is held.
_BLOCKED = frozenset({Branch.LINE_WAITING, Branch.NOT_EXPORTED, Branch.EXPORT_RUNNING, Branch.VOUCHER_GONE})


def decide(facts: ExpenseFacts) -> ExpenseState:
    """Decide the state of an expense from its facts, and list its steps in order."""
    line, voucher, export = line_state(facts.rows), voucher_state(facts), known_export(facts)
    branch = _branch(facts, line, voucher, export)
    row = facts.rows[0] if facts.rows else None
    has_line = row is not None and row.destination is Destination.LINE
    return ExpenseState(
        entry_id=facts.entry_id,
        book_id=facts.book_id,
        branch=branch,
        steps=(*line_steps(facts, line), *voucher_steps(facts, voucher, export)),
        rows=tuple(facts.rows),
        line=line,
        export=export.outcome if export else None,
        voucher=voucher,
        match=facts.match,
        code=export.code if export else "",
        values=export.values if export else (),
        hold=facts.hold,
        voucher_id=facts.voucher.voucher_id if facts.voucher else "",
        voucher_number=facts.voucher.number if facts.voucher else "",
        line_reference=row.reference if row and has_line else "",
        unmet_criteria=_unmet_criteria(facts) if branch is Branch.NO_SUGGESTION else (),
        pleo_url=facts.pleo_url,
        kind=row.kind if row else "",
        amount=row.total if row and row.state in _MOVED else facts.amount,
        counterparty=row.counterparty if row else facts.counterparty,
        day=(row.day if row else None) or facts.day,
    )


def _branch(facts: ExpenseFacts, line: LineState, voucher: VoucherState, export: ExportFacts | None) -> Branch:
    branch = _own_branch(facts, line, voucher, export)
    is_blocked = branch in _BLOCKED or (
        branch is Branch.EXPORT_FAILED and export is not None and export.code in _CODES_OF_HOLDS
    )
    return Branch.COMPANY_HELD if facts.hold and is_blocked else branch


def _own_branch(facts: ExpenseFacts, line: LineState, voucher: VoucherState, export: ExportFacts | None) -> Branch:
    """Return the branch regardless of a hold. Order of checks: voucher, line, suggestion."""
    row = facts.rows[0] if facts.rows else None
    if row is None and export is None and facts.voucher is None:
        return Branch.UNKNOWN
    if voucher.is_made and facts.match in _SETTLED:
        return Branch.MATCHED
    if of_voucher := _voucher_branch(voucher, export):
        return of_voucher
    if row is not None and (of_line := _line_branch(row, line)):
        return of_line
    if not voucher.is_made and (export is None or pays_invoice(facts)):
        return _not_exported_branch(row)
    if row is None:
        # Exported before Pleo's webhook about the payment arrived. The next scheduled sync reads the payment.
        return Branch.LINE_WAITING
    is_hinted = facts.voucher is not None and facts.voucher.hinted
    return Branch.NO_SUGGESTION if voucher.is_made and (_unmet_criteria(facts) or not is_hinted) else Branch.COMPLETE


def _voucher_branch(voucher: VoucherState, export: ExportFacts | None) -> Branch | None:
    """Return the branch of a problem with the newest export or its voucher, or None."""
    if export is not None and export.outcome in _FAILED_EXPORTS:
        return Branch.EXPORT_FAILED
    if export is not None and export.outcome is ExportOutcome.RUNNING:
        return Branch.EXPORT_RUNNING
    return Branch.VOUCHER_GONE if voucher is VoucherState.LOST else None


def _line_branch(row: Row, line: LineState) -> Branch | None:
    """Return the branch of a problem with the line or a correction of it, or None."""
    if line in _BRANCHES_OF_LINES:
        return _BRANCHES_OF_LINES[line]
    if row.destination is Destination.HAND:
        return Branch.LINE_BY_HAND
    return Branch.LINE_WAITING if line is LineState.WAITING else None


def _not_exported_branch(row: Row | None) -> Branch:
    # An invoice does not move the wallet itself, but its payment does.
    if row is not None and row.destination is Destination.NONE and row.kind != "invoice":
        return Branch.PAID_PRIVATELY
    if row is not None and row.reason == "zero_amount":
        return Branch.COMPLETE
    return Branch.NOT_EXPORTED


def _unmet_criteria(facts: ExpenseFacts) -> tuple[str, ...]:
    """Return the criteria that are still unmet: a line that was missing at the export may have been sent since."""
    unmet_criteria = facts.export.unmet_criteria if facts.export else ()
    has_arrived = bool(facts.rows) and facts.rows[0].state is State.SENT
    return tuple(
        criterion for criterion in unmet_criteria if not (has_arrived and criterion == Criterion.LINE_MISSING.value)
    )
