"""Remedy for an expense: meaning of its branch, and the command or advice that fixes it. Pure.

shared/domain/lookup/expense_state.py decides the branch; title and advice are those of the admin's page. This module
adds what only the operator can do, and why a worker has not processed the expense.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ops.answer import moment, plural
from shared.aws.failures import EXPORT, FEED, Failure
from shared.domain.connecting.company_state import LIFTED_BY_SUPPORT
from shared.domain.feeding.ledger import Row
from shared.domain.lookup.expense_halves import LineState, line_state
from shared.domain.lookup.expense_state import Branch, ExpenseState
from shared.domain.times import utc_text
from shared.texts.error_text import export_error_text, fill
from shared.texts.expense import BRANCH_TEXTS
from shared.texts.labels import CRITERIA, WAITING
from shared.texts.verdicts import VERDICTS

# Question of the help article per branch. S10 and S11 are its notes on manual movements and private expenses.
_QUESTIONS = {
    Branch.COMPLETE: "T6",
    Branch.MATCHED: "T2",
    Branch.NO_SUGGESTION: "T2",
    Branch.NOT_EXPORTED: "T3",
    Branch.EXPORT_FAILED: "T3",
    Branch.EXPORT_RUNNING: "T3",
    Branch.VOUCHER_GONE: "T3",
    Branch.COMPANY_HELD: "T5",
    Branch.LINE_BY_HAND: "S10",
    Branch.PAID_PRIVATELY: "S11",
}
# Reasons of held rows that a proof can resolve, because it reads the entry again. All others need manual entry.
_READ_AGAIN = frozenset({"amount_missing", "entry_not_found", "entry_refused", "entry_malformed"})
_FORGOTTEN = "The cause is no longer known: an export's details are kept for 90 days."


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """State of an expense and of its worker.

    - `failure`: the worker's last failure, if newer than the waiting work
    - `dead`: number of the company's dead letters of this worker
    """

    connection_id: str
    state: ExpenseState
    failure: Failure | None = None
    dead: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """Meaning of a branch, and what fixes it.

    - `question`: question of the help article
    - `title`: the problem in short
    - `cause`: why it happened, "" if the title is sufficient
    - `command`: the command that fixes it, without program, target and reason; empty if there is none
    - `advice`: text for the operator; without a `command`, text for the customer
    """

    question: str
    title: str
    cause: str = ""
    command: tuple[str, ...] = ()
    advice: str = ""


def worker_of(state: ExpenseState) -> str:
    """Return the worker that still has work for the expense: FEED, EXPORT, or "" if none."""
    if _waiting(state.rows):
        return FEED
    return EXPORT if state.branch is Branch.EXPORT_RUNNING or state.hint_missing else ""


def waits_since(worker: str, state: ExpenseState) -> str:
    """Return since when that work waits (UTC, as text), or "" if unknown.

    Failures before this moment do not explain the waiting work.
    """
    if worker == FEED:
        return min((row.ready_at or row.settled_at for row in _waiting(state.rows)), default="")
    at = next((step.at for step in state.steps if step.what == "exported"), None)
    return utc_text(at) if at else ""


def _waiting(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if line_state([row]) is LineState.WAITING]


def _refused(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if line_state([row]) is LineState.FAILED]


def remedy_for(situation: Situation) -> Remedy:
    """Return the remedy for an expense's branch."""
    state = situation.state
    text = BRANCH_TEXTS[state.branch.value]
    remedy = Remedy(question=_question(state), title=text.title.en, advice=text.advice.en)
    more = _MORE.get(state.branch)
    return more(situation, remedy) if more else remedy


def _question(state: ExpenseState) -> str:
    """Return the question of the help article, by what the customer sees.

    T1: line and voucher are missing. T2: the voucher exists, only the suggestion is missing.
    """
    if state.branch is Branch.EXPORT_FAILED and state.voucher_id:
        return "T2"
    return _QUESTIONS.get(state.branch, "T2" if state.voucher_id else "T1")


def _resend(situation: Situation) -> tuple[str, ...]:
    return ("resend", "--company", situation.connection_id, "--entry", situation.state.entry_id)


def _now(situation: Situation, command: str) -> tuple[str, ...]:
    return (command, "--company", situation.connection_id, "--now")


def _line_waiting(situation: Situation, remedy: Remedy) -> Remedy:
    if not situation.state.rows:
        return replace(
            remedy,
            title="The line is missing, and our ledger does not know the payment",
            cause="No webhook brought it, and no sync of the company has found it yet.",
            command=_now(situation, "proof"),
            advice="The proof reads every settled entry from Pleo again and accepts what is missing. If Pleo does not "
            "show it as settled, there is nothing to feed yet.",
        )
    cause, command = _of_worker(situation, FEED)
    return replace(
        remedy,
        title="The line is missing: the feed has not got through" if cause else remedy.title,
        cause=cause or "Nothing has failed: the feed has not come to it yet.",
        command=command or _resend(situation),
        advice="Safe to press twice: the feed sends what is missing and nothing else. If the vendor still fails, it is "
        "tried again by itself, and nothing is lost.",
    )


