"""`ops dlq`: what is in each dead-letter queue, and in quarantine."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby
from typing import Annotated

import typer
from rich.console import RenderableType

from ops.answer import NOTHING, Answer, moment, plain, plural, table
from ops.app import command
from ops.causes import Causes
from ops.dead_letters import QUEUES, Count, DeadLetters, Letter, look_into
from ops.desk import Desk
from shared.aws.failures import EXPORT, FEED, SYNC
from shared.aws.quarantine import Quarantine, Quarantined

_BODY_SHOWN = 60


class Which(StrEnum):
    """One queue, or all of them."""

    FEED = FEED
    EXPORT = EXPORT
    SYNC = SYNC
    ALL = "all"

    @property
    def names(self) -> Sequence[str]:
        """The queues that are meant."""
        return tuple(QUEUES) if self is Which.ALL else (self.value,)


@command()
def dlq(
    desk: Desk,
    queue: Annotated[Which, typer.Option(help="Only this dead-letter queue.")] = Which.ALL,
    company: Annotated[str, typer.Option(help="Only messages of this company; no quarantine.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="So many messages of each queue.")] = 200,
) -> Answer:
    """What is in each dead-letter queue and in quarantine, without consuming it: company, cause, age, attempts."""
    wanted = desk.company(company).connection_id if company else ""
    queues, causes = [DeadLetters(desk, name) for name in queue.names], Causes(desk)
    looks = list(zip(queues, look_into(queues, limit), [dead.count() for dead in queues], strict=True))
    letters = [letter for _, found, _ in looks for letter in found if wanted in {"", letter.connection_id}]
    kept = [] if wanted else [each for each in _kept(desk) if each.queue in queue.names][:limit]
    return Answer(
        {
            "queues": [
                {"queue": dead.queue, "messages": max(count.total, len(found)), "looked_at": len(found)}
                for dead, found, count in looks
            ],
            "messages": [line(letter, causes) for letter in letters],
            "quarantine": kept,
        },
        *[_summary(dead, found, count) for dead, found, count in looks],
        *([""] if letters else []),
        *alike(letters, causes),
        *_quarantine(kept),
    )


def line(letter: Letter, causes: Causes) -> dict[str, object]:
    """A message as data."""
    cause = causes.of(letter)
    return {
        "queue": letter.queue,
        "message_id": letter.message_id,
        "connection_id": letter.connection_id,
        "company": causes.name(letter.connection_id),
        "cause": cause.text,
        "cause_at": cause.at,
        "sent_at": letter.sent_at,
        "attempts_at_least": letter.gave_up,
        "received": letter.received,
        "wishes": letter.wishes,
    }


def _kept(desk: Desk) -> list[Quarantined]:
    content = Quarantine(desk.stack["LedgerTable"]).content()
    return sorted(content, key=lambda each: each.at, reverse=True)


def _summary(dead: DeadLetters, found: Sequence[Letter], count: Count) -> str:
    there = max(count.total, len(found))
    if not there:
        return f"{dead.queue}: empty"
    if len(found) == there:
        return f"{dead.queue}: {plural(there, 'message')}"
    # SQS shows ten of a company at once, and nothing that somebody else is looking at.
    return f"{dead.queue}: looked at {len(found):,} of {plural(there, 'message')} (ten of a company at most)"


def alike(letters: Sequence[Letter], causes: Causes) -> list[RenderableType]:
    """Messages that say the same in one row: a company's wake-ups are all alike."""
    told = sorted(
        ((letter.queue, letter.connection_id, causes.of(letter), letter.wishes, letter) for letter in letters),
        key=lambda each: (*each[:2], each[2].text, each[3], each[4].sent_at),
    )
    rows = []
    for (name, connection_id, cause, wishes), same in groupby(told, key=lambda each: each[:4]):
        some = [letter for *_, letter in same]
        tries = min(letter.gave_up for letter in some)
        rows.append(
            [
                name,
                plain(causes.name(connection_id)) or NOTHING,
                connection_id or NOTHING,
                plain(cause.text) + (f" ({moment(cause.at)})" if cause.at else ""),
                f"{len(some):,}",
                moment(some[0].sent_at),
                _age(some[0].sent_at),
                f"at least {tries}" if tries else NOTHING,
                ", ".join(wishes) or NOTHING,
            ]
        )
    columns = ("queue", "company", "connection", "cause", ">messages", "oldest", "age", "attempts", "wishes")
    return [table(*columns, rows=rows)] if rows else []


def _quarantine(kept: Sequence[Quarantined]) -> list[RenderableType]:
    if not kept:
        return []
    rows = [
        [each.queue, moment(each.at), plain(each.cause), plain(each.body[:_BODY_SHOWN]), each.message_id]
        for each in kept
    ]
    return ["", table("queue", "since", "cause", "text", "message", rows=rows, title="Quarantine (kept for 90 days)")]


def _age(since: datetime) -> str:
    minutes = max(0, int((datetime.now(UTC) - since).total_seconds() // 60))
    hours, days = minutes // 60, minutes // 1440
    return f"{days} d {hours % 24} h" if days else f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
