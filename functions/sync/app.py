"""The door of `SyncQueue`: one company's turn per message, and its set-up before that where it is wished."""

import os
import time
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from shared.aws.connections import Connections
from shared.aws.erasure import Erasure
from shared.aws.exports import Exports
from shared.aws.failures import SYNC, Failures
from shared.aws.ledger import Ledger
from shared.aws.limiter import pace
from shared.aws.proofs import Proofs
from shared.aws.quarantine import Quarantine
from shared.aws.queues import CompanyQueue, Wake
from shared.config import SyncSettings
from shared.errors import IntegrationError, StoreUnavailable
from shared.flows.connecting.deletion import Offboarding
from shared.flows.connecting.keep_alive import KeepAlive
from shared.flows.connecting.rotation import Rotation
from shared.flows.connecting.subscriptions import Subscriptions
from shared.flows.syncing.back_off import clear_failures, postpone
from shared.flows.syncing.proof import Prover
from shared.flows.syncing.set_up import SetUp
from shared.flows.syncing.silence import Silence
from shared.flows.syncing.sync import CompanySync
from shared.flows.vendors import Remaining, Vendors
from shared.telemetry import door, log_warning

_SECONDS_FOR_A_CALL = 40.0


@cache
def _parts() -> tuple[CompanySync, SetUp, Connections, Rotation]:
    settings = SyncSettings.from_env(os.environ)
    connections, vendors = Connections(settings.connection_table), Vendors(settings)
    ledger = Ledger(settings.ledger_table)
    subscriptions = Subscriptions(
        connections=connections,
        key_arn=settings.key_arn,
        events_verifiable=bool(settings.lexoffice_webhook_key),
    )
    rotation = Rotation(connections=connections, vendors=vendors, subscriptions=subscriptions)
    keep_alive = KeepAlive(connections=connections, vendors=vendors, subscriptions=subscriptions, rotation=rotation)
    queue = CompanyQueue(settings.feed_queue_url)
    turn = CompanySync(
        connections=connections,
        ledger=ledger,
        exports=Exports(settings.ledger_table),
        queue=queue,
        export_queue=CompanyQueue(settings.export_queue_url),
        vendors=vendors,
        leaving=Offboarding(connections=connections, erasure=Erasure(settings.ledger_table), vendors=vendors),
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
    return turn, set_up, connections, rotation


@cache
def _notes() -> tuple[Quarantine, Failures]:
    table = SyncSettings.from_env(os.environ).ledger_table
    return Quarantine(table), Failures(table)


_parts()


@door
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take the turns of a batch.

    A failed turn of the agenda is done with: the company is due again, with back-off
    (shared/flows/syncing/back_off.py). What somebody wished beyond it stands in the message only, so that one comes
    again after the visibility timeout, and so does one at which we crashed.
    """
    deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - _SECONDS_FOR_A_CALL
    failures = [record for record in event["Records"] if not _worked(record, lambda: deadline - time.monotonic())]
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failures]}


def _worked(record: Mapping[str, Any], remaining: Remaining) -> bool:
    """Whether the message is done with."""
    quarantine, failures = _notes()
    try:
        wake = quarantine.read(SYNC, record)
    except StoreUnavailable as error:
        log_warning("message not quarantined", message_id=record["messageId"], cause=str(error))
        return False
    if wake is None:
        return True
    attempt = int(record["attributes"]["ApproximateReceiveCount"])
    try:
        _take_turn(wake, remaining)
    except IntegrationError as error:
        postpone(_parts()[2], wake.connection_id, error)
        if wake.wishes:
            failures.record(wake.connection_id, SYNC, str(error), attempt)
        return not wake.wishes
    except Exception as error:
        failures.record_crash(wake.connection_id, SYNC, error, attempt)
        return False
    return True


def _take_turn(wake: Wake, remaining: Remaining) -> None:
    turn, set_up, connections, rotation = _parts()
    if wake.wishes & {"rotate", "retire"}:
        rotation.rotate(wake.connection_id, remaining, retire="retire" in wake.wishes)
        return
    if "set_up" in wake.wishes and not set_up.run(wake.connection_id, remaining):
        return
    result = turn.run(
        wake.connection_id,
        remaining,
        catalogue_now="catalogue" in wake.wishes,
        catalogue_accepted="accept" in wake.wishes,
        access_now="access" in wake.wishes,
        proof_now="proof" in wake.wishes,
    )
    if result.after_failures:
        clear_failures(connections, wake.connection_id)
