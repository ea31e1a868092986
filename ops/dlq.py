"""`ops dlq`: list the messages in the dead-letter queues and in quarantine."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby
from typing import Annotated

import typer

from ops.answer import Answer, AnswerTable, Fact, as_data, moment, plain, plural
from ops.app import command
from ops.context import CommandContext
from ops.dead_letters import QUEUES, Causes, Count, DeadLetters, Letter, look_into
from shared.aws.failures import EXPORT, FEED, SYNC
from shared.aws.quarantine import Quarantine, Quarantined

_BODY_SHOWN = 60


class Which(StrEnum):
    """One queue, or all queues."""

    FEED = FEED
    EXPORT = EXPORT
    SYNC = SYNC
    ALL = "all"

    @property
    def names(self) -> Sequence[str]:
        """The selected queues."""
        return tuple(QUEUES) if self is Which.ALL else (self.value,)


@command()
def dlq(
    context: CommandContext,
    queue: Annotated[Which, typer.Option(help="Only this dead-letter queue.")] = Which.ALL,
    company: Annotated[str, typer.Option(help="Only messages of this company; no quarantine.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many messages of each queue.")] = 200,
) -> Answer:
    """List dead letters and quarantined messages: company, cause, age, attempts. Nothing is consumed."""
    wanted = context.company(company).connection_id if company else ""
    queues = [DeadLetters(context, name) for name in queue.names]
    looks = list(zip(queues, look_into(queues, limit), [dead.count() for dead in queues], strict=True))
    letters = [letter for _, found, _ in looks for letter in found if wanted in {"", letter.connection_id}]
    quarantined = [] if wanted else [each for each in _quarantined(context) if each.queue in queue.names][:limit]
    counted = [
        {"queue": dead.queue, "messages": max(count.total, len(found)), "looked_at": len(found)}
        for dead, found, count in looks
    ]
    return Answer(
        Fact("queues", "", counted),
        *(_summary(dead, found, count) for dead, found, count in looks),
        *messages(letters, Causes(context)),
        *([""] if quarantined else []),
        AnswerTable("quarantine", [_row(each) for each in quarantined], title="Quarantine (kept for 90 days)"),
    )


def _quarantined(context: CommandContext) -> list[Quarantined]:
    content = Quarantine(context.stack["LedgerTable"]).content()
    return sorted(content, key=lambda each: each.at, reverse=True)


def _row(each: Quarantined) -> list[Fact]:
    return [
        Fact("queue", "queue", each.queue),
        Fact("at", "since", each.at, moment),
        Fact("cause", "cause", each.cause),
        Fact("body", "text", each.body, lambda body: plain(body[:_BODY_SHOWN])),
        Fact("message_id", "message", each.message_id),
        Fact("attempts", "", each.attempts),
    ]


def _summary(dead: DeadLetters, found: Sequence[Letter], count: Count) -> str:
    there = max(count.total, len(found))
    if not there:
        return f"{dead.queue}: empty"
    if len(found) == there:
        return f"{dead.queue}: {plural(there, 'message')}"
    # SQS returns ten messages of a company at a time, and none that another operator's command is reading.
    return f"{dead.queue}: looked at {len(found):,} of {plural(there, 'message')} (at most ten per company)"


def messages(letters: Sequence[Letter], causes: Causes) -> tuple[Fact, AnswerTable]:
    """Return every message for JSON, and a table with one row per queue, company, cause and requests.

    The table groups them because all wake-ups of a company say the same.
    """

    def kind(letter: Letter) -> tuple[object, ...]:
        return letter.queue, letter.connection_id, causes.of(letter).text, letter.requests

    alike = groupby(sorted(letters, key=lambda letter: (kind(letter), letter.sent_at)), key=kind)
    return (
        Fact("messages", "", [as_data(_message(letter, causes)) for letter in letters]),
        AnswerTable("", [_alike(list(same), causes) for _, same in alike]),
    )


def _message(letter: Letter, causes: Causes) -> list[Fact]:
    return [
        *_kind(letter, causes),
        Fact("message_id", "", letter.message_id),
        Fact("sent_at", "", letter.sent_at),
        Fact("attempts_at_least", "", letter.gave_up),
        Fact("received", "", letter.received),
    ]


def _alike(same: Sequence[Letter], causes: Causes) -> list[Fact]:
    tries = min(letter.gave_up for letter in same)
    return [
        *_kind(same[0], causes),
        Fact("", ">messages", f"{len(same):,}"),
        Fact("", "oldest", same[0].sent_at, moment),
        Fact("", "age", same[0].sent_at, _age),
        Fact("", "attempts", f"at least {tries}" if tries else ""),
    ]


def _kind(letter: Letter, causes: Causes) -> list[Fact]:
    cause = causes.of(letter)
    noted = f" ({moment(cause.at)})" if cause.at else ""
    return [
        Fact("queue", "queue", letter.queue),
        Fact("company", "company", causes.name(letter.connection_id)),
        Fact("connection_id", "connection", letter.connection_id),
        Fact("cause", "cause", cause.text, lambda text: plain(text) + noted),
        Fact("cause_at", "", cause.at),
        Fact("requests", "requests", letter.requests, ", ".join),
    ]


def _age(since: datetime) -> str:
    minutes = max(0, int((datetime.now(UTC) - since).total_seconds() // 60))
    hours, days = minutes // 60, minutes // 1440
    return f"{days} d {hours % 24} h" if days else f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
