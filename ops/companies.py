"""`ops companies` and `ops company`: how everybody is doing, and everything about one."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.progress import track

from ops import dead_letters
from ops.answer import NOTHING, Answer, euro, facts, moment, plain, plural, table
from ops.app import command
from ops.desk import Desk
from ops.health import Health, Level, health_of
from ops.refusal import Refusal
from shared.aws.connections import Connection
from shared.aws.failures import EXPORT, FEED, Failure, Failures
from shared.domain.lookup.overview import Overview

# As many as AWS's client keeps connections for.
_AT_ONCE = 10
_SHOWN = 20
_COLOURS = {Level.BROKEN: "red", Level.CHECK: "yellow", Level.FINE: "green", Level.DISCONNECTED: "dim"}


@command()
def companies(
    desk: Desk,
    every: Annotated[bool, typer.Option("--all", help="Disconnected companies, too.")] = False,
) -> Answer:
    """Every company's health at a glance, the worst first."""
    now, dead = datetime.now(UTC), dead_letters.by_company(desk)
    found = [each for each in desk.companies() if every or each.status.value != "disconnected"]
    rows = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        looks = pool.map(lambda each: (each, desk.board.overview(each.connection_id)), found)
        shown = track(looks, "Looking at every company", total=len(found), console=desk.progress, transient=True)
        for connection, seen in shown:
            if seen is not None:
                rows.append((connection, seen, health_of(seen, dead=dead.get(connection.connection_id, 0), now=now)))
    rows.sort(key=lambda row: (-row[2].level, row[0].company_name.lower()))
    broken = sum(health.level is Level.BROKEN for _, _, health in rows)
    return Answer(
        {"companies": [_line(connection, seen, health) for connection, seen, health in rows]},
        table(
            *("health", "company", "connection", "why", ">waiting", "last line", "proven"),
            rows=[_cells(*row) for row in rows],
        ),
        f"{plural(len(rows), 'company', 'companies')}, {broken} broken. `ops company NAME` tells more.",
    )


def _line(connection: Connection, seen: Overview, health: Health) -> Mapping[str, object]:
    return {
        "connection_id": connection.connection_id,
        "company_id": connection.company_id,
        "company": seen.company,
        "organisation": seen.organisation,
        "status": seen.status,
        "hold": seen.hold,
        "health": health.level.word,
        "reasons": health.reasons,
        "waiting": seen.waiting_count,
        "last_line_at": seen.last_line_at,
        "proved_at": seen.balance.proved_at,
        "unexplained_cents": seen.balance.unexplained,
    }


def _cells(connection: Connection, seen: Overview, health: Health) -> list[RenderableType]:
    return [
        _coloured(health.level),
        plain(seen.company) or "(deleted)",
        connection.connection_id,
        plain(", ".join(health.reasons)),
        f"{seen.waiting_count:,}{'+' if seen.waiting_more else ''}" if seen.waiting_count else NOTHING,
        moment(seen.last_line_at),
        moment(seen.balance.proved_at),
    ]


def _coloured(level: Level) -> str:
    return f"[{_COLOURS[level]}]{level.word}[/]"


@command()
def company(
    desk: Desk, named: Annotated[str, typer.Argument(help="Connection id, Pleo company id, or name.")]
) -> Answer:
    """Everything about one company."""
    connection = desk.company(named)
    seen = desk.board.overview(connection.connection_id)
    if seen is None:
        raise Refusal(f"{named!r} has gone meanwhile.")
    now = datetime.now(UTC)
    health = health_of(seen, dead=dead_letters.by_company(desk).get(connection.connection_id, 0), now=now)
    failures = Failures(desk.stack["LedgerTable"])
    last = {worker: failures.last(connection.connection_id, worker) for worker in (FEED, EXPORT)}
    last_webhook_at = desk.ledger.last_webhook_at(connection.connection_id)
    return Answer(
        {
            **_line(connection, seen, health),
            "overview": asdict(seen),
            "last_failures": last,
            "webhook_came_at": last_webhook_at or None,
            "sync_failures": connection.sync_failures,
            "sync_error": connection.sync_error,
            "set_up": {"steps": connection.steps, "stopped": connection.stopped},
        },
        facts(
            ("company", f"[bold]{plain(seen.company)}[/bold] → {plain(seen.organisation) or NOTHING}"),
            ("ids", f"connection {connection.connection_id}, Pleo company {connection.company_id}"),
            ("health", f"{_coloured(health.level)} {plain(', '.join(health.reasons))}"),
            ("status", seen.status + (f", {seen.hold}" if seen.hold else "")),
            (
                "connected",
                moment(seen.connected_at) + (f", stopped: {connection.stopped}" if connection.stopped else ""),
            ),
            ("last webhook", moment(last_webhook_at)),
            ("caught up to", moment(seen.caught_up_at)),
            ("last line", moment(seen.last_line_at)),
            ("turns fail since", _turns(connection, seen)),
            *((f"{worker} failed", _failure(failure)) for worker, failure in last.items() if failure),
            ("export", _export(seen)),
            ("categories", _sync(seen)),
            ("balance", _balance(seen)),
        ),
        *_waiting(seen),
    )


def _failure(failure: Failure) -> str:
    return f"{moment(failure.at)}, attempt {failure.attempt}: {plain(failure.cause)}"


def _turns(connection: Connection, seen: Overview) -> str:
    if not seen.failing_since:
        return ""
    return (
        f"{moment(seen.failing_since)}, {plural(connection.sync_failures, 'time')}, last for {connection.sync_error}; "
        f"next at {moment(seen.next_try_at)}"
    )


def _export(seen: Overview) -> str:
    job = seen.export
    if job is None:
        return NOTHING
    done = f"{moment(job.created_at)}: {job.event or job.state}, {job.successful} of {job.items} exported"
    codes = sorted({item.code for item in job.failed} | ({job.code} if job.code else set()))
    return done + (f", {job.failed_count} failed: {', '.join(codes)}" if codes else "")


def _sync(seen: Overview) -> str:
    refused = seen.sync.refused
    told = f"synced {moment(seen.sync.at)}, last change {moment(seen.sync.changed_at)}"
    return told + (f", refused: {refused.count} of {refused.known} {refused.reason}" if refused else "")


def _balance(seen: Overview) -> str:
    balance = seen.balance
    parts = f"opening {euro(balance.opening)}, lines {euro(balance.lines)}, by hand {euro(balance.by_hand)}"
    total = f"{euro(balance.total)} ({parts})"
    if balance.proved_at is None:
        return f"{total}; not proven yet"
    verdict = f"[red]{euro(balance.unexplained)} unexplained[/red]" if balance.unexplained else "proven"
    return f"{total}; {verdict} {moment(balance.proved_at)}"


def _waiting(seen: Overview) -> list[RenderableType]:
    if not seen.waiting:
        return []
    rows = [
        [each.state, each.reason or NOTHING, str(each.day or NOTHING), euro(each.amount), each.entry_id]
        for each in seen.waiting[:_SHOWN]
    ]
    shown = table("state", "reason", "day", ">amount", "entry", rows=rows)
    left = seen.waiting_count - len(rows)
    return ["", shown, *([f"… and {left:,} more"] if left > 0 else [])]
