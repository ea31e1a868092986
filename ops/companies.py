"""`ops companies` and `ops company`: health of all companies, and the details of one."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.progress import track

from ops import dead_letters
from ops.answer import NOTHING, Answer, AnswerTable, Fact, bold, euro, moment, plain, plural, red
from ops.app import command
from ops.context import CommandContext
from ops.errors import CommandRefused
from ops.health import Health, Level, health_of
from shared.aws.connections import Connection
from shared.aws.failures import EXPORT, FEED, Failure
from shared.domain.lookup.overview import AccountBalance, LastExport, LastSync, Overview, Waiting

# Connections that AWS's client keeps open.
_AT_ONCE = 10
_SHOWN = 20
_COLOURS = {Level.BROKEN: "red", Level.CHECK: "yellow", Level.FINE: "green", Level.DISCONNECTED: "dim"}


@command()
def companies(
    context: CommandContext,
    every: Annotated[bool, typer.Option("--all", help="Disconnected companies, too.")] = False,
) -> Answer:
    """List all companies with their health, the worst first."""
    now, dead = datetime.now(UTC), dead_letters.by_company(context)
    found = [each for each in context.stores.connections.all() if every or each.status.value != "disconnected"]
    checked = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        looks = pool.map(lambda each: (each, context.board.overview(each.connection_id)), found)
        for connection, seen in track(
            looks, "Looking at every company", total=len(found), console=context.progress, transient=True
        ):
            if seen is not None:
                checked.append((connection, seen, health_of(seen, dead=dead.get(connection.connection_id, 0), now=now)))
    checked.sort(key=lambda row: (-row[2].level, row[0].company_name.lower()))
    broken = sum(health.level is Level.BROKEN for _, _, health in checked)
    return Answer(
        AnswerTable("companies", [_row(*each) for each in checked]),
        f"{plural(len(checked), 'company', 'companies')}, {broken} broken. `ops company NAME` tells more.",
    )


def _row(connection: Connection, seen: Overview, health: Health) -> list[Fact]:
    return [
        Fact("health", "health", health.level.word, lambda _: _coloured(health.level)),
        Fact("company", "company", seen.company, lambda name: plain(name) or "(deleted)"),
        Fact("connection_id", "connection", connection.connection_id),
        Fact("company_id", "", connection.company_id),
        Fact("organisation", "", seen.organisation),
        Fact("status", "", seen.status),
        Fact("hold", "", seen.hold),
        Fact("reasons", "why", health.reasons, _listed),
        Fact("waiting", ">waiting", seen.waiting_count, lambda count: _count(count, more=seen.waiting_more)),
        Fact("last_line_at", "last line", seen.last_line_at, moment),
        Fact("proved_at", "proven", seen.balance.proved_at, moment),
        Fact("unexplained_cents", "", seen.balance.unexplained),
    ]


@command()
def company(
    context: CommandContext, named: Annotated[str, typer.Argument(help="Connection id, Pleo company id, or name.")]
) -> Answer:
    """Show one company: health, status, last failures, export, categories, balance, waiting lines."""
    connection = context.company(named)
    seen = context.board.overview(connection.connection_id)
    if seen is None:
        raise CommandRefused(f"{named!r} was deleted a moment ago.")
    dead = dead_letters.by_company(context).get(connection.connection_id, 0)
    health = health_of(seen, dead=dead, now=datetime.now(UTC))
    last = {worker: context.stores.failures.last(connection.connection_id, worker) for worker in (FEED, EXPORT)}
    last_webhook_at = context.stores.ledger.last_webhook_at(connection.connection_id) or None
    stopped = f", stopped: {connection.stopped}" if connection.stopped else ""
    return Answer(
        Fact("company", "company", seen.company, lambda name: f"{bold(name)} → {plain(seen.organisation) or NOTHING}"),
        Fact("organisation", "", seen.organisation),
        Fact("connection_id", "connection", connection.connection_id),
        Fact("company_id", "Pleo company", connection.company_id),
        Fact("health", "health", health.level.word, lambda _: f"{_coloured(health.level)} {_listed(health.reasons)}"),
        Fact("reasons", "", health.reasons),
        Fact("status", "status", seen.status, lambda status: ", ".join(filter(None, (status, seen.hold)))),
        Fact("hold", "", seen.hold),
        Fact("", "connected", seen.connected_at, lambda at: moment(at) + stopped),
        Fact("set_up", "", {"steps": connection.steps, "stopped": connection.stopped}),
        Fact("webhook_came_at", "last webhook", last_webhook_at, moment),
        Fact("", "caught up to", seen.caught_up_at, moment),
        Fact("last_line_at", "last line", seen.last_line_at, moment),
        Fact("waiting", "", seen.waiting_count),
        Fact("", "syncs fail since", seen.failing_since, lambda since: _failing_syncs(since, connection, seen)),
        Fact("sync_failures", "", connection.sync_failures),
        Fact("sync_error", "", connection.sync_error),
        *(Fact("", f"{worker} failed", failure, _failure) for worker, failure in last.items()),
        Fact("last_failures", "", last),
        Fact("", "export", seen.export, _export),
        Fact("", "categories", seen.sync, _sync),
        Fact("", "balance", seen.balance, _balance),
        Fact("proved_at", "", seen.balance.proved_at),
        Fact("unexplained_cents", "", seen.balance.unexplained),
        Fact("overview", "", asdict(seen)),
        *_waiting(seen),
    )


def _coloured(level: Level) -> str:
    return f"[{_COLOURS[level]}]{level.word}[/]"


def _listed(reasons: tuple[str, ...]) -> str:
    return plain(", ".join(reasons))


def _count(count: int, *, more: bool) -> str:
    return f"{count:,}{'+' if more else ''}" if count else ""


def _failure(failure: Failure | None) -> str:
    return f"{moment(failure.at)}, attempt {failure.attempt}: {plain(failure.cause)}" if failure else ""


def _failing_syncs(since: datetime | None, connection: Connection, seen: Overview) -> str:
    if not since:
        return ""
    times = plural(connection.sync_failures, "time")
    return f"{moment(since)}, {times}, last for {plain(connection.sync_error)}; next at {moment(seen.next_try_at)}"


def _export(job: LastExport | None) -> str:
    if job is None:
        return NOTHING
    done = f"{moment(job.created_at)}: {job.event or job.state}, {job.successful} of {job.items} exported"
    codes = sorted({item.code for item in job.failed} | ({job.code} if job.code else set()))
    return done + (f", {job.failed_count} failed: {', '.join(codes)}" if codes else "")


def _sync(last: LastSync) -> str:
    refused = f", refused: {last.refused.count} of {last.refused.known} {last.refused.reason}" if last.refused else ""
    return f"synced {moment(last.at)}, last change {moment(last.changed_at)}{refused}"


def _balance(balance: AccountBalance) -> str:
    parts = f"opening {euro(balance.opening)}, lines {euro(balance.lines)}, by hand {euro(balance.by_hand)}"
    sums = f"{euro(balance.total)} ({parts})"
    if balance.proved_at is None:
        return f"{sums}; not proven yet"
    verdict = red(f"{euro(balance.unexplained)} unexplained") if balance.unexplained else "proven"
    return f"{sums}; {verdict} {moment(balance.proved_at)}"


def _waiting(seen: Overview) -> list[str | AnswerTable]:
    if not seen.waiting:
        return []
    shown = seen.waiting[:_SHOWN]
    left = seen.waiting_count - len(shown)
    return [
        "",
        AnswerTable("", [_waiting_row(each) for each in shown]),
        *([f"… and {left:,} more"] if left > 0 else []),
    ]


def _waiting_row(each: Waiting) -> list[Fact]:
    return [
        Fact("", "state", each.state),
        Fact("", "reason", each.reason),
        Fact("", "day", each.day),
        Fact("", ">amount", each.amount, euro),
        Fact("", "entry", each.entry_id),
    ]
