"""The life of one expense, and what is missing of it: the article's troubleshooting tree as a decision.

T1 nothing visible … T6 nothing missing: each branch has one cure. Pure: what is known goes in, the branch comes out.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from shared.domain.exporting import export_errors
from shared.domain.exporting.match import Criterion, MatchState
from shared.domain.feeding.entry_rules import Destination
from shared.domain.feeding.ledger import WORK, Row, State
from shared.domain.lookup.trace_facts import Known


class Branch(StrEnum):
    """Where an expense stands; the value is stable. The letter-number is the article's question it answers."""

    COMPLETE = "complete"  # T6: line, voucher, receipts, hint; the suggestion is there or will be
    MATCHED = "matched"  # T2: already accepted, look under «Alle Umsätze»
    LINE_WAITING = "line_waiting"  # T2: the line is on its way
    LINE_FAILED = "line_failed"  # T2: lexoffice refuses the line
    LINE_HELD = "line_held"  # T2: a person must look
    LINE_BY_HAND = "line_by_hand"  # S10: entered by hand
    NO_SUGGESTION = "no_suggestion"  # T2: both are there, but outside the unmet_criteria
    NOT_EXPORTED = "not_exported"  # T3: nobody has exported it yet
    EXPORT_FAILED = "export_failed"  # T3: the export failed, with code
    EXPORT_RUNNING = "export_running"  # T3: on its way
    VOUCHER_GONE = "voucher_gone"  # T3: exported, but somebody cancelled or deleted the voucher in lexoffice
    PAID_PRIVATELY = "paid_privately"  # S11: not paid from the wallet, not supported
    NOT_SETTLED = "not_settled"  # nothing to show yet
    REVERSED = "reversed"  # never became a payment
    COMPANY_HELD = "company_held"  # T5: access revoked, plan ended, account missing
    UNKNOWN = "unknown"  # nothing is known of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened, or that is missing: `what` and `state` are stable words, `at` is None if unknown.

    `detail` of line: a row's reason, then lexoffice's words; of exported: the error's code; of receipts: how many; of
    match: what lexoffice says of the voucher (shared/domain/exporting/match.py).
    """

    what: str  # accepted, settled, line, exported, voucher, receipts, hint, match
    state: str  # done, waiting, failed, missing, not_needed
    at: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The answer about one expense.

    `code` and `values` name the export's error, `hold` why the company is held; `unmet_criteria` are broken ones.
    `amount` is its effect on the wallet in euro cents, all corrections included, or, where the ledger has none, what
    Pleo's export states; None if neither is known. What is not known is "".
    """

    entry_id: str
    book_id: str
    branch: Branch
    steps: tuple[Step, ...]
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


_SETTLED = frozenset({MatchState.ACCEPTED, MatchState.ELSEWHERE, MatchState.SETTLED})
_LOST = frozenset({MatchState.VOIDED, MatchState.GONE})
_MOVED = frozenset({State.READY, State.SENT, State.LISTED, State.FAILED})
# Errors that end with the hold: as long as it lasts, it is the cause to name.
_OF_THE_HOLD = frozenset(
    error.code
    for error in (
        export_errors.ACCESS_GONE,
        export_errors.PLAN,
        export_errors.WALLET_ACCOUNT_GONE,
        export_errors.PAUSED,
        export_errors.DISCONNECTED,
    )
)
# What cannot get on by itself, or by the customer's next click, while the company is held.
_BLOCKED = frozenset({Branch.LINE_WAITING, Branch.NOT_EXPORTED, Branch.EXPORT_RUNNING, Branch.VOUCHER_GONE})


def decide(known: Known) -> Trace:
    """Walk the tree: which branch an expense is on, and its steps in order."""
    branch = _branch(known)
    row = known.rows[0] if known.rows else None
    export, voucher = known.export, known.voucher
    has_line = row is not None and row.destination is Destination.LINE
    return Trace(
        entry_id=known.entry_id,
        book_id=known.book_id,
        branch=branch,
        steps=(*_line_steps(known), *_voucher_steps(known)),
        code=export.code if export else "",
        values=export.values if export else (),
        hold=known.hold,
        voucher_id=voucher.voucher_id if voucher else "",
        voucher_number=voucher.number if voucher else "",
        line_reference=row.reference if row and has_line else "",
        unmet_criteria=_unmet_criteria(known) if branch is Branch.NO_SUGGESTION else (),
        pleo_url=known.pleo_url,
        kind=row.kind if row else "",
        amount=row.total if row and row.state in _MOVED else known.amount,
        counterparty=row.counterparty if row else known.counterparty,
        day=(row.day if row else None) or known.day,
    )


def _branch(known: Known) -> Branch:
    branch = _own_branch(known)
    blocked = branch in _BLOCKED or (
        branch is Branch.EXPORT_FAILED and known.export is not None and known.export.code in _OF_THE_HOLD
    )
    return Branch.COMPANY_HELD if known.hold and blocked else branch


def _own_branch(known: Known) -> Branch:
    """The branch as if the company were not held: first the voucher's half, then the line's, then the suggestion."""
    row = known.rows[0] if known.rows else None
    made = known.voucher is not None and bool(known.voucher.voucher_id)
    if row is None and known.export is None and known.voucher is None:
        return Branch.UNKNOWN
    if made and known.match in _SETTLED:
        return Branch.MATCHED
    if export := _export_branch(known, made=made):
        return export
    if row is not None and (line := _line_branch(known, row)):
        return line
    if not made and (known.export is None or _pays_invoice(known)):
        return _never_exported(row)
    if row is None:
        # Exported before its payment was told; the next turn fetches it.
        return Branch.LINE_WAITING
    return Branch.NO_SUGGESTION if made and (_unmet_criteria(known) or not _hinted(known)) else Branch.COMPLETE


