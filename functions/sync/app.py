"""The door of `SyncQueue`: one company's turn per message, and its set-up before that where it is wished."""

import json
import os
import time
from functools import cache, partial
from typing import Any

from shared.aws.connections import Connections
from shared.aws.erasure import Erasure
from shared.aws.exports import Exports
from shared.aws.ledger import Ledger
from shared.aws.limiter import pace
from shared.aws.proofs import Proofs
from shared.aws.queues import CompanyQueue
from shared.config import SyncSettings
from shared.errors import IntegrationError
from shared.flows.back_off import postpone, recovered
from shared.flows.deletion import Leaving
from shared.flows.keep_alive import KeepAlive
from shared.flows.proof import Prover
from shared.flows.set_up import SetUp
from shared.flows.silence import Silence
from shared.flows.subscriptions import Subscriptions
from shared.flows.turn import Turn
from shared.flows.vendors import Remaining, Vendors
from shared.telemetry import door

_SECONDS_FOR_A_CALL = 40.0


@cache
def _parts() -> tuple[Turn, SetUp, Connections]:
    settings = SyncSettings.from_env(os.environ)
    connections, vendors = Connections(settings.connection_table), Vendors(settings)
    ledger = Ledger(settings.ledger_table)
    subscriptions = Subscriptions(
        connections=connections,
        key_arn=settings.key_arn,
        events_verifiable=bool(settings.lexoffice_webhook_key),
    )
    keep_alive = KeepAlive(connections=connections, vendors=vendors, subscriptions=subscriptions)
    queue = CompanyQueue(settings.feed_queue_url)
    turn = Turn(
        connections=connections,
        ledger=ledger,
        exports=Exports(settings.ledger_table),
        queue=queue,
        export_queue=CompanyQueue(settings.export_queue_url),
        vendors=vendors,
        leaving=Leaving(connections=connections, erasure=Erasure(settings.ledger_table), vendors=vendors),
        silence=Silence(
            connections=connections,
            ledger=ledger,
            vendors=vendors,
            keep_alive=keep_alive,
            pace=partial(pace, settings.connection_table),
        ),
        keep_alive=keep_alive,
        prover=Prover(ledger=ledger, proofs=Proofs(settings.ledger_table), queue=queue, vendors=vendors),
    )
    set_up = SetUp(
        connections=connections,
        vendors=vendors,
        subscriptions=subscriptions,
        account_system=settings.lexoffice_account_system,
    )
    return turn, set_up, connections


_parts()


@door
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take the turns of a batch.

    A failed turn of the agenda is done with: the company is due again, with back-off (shared/flows/back_off.py). What
    somebody wished beyond it stands in the message only, so that one comes again after the visibility timeout.
    """
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - _SECONDS_FOR_A_CALL
    failures = []
    for record in event["Records"]:
        message = json.loads(record["body"])
        if not _worked(message, lambda: deadline - time.monotonic()):
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def _worked(message: dict[str, Any], remaining: Remaining) -> bool:
    """Whether the message is done with."""
    turn, set_up, connections = _parts()
    connection_id = message["connection_id"]
    try:
        if message.get("set_up", False) and not set_up.run(connection_id, remaining):
            return True
        result = turn.take(
            connection_id,
            remaining,
            catalogue_now=message.get("catalogue", False),
            catalogue_accepted=message.get("accept", False),
            access_now=message.get("access", False),
            proof_now=message.get("proof", False),
        )
        if result.after_failures:
            recovered(connections, connection_id)
    except IntegrationError as error:
        postpone(connections, connection_id, error)
        return not any(wished for name, wished in message.items() if name != "connection_id")
    return True
