"""`ops pause` and `ops resume`: support's brake on a company's writing, and letting go of it (docs/decisions/0014)."""

import secrets
from datetime import UTC, datetime

from ops.answer import Answer, moment, plain, plural
from ops.app import command
from ops.desk import Desk
from ops.options import Company, Wait
from ops.patience import awaited
from ops.refusal import Refusal
from shared.aws.connections import Connection, Hold, Status
from shared.domain.syncing.requests import SyncRequest

_TRIES = 3


@command(changes=True)
def pause(desk: Desk, company: Company) -> Answer:
    """Let nothing be written to lexoffice for a company until `ops resume`; collecting goes on, nothing is lost."""
    connection = desk.company(company)
    if connection.status is Status.DISCONNECTED:
        raise Refusal(f"{connection.company_name} is disconnected: nothing is written for it.")
    with desk.deed("pause", connection) as deed:
        done = desk.connections.pause(connection.connection_id, datetime.now(UTC))
        deed.says("paused" if done else "was paused already")
    now = _again(desk, connection)
    told = _paused(now, done=done)
    return Answer({**_data(now), "changed": done}, *told)


def _paused(now: Connection, *, done: bool) -> list[str]:
    name = plain(now.company_name)
    told = [f"{name} is paused." if done else f"{name} has been paused since {moment(now.paused_at)}: nothing to do."]
    if now.status is Status.HELD and now.hold != Hold.PAUSED:
        told.append(f"It is held, too, for another reason: {now.hold}. Its admin sees that one.")
    if now.status is Status.CONNECTING:
        told.append("Its set-up is not finished; when it is, nothing is written until you resume.")
    elif done:
        told.append(
            "Entries are still collected. A run that is under way still ends: lines for up to two minutes, an export "
            "for up to five. Exports clicked from now on fail with EXP-PAUSED. `ops resume` lets go."
        )
    return told


@command(changes=True)
def resume(desk: Desk, company: Company, wait: Wait = 30) -> Answer:
    """Lift a company's pause and any other hold, and try everything at once; what is still wrong holds it again."""
    connection = desk.company(company)
    if connection.status is Status.DISCONNECTED and not connection.paused_at:
        raise Refusal(f"{connection.company_name} is disconnected: only its admin can connect it again.")
    with desk.deed("resume", connection) as deed:
        lifted, before = _lift(desk, connection)
        if lifted and before.status is Status.HELD:
            _wake(desk, before.connection_id)
        deed.says(f"lifted: {', '.join(lifted)}" if lifted else "nothing was held")
    if not lifted:
        return Answer(
            {**_data(before), "lifted": [], "waiting": _waiting(desk, before)},
            f"{plain(before.company_name)} is {before.status.value} and not held: nothing to resume.",
        )
    now, waiting = before, 0
    if before.status is Status.HELD:
        now, waiting = awaited(desk, "Waiting for the turn", lambda: _settled(desk, before), seconds=wait) or (
            _again(desk, before),
            _waiting(desk, before),
        )
    else:
        now = _again(desk, before)
    return Answer(
        {**_data(now), "lifted": lifted, "waiting": waiting, "turn_taken": now.caught_up_to != before.caught_up_to},
        f"{plain(now.company_name)}: lifted {', '.join(lifted)}.",
        _became(before, now, waiting),
        failed=now.status is Status.HELD,
    )


def _lift(desk: Desk, connection: Connection) -> tuple[list[str], Connection]:
    """What was lifted, and the company as it was before. Nobody's hold is lifted that was not read."""
    for _ in range(_TRIES):
        before = _again(desk, connection)
        held = [before.hold] if before.hold else []
        lifted: list[str] = [*held, *([Hold.PAUSED] if before.paused_at and Hold.PAUSED not in held else [])]
        if not lifted or desk.connections.resume(before, datetime.now(UTC)):
            return lifted, before
    raise Refusal(
        f"Somebody else is changing {connection.company_name} at the same time: look (`ops company`), try again."
    )


def _wake(desk: Desk, connection_id: str) -> None:
    """Due at once it is already, so nothing is lost if we die before this; this is only faster, and asks for access."""
    occasion = f"resumed.{secrets.token_hex(8)}"
    desk.sync_queue.request_sync(connection_id, SyncRequest.CHECK_ACCESS)
    desk.feed_queue.wake(connection_id, occasion)
    desk.export_queue.wake(connection_id, occasion)


def _settled(desk: Desk, before: Connection) -> tuple[Connection, int] | None:
    """The company and how many lines wait, once it is held again, or has had its turn and nothing waits."""
    now, waiting = _again(desk, before), _waiting(desk, before)
    over = now.status is not Status.ACTIVE or (now.caught_up_to != before.caught_up_to and not waiting)
    return (now, waiting) if over else None


def _became(before: Connection, now: Connection, waiting: int) -> str:
    if now.status is Status.HELD:
        return f"It is held again: {now.hold}. Nothing was lost; `ops company` says more."
    if now.status is not Status.ACTIVE:
        return f"It is {now.status.value}."
    if now.caught_up_to == before.caught_up_to:
        return "It is active and due; its turn has not been taken yet: look again in a minute (`ops company`)."
    return (
        f"It is active, its turn was taken; {plural(waiting, 'line') + ' on the way' if waiting else 'no line waits'}."
    )


def _waiting(desk: Desk, connection: Connection) -> int:
    return desk.view.waiting(connection.connection_id, 1).count


def _again(desk: Desk, connection: Connection) -> Connection:
    now = desk.connections.get(connection.connection_id)
    if now is None:
        raise Refusal(f"{connection.company_name} has gone meanwhile.")
    return now


def _data(now: Connection) -> dict[str, object]:
    return {
        "connection_id": now.connection_id,
        "company": now.company_name,
        "status": now.status.value,
        "hold": now.hold,
        "paused_at": now.paused_at or None,
    }
