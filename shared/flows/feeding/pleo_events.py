"""Receive a Pleo webhook: verify the signature, write the ledger, wake the company's worker, reply.

The hot path makes one write and one send and calls no vendor. The process imports neither httpx nor pydantic.
"""

import hashlib
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.aws import signing_secrets
from shared.aws.connections import Connection, Connections
from shared.aws.ledger import Ledger
from shared.aws.queues import CompanyQueue
from shared.domain.syncing.silence import WEBHOOK_TIME_PRECISION
from shared.errors import StoreUnavailable
from shared.flows.delivery import Reply, Request, UnreadableError
from shared.flows.feeding.accept import accept_entry
from shared.pleo import entries, events, webhook
from shared.telemetry import alert, count, log_info, log_warning

_CACHED_SECONDS = 60.0  # how long a connection stays cached
_REREAD_AFTER = 5.0  # a signature that fits no cached secret reloads the connection, at most once per this time
_CACHED_CONNECTIONS = 1000
# Only webhook ids of this shape reach the logs: the id is input from outside, even after verification.
_LOGGABLE_ID = re.compile(r"[A-Za-z0-9_.:=+/-]{1,100}")


@dataclass(slots=True)
class _CachedConnection:
    connection: Connection
    secrets: list[str]
    read_at: float
    last_webhook_at: float  # when this process last recorded a webhook's time


class Receiver:
    """State cached for the lifetime of a Lambda execution environment: stores, queues and connections."""

    def __init__(
        self,
        *,
        connections: Connections,
        ledger: Ledger,
        queue: CompanyQueue,
        export_queue: CompanyQueue,
        key_arn: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._ledger = ledger
        self._queue = queue
        self._export_queue = export_queue
        self._key_arn = key_arn
        self._now = now
        self._known: dict[str, _CachedConnection] = {}

    def receive(self, request: Request) -> Reply:
        """Handle one delivery. Raises StoreUnavailable if AWS does not answer; the door then makes Pleo redeliver."""
        try:
            body = request.content(webhook.MAX_BODY_BYTES)
        except UnreadableError as error:
            return _refuse(error.reply)
        connection = self._verify(request, body)
        if connection is None:
            return _refuse(Reply(401, "signature refused"))
        return self._accept(connection, request.headers["webhook-id"], body)

    def _verify(self, request: Request, body: bytes) -> Connection | None:
        """Return the connection whose secret signed the delivery, or None. Only the log has the reason for None."""
        cause = ""
        for max_age in (_CACHED_SECONDS, _REREAD_AFTER):
            known = self._lookup(request.connection_id, max_age=max_age)
            if known is None:
                log_info("webhook refused", cause="unknown connection")
                return None
            try:
                position = webhook.verify(request.headers, body, known.secrets, now=self._now())
            except webhook.PleoSignatureRefusedError as error:
                cause = str(error)
                continue
            if position > 0:
                count("WebhookOldSecret")
            self._record_webhook_time(known)
            return known.connection
        log_info("webhook refused", cause=cause, connection_id=request.connection_id)
        return None

    def _record_webhook_time(self, known: _CachedConnection) -> None:
        """Record that webhooks arrive, for the alarm about missing ones: at most one write per 15 minutes."""
        if self._now() - known.last_webhook_at < WEBHOOK_TIME_PRECISION.total_seconds():
            return
        try:
            self._ledger.record_webhook(known.connection.connection_id, datetime.fromtimestamp(self._now(), UTC))
        except StoreUnavailable as error:
            log_warning("webhook not noted", connection_id=known.connection.connection_id, cause=str(error))
        known.last_webhook_at = self._now()

    def _lookup(self, connection_id: str, *, max_age: float) -> _CachedConnection | None:
        known = self._known.get(connection_id)
        if known is not None and self._now() - known.read_at < max_age:
            return known
        connection = self._connections.get(connection_id)
        if connection is None:
            self._known.pop(connection_id, None)
            return None
        if len(self._known) >= _CACHED_CONNECTIONS:
            self._known.clear()
        if known is not None and known.connection.secrets == connection.secrets:
            secrets = known.secrets
        else:
            secrets = [
                signing_secrets.unseal(self._key_arn, connection_id, secret.sealed) for secret in connection.secrets
            ]
        last_webhook_at = known.last_webhook_at if known is not None else -math.inf
        self._known[connection_id] = _CachedConnection(connection, secrets, self._now(), last_webhook_at)
        return self._known[connection_id]

    def _accept(self, connection: Connection, message_id: str, body: bytes) -> Reply:
        count("WebhookAccepted")
        try:
            event = events.parse(body)
            if event.company_id not in {None, connection.company_id}:
                return self._park(connection, message_id, body, "unknown company")
            if event.type in events.EXPORT_JOB_EVENTS:
                return self._wake_export(connection, message_id, event)
            if event.type not in events.CARD_TRANSACTION_EVENTS:
                return self._park(connection, message_id, body, "unknown event type")
            if event.company_id is None:
                # A subscription may belong to a group of companies, so the payment's company is unknown.
                return self._park(connection, message_id, body, "malformed: companyId is missing")
            entry = entries.parse(event.data)
        except (events.MalformedPleoEventError, entries.MalformedEntryError) as error:
            return self._park(connection, message_id, body, f"malformed: {error}")
        row = accept_entry(
            connection.connection_id,
            entry,
            announced_settled=event.type == events.SETTLED_EVENT,
            ledger=self._ledger,
            queue=self._queue,
            start=connection.start if connection.start_day or connection.connected_at else None,
        )
        log_info(
            "entry accepted",
            connection_id=connection.connection_id,
            entry_id=row.entry_id,
            state=row.state.value,
            webhook_id=_loggable(message_id),
        )
        return Reply(200, "ok")

    def _wake_export(self, connection: Connection, message_id: str, event: events.PleoEvent) -> Reply:
        """Wake the export worker: a Pleo user clicked Export. The worker reads the job from Pleo, so store nothing."""
        job = hashlib.sha256(str(event.data.get("id")).encode(errors="replace")).hexdigest()[:32]
        self._export_queue.wake(connection.connection_id, f"job.{job}")
        log_info("export wanted", connection_id=connection.connection_id, webhook_id=_loggable(message_id))
        return Reply(200, "ok")

    def _park(self, connection: Connection, message_id: str, body: bytes, reason: str) -> Reply:
        """Store an event that cannot be processed for the operator, and acknowledge it so that Pleo does not retry."""
        # Hash the id, because it is input from outside and becomes part of a key.
        key = hashlib.sha256(message_id.encode()).hexdigest()[:32]
        self._ledger.park(connection.connection_id, key, body, reason, datetime.fromtimestamp(self._now(), UTC))
        ids = {"connection_id": connection.connection_id, "parked": key, "webhook_id": _loggable(message_id)}
        if reason.startswith("malformed"):
            alert("webhook malformed", **ids, detail=reason)
        else:
            log_warning("webhook parked", **ids, cause=reason)
        count("WebhookParked")
        return Reply(202, "kept")


def _loggable(message_id: str) -> str:
    """Return a verified webhook's id for the log, or "" for an id of another shape.

    Support finds a webhook's log lines by it (ops/webhooks.py).
    """
    return message_id if _LOGGABLE_ID.fullmatch(message_id) else ""


def _refuse(reply: Reply) -> Reply:
    count("WebhookRefused")
    return reply
