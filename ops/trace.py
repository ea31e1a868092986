"""`ops trace`: history of one expense, its branch in the help article's troubleshooting tree, and the remedy."""

import shlex
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.progress import track
from rich.text import Text

from ops import webhooks
from ops.answer import Answer, AnswerTable, Fact, Part, as_data, bold, euro, for_people, moment, plain
from ops.app import command
from ops.context import CommandContext
from ops.dead_letters import DeadLetters
from ops.errors import CommandRefused
from ops.remedies import Remedy, Situation, remedy_for, waits_since, worker_of
from ops.webhooks import Delivery
from shared.aws.connections import Connection
from shared.domain.lookup.expense_halves import Step
from shared.domain.lookup.expense_state import ExpenseState
from shared.domain.times import utc_text
from shared.texts.expense import STEPS
from shared.texts.labels import STEP_STATES

# Connections that AWS's client keeps open.
_AT_ONCE = 10
_PROGRAM = ("python", "-m", "ops")
_GLANCE = 500
_LONGEST_ID = 100
_COLOURS = {"done": "green", "waiting": "yellow", "missing": "yellow", "failed": "red", "not_needed": "dim"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _TracedExpense:
    """An expense that matches what the operator asked for."""

    connection: Connection
    situation: Situation
    remedy: Remedy


@command()
def trace(
    context: CommandContext,
    what: Annotated[
        str,
        typer.Argument(
            help="Pleo's book id or entry id, a voucher's number or its id in lexoffice, or a webhook's id.",
            show_default=False,
        ),
    ],
    company: Annotated[str | None, typer.Option(help="Only this company; without it all are searched.")] = None,
    days: Annotated[int, typer.Option(min=1, max=365, help="So far back webhooks are looked for.")] = 14,
) -> Answer:
    """Show the history of one expense, where it stopped and why, and the command that fixes it."""
    what = what.strip()
    if not 0 < len(what) <= _LONGEST_ID:
        raise CommandRefused(
            "Say what to trace: Pleo's book id or entry id, a voucher's number or id, or a webhook's id, of at most "
            f"{_LONGEST_ID} characters."
        )
    only = context.company(company) if company is not None else None
    # The ledger does not contain Pleo's message ids, so companies are not searched for them.
    pairs = [] if what.startswith("msg_") else _search(context, what, only)
    deliveries: list[Delivery] = []
    if not pairs and webhooks.may_be_id(what):
        since = datetime.now(UTC) - timedelta(days=days)
        deliveries = [
            each
            for each in webhooks.deliveries(context, what, since)
            if only is None or each.connection_id == only.connection_id
        ]
        pairs = _expenses_of(context, deliveries)
    found = [_examine(context, connection, each) for connection, each in pairs]
    known: list[Part] = [
        Fact("asked", "", what),
        AnswerTable("webhook", [_delivery(each) for each in deliveries]),
        Fact("expenses", "", [as_data(_facts(context, each)) for each in found]),
    ]
    if not found and not deliveries:
        return _answer_nothing(context, what, only, known)
    return Answer(*known, *_explain(deliveries), *(part for each in found for part in _show(context, each)))


def _search(context: CommandContext, what: str, only: Connection | None) -> list[tuple[Connection, ExpenseState]]:
    companies = [only] if only else list(context.stores.connections.all())
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        looks = pool.map(lambda each: (each, context.traces.trace(each.connection_id, what)), companies)
        shown = track(looks, "Searching every company", total=len(companies), console=context.progress, transient=True)
        return [(connection, each) for connection, states in shown for each in states]


def _expenses_of(context: CommandContext, deliveries: Sequence[Delivery]) -> list[tuple[Connection, ExpenseState]]:
    named = dict.fromkeys((each.connection_id, each.entry_id) for each in deliveries if each.entry_id)
    pairs = []
    for connection_id, entry_id in named:
        if connection := context.stores.connections.get(connection_id):
            pairs += [(connection, each) for each in context.traces.trace(connection_id, entry_id)]
    return pairs


def _examine(context: CommandContext, connection: Connection, found: ExpenseState) -> _TracedExpense:
    """Find why a worker has not processed this expense.

    Read failures and dead letters only if the expense waits for a worker.
    """
    connection_id = connection.connection_id
    failure, dead = None, 0
    if worker := worker_of(found):
        failure = context.stores.failures.last(connection_id, worker)
        if failure and utc_text(failure.at) < waits_since(worker, found):
            failure = None
        letters = DeadLetters(context, worker)
        if letters.count().visible:
            dead = sum(letter.connection_id == connection_id for letter in letters.look(_GLANCE))
    situation = Situation(connection_id=connection_id, state=found, failure=failure, dead=dead)
    return _TracedExpense(connection=connection, situation=situation, remedy=remedy_for(situation))


# ------------------------------------------------------------------------------------------------ answer
def _facts(context: CommandContext, found: _TracedExpense) -> list[Fact]:
    seen, remedy = found.situation.state, found.remedy
    about = [seen.counterparty, seen.kind, "" if seen.amount is None else euro(seen.amount), str(seen.day or "")]
    return [
        Fact("entry_id", "", seen.entry_id),
        Fact(
            "book_id", "expense", seen.book_id, lambda number: f"{bold(number or seen.entry_id)}, entry {seen.entry_id}"
        ),
        Fact("connection_id", "", found.connection.connection_id),
        Fact(
            "company",
            "company",
            found.connection.company_name,
            lambda name: f"{plain(name)} ({found.connection.connection_id})",
        ),
        Fact("", "payment", ", ".join(filter(None, about))),
        Fact("kind", "", seen.kind),
        Fact("amount_cents", "", seen.amount),
        Fact("day", "", seen.day),
        Fact("counterparty", "", seen.counterparty),
        Fact("", "voucher", " ".join(filter(None, (seen.voucher_number, seen.voucher_id)))),
        Fact("voucher_id", "", seen.voucher_id),
        Fact("voucher_number", "", seen.voucher_number),
        Fact("line_reference", "", seen.line_reference),
        Fact("steps", "", [as_data(_step(step)) for step in seen.steps]),
        Fact("question", "", remedy.question),
        Fact("branch", "", seen.branch.value),
        Fact("title", "", remedy.title),
        Fact("cause", "", remedy.cause),
        Fact("advice", "", remedy.advice),
        Fact("remedy", "", _command(context, found)),
        Fact("failure", "", found.situation.failure),
        Fact("dead_letters", "", found.situation.dead),
        Fact("hold", "", seen.hold),
        Fact("code", "", seen.code),
        Fact("unmet_criteria", "", seen.unmet_criteria),
        Fact("pleo_url", "", seen.pleo_url),
    ]


def _show(context: CommandContext, found: _TracedExpense) -> list[Part]:
    seen, remedy = found.situation.state, found.remedy
    return [
        *for_people(_facts(context, found)),
        AnswerTable("", [_step(step) for step in seen.steps]),
        "",
        f"[bold]{remedy.question} {plain(remedy.title)}[/bold] ({seen.branch.value})",
        *(plain(text) for text in (remedy.cause, remedy.advice) if text),
        *_to_copy(_command(context, found)),
        "",
    ]


def _step(step: Step) -> list[Fact]:
    colour = _COLOURS.get(step.state, "default")
    return [
        Fact("what", "step", step.what, lambda what: STEPS[what].en),
        Fact("state", "state", step.state, lambda state: f"[{colour}]{STEP_STATES[state].en}[/]"),
        Fact("at", "when", step.at, moment),
        Fact("detail", "detail", step.detail),
    ]


def _delivery(delivery: Delivery) -> list[Fact]:
    return [
        Fact("at", "webhook came", delivery.at, moment),
        Fact("outcome", "outcome", delivery.outcome, lambda outcome: outcome.replace("_", " ")),
        Fact("connection_id", "connection", delivery.connection_id),
        Fact("entry_id", "", delivery.entry_id),
        Fact("cause", "", delivery.cause),
        Fact("", "entry or cause", delivery.entry_id or delivery.cause),
    ]


def _explain(deliveries: Sequence[Delivery]) -> list[Part]:
    outcomes = {each.outcome for each in deliveries}
    said: list[Part] = [""] if deliveries else []
    if webhooks.PARKED in outcomes:
        said.append(
            "It was parked: verified, but nothing we can use. It is kept for 30 days; the company's next sync "
            "finds a settled payment all the same."
        )
    if webhooks.EXPORT_WANTED in outcomes:
        said.append("The bookkeeper clicked «Exportieren»: `ops company` shows the job, `ops trace` its expenses.")
    return said


def _command(context: CommandContext, found: _TracedExpense) -> list[str]:
    """Return the remedy as a command to copy: for the same target, with a reason that names this trace."""
    if not found.remedy.command:
        return []
    seen = found.situation.state
    why = f"{found.remedy.question} {seen.branch.value}, trace of {seen.book_id or seen.entry_id}"
    return [*_PROGRAM, *found.remedy.command, "--reason", why, *context.target]


def _to_copy(argv: Sequence[str]) -> list[Part]:
    """Return a command that is never wrapped, so that it can be copied; nothing if there is none."""
    return [Text(f"Remedy:  {shlex.join(argv)}", no_wrap=True, overflow="ignore")] if argv else []


def _answer_nothing(context: CommandContext, what: str, only: Connection | None, known: Sequence[Part]) -> Answer:
    argv: list[str] = []
    if only:
        why = f"nothing known of {what[:60]}"
        argv = [*_PROGRAM, "proof", "--company", only.connection_id, "--now", "--reason", why, *context.target]
    where = f"of {only.company_name}" if only else "of any company"
    advice = (
        f"Nothing {where} is known under {what!r}. An expense that is neither settled nor exported has no number "
        "here, and a payment from before the start date no line. If Pleo shows it as settled, `ops proof --company X "
        "--now` reads everything from Pleo again and accepts what is missing."
    )
    facts = Fact("advice", "", advice), Fact("remedy", "", argv)
    return Answer(*known, *facts, plain(advice), *_to_copy(argv), failed=True)
