"""`ops disconnect`: the end of a company's connection, as when its admin presses the button."""

from datetime import timedelta
from typing import Annotated

import typer
from rich.prompt import Prompt

from ops.answer import Answer, moment, plain, plural
from ops.app import command
from ops.desk import Desk
from ops.options import Company, Wait
from ops.patience import awaited
from ops.refusal import Refusal
from shared.aws.connections import Connection, Status
from shared.flows.lookup.disconnect import begin_disconnect


@command(changes=True)
def disconnect(
    desk: Desk,
    company: Company,
    yes_really: Annotated[str, typer.Option(help="The company's name again, instead of typing it when asked.")] = "",
    wait: Wait = 30,
) -> Answer:
    """End a company's connection: writing and collecting stop, access is given back on both sides, data goes later."""
    connection = desk.company(company)
    if connection.status is Status.DISCONNECTED:
        if not connection.access_revoked_at:
            # Whoever pressed first may have died before saying so.
            desk.sync_queue.request_sync(connection.connection_id)
        return _told(connection, done=False, waiting=0)
    _confirmed(desk, connection, yes_really)
    delay = timedelta(days=int(desk.stack.parameter("DeletionDelayDays")))
    waiting = desk.view.waiting(connection.connection_id, 1).count
    with desk.deed("disconnect", connection, arguments={"deletion_delay_days": delay.days}) as deed:
        done = begin_disconnect(
            connection.connection_id, connections=desk.connections, queue=desk.sync_queue, delay=delay
        )
        deed.says("disconnected" if done else "was disconnected already")
    return _told(
        awaited(desk, "Giving access back", lambda: _released(desk, connection), seconds=wait)
        or desk.connections.get(connection.connection_id)
        or connection,
        done=done,
        waiting=waiting,
    )


def _confirmed(desk: Desk, connection: Connection, yes_really: str) -> None:
    """Raises Refusal unless the operator names the company a second time."""
    wanted = connection.company_name or connection.connection_id
    if not yes_really and desk.progress.is_interactive and not desk.as_json:
        yes_really = Prompt.ask(f"Disconnect {plain(wanted)}? Type its name", console=desk.progress)
    if yes_really.strip() != wanted:
        raise Refusal(f"Not confirmed, nothing was done: say the company's name again, --yes-really {wanted!r}.")


def _released(desk: Desk, before: Connection) -> Connection | None:
    now = desk.connections.get(before.connection_id)
    return now if now and now.access_revoked_at and now.status is Status.DISCONNECTED else None


def _told(now: Connection, *, done: bool, waiting: int) -> Answer:
    unconfirmed = now.unconfirmed.split()
    name = plain(now.company_name) or now.connection_id
    return Answer(
        {
            "connection_id": now.connection_id,
            "company": now.company_name,
            "status": now.status.value,
            "changed": done,
            "disconnected_at": now.disconnected_at,
            "access_revoked_at": now.access_revoked_at or None,
            "unconfirmed": unconfirmed,
            "delete_at": now.delete_at or None,
            "deleted_at": now.deleted_at or None,
            "waiting": waiting,
        },
        f"{name} is disconnected." if done else f"{name} has been disconnected since {moment(now.disconnected_at)}.",
        *([f"{plural(waiting, 'line')} had not reached lexoffice: sent only if it connects again."] if waiting else []),
        _access(now, unconfirmed),
        _deletion(now),
        failed=bool(unconfirmed),
    )


def _access(now: Connection, unconfirmed: list[str]) -> str:
    if not now.access_revoked_at:
        return "Access is being given back: press again in a minute to see."
    if unconfirmed:
        return (
            f"Our tokens are erased, but {' and '.join(unconfirmed)} did not confirm the end: have the admin end the "
            "connection there."
        )
    return f"Access was given back on both sides {moment(now.access_revoked_at)}; no token is left."


def _deletion(now: Connection) -> str:
    if now.deleted_at and not now.delete_at:
        return f"Personal data was deleted {moment(now.deleted_at)}."
    return f"Personal data is deleted {moment(now.delete_at)}, unless its admin connects it again before."
