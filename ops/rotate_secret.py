"""`ops rotate-secret`: a new secret for a company's webhooks, with the old one valid meanwhile."""

from typing import Annotated

import typer

from ops.answer import Answer, moment, plain
from ops.app import command
from ops.desk import Desk
from ops.options import Company, Wait
from ops.patience import awaited, setback
from ops.refusal import Refusal
from shared.aws.connections import Connection, Hold, Status
from shared.domain.syncing.requests import SyncRequest


@command(changes=True, name="rotate-secret")
def rotate_secret(
    desk: Desk,
    company: Company,
    retire: Annotated[bool, typer.Option("--retire", help="End the old secret now.")] = False,
    wait: Wait = 30,
) -> Answer:
    """Make a new webhook secret valid beside the old one; with --retire, the old one is refused from then on."""
    before = desk.company(company)
    if before.status not in {Status.ACTIVE, Status.HELD} or before.hold == Hold.PLEO_ACCESS_GONE:
        raise Refusal(
            f"{before.company_name} is {before.hold or before.status.value}: without access to Pleo no subscription "
            "can be made; connecting again makes one."
        )
    if _done(before, retire=retire, was=before):
        return _told(before, retire=retire, changed=False, cause="")
    with desk.deed("rotate-secret", before, arguments={"retire": retire}) as deed:
        desk.sync_queue.request_sync(
            before.connection_id, SyncRequest.RETIRE_SECRET if retire else SyncRequest.ROTATE_SECRET
        )
        awaited(desk, "Waiting for the worker", lambda: _over(desk, before, retire=retire), seconds=wait)
        now = desk.connections.get(before.connection_id) or before
        done = _done(now, retire=retire, was=before)
        cause = "" if done else setback(before, now) or f"not done within {wait} seconds"
        deed.says(f"asked; {cause or ('the old secret is refused' if retire else 'both secrets are valid')}")
    return _told(now, retire=retire, changed=done, cause=cause)


def _over(desk: Desk, before: Connection, *, retire: bool) -> bool:
    now = desk.connections.get(before.connection_id)
    return now is None or _done(now, retire=retire, was=before) or bool(setback(before, now))


def _done(now: Connection, *, retire: bool, was: Connection) -> bool:
    """Whether what is wanted is so: with `retire` no old secret is left, else the first one is a new one."""
    if retire or not now.retiring:
        # Where Pleo had no subscription of ours any more, there is nothing to retire beside the new one.
        return not now.retiring and (retire or _first(now) != _first(was))
    return _first(now) != "" and _first(now) not in now.retiring


def _first(connection: Connection) -> str:
    return connection.secrets[0].subscription_id if connection.secrets else ""


def _told(now: Connection, *, retire: bool, changed: bool, cause: str) -> Answer:
    since = max(now.retiring.values(), default="")
    return Answer(
        {
            "connection_id": now.connection_id,
            "company": now.company_name,
            "state": "both" if now.retiring else "one",
            "changed": changed,
            "valid": len(now.secrets),
            "subscription_id": _first(now),
            "retiring": sorted(now.retiring),
            "since": since or None,
            "cause": cause,
        },
        _verdict(now, retire=retire, changed=changed, cause=cause, since=since),
        failed=bool(cause),
    )


def _verdict(now: Connection, *, retire: bool, changed: bool, cause: str, since: str) -> str:
    name = plain(now.company_name)
    if cause:
        return f"{name}: asked for, {plain(cause)}. The worker tries again by itself; look again with the same command."
    if not now.retiring:
        if retire and not changed:
            return f"{name}: one secret is valid, there is none to retire."
        return f"{name}: one secret is valid, the new one. A receiver that is warm knows the old one for a minute more."
    again = "" if changed else f" since {moment(since)}: nothing to do"
    return (
        f"{name}: two secrets are valid{again}. Every event comes twice meanwhile, which does no harm. "
        "--retire ends the old one; otherwise the daily look after the webhooks does, once a day has passed."
    )
