"""Queues: a message only names a company that has work. The work itself is in the ledger."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from shared.aws.clients import client, translate_errors
from shared.domain.syncing.requests import SyncRequest
from shared.errors import StoreUnavailable
from shared.telemetry import log_warning


class CompanyQueue:
    """Wakes the feed or export worker of a company. FIFO with the company as group: one run per company at a time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sqs = client("sqs")

    def wake(self, connection_id: str, occasion: str) -> None:
        """Send a wake-up for a company. SQS delivers the same `occasion` once within five minutes.

        `occasion` identifies the cause of the work (an entry's version, a run that stopped early), never the time. SQS
        may drop a repeated wake-up, but not one with a new cause.
        """
        with translate_errors("SendMessage"):
            self._sqs.send_message(
                QueueUrl=self._url,
                MessageBody=json.dumps({"connection_id": connection_id}),
                MessageGroupId=connection_id,
                MessageDeduplicationId=occasion,
            )

    def extend(self, receipt_handle: str, seconds: int) -> None:
        """Hide a message from other workers while this one processes it, instead of for the queue's own timeout."""
        self._hide(receipt_handle, seconds)

    def delay(self, receipt_handle: str, seconds: int) -> None:
        """Hide a message that could not be processed; SQS delivers it again afterwards."""
        self._hide(receipt_handle, seconds)

    def _hide(self, receipt_handle: str, seconds: int) -> None:
        # This only affects when the message is received again, so a failure is only logged.
        try:
            with translate_errors("ChangeMessageVisibility"):
                self._sqs.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
                )
        except StoreUnavailable as error:
            log_warning("message not held", cause=str(error))


class SyncQueue:
    """Starts companies' syncs."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sqs = client("sqs")

    def request_sync(self, connection_id: str, *requests: SyncRequest) -> None:
        """Start one company's sync, with requests beyond its schedule."""
        message: dict[str, Any] = {"connection_id": connection_id}
        if requests:
            message["requests"] = [request.value for request in requests]
        with translate_errors("SendMessage"):
            self._sqs.send_message(QueueUrl=self._url, MessageBody=json.dumps(message))

    def request_syncs(self, connection_ids: Sequence[str]) -> set[str]:
        """Start the syncs of at most 10 companies in one call; return those whose message is in the queue."""
        entries = [
            {"Id": str(number), "MessageBody": json.dumps({"connection_id": connection_id})}
            for number, connection_id in enumerate(connection_ids)
        ]
        with translate_errors("SendMessageBatch"):
            answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
        if failed := answer.get("Failed", []):
            codes = ", ".join(sorted({entry["Code"] for entry in failed}))
            log_warning("syncs not requested", count=len(failed), cause=codes)
        return {connection_ids[int(entry["Id"])] for entry in answer.get("Successful", [])}


_CONNECTION_ID = re.compile(r"[0-9a-f]{32}")


class PoisonError(Exception):
    """A message that no worker can process. The text says why, without the message's content."""


@dataclass(frozen=True, slots=True)
class WakeUp:
    """The content of a message of any queue: the company that has work, and the requests to its sync."""

    connection_id: str
    requests: frozenset[SyncRequest] = frozenset()

    @classmethod
    def of(cls, body: str) -> Self:
        """Parse a message's body. Raises PoisonError.

        An unknown request raises it, too. If it were ignored, a request of the admin or the operator would be lost.
        """
        try:
            message = json.loads(body)
        # JSON that is nested too deeply raises RecursionError.
        except (ValueError, RecursionError) as error:
            raise PoisonError("no JSON") from error
        if not isinstance(message, dict):
            raise PoisonError("no object")
        connection_id = message.pop("connection_id", None)
        if connection_id is None:
            raise PoisonError("no connection_id")
        if not isinstance(connection_id, str) or not _CONNECTION_ID.fullmatch(connection_id):
            raise PoisonError("connection_id is not one of ours")
        requests = message.pop("requests", [])
        if message:
            raise PoisonError("unknown field")
        if not isinstance(requests, list):
            raise PoisonError("requests is no list")
        try:
            return cls(connection_id, frozenset(SyncRequest(request) for request in requests))
        except (ValueError, TypeError) as error:
            raise PoisonError("unknown request") from error
