"""Queues: they only wake somebody up. What is to be done stands in the ledger."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from shared.aws.clients import client, translate_errors
from shared.errors import StoreUnavailable
from shared.telemetry import log_warning


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
        with translate_errors("SendMessage"):
            self._sqs.send_message(
                QueueUrl=self._url,
                MessageBody=json.dumps({"connection_id": connection_id}),
                MessageGroupId=connection_id,
                MessageDeduplicationId=occasion,
            )

    def hold(self, receipt_handle: str, seconds: int) -> None:
        """Keep a message that is being worked on from others for so long instead of the queue's own time-out."""
        self._hide(receipt_handle, seconds)

    def delay(self, receipt_handle: str, seconds: int) -> None:
        """Hide a message that could not be worked on for so long; SQS shows it again by itself."""
        self._hide(receipt_handle, seconds)

    def _hide(self, receipt_handle: str, seconds: int) -> None:
        # Only when the message is seen again depends on it, so a failure is not raised.
        try:
            with translate_errors("ChangeMessageVisibility"):
                self._sqs.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
                )
        except StoreUnavailable as error:
            log_warning("message not held", cause=str(error))


class SyncQueue:
    """Gives companies their scheduled turn."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sqs = client("sqs")

    def request_sync(
        self,
        connection_id: str,
        *,
        catalogue: bool = False,
        accept: bool = False,
        access: bool = False,
        proof: bool = False,
        set_up: bool = False,
        rotate: bool = False,
        retire: bool = False,
    ) -> None:
        """Ask for one company's turn.

        `catalogue` also syncs categories and tax codes, due or not, and `accept` says that a person has looked at what
        is implausible in them; `access` also asks lexoffice whether it still lets us in; `proof` proves the balance
        from the start; `set_up` sets the company up first. `rotate` makes a new signing secret of the webhooks valid
        beside the old one, `retire` ends the old one; neither is a turn.
        """
        wishes = {"accept": accept, "access": access, "proof": proof, "set_up": set_up}
        wishes |= {"rotate": rotate, "retire": retire}
        message = {"connection_id": connection_id, "catalogue": catalogue}
        message |= {name: True for name, wished in wishes.items() if wished}
        with translate_errors("SendMessage"):
            self._sqs.send_message(
                QueueUrl=self._url,
                MessageBody=json.dumps(message),
            )

    def request_syncs(self, connection_ids: Sequence[str]) -> set[str]:
        """Ask for the turns of at most 10 companies in one call; returns those whose message is in the queue."""
        entries = [
            {"Id": str(number), "MessageBody": json.dumps({"connection_id": connection_id, "catalogue": False})}
            for number, connection_id in enumerate(connection_ids)
        ]
        with translate_errors("SendMessageBatch"):
            answer = self._sqs.send_message_batch(QueueUrl=self._url, Entries=entries)
        if failed := answer.get("Failed", []):
            log_warning(
                "turns not sent", count=len(failed), cause=", ".join(sorted({entry["Code"] for entry in failed}))
            )
        return {connection_ids[int(entry["Id"])] for entry in answer.get("Successful", [])}


# A wish is whatever `send_turn` can say.
WISHES = frozenset(SyncQueue.request_sync.__kwdefaults__ or ())
_CONNECTION_ID = re.compile(r"[0-9a-f]{32}")


class PoisonError(Exception):
    """A message that can never be worked on, however often it comes; the text says why, without its content."""


@dataclass(frozen=True, slots=True)
class Wake:
    """What a message of any of the queues says: whom to wake, and what somebody wishes of a turn beyond the usual."""

    connection_id: str
    wishes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, body: str) -> Self:
        """Read a message's body. Raises PoisonError.

        A wish that is not known is poison, too: passed over, what a person asked for would be lost without a word.
        """
        try:
            message = json.loads(body)
        # Too deeply nested is no JSON either.
        except (ValueError, RecursionError) as error:
            raise PoisonError("no JSON") from error
        if not isinstance(message, dict):
            raise PoisonError("no object")
        connection_id = message.pop("connection_id", None)
        if connection_id is None:
            raise PoisonError("no connection_id")
        if not isinstance(connection_id, str) or not _CONNECTION_ID.fullmatch(connection_id):
            raise PoisonError("connection_id is not one of ours")
        if not message.keys() <= WISHES:
            raise PoisonError("unknown wish")
        if not all(isinstance(wished, bool) for wished in message.values()):
            raise PoisonError("a wish is neither true nor false")
        return cls(connection_id, frozenset(name for name, wished in message.items() if wished))
