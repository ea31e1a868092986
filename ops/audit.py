"""`ops audit`: who changed what, when and why."""

from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Annotated

import typer

from ops.answer import Answer, AnswerTable, Fact, moment, plain, plural, red
from ops.app import command
from ops.audit_log import AuditEvent
from ops.context import CommandContext


@command()
def audit(
    context: CommandContext,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days back from now.")] = 30,
    company: Annotated[str | None, typer.Option(help="Only changes of this company.")] = None,
) -> Answer:
    """List changes made with ops: who, what, when, why, and the result. The newest is last."""
    wanted = context.company(company).connection_id if company is not None else ""
    found = context.audit_log.read(datetime.now(UTC) - timedelta(days=days))
    actions = [list(events) for _, events in groupby(sorted(found, key=_order), key=lambda event: event.action_id)]
    chosen = sorted(
        (events for events in actions if wanted in {"", events[0].connection_id}), key=lambda events: events[0].at
    )
    rows = [_row(events[0], events[-1]) for events in chosen]
    return Answer(
        AnswerTable("actions", rows), *([] if rows else [f"No change was made in the last {plural(days, 'day')}."])
    )


def _order(event: AuditEvent) -> tuple[str, str, bool]:
    return event.action_id, event.at, event.phase != "begun"


def _row(begun: AuditEvent, end: AuditEvent) -> list[Fact]:
    return [
        Fact("action_id", "", begun.action_id),
        Fact("at", "when", begun.at, moment),
        Fact("who", "who", begun.who, lambda who: plain(who.rsplit("/", 1)[-1])),
        Fact("action", "what", begun.action),
        Fact("connection_id", "company", begun.connection_id),
        Fact("arguments", "", begun.arguments),
        Fact("reason", "why", begun.reason),
        Fact("phase", "", end.phase),
        Fact("ended_at", "", end.at),
        Fact("result", "result", end.result, lambda result: _result(end.phase, result)),
    ]


def _result(phase: str, result: str) -> str:
    if phase == "begun":
        return red("interrupted: unknown")
    return red(result) if phase == "failed" else plain(result)
