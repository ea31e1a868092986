"""`ops sync`: what the last sync of categories and tax codes changed or refused, and another one on demand."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import RenderableType

from ops.answer import NOTHING, Answer, facts, moment, plain, plural, table
from ops.app import command
from ops.desk import Desk
from ops.options import Company, Wait
from ops.patience import awaited, setback
from ops.refusal import Refusal
from shared.aws.catalogues import CatalogueDiff
from shared.aws.connections import Connection, Status
from shared.domain.syncing.catalogue import CatalogueChange, CatalogueRefusal
from shared.domain.syncing.requests import SyncRequest
from shared.texts.labels import CHANGES, REFUSALS

_MOST_NAMED = 3


@command(changes=True)
def sync(
    desk: Desk,
    company: Company,
    now: Annotated[bool, typer.Option("--now", help="Have the lists synced now.")] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Carry out, once, what was refused as a fault.")] = False,
    wait: Wait = 60,
) -> Answer:
    """What the last sync of categories and tax codes changed, and which expenses that touches; --now makes one more."""
    connection = desk.company(company)
    if not now and not accept:
        return _told(connection, desk.connections.catalogues.last_changes(connection.connection_id))
    _possible(desk, connection, accept=accept)
    connection_id = connection.connection_id
    with desk.deed("sync", connection, arguments={"accept": accept}) as deed:
        request = SyncRequest.ACCEPT_CATALOGUE if accept else SyncRequest.SYNC_CATALOGUE
        asked = desk.connections.record_request(connection_id, request, datetime.now(UTC))
        if asked:
            desk.sync_queue.request_sync(connection_id, request)
        elif max(connection.catalogue_synced_at, connection.catalogue_attempted_at) > getattr(
            connection, f"{request}_requested_at"
        ):
            deed.says("done less than a minute ago already")
            diff = desk.connections.catalogues.last_changes(connection_id)
            return _told(connection, diff, outcome="done less than a minute ago already", failed=bool(diff.refused))
        awaited(desk, "Waiting for the sync", lambda: _outcome(desk, connection), seconds=wait)
        outcome = _outcome(desk, connection) or f"not done within {wait} seconds; it goes on by itself"
        deed.says(("" if asked else "asked for a moment ago already; ") + outcome)
    after = desk.connections.get(connection_id) or connection
    synced = after.catalogue_synced_at != connection.catalogue_synced_at
    return _told(after, desk.connections.catalogues.last_changes(connection_id), outcome=outcome, failed=not synced)


def _possible(desk: Desk, connection: Connection, *, accept: bool) -> None:
    """Raises Refusal when nothing can be synced, or when there is nothing that could be accepted."""
    name = connection.company_name
    if connection.status is not Status.ACTIVE:
        raise Refusal(f"{name} is {connection.hold or connection.status.value}: its lists are not synced.")
    if not accept:
        return
    refused = desk.connections.catalogues.last_changes(connection.connection_id).refused
    if refused is None:
        raise Refusal(f"Nothing of {name} was refused, so there is nothing to accept; --now syncs as usual.")
    if not refused.confirmable:
        raise Refusal(
            f"lexoffice names no category at all for {name}, which nobody can accept: have the organisation looked at "
            "in lexoffice, then --now."
        )


def _outcome(desk: Desk, before: Connection) -> str:
    """What became of the sync that was asked for, in words; "" as long as nothing did."""
    now = desk.connections.get(before.connection_id)
    if now and now.catalogue_synced_at != before.catalogue_synced_at:
        return "synced"
    if now and now.catalogue_attempted_at != before.catalogue_attempted_at:
        refused = desk.connections.catalogues.last_changes(before.connection_id).refused
        if refused is None:
            return "incomplete: Pleo did not take everything"
        return f"refused: {refused.count} of {refused.known} {refused.reason}"
    return setback(before, now)


def _told(connection: Connection, diff: CatalogueDiff, *, outcome: str = "", failed: bool = False) -> Answer:
    refused = diff.refused
    return Answer(
        {
            "connection_id": connection.connection_id,
            "company": connection.company_name,
            "synced_at": connection.catalogue_synced_at or None,
            "tried_at": connection.catalogue_attempted_at or None,
            "changed_at": diff.changed_at or None,
            "changes": [asdict(change) for change in diff.changes],
            "more_changes": diff.more,
            "refused": {**asdict(refused), "confirmable": refused.confirmable} if refused else None,
            **({"outcome": outcome} if outcome else {}),
        },
        facts(
            ("company", f"[bold]{plain(connection.company_name)}[/bold]"),
            ("now", plain(outcome)),
            ("synced", moment(connection.catalogue_synced_at)),
            ("last change", moment(diff.changed_at)),
            ("refused", f"[red]{plain(_refusal(refused))}[/red]" if refused else ""),
            ("", _how_to_accept(connection, refused)),
        ),
        *_changes(diff),
        failed=failed,
    )


def _how_to_accept(connection: Connection, refused: CatalogueRefusal | None) -> str:
    """What an operator does about a refusal."""
    if refused is None:
        return ""
    if not refused.confirmable:
        return "Nobody can accept that; it is looked at again every hour."
    return f"If it is right: ops sync --company {connection.connection_id} --accept"


def _refusal(refused: CatalogueRefusal) -> str:
    return REFUSALS[refused.reason].in_("en").format(count=refused.count, known=refused.known)


def _changes(diff: CatalogueDiff) -> list[RenderableType]:
    if not diff.changes:
        return []
    rows = [[plain(_change(change)), _touched(change)] for change in diff.changes]
    more = [f"… and {diff.more:,} more"] if diff.more else []
    return ["", table("change", "waiting expenses", rows=rows), *more]


def _change(change: CatalogueChange) -> str:
    what = change.what
    if what == "tax_code":
        what = "tax_code_new" if not change.before else "tax_code_changed" if change.name else "tax_code_gone"
    return CHANGES.get(what, CHANGES["other"]).in_("en").format(name=change.name, before=change.before)


def _touched(change: CatalogueChange) -> str:
    if not change.expenses:
        return NOTHING
    named = ", ".join(change.entry_ids[:_MOST_NAMED])
    more = " …" if change.expenses > _MOST_NAMED else ""
    return f"{plural(change.expenses, 'expense')}: {named}{more}"
