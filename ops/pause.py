"""`ops pause` and `ops resume`: stop and resume writing for a company (docs/decisions/0014)."""

import secrets
from datetime import UTC, datetime

from ops.answer import Answer, moment, plain, plural
from ops.app import Company, Wait, command
from ops.context import CommandContext
from ops.errors import CommandRefused
from ops.wait import wait_for
from shared.aws.connections import Connection, Hold, Status
from shared.domain.syncing.requests import SyncRequest

_TRIES = 3


@command(changes=True)
def pause(context: CommandContext, company: Company) -> Answer:
    """Stop writing to lexoffice for a company until `ops resume`. Entries are still collected; nothing is lost."""
    connection = context.company(company)
    if connection.status is Status.DISCONNECTED:
        raise CommandRefused(f"{connection.company_name} is disconnected: nothing is written for it.")
    with context.audited_action("pause", connection) as action:
        changed = context.stores.connections.pause(connection.connection_id, datetime.now(UTC))
        action.result = "paused" if changed else "was paused already"
    now = _current(context, connection)
    return Answer(_company(now), {"changed": changed}, *_paused(now, changed=changed))


def _paused(now: Connection, *, changed: bool) -> list[str]:
    name = plain(now.company_name)
    since = f"{name} has been paused since {moment(now.paused_at)}: nothing to do."
    sentences = [f"{name} is paused." if changed else since]
    if now.status is Status.HELD and now.hold != Hold.PAUSED:
        sentences.append(f"It is held for another reason, too: {now.hold}. Its admin sees that one.")
    if now.status is Status.CONNECTING:
        sentences.append("Its set-up is not finished; when it is, nothing is written until you resume.")
    elif changed:
        sentences.append(
            "Entries are still collected. A run in progress still ends: lines for up to two minutes, an export for up "
            "to five. Exports clicked from now on fail with EXP-PAUSED. `ops resume` ends the pause."
        )
    return sentences


@command(changes=True)
def resume(context: CommandContext, company: Company, wait: Wait = 30) -> Answer:
    """Lift a company's pause and any other hold, and retry everything now. A cause that persists holds it again."""
    connection = context.company(company)
    if connection.status is Status.DISCONNECTED and not connection.paused_at:
        raise CommandRefused(f"{connection.company_name} is disconnected: only its admin can connect it again.")
    with context.audited_action("resume", connection) as action:
        lifted, before = _lift(context, connection)
        if lifted and before.status is Status.HELD:
            _wake(context, before.connection_id)
        action.result = f"lifted: {', '.join(lifted)}" if lifted else "nothing was held"
    now = before
    if lifted and before.status is Status.HELD:
        wait_for(context, "Waiting for the sync", lambda: _is_over(context, before), seconds=wait)
    if lifted:
        now = _current(context, before)
    waiting = _waiting(context, now)
    return Answer(
        _company(now),
        {"lifted": lifted, "waiting": waiting, "synced": now.caught_up_to != before.caught_up_to},
        *_resumed(before, now, lifted, waiting),
        failed=bool(lifted) and now.status is Status.HELD,
    )


def _lift(context: CommandContext, connection: Connection) -> tuple[list[str], Connection]:
    """Lift every hold; return what was lifted and the company as it was before.

    Lift only holds that were read. Raise CommandRefused if the company keeps changing meanwhile.
    """
    for _ in range(_TRIES):
        before = _current(context, connection)
        held = [before.hold] if before.hold else []
        lifted: list[str] = [*held, *([Hold.PAUSED] if before.paused_at and Hold.PAUSED not in held else [])]
        if not lifted or context.stores.connections.resume(before, datetime.now(UTC)):
            return lifted, before
    raise CommandRefused(
        f"Another operator or worker is changing {connection.company_name}: look (`ops company`), try again."
    )


def _wake(context: CommandContext, connection_id: str) -> None:
    """Wake the company's workers now.

    Crash before this → the company is due for a sync already, so its workers only start later.
    """
    occasion = f"resumed.{secrets.token_hex(8)}"
    context.sync_queue.request_sync(connection_id, SyncRequest.CHECK_ACCESS)
    context.feed_queue.wake(connection_id, occasion)
    context.export_queue.wake(connection_id, occasion)


def _is_over(context: CommandContext, before: Connection) -> bool:
    """Return True if the company is no longer active, or is synced with no line waiting."""
    now = _current(context, before)
    synced = now.caught_up_to != before.caught_up_to
    return now.status is not Status.ACTIVE or (synced and not _waiting(context, now))


def _resumed(before: Connection, now: Connection, lifted: list[str], waiting: int) -> list[str]:
    name = plain(now.company_name)
    if not lifted:
        return [f"{name} is {now.status.value} and not held: nothing to resume."]
    return [f"{name}: lifted {', '.join(lifted)}.", _state(before, now, waiting)]


def _state(before: Connection, now: Connection, waiting: int) -> str:
    if now.status is Status.HELD:
        return f"It is held again: {now.hold}. Nothing was lost; `ops company` says more."
    if now.status is not Status.ACTIVE:
        return f"It is {now.status.value}."
    if now.caught_up_to == before.caught_up_to:
        return "It is active and due; it is not synced yet: look again in a minute (`ops company`)."
    return f"It is active and synced; {plural(waiting, 'line') + ' on the way' if waiting else 'no line waits'}."


def _waiting(context: CommandContext, connection: Connection) -> int:
    return context.stores.view.waiting(connection.connection_id, 1).count


def _current(context: CommandContext, connection: Connection) -> Connection:
    now = context.stores.connections.get(connection.connection_id)
    if now is None:
        raise CommandRefused(f"{connection.company_name} was deleted a moment ago.")
    return now


def _company(now: Connection) -> dict[str, str | None]:
    known = {"connection_id": now.connection_id, "company": now.company_name, "status": now.status.value}
    return known | {"hold": now.hold or "", "paused_at": now.paused_at or None}
