"""`ops trace`: the life of one expense, the branch of the article's tree it is on, and its cure as a command."""

import shlex
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.progress import track
from rich.text import Text

from ops import webhooks
from ops.answer import Answer, euro, facts, moment, plain, table
from ops.app import command
from ops.context import CommandContext
from ops.cures import Cure, Situation, prescribe, waits_since, worker_of
from ops.dead_letters import DeadLetters
from ops.webhooks import Delivery
from shared.aws.connections import Connection
from shared.aws.failures import Failures
from shared.domain.lookup.trace import Step, Trace
from shared.domain.times import utc_text
from shared.pages.texts_expense import STEPS
from shared.pages.texts_words import STEP_STATES

# As many as AWS's client keeps connections for.
_AT_ONCE = 10
_PROGRAM = ("python", "-m", "ops")
_GLANCE = 500
_COLOURS = {"done": "green", "waiting": "yellow", "missing": "yellow", "failed": "red", "not_needed": "dim"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One expense that the operator may mean."""

    connection: Connection
    situation: Situation
    cure: Cure


@command()
def trace(
    desk: CommandContext,
    what: Annotated[
        str,
        typer.Argument(
            help="Pleo's book id or entry id, a voucher's number or its id in lexoffice, or a webhook's id.",
            show_default=False,
        ),
    ],
    company: Annotated[str, typer.Option(help="Only this company; without it all are searched.")] = "",
    days: Annotated[int, typer.Option(min=1, max=365, help="So far back webhooks are looked for.")] = 14,
) -> Answer:
    """The life of one expense, where it stopped and why, and the command that cures it."""
    what = what.strip()
    only = desk.company(company) if company else None
    # What looks like Pleo's id of a message is nothing else, and reading every company for it would be in vain.
    pairs = [] if what.startswith("msg_") else _search(desk, what, only)
    came: list[Delivery] = []
    if not pairs and webhooks.may_be_id(what):
        came = webhooks.deliveries(desk, what, datetime.now(UTC) - timedelta(days=days))
        came = [each for each in came if only is None or each.connection_id == only.connection_id]
        pairs = _of_deliveries(desk, came)
    found = [_examined(desk, connection, each) for connection, each in pairs]
    data = {
        "asked": what,
        "webhook": [_delivery_data(each) for each in came],
        "expenses": [_data(desk, each) for each in found],
    }
    if not found and not came:
        return _nothing(desk, what, only, data)
    shown = [*_deliveries_shown(came), *(part for each in found for part in _shown(desk, each))]
    return Answer(data, *shown)


def _search(desk: CommandContext, what: str, only: Connection | None) -> list[tuple[Connection, Trace]]:
    companies = [only] if only else desk.companies()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        looks = pool.map(lambda each: (each, desk.traces.trace(each.connection_id, what)), companies)
        shown = track(looks, "Searching every company", total=len(companies), console=desk.progress, transient=True)
        return [(connection, each) for connection, traces in shown for each in traces]


def _of_deliveries(desk: CommandContext, came: Sequence[Delivery]) -> list[tuple[Connection, Trace]]:
    named = dict.fromkeys((each.connection_id, each.entry_id) for each in came if each.entry_id)
    pairs = []
    for connection_id, entry_id in named:
        if connection := desk.connections.get(connection_id):
            pairs += [(connection, each) for each in desk.traces.trace(connection_id, entry_id)]
    return pairs


def _examined(desk: CommandContext, connection: Connection, found: Trace) -> _Found:
    """What keeps the worker from this expense, looked for only where something waits for one."""
    connection_id = connection.connection_id
    rows = desk.ledger.rows_of(connection_id, found.entry_id)
    failure, dead = None, 0
    if worker := worker_of(found, rows):
        failure = Failures(desk.stack["LedgerTable"]).last(connection_id, worker)
        if failure and utc_text(failure.at) < waits_since(worker, found, rows):
            failure = None
        letters = DeadLetters(desk, worker)
        if letters.count().visible:
            dead = sum(letter.connection_id == connection_id for letter in letters.look(_GLANCE))
    situation = Situation(connection_id=connection_id, trace=found, rows=rows, failure=failure, dead=dead)
    return _Found(connection=connection, situation=situation, cure=prescribe(situation))


# ------------------------------------------------------------------------------------------------ as data
def _data(desk: CommandContext, found: _Found) -> dict[str, Any]:
    seen, cure = found.situation.trace, found.cure
    return {
        "connection_id": found.connection.connection_id,
        "company": found.connection.company_name,
        "entry_id": seen.entry_id,
        "book_id": seen.book_id,
        "question": cure.question,
        "branch": seen.branch.value,
        "title": cure.title,
        "cause": cure.cause,
        "steps": [
            {"what": step.what, "state": step.state, "at": step.at, "detail": step.detail} for step in seen.steps
        ],
        "cure": _command(desk, found),
        "advice": cure.advice,
        "failure": found.situation.failure,
        "dead_letters": found.situation.dead,
        "hold": seen.hold,
        "code": seen.code,
        "unmet_criteria": seen.unmet_criteria,
        "kind": seen.kind,
        "amount_cents": seen.amount,
        "day": seen.day,
        "counterparty": seen.counterparty,
        "voucher_id": seen.voucher_id,
        "voucher_number": seen.voucher_number,
        "line_reference": seen.line_reference,
        "pleo_url": seen.pleo_url,
    }


def _command(desk: CommandContext, found: _Found) -> list[str]:
    """The cure as it can be pasted: for the same target, and with a reason that says where it came from."""
    if not found.cure.command:
        return []
    seen = found.situation.trace
    why = f"{found.cure.question} {seen.branch.value}, trace of {seen.book_id or seen.entry_id}"
    return [*_PROGRAM, *found.cure.command, "--reason", why, *desk.target]


def _delivery_data(delivery: Delivery) -> dict[str, Any]:
    return {
        "at": delivery.at,
        "connection_id": delivery.connection_id,
        "outcome": delivery.outcome,
        "entry_id": delivery.entry_id,
        "cause": delivery.cause,
    }


# ------------------------------------------------------------------------------------------------ for people
def _shown(desk: CommandContext, found: _Found) -> list[RenderableType]:
    seen, cure = found.situation.trace, found.cure
    about = [seen.counterparty, seen.kind, "" if seen.amount is None else euro(seen.amount), str(seen.day or "")]
    parts: list[RenderableType] = [
        facts(
            ("expense", f"[bold]{plain(seen.book_id or seen.entry_id)}[/bold], entry {plain(seen.entry_id)}"),
            ("company", f"{plain(found.connection.company_name)} ({found.connection.connection_id})"),
            ("payment", plain(", ".join(filter(None, about)))),
            ("voucher", plain(" ".join(filter(None, (seen.voucher_number, seen.voucher_id))))),
        ),
        table("step", "state", "when", "detail", rows=[_step(step) for step in seen.steps]),
        "",
        f"[bold]{cure.question} {plain(cure.title)}[/bold] ({seen.branch.value})",
    ]
    parts += [plain(text) for text in (cure.cause, cure.advice) if text]
    if argv := _command(desk, found):
        # Never folded: it is meant to be copied.
        parts.append(Text(f"Cure:  {shlex.join(argv)}", no_wrap=True, overflow="ignore"))
    return [*parts, ""]


def _step(step: Step) -> list[str]:
    state = f"[{_COLOURS.get(step.state, 'default')}]{STEP_STATES[step.state].en}[/]"
    return [STEPS[step.what].en, state, moment(step.at), plain(step.detail)]


def _deliveries_shown(came: Sequence[Delivery]) -> list[RenderableType]:
    if not came:
        return []
    rows = [
        [moment(each.at), each.outcome.replace("_", " "), each.connection_id, plain(each.entry_id or each.cause)]
        for each in came
    ]
    shown: list[RenderableType] = [table("webhook came", "outcome", "connection", "entry or cause", rows=rows), ""]
    outcomes = {each.outcome for each in came}
    if webhooks.PARKED in outcomes:
        shown.append(
            "It was parked: verified, but nothing we can use. It is kept for 30 days; a settled payment that it told "
            "of is found by the company's next turn all the same."
        )
    if webhooks.EXPORT_WANTED in outcomes:
        shown.append("Somebody clicked «Exportieren»: `ops company` shows the job, `ops trace` its expenses.")
    return shown


def _nothing(desk: CommandContext, what: str, only: Connection | None, data: dict[str, Any]) -> Answer:
    argv: list[str] = []
    if only:
        why = f"nothing known of {what[:60]}"
        argv = [*_PROGRAM, "proof", "--company", only.connection_id, "--now", "--reason", why, *desk.target]
    where = f"of {only.company_name}" if only else "of any company"
    advice = (
        f"Nothing {where} is known under {what[:100]!r}. An expense that is neither settled nor exported has no number "
        "here, and a payment from before the start date no line. If Pleo shows it as settled, `ops proof --company X "
        "--now` reads everything from Pleo again and accepts what is missing."
    )
    shown: list[RenderableType] = [plain(advice)]
    if argv:
        shown.append(Text(f"Cure:  {shlex.join(argv)}", no_wrap=True, overflow="ignore"))
    return Answer({**data, "advice": advice, "cure": argv}, *shown, failed=True)
