"""`ops rotate-secret`: make a new webhook secret for a company. The old one stays valid until it is retired."""

from typing import Annotated

import typer

from ops.answer import Answer, moment, plain
from ops.app import Company, Wait, command
from ops.context import CommandContext
from ops.errors import CommandRefused
from ops.wait import blocking_reason, wait_for
from shared.aws.connections import Connection, Hold, Status
from shared.domain.syncing.requests import SyncRequest


@command(changes=True, name="rotate-secret")
def rotate_secret(
    context: CommandContext,
    company: Company,
    retire: Annotated[bool, typer.Option("--retire", help="End the old secret now.")] = False,
    wait: Wait = 30,
) -> Answer:
    """Make a new webhook secret; the old one stays valid. With --retire, refuse the old one from now on."""
    before = context.company(company)
    if before.status not in {Status.ACTIVE, Status.HELD} or before.hold == Hold.PLEO_ACCESS_GONE:
        raise CommandRefused(
            f"{before.company_name} is {before.hold or before.status.value}: without access to Pleo no subscription "
            "can be made; connecting again makes one."
        )
    if _is_done(before, retire=retire, was=before):
        return _render(before, retire=retire, changed=False, cause="")
    with context.audited_action("rotate-secret", before, arguments={"retire": retire}) as action:
        request = SyncRequest.RETIRE_SECRET if retire else SyncRequest.ROTATE_SECRET
        context.sync_queue.request_sync(before.connection_id, request)
        wait_for(context, "Waiting for the worker", lambda: _is_over(context, before, retire=retire), seconds=wait)
        now = context.stores.connections.get(before.connection_id) or before
        done = _is_done(now, retire=retire, was=before)
        cause = "" if done else blocking_reason(before, now) or f"not done within {wait} seconds"
        valid = "the old secret is refused" if retire else "both secrets are valid"
        action.result = f"requested; {cause or valid}"
    return _render(now, retire=retire, changed=done, cause=cause)


def _is_over(context: CommandContext, before: Connection, *, retire: bool) -> bool:
    now = context.stores.connections.get(before.connection_id)
    return now is None or _is_done(now, retire=retire, was=before) or bool(blocking_reason(before, now))


def _is_done(now: Connection, *, retire: bool, was: Connection) -> bool:
    """Return True if the request is carried out.

    With `retire`: no old secret is left. Otherwise: the first secret is a new one.
    """
    if retire or not now.retiring:
        # If Pleo had lost the subscription, the new secret is the only one.
        return not now.retiring and (retire or _first(now) != _first(was))
    return _first(now) != "" and _first(now) not in now.retiring


def _first(connection: Connection) -> str:
    return connection.secrets[0].subscription_id if connection.secrets else ""


def _render(now: Connection, *, retire: bool, changed: bool, cause: str) -> Answer:
    since = max(now.retiring.values(), default="")
    return Answer(
        {"connection_id": now.connection_id, "company": now.company_name, "changed": changed, "cause": cause},
        {"state": "both" if now.retiring else "one", "valid": len(now.secrets), "subscription_id": _first(now)},
        {"retiring": sorted(now.retiring), "since": since or None},
        f"{plain(now.company_name)}: {_verdict(now, retire=retire, changed=changed, cause=cause, since=since)}",
        failed=bool(cause),
    )


def _verdict(now: Connection, *, retire: bool, changed: bool, cause: str, since: str) -> str:
    if cause:
        return f"requested, {plain(cause)}. The worker retries by itself; look again with the same command."
    if not now.retiring:
        if retire and not changed:
            return "one secret is valid, there is none to retire."
        return "one secret is valid, the new one. A warm receiver accepts the old one for a minute more."
    again = "" if changed else f" since {moment(since)}: nothing to do"
    return (
        f"two secrets are valid{again}. Every event comes twice meanwhile, which does no harm. "
        "--retire ends the old one; otherwise the daily check of the webhooks does, once a day has passed."
    )
