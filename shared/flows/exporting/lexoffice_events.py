"""Receive lexoffice's events: verify the signature, mark the match for review, wake the worker, reply.

- An event can be replayed forever: neither a time nor a unique id is signed. It only triggers a read from lexoffice;
  its content is never stored as fact.
- Most events are about vouchers that this product did not create. They cost one refused write and wake no worker.
- lexoffice waits 5 s for the reply. The receiver calls no vendor and imports neither httpx nor pydantic.

https://developers.lexware.io/docs/#event-subscriptions-endpoint
"""

from collections.abc import Callable
from datetime import UTC, datetime

from shared.aws.connections import Connections
from shared.aws.matches import Matches
from shared.aws.queues import CompanyQueue, SyncQueue
from shared.domain.syncing.requests import SyncRequest
from shared.flows.delivery import Reply, Request, UnreadableError
from shared.lexoffice import webhook
from shared.lexoffice.webhook import LexofficeEvent, LexofficeSignatureRefusedError, MalformedLexofficeEventError
from shared.telemetry import alert, count, log_info

_CACHED_ORGANISATIONS = 1000

# One reply for a wrong signature, an unknown connection and another organisation. lexoffice retries for two days after
# a 401: in that time the operator can configure a key that Lexware has changed. A 404 or 410 ends the subscription.
_REFUSED = Reply(401, "signature refused")
_DONE = Reply(200, "ok")


class EventReceiver:
    """State cached for the lifetime of a Lambda execution environment: stores, queues, public key, organisations."""

    def __init__(
        self,
        *,
        connections: Connections,
        matches: Matches,
        export_queue: CompanyQueue,
        sync_queue: SyncQueue,
        public_key: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`public_key`: Lexware's published key in PEM format; if empty, every event is refused. Raises ConfigError."""
        self._connections = connections
        self._matches = matches
        self._export_queue = export_queue
        self._sync_queue = sync_queue
        self._public_key = public_key
        self._now = now
        self._organisations: dict[str, str] = {}
        if public_key:
            webhook.check_key(public_key)

    def receive(self, request: Request) -> Reply:
        """Handle one delivery. Raises StoreUnavailable if AWS does not answer; the door then makes lexoffice retry."""
        try:
            body = request.content(webhook.MAX_BODY_BYTES)
        except UnreadableError as error:
            count("WebhookRefused")
            return error.reply
        if not self._public_key:
            return _refuse("no public key is configured")
        try:
            webhook.verify(request.headers, body, self._public_key)
        except LexofficeSignatureRefusedError as error:
            return _refuse(str(error))
        try:
            event = webhook.parse(body)
        except MalformedLexofficeEventError as error:
            # The signature is valid, so a redelivery would have the same content.
            alert("webhook malformed", detail=str(error))
            return Reply(202, "not understood")
        organisation = self._organisation(request.connection_id)
        if not organisation or event.organization_id.lower() != organisation:
            return _refuse("another organisation" if organisation else "unknown connection")
        count("WebhookAccepted")
        return self._handle(request.connection_id, event)

    def _handle(self, connection_id: str, event: LexofficeEvent) -> Reply:
        if event.event_type in webhook.VOUCHER_EVENTS:
            if self._matches.mark_for_review(connection_id, event.resource_id, self._now()):
                self._wake_export(connection_id)
                log_info("match to be looked at", connection_id=connection_id, voucher_id=event.resource_id)
            else:
                count("EventOfOthers")
        elif event.event_type == webhook.ACCESS_EVENT:
            # The sync checks access itself, so a replayed event is harmless.
            self._sync_queue.request_sync(connection_id, SyncRequest.CHECK_ACCESS)
            log_info("access to be checked", connection_id=connection_id)
        else:
            count("EventOfOthers")
        return _DONE

    def _wake_export(self, connection_id: str) -> None:
        """Wake the export worker once for all waiting matches.

        The oldest waiting match names the occasion. While it waits, the worker woken for it has not ended, and that
        worker reviews every match before it ends (`review_matches` in shared/flows/exporting/hints.py). A bookkeeper
        who approves 1,000 suggestions causes 2,000 events and a few wake-ups.
        """
        for oldest in self._matches.waiting(connection_id, 1):
            self._export_queue.wake(connection_id, oldest.work)

    def _organisation(self, connection_id: str) -> str:
        """Return the connection's organisation, which never changes once it is linked, or "" if it is not linked."""
        if connection_id not in self._organisations:
            connection = self._connections.get(connection_id)
            if connection is None or not connection.organisation_id:
                return ""
            if len(self._organisations) >= _CACHED_ORGANISATIONS:
                self._organisations.clear()
            self._organisations[connection_id] = connection.organisation_id.lower()
        return self._organisations[connection_id]


def _refuse(cause: str) -> Reply:
    log_info("webhook refused", cause=cause)
    count("WebhookRefused")
    return _REFUSED