def _line_failed(situation: Situation, remedy: Remedy) -> Remedy:
    reasons = "; ".join(row.detail or row.reason for row in _refused(situation.state.rows))
    return replace(
        remedy,
        cause=f"lexoffice said: {reasons}.",
        command=_resend(situation),
        advice="It is sent again word for word; lexoffice took nothing of it. If it is refused again for the same "
        "reason, have the customer enter the payment in lexoffice by hand and report the reason to the developers.",
    )


def _line_held(situation: Situation, remedy: Remedy) -> Remedy:
    held = next(row for row in situation.state.rows if line_state([row]) is LineState.HELD)
    text = WAITING.get(held.reason, WAITING["other"]).en
    remedy = replace(remedy, cause=fill(text, {"detail": held.detail} if held.detail else {}, "en"))
    if held.reason not in _READ_AGAIN:
        return replace(remedy, advice="Enter the payment in lexoffice by hand; the cause says why it is not guessed.")
    return replace(
        remedy,
        command=_now(situation, "proof"),
        advice="The proof reads the entry from Pleo again; if Pleo knows more by now, its line follows by itself. "
        "Otherwise the payment is entered in lexoffice by hand.",
    )


def _no_suggestion(situation: Situation, remedy: Remedy) -> Remedy:
    state = situation.state
    broken = " ".join(CRITERIA[criterion].en for criterion in state.unmet_criteria)
    if not state.hint_missing:
        return replace(remedy, cause=broken)
    if state.kind == "invoice":
        return replace(
            remedy,
            cause="The voucher is that of an invoice; it is suggested for the line of its payment.",
            advice="Export the invoice's payment in Pleo as well; the suggestion follows. A payment that was exported "
            "already has a trace of its own.",
        )
    why, command = _of_worker(situation, EXPORT)
    return replace(
        remedy,
        cause=" ".join(filter(None, ("lexoffice never received which line the voucher belongs to.", broken, why))),
        command=command or _resend(situation),
        advice=remedy.advice if broken else "If lexoffice refuses because it has the hint after all, nothing changes.",
    )


def _export_failed(situation: Situation, remedy: Remedy) -> Remedy:
    state = situation.state
    cause = export_error_text(state.code, dict(state.values), "en") if state.code else _FORGOTTEN
    missing = ["the line"] if _waiting(situation.state.rows) or _refused(situation.state.rows) else []
    missing += ["the match hint of the voucher that was made"] if state.hint_missing and state.kind != "invoice" else []
    # The customer must repeat the export.
    if not missing:
        return replace(remedy, cause=cause)
    advice = f"{remedy.advice} The command sends what else is missing: {' and '.join(missing)}."
    return replace(remedy, cause=cause, command=_resend(situation), advice=advice)


def _export_running(situation: Situation, remedy: Remedy) -> Remedy:
    cause, command = _of_worker(situation, EXPORT)
    if not cause:
        return remedy
    return replace(
        remedy,
        cause=cause,
        command=command or _now(situation, "sync"),
        advice="It is tried again by itself; a job that cannot be finished within Pleo's hour ends with the reason, "
        "and the next export goes on where it stopped.",
    )


def _company_held(situation: Situation, remedy: Remedy) -> Remedy:
    hold = situation.state.hold
    verdict = VERDICTS.get(hold, VERDICTS["held"])
    resume = ("resume", "--company", situation.connection_id) if hold in LIFTED_BY_SUPPORT else ()
    return replace(remedy, cause=f"{verdict.title.en} [{hold}].", command=resume, advice=verdict.body.en)


def _not_exported(situation: Situation, remedy: Remedy) -> Remedy:
    command = f"ops sync --company {situation.connection_id} --now"
    return replace(
        remedy, advice=f"{remedy.advice} If the bookkeeper has clicked already, `{command}` looks for the job."
    )


def _of_worker(situation: Situation, worker: str) -> tuple[str, tuple[str, ...]]:
    """Return why a worker has not done its work, and the redrive command if its wake-up is a dead letter."""
    causes = []
    if failure := situation.failure:
        causes.append(f"The {worker} failed at {moment(failure.at)}, attempt {failure.attempt}: {failure.cause}.")
    if not situation.dead:
        return " ".join(causes), ()
    causes.append(f"{plural(situation.dead, 'wake-up')} of the company in its dead-letter queue.")
    return " ".join(causes), ("redrive", "--queue", worker, "--company", situation.connection_id)


# Branches for which the operator gets more than the admin's page shows.
_MORE: dict[Branch, Callable[[Situation, Remedy], Remedy]] = {
    Branch.LINE_WAITING: _line_waiting,
    Branch.LINE_FAILED: _line_failed,
    Branch.LINE_HELD: _line_held,
    Branch.NO_SUGGESTION: _no_suggestion,
    Branch.NOT_EXPORTED: _not_exported,
    Branch.EXPORT_FAILED: _export_failed,
    Branch.EXPORT_RUNNING: _export_running,
    Branch.COMPANY_HELD: _company_held,
}
