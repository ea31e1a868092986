"""The page of one expense: its state, what to do, and a list of steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.domain.lookup.expense_halves import Step
from shared.domain.lookup.expense_state import Branch, ExpenseState
from shared.pages.formats import Formats
from shared.pages.render import Html, Links, ShownStep, render_page, texts_in
from shared.texts.error_text import export_error_text, fill
from shared.texts.expense import ASK, BRANCH_TEXTS, DETAILS, EXPENSE, MATCHES, NOT_FOUND, STEPS
from shared.texts.labels import CRITERIA, STEP_STATES, STEP_TONES, WAITING, kind_label
from shared.texts.messages import COMMON
from shared.texts.text import Language


@dataclass(frozen=True, slots=True)
class ExpenseCard:
    """One expense as the page shows it. A link with an unknown target is ""."""

    heading: str
    about: str
    tone: str
    title: str
    advice: str
    unmet_criteria: tuple[str, ...]
    steps: tuple[ShownStep, ...]
    voucher_number: str
    voucher_url: str
    pleo_url: str


def expense(
    language: Language, asked: str, states: Sequence[ExpenseState], *, links: Links, token: str, now: datetime
) -> Html:
    """Render the expenses with the number that the admin `asked` for. `token` as for the status page."""
    show = Formats(language, now)
    known = [state for state in states if state.branch is not Branch.UNKNOWN]
    return render_page(
        "expense.html",
        language,
        title=EXPENSE["title"].in_(language),
        text=texts_in(EXPENSE, language),
        ask_text=texts_in(ASK, language),
        sign_out=COMMON["sign_out"].in_(language),
        asked=asked,
        asked_words=EXPENSE["asked"].in_(language).format(asked=asked),
        token=token,
        links=links,
        expenses=[_card(state, show, links) for state in known],
        not_found=(NOT_FOUND.title.in_(language), NOT_FOUND.advice.in_(language)),
    )


def _card(state: ExpenseState, show: Formats, links: Links) -> ExpenseCard:
    text, language = BRANCH_TEXTS[state.branch.value], show.language
    about = [
        state.counterparty,
        kind_label(state.kind, language),
        "" if state.amount is None else show.money(state.amount),
        show.day(state.day) if state.day else "",
    ]
    failed = state.branch is Branch.EXPORT_FAILED and state.code
    return ExpenseCard(
        heading=EXPENSE["number"].in_(language).format(number=state.book_id or state.entry_id),
        about=" · ".join(part for part in about if part),
        tone=text.tone,
        title=text.title.in_(language),
        # The error's text also names the fix.
        advice=export_error_text(state.code, dict(state.values), language) if failed else text.advice.in_(language),
        unmet_criteria=tuple(CRITERIA[criterion].in_(language) for criterion in state.unmet_criteria),
        steps=tuple(_step(step, show) for step in state.steps),
        voucher_number=state.voucher_number,
        voucher_url=f"{links.lexoffice}/permalink/vouchers/view/{state.voucher_id}" if state.voucher_id else "",
        pleo_url=state.pleo_url if state.pleo_url.startswith(("https://", f"{links.pleo}/")) else links.pleo,
    )


def _step(step: Step, show: Formats) -> ShownStep:
    details = [show.moment(step.at) if step.at else "", _detail(step, show)]
    return ShownStep(
        step.state,
        STEP_TONES[step.state],
        STEPS[step.what].in_(show.language),
        STEP_STATES[step.state].in_(show.language),
        " · ".join(part for part in details if part),
    )


def _detail(step: Step, show: Formats) -> str:
    """Return the text of a step besides its state, without codes and vendors' texts."""
    language = show.language
    if step.what == "receipts" and step.detail.isdecimal() and step.state != "missing":
        n = int(step.detail)
        return DETAILS["receipts_one" if n == 1 else "receipts_many"].in_(language).format(n=show.number(n))
    if step.what == "receipts" and step.detail == "0":
        return DETAILS["no_receipts"].in_(language)
    if step.detail in MATCHES:
        return MATCHES[step.detail].in_(language)
    reason, _, words = step.detail.partition(" ")
    if reason in DETAILS:
        return DETAILS[reason].in_(language)
    if step.what == "line" and step.state == "failed":
        return fill(WAITING.get(reason, WAITING["other"]).in_(language), {"detail": words} if words else {}, language)
    return ""
