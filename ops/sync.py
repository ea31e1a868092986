"""`ops sync`: show what the last sync of categories and tax codes changed or refused, and request a new one."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from ops.answer import Answer, AnswerTable, Fact, bold, moment, plural, red
from ops.app import Company, Wait, command
from ops.context import CommandContext
from ops.errors import CommandRefused
from ops.wait import blocking_reason, wait_for
from shared.aws.catalogues import CatalogueDiff
from shared.aws.connections import Connection, Status
from shared.domain.syncing.catalogue import CatalogueChange, CatalogueRefusal
from shared.domain.syncing.requests import SyncRequest
from shared.texts.labels import CHANGES, REFUSALS

_MOST_NAMED = 3
_DONE_ALREADY = "done less than a minute ago already"


@command(changes=True)
def sync(
    context: CommandContext,
    company: Company,
    now: Annotated[bool, typer.Option("--now", help="Sync categories and tax codes now.")] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Carry out, once, what was refused as a fault.")] = False,
    wait: Wait = 60,
) -> Answer:
    """Show what the last sync of categories and tax codes changed, and the expenses affected. --now syncs again."""
    connection = context.company(company)
    if now or accept:
        _check(context, connection, accept=accept)
        return _sync_now(context, connection, accept=accept, wait=wait)
    return _render(connection, context.stores.catalogues.last_changes(connection.connection_id))


def _check(context: CommandContext, connection: Connection, *, accept: bool) -> None:
    """Raise CommandRefused if the company cannot be synced, or if there is no refused change to accept."""
    name = connection.company_name
    if connection.status is not Status.ACTIVE:
        raise CommandRefused(f"{name} is {connection.hold or connection.status.value}: its lists are not synced.")
    if not accept:
        return
    refused = context.stores.catalogues.last_changes(connection.connection_id).refused
    if refused is None:
        raise CommandRefused(f"Nothing of {name} was refused, so there is nothing to accept; --now syncs as usual.")
    if not refused.confirmable:
        raise CommandRefused(
            f"lexoffice names no category at all for {name}, which cannot be accepted: check the organisation in "
            "lexoffice, then --now."
        )


def _sync_now(context: CommandContext, connection: Connection, *, accept: bool, wait: int) -> Answer:
    connection_id = connection.connection_id
    request = SyncRequest.ACCEPT_CATALOGUE if accept else SyncRequest.SYNC_CATALOGUE
    last_tried = max(connection.catalogue_synced_at, connection.catalogue_attempted_at)
    with context.audited_action("sync", connection, arguments={"accept": accept}) as action:
        requested = context.stores.connections.record_request(connection_id, request, datetime.now(UTC))
        if requested:
            context.sync_queue.request_sync(connection_id, request)
        elif last_tried > connection.last_requested_at(request):
            action.result = _DONE_ALREADY
            diff = context.stores.catalogues.last_changes(connection_id)
            return _render(connection, diff, outcome=_DONE_ALREADY, failed=bool(diff.refused))
        outcome = wait_for(context, "Waiting for the sync", lambda: _outcome(context, connection), seconds=wait)
        outcome = outcome or f"not done within {wait} seconds; it goes on by itself"
        action.result = ("" if requested else "requested a moment ago already; ") + outcome
    after = context.stores.connections.get(connection_id) or connection
    synced = after.catalogue_synced_at != connection.catalogue_synced_at
    return _render(after, context.stores.catalogues.last_changes(connection_id), outcome=outcome, failed=not synced)


def _outcome(context: CommandContext, before: Connection) -> str:
    """Return the outcome of the requested sync in words, or "" if there is none yet."""
    now = context.stores.connections.get(before.connection_id)
    if now and now.catalogue_synced_at != before.catalogue_synced_at:
        return "synced"
    if now and now.catalogue_attempted_at != before.catalogue_attempted_at:
        refused = context.stores.catalogues.last_changes(before.connection_id).refused
        if refused is None:
            return "incomplete: Pleo did not take everything"
        return f"refused: {refused.count} of {refused.known} {refused.reason}"
    return blocking_reason(before, now)


def _render(connection: Connection, diff: CatalogueDiff, *, outcome: str = "", failed: bool = False) -> Answer:
    refused = diff.refused
    detail = {**asdict(refused), "confirmable": refused.confirmable} if refused else None
    return Answer(
        Fact("connection_id", "", connection.connection_id),
        Fact("company", "company", connection.company_name, bold),
        *([Fact("outcome", "now", outcome)] if outcome else []),
        Fact("synced_at", "synced", connection.catalogue_synced_at or None, moment),
        Fact("tried_at", "", connection.catalogue_attempted_at or None),
        Fact("changed_at", "last change", diff.changed_at or None, moment),
        Fact("refused", "refused", detail, lambda _: red(_refusal(refused))),
        Fact("changes", "", [asdict(change) for change in diff.changes]),
        Fact("more_changes", "", diff.more),
        *_how_to_accept(connection, refused),
        AnswerTable("", [[Fact("", "change", _change(each)), _touched(each)] for each in diff.changes]),
        *([f"… and {diff.more:,} more"] if diff.more else []),
        failed=failed,
    )


def _how_to_accept(connection: Connection, refused: CatalogueRefusal | None) -> list[str]:
    """Return what the operator can do about a refused change."""
    if refused is None:
        return []
    if not refused.confirmable:
        return ["That cannot be accepted; it is checked again every hour."]
    return [f"If it is right: ops sync --company {connection.connection_id} --accept"]


def _refusal(refused: CatalogueRefusal | None) -> str:
    return REFUSALS[refused.reason].in_("en").format(count=refused.count, known=refused.known) if refused else ""


def _change(change: CatalogueChange) -> str:
    what = change.what
    if what == "tax_code":
        what = "tax_code_new" if not change.before else "tax_code_changed" if change.name else "tax_code_gone"
    return CHANGES.get(what, CHANGES["other"]).in_("en").format(name=change.name, before=change.before)


def _touched(change: CatalogueChange) -> Fact:
    named = ", ".join(change.entry_ids[:_MOST_NAMED])
    more = " …" if change.expenses > _MOST_NAMED else ""
    text = f"{plural(change.expenses, 'expense')}: {named}{more}" if change.expenses else ""
    return Fact("", "waiting expenses", text)
