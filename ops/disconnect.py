"""`ops disconnect`: disconnect a company, with the same effect as the admin's button."""

from datetime import timedelta
from typing import Annotated

import typer
from rich.prompt import Prompt

from ops.answer import Answer, moment, plain, plural
from ops.app import Company, Wait, command
from ops.context import CommandContext
from ops.errors import CommandRefused
from ops.wait import wait_for
from shared.aws.connections import Connection, Status
from shared.flows.lookup.disconnect import begin_disconnect


@command(changes=True)
def disconnect(
    context: CommandContext,
    company: Company,
    yes_really: Annotated[str, typer.Option(help="The company's name again, instead of typing it when asked.")] = "",
    wait: Wait = 30,
) -> Answer:
    """Disconnect a company: stop collecting and writing, revoke access on both sides, delete personal data later."""
    connection = context.company(company)
    if connection.status is Status.DISCONNECTED:
        if not connection.access_revoked_at:
            # Crash between the state change and the message → repeating the command sends the message.
            context.sync_queue.request_sync(connection.connection_id)
        return _render(connection, changed=False, waiting=0)
    _confirm(context, connection, yes_really)
    delay = timedelta(days=int(context.stack.parameter("DeletionDelayDays")))
    waiting = context.stores.view.waiting(connection.connection_id, 1).count
    with context.audited_action("disconnect", connection, arguments={"deletion_delay_days": delay.days}) as action:
        changed = begin_disconnect(
            connection.connection_id, connections=context.stores.connections, queue=context.sync_queue, delay=delay
        )
        action.result = "disconnected" if changed else "was disconnected already"
    wait_for(context, "Revoking access", lambda: _is_revoked(context, connection), seconds=wait)
    return _render(
        context.stores.connections.get(connection.connection_id) or connection, changed=changed, waiting=waiting
    )


def _confirm(context: CommandContext, connection: Connection, yes_really: str) -> None:
    """Ask the operator to type the company's name to confirm; raise CommandRefused otherwise."""
    wanted = connection.company_name or connection.connection_id
    if not yes_really and context.progress.is_interactive and not context.as_json:
        yes_really = Prompt.ask(f"Disconnect {plain(wanted)}? Type its name", console=context.progress)
    if yes_really.strip() != wanted:
        raise CommandRefused(f"Not confirmed, nothing was done: say the company's name again, --yes-really {wanted!r}.")


def _is_revoked(context: CommandContext, before: Connection) -> bool:
    now = context.stores.connections.get(before.connection_id)
    return bool(now and now.access_revoked_at and now.status is Status.DISCONNECTED)


def _render(now: Connection, *, changed: bool, waiting: int) -> Answer:
    unconfirmed = now.unconfirmed.split()
    name = plain(now.company_name) or now.connection_id
    return Answer(
        {"connection_id": now.connection_id, "company": now.company_name, "status": now.status.value},
        {"changed": changed, "waiting": waiting, "unconfirmed": unconfirmed},
        {"disconnected_at": now.disconnected_at, "access_revoked_at": now.access_revoked_at or None},
        {"delete_at": now.delete_at or None, "deleted_at": now.deleted_at or None},
        f"{name} is disconnected." if changed else f"{name} has been disconnected since {moment(now.disconnected_at)}.",
        *([f"{plural(waiting, 'line')} had not reached lexoffice: sent only if it connects again."] if waiting else []),
        _access(now, unconfirmed),
        _deletion(now),
        failed=bool(unconfirmed),
    )


def _access(now: Connection, unconfirmed: list[str]) -> str:
    if not now.access_revoked_at:
        return "Access is being revoked: repeat the command in a minute to see."
    if unconfirmed:
        return (
            f"Our tokens are erased, but {' and '.join(unconfirmed)} did not confirm the end: have the admin end the "
            "connection there."
        )
    return f"Access was revoked on both sides {moment(now.access_revoked_at)}; no token is left."


def _deletion(now: Connection) -> str:
    if now.deleted_at and not now.delete_at:
        return f"Personal data was deleted {moment(now.deleted_at)}."
    return f"Personal data is deleted {moment(now.delete_at)}, unless its admin connects it again before."
