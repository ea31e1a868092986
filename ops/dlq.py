"""`ops dlq`: list the messages in the dead-letter queues and in quarantine."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Annotated

import typer

from ops.answer import Answer, AnswerTable, Fact, as_data, moment, plain, plural
from ops.app import command
from ops.context import CommandContext
from ops.dead_letters import Causes, Letter, Which, look_into, queues_of
from shared.aws.quarantine import Quarantined

_BODY_SHOWN = 60


@command()
def dlq(
    context: CommandContext,
    queue: Annotated[Which, typer.Option(help="Only this dead-letter queue.")] = "all",
    company: Annotated[str | None, typer.Option(help="Only messages of this company; no quarantine.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many messages of each queue.")] = 200,
) -> Answer:
    """List dead letters and quarantined messages: company, cause, age, attempts. Nothing is consumed."""
    wanted = context.company(company).connection_id if company is not None else ""
    queues = queues_of(context, queue)
    looks = look_into(queues, limit)
    letters = [letter for found in looks for letter in found if wanted in {"", letter.connection_id}]
    counted = [
        (dead.queue, max(dead.count().total, len(found)), len(found)) for dead, found in zip(queues, looks, strict=True)
    ]
    names = {dead.queue for dead in queues} if not wanted else ()
    content = [each for each in context.stores.quarantine.content() if each.queue in names]
    quarantined = sorted(content, key=lambda each: each.at, reverse=True)[:limit]
    return Answer(
        {"queues": [{"queue": name, "messages": there, "looked_at": seen} for name, there, seen in counted]},
        *(_summary(*each) for each in counted),
        *messages(letters, Causes(context)),
        *([""] if quarantined else []),
        AnswerTable("quarantine", [_quarantined(each) for each in quarantined], title="Quarantine (kept for 90 days)"),
    )


def _summary(name: str, there: int, seen: int) -> str:
    if seen == there:
        return f"{name}: {plural(there, 'message') if there else 'empty'}"
    # Not shown: a company's further messages, what another command reads, and everything while a redrive runs.
    return f"{name}: looked at {seen:,} of {plural(there, 'message')} (at most ten per company; none during a redrive)"


def _quarantined(each: Quarantined) -> list[Fact]:
    return [
        Fact("queue", "queue", each.queue),
        Fact("at", "since", each.at, moment),
        Fact("cause", "cause", each.cause),
        Fact("body", "text", each.body, lambda body: plain(body[:_BODY_SHOWN])),
        Fact("message_id", "message", each.message_id),
        Fact("attempts", "", each.attempts),
    ]


def messages(letters: Sequence[Letter], causes: Causes) -> tuple[Fact, AnswerTable]:
    """Return every message for JSON, and a table with one row per queue, company, cause and requests.

    The table groups them because all wake-ups of a company say the same.
    """

    def kind(letter: Letter) -> tuple[object, ...]:
        return letter.queue, letter.connection_id, causes.of(letter)[0], letter.requests

    alike = groupby(sorted(letters, key=lambda letter: (kind(letter), letter.sent_at)), key=kind)
    return (
        Fact("messages", "", [as_data(_row([letter], causes)) for letter in letters]),
        AnswerTable("", [_row(list(same), causes) for _, same in alike]),
    )


def _row(same: Sequence[Letter], causes: Causes) -> list[Fact]:
    """Return the facts of messages that say the same, oldest first."""
    oldest, (cause, at) = same[0], causes.of(same[0])
    noted = f" ({moment(at)})" if at else ""
    return [
        Fact("queue", "queue", oldest.queue),
        Fact("company", "company", causes.name(oldest.connection_id)),
        Fact("connection_id", "connection", oldest.connection_id),
        Fact("cause", "cause", cause, lambda text: plain(text) + noted),
        Fact("cause_at", "", at),
        Fact("requests", "requests", oldest.requests, ", ".join),
        Fact("message_id", "", oldest.message_id),
        Fact("", ">messages", f"{len(same):,}"),
        Fact("sent_at", "oldest", oldest.sent_at, moment),
        Fact("", "age", oldest.sent_at, _age),
        Fact(
            "attempts_at_least", "attempts", min(each.gave_up for each in same), lambda n: f"at least {n}" if n else ""
        ),
        Fact("received", "", oldest.received),
    ]


def _age(since: datetime) -> str:
    minutes = max(0, int((datetime.now(UTC) - since).total_seconds() // 60))
    hours, days = minutes // 60, minutes // 1440
    return f"{days} d {hours % 24} h" if days else f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
