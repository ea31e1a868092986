"""From what is known of an expense to what it means and what cures it. Pure: a situation goes in, a cure comes out.

The branch is decided in shared/domain/lookup/trace.py, its words are those of the admin's page; what an operator can do
beyond the admin, and what keeps the workers from their work, is said here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ops.answer import moment, plural
from shared.aws.failures import EXPORT, FEED, Failure
from shared.domain.exporting.match import ENGLISH, Criterion
from shared.domain.feeding.ledger import WORK, Row, State
from shared.domain.lookup.trace import Branch, Trace
from shared.domain.times import utc_text
from shared.pages.texts_expense import ANSWERS
from shared.pages.texts_verdicts import VERDICTS
from shared.pages.texts_words import WAITING
from shared.pages.wording import export_error, fill

# The article's question that each branch answers; S10 and S11 are its notes on movements by hand and private expenses.
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
# Held rows that give way to what Pleo says when everything is read again; the others are a person's to enter.
_READ_AGAIN = frozenset({"amount_missing", "entry_not_found", "entry_refused", "entry_malformed"})
# Holds that may be over without anybody having connected again.
_RESUMED = frozenset({"paused", "plan", "account_missing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """An expense and its worker: `failure` is newer than the work that waits, `dead` counts dead wake-ups for it."""

    connection_id: str
    trace: Trace
    rows: Sequence[Row]
    failure: Failure | None = None
    dead: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cure:
    """What a branch means: the article's `question`, what it is, why (`cause`, "" where that says all).

    `command` is what cures it, without program, target and reason; empty where no command does. `advice` is for the
    person at the customer then, otherwise for the operator.
    """

    question: str
    title: str
    cause: str = ""
    command: tuple[str, ...] = ()
    advice: str = ""


def worker_of(trace: Trace, rows: Sequence[Row]) -> str:
    """Whose failures explain why the expense is not there yet: the feed's, the export's, or nobody's ("")."""
    if any(row.state in WORK for row in rows):
        return FEED
    return EXPORT if trace.branch is Branch.EXPORT_RUNNING or hint_missing(trace) else ""


def waits_since(worker: str, trace: Trace, rows: Sequence[Row]) -> str:
    """Since when there has been that work, as UTC text, "" if nobody knows: older failures do not explain it."""
    if worker == FEED:
        return min((row.ready_at or row.settled_at for row in rows if row.state in WORK), default="")
    at = next((step.at for step in trace.steps if step.what == "exported"), None)
    return utc_text(at) if at else ""


def hint_missing(trace: Trace) -> bool:
    """Whether the voucher is there and its hint has not been sent."""
    states = {step.what: step.state for step in trace.steps}
    return states.get("voucher") == "done" and states.get("hint") == "waiting"


def prescribe(situation: Situation) -> Cure:
    """What an expense's branch means, and what cures it."""
    trace = situation.trace
    answer = ANSWERS[trace.branch.value]
    cure = Cure(question=_question(trace), title=answer.title.en, advice=answer.cure.en)
    more = _MORE.get(trace.branch)
    return more(situation, cure) if more else cure


def _question(trace: Trace) -> str:
    """By what the person sees: without a voucher neither half is there, with one only the suggestion is missing."""
    if trace.branch is Branch.EXPORT_FAILED and trace.voucher_id:
        return "T2"
    return _QUESTIONS.get(trace.branch, "T2" if trace.voucher_id else "T1")


def _resend(situation: Situation) -> tuple[str, ...]:
    return ("resend", "--company", situation.connection_id, "--entry", situation.trace.entry_id)


def _now(situation: Situation, command: str) -> tuple[str, ...]:
    return (command, "--company", situation.connection_id, "--now")


def _line_waiting(situation: Situation, cure: Cure) -> Cure:
    if not situation.rows:
        return replace(
            cure,
            title="The line is missing, and our ledger does not know the payment",
            cause="No webhook brought it, and no turn of the company has found it yet.",
            command=_now(situation, "proof"),
            advice="The proof reads every settled entry from Pleo again and accepts what is missing. If Pleo does not "
            "show it as settled, there is nothing to feed yet.",
        )
    cause, command = _of_worker(situation, FEED)
    return replace(
        cure,
        title="The line is missing: the feed has not got through" if cause else cure.title,
        cause=cause or "Nothing has failed: the feed has not come to it yet.",
        command=command or _resend(situation),
        advice="Safe to press twice: the feed sends what is missing and nothing else. If the vendor still fails, it is "
        "tried again by itself, and nothing is lost.",
    )


