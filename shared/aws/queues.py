"""Queues: they only wake somebody up. What is to be done stands in the ledger."""

import json
from collections.abc import Sequence

from shared.aws.clients import client, translated
from shared.errors import StoreUnavailable
from shared.telemetry import warn


class CompanyQueue:
    """Wakes a company's worker, for its feed or its export; FIFO with the company as group, so one works at a time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sqs = client("sqs")

    def wake(self, connection_id: str, occasion: str) -> None:
        """Say that the company has work. The same `occasion` within five minutes is delivered once.

        An occasion names the fact that made the work (an entry's version, a run that had to stop), never the time:
        a wake-up that was sent may be dropped as a duplicate, one for a new fact may not.
        """
        with translated("SendMessage"):
            self._sqs.send_message(
                QueueUrl=self._url,
                MessageBody=json.dumps({"connection_id": connection_id}),
                MessageGroupId=connection_id,
                MessageDeduplicationId=occasion,
            )

    def hold(self, receipt_handle: str, seconds: int) -> None:
        """Keep a message that is being worked on from others for so long instead of the queue's own time-out.

        Only a shorter wait after a crash depends on it, so a failure is not raised.
        """
        try:
            self._hide(receipt_handle, seconds)
        except StoreUnavailable as error:
            warn("message not held", cause=str(error))

    def try_later(self, receipt_handle: str, seconds: int) -> None:
        """Hide a message that could not be worked on for so long; SQS shows it again by itself."""
        self._hide(receipt_handle, seconds)

    def _hide(self, receipt_handle: str, seconds: int) -> None:
        with translated("ChangeMessageVisibility"):
            self._sqs.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
            )


class SyncQueue:
    """Gives companies their scheduled turn."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sqs = client("sqs")

    def send_turn(
        self, connection_id: str, *, catalogue: bool = False, access: bool = False, set_up: bool = False
    ) -> None:
        """Ask for one company's turn.

        `catalogue` also syncs categories and tax codes, due or not; `access` also asks lexoffice whether it still
        lets us in; `set_up` sets the company up first.
        """
        wishes = {name: True for name, wished in (("access", access), ("set_up", set_up)) if wished}
        message = {"connection_id": connection_id, "catalogue": catalogue} | wishes
        with translated("SendMessage"):
            self._sqs.send_message(
                QueueUrl=self._url,
                MessageBody=json.dumps(message),
            )

    def send_turns(self, connection_ids: Sequence[str]) -> set[str]:
        """Ask for the turns of at most 10 companies in one call; returns those whose message is in the queue."""
        entries = [
            {"Id": str(number), "MessageBody": json.dumps({"connection_id": connection_id, "catalogue": False})}
            for number, connection_id in enumerate(connection_ids)
        ]
        with translated("SendMessageBatch"):
            answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
        if failed := answer.get("Failed", []):
            warn("turns not sent", count=len(failed), cause=", ".join(sorted({entry["Code"] for entry in failed})))
        return {connection_ids[int(entry["Id"])] for entry in answer.get("Successful", [])}