def _export_branch(known: Known, *, made: bool) -> Branch | None:
    export = known.export
    if export is not None and export.outcome in {"failed", "abandoned"}:
        return Branch.EXPORT_FAILED
    if export is not None and not export.outcome:
        return Branch.EXPORT_RUNNING
    return Branch.VOUCHER_GONE if made and known.match in _LOST else None


def _line_branch(known: Known, row: Row) -> Branch | None:
    """What is wrong with the line, or with a correction of it; None if nothing is."""
    if row.state is State.VOID:
        return Branch.REVERSED
    if row.state is State.PENDING:
        return Branch.NOT_SETTLED
    if any(each.state is State.HELD for each in known.rows):
        return Branch.LINE_HELD
    if any(each.state is State.FAILED for each in known.rows):
        return Branch.LINE_FAILED
    if row.destination is Destination.HAND:
        return Branch.LINE_BY_HAND
    return Branch.LINE_WAITING if any(each.state in WORK for each in known.rows) else None


def _never_exported(row: Row | None) -> Branch:
    # An invoice does not move the wallet either, but its payment does.
    if row is not None and row.destination is Destination.NONE and row.kind != "invoice":
        return Branch.PAID_PRIVATELY
    if row is not None and row.reason == "zero_amount":
        return Branch.COMPLETE
    return Branch.NOT_EXPORTED


def _pays_invoice(known: Known) -> bool:
    """A payment's voucher is that of its invoice, which is exported as an item of its own."""
    return bool(known.rows) and known.rows[0].kind == "invoice_payment"


def _hinted(known: Known) -> bool:
    return known.voucher is not None and known.voucher.hinted


def _unmet_criteria(known: Known) -> tuple[str, ...]:
    """The unmet_criteria that are still broken: a line that was missing at the export may have arrived since."""
    unmet_criteria = known.export.unmet_criteria if known.export else ()
    arrived = bool(known.rows) and known.rows[0].state is State.SENT
    return tuple(
        criterion for criterion in unmet_criteria if not (arrived and criterion == Criterion.LINE_MISSING.value)
    )


def _line_steps(known: Known) -> list[Step]:
    row = known.rows[0] if known.rows else None
    if row is None:
        return [Step(what="accepted", state="missing"), Step(what="settled", state="waiting"), _line(known)]
    settled_at = _moment(row.settled_at)
    settled = {State.VOID: "not_needed", State.PENDING: "waiting"}.get(row.state, "done")
    return [
        Step(what="accepted", state="done", at=_moment(row.ready_at)),
        Step(what="settled", state=settled, at=settled_at if settled == "done" else None),
        _line(known),
    ]


def _line(known: Known) -> Step:
    """The line with its corrections: what is worst of them, and when the last one was done."""
    if not known.rows:
        return Step(what="line", state="missing")
    for state, word in (
        (State.HELD, "failed"),
        (State.FAILED, "failed"),
        (State.READY, "waiting"),
        (State.INCOMPLETE, "waiting"),
        (State.PENDING, "waiting"),
    ):
        for row in known.rows:
            if row.state is state:
                return Step(what="line", state=word, detail=" ".join(filter(None, (row.reason, row.detail))))
    done_at = _moment(max(row.final_at for row in known.rows))
    first = known.rows[0]
    if first.state is State.SENT:
        return Step(what="line", state="done", at=done_at)
    if first.state is State.LISTED:
        return Step(what="line", state="not_needed", at=done_at, detail="by_hand")
    return Step(what="line", state="not_needed", detail=first.reason)


def _voucher_steps(known: Known) -> list[Step]:
    export, voucher = known.export, known.voucher
    made = voucher is not None and bool(voucher.voucher_id)
    steps = [_exported(known)]
    if voucher is None or not made:
        # A wallet movement succeeds without a voucher; otherwise all of it is still to come.
        needless = export is not None and export.outcome == "successful" and not _pays_invoice(known)
        rest = "not_needed" if needless else "missing"
        unsure = voucher is not None and not needless
        steps.append(Step(what="voucher", state="waiting" if unsure else rest))
        return [*steps, *(Step(what=what, state=rest) for what in ("receipts", "hint", "match"))]
    lost = known.match in _LOST
    steps.append(Step(what="voucher", state="failed" if lost else "done", at=voucher.made_at))
    received = "done" if voucher.receipts else "missing"
    receipts = "waiting" if voucher.uploading else received
    steps.append(Step(what="receipts", state=receipts, detail=str(voucher.receipts)))
    steps.append(Step(what="hint", state="done" if voucher.hinted else "waiting"))
    match = "waiting" if known.match in {None, MatchState.OPEN} else "done"
    return [*steps, Step(what="match", state="failed" if lost else match, at=known.matched_at, detail=_word(known))]


def _word(known: Known) -> str:
    return known.match.value if known.match else ""


def _exported(known: Known) -> Step:
    export = known.export
    if export is None:
        # The snapshot of an export is kept for 90 days only, its voucher for good.
        made = known.voucher is not None and bool(known.voucher.voucher_id)
        return Step(what="exported", state="done" if made else "missing")
    states = {"": "waiting", "successful": "done"}
    state = states.get(export.outcome, "failed")
    return Step(what="exported", state=state, at=export.clicked_at, detail=export.code)


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