def _line_failed(situation: Situation, cure: Cure) -> Cure:
    said = "; ".join(row.detail or row.reason for row in situation.rows if row.state is State.FAILED)
    return replace(
        cure,
        cause=f"lexoffice said: {said}.",
        command=_resend(situation),
        advice="It is sent again word for word; lexoffice took nothing of it. If it is refused again for the same "
        "reason, have the customer enter the payment in lexoffice by hand and report the reason to the developers.",
    )


def _line_held(situation: Situation, cure: Cure) -> Cure:
    held = next(row for row in situation.rows if row.state is State.HELD)
    text = WAITING.get(held.reason, WAITING["other"]).en
    cure = replace(cure, cause=fill(text, {"detail": held.detail} if held.detail else {}))
    if held.reason not in _READ_AGAIN:
        return replace(cure, advice="Enter the payment in lexoffice by hand; the cause says why it is not guessed.")
    return replace(
        cure,
        command=_now(situation, "proof"),
        advice="The proof reads the entry from Pleo again; if Pleo knows more by now, its line follows by itself. "
        "Otherwise the payment is entered in lexoffice by hand.",
    )


def _no_suggestion(situation: Situation, cure: Cure) -> Cure:
    trace = situation.trace
    broken = " ".join(ENGLISH[Criterion(criterion)] for criterion in trace.unmet_criteria)
    if not hint_missing(trace):
        return replace(cure, cause=broken)
    if trace.kind == "invoice":
        return replace(
            cure,
            cause="The voucher is that of an invoice; it is suggested for the line of its payment.",
            advice="Export the invoice's payment in Pleo as well; the suggestion follows. A payment that was exported "
            "already has a trace of its own.",
        )
    why, command = _of_worker(situation, EXPORT)
    return replace(
        cure,
        cause=" ".join(filter(None, ("lexoffice was never told which line the voucher belongs to.", broken, why))),
        command=command or _resend(situation),
        advice=cure.advice if broken else "If lexoffice refuses, because it was told after all, nothing changes.",
    )


def _export_failed(situation: Situation, cure: Cure) -> Cure:
    trace = situation.trace
    said = export_error(trace.code, dict(trace.values), "en") if trace.code else ""
    unsent = any(row.state in WORK or row.state is State.FAILED for row in situation.rows)
    missing = ["the line"] if unsent else []
    missing += (
        ["the match hint of the voucher that was made"] if hint_missing(trace) and trace.kind != "invoice" else []
    )
    # The export itself is the customer's to repeat.
    told = f"{cure.advice} The command sends what else is missing: {' and '.join(missing)}." if missing else cure.advice
    return replace(cure, cause=said, command=_resend(situation) if missing else (), advice=told)


def _export_running(situation: Situation, cure: Cure) -> Cure:
    cause, command = _of_worker(situation, EXPORT)
    if not cause:
        return cure
    return replace(
        cure,
        cause=cause,
        command=command or _now(situation, "sync"),
        advice="It is tried again by itself; a job that cannot be finished within Pleo's hour ends with the reason, "
        "and the next export goes on where it stopped.",
    )


def _company_held(situation: Situation, cure: Cure) -> Cure:
    hold = situation.trace.hold
    verdict = VERDICTS.get(hold, VERDICTS["held"])
    resume = ("resume", "--company", situation.connection_id) if hold in _RESUMED else ()
    return replace(cure, cause=f"{verdict.title.en} [{hold}].", command=resume, advice=verdict.body.en)


def _not_exported(situation: Situation, cure: Cure) -> Cure:
    command = f"ops sync --company {situation.connection_id} --now"
    return replace(cure, advice=f"{cure.advice} If somebody has clicked already, `{command}` looks for the job.")


def _of_worker(situation: Situation, worker: str) -> tuple[str, tuple[str, ...]]:
    """What keeps a worker from its work, and what brings it back if its wake-up is dead."""
    told = []
    if failure := situation.failure:
        told.append(f"The {worker} failed at {moment(failure.at)}, attempt {failure.attempt}: {failure.cause}.")
    if not situation.dead:
        return " ".join(told), ()
    told.append(f"{plural(situation.dead, 'wake-up')} of the company in its dead-letter queue.")
    return " ".join(told), ("redrive", "--queue", worker, "--company", situation.connection_id)


# Branches of which an operator is told more than the customer's admin.
_MORE: dict[Branch, Callable[[Situation, Cure], Cure]] = {
    Branch.LINE_WAITING: _line_waiting,
    Branch.LINE_FAILED: _line_failed,
    Branch.LINE_HELD: _line_held,
    Branch.NO_SUGGESTION: _no_suggestion,
    Branch.NOT_EXPORTED: _not_exported,
    Branch.EXPORT_FAILED: _export_failed,
    Branch.EXPORT_RUNNING: _export_running,
    Branch.COMPANY_HELD: _company_held,
}
