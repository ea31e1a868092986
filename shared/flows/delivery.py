"""A webhook delivery as API Gateway passes it on, and the reply to the vendor. Both vendors share this module."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply to the vendor: an HTTP status, and a short constant text that reveals nothing."""

    status: int
    text: str

    def answer(self) -> dict[str, Any]:
        """Return the reply as an HTTP API response (payload format 2.0)."""
        return {
            "statusCode": self.status,
            # Pleo respects Retry-After; other senders ignore it.
            "headers": {"Content-Type": "application/json"} | ({"Retry-After": "5"} if self.status == 503 else {}),
            "body": json.dumps({"message": self.text}),
        }


class UnreadableError(Exception):
    """The body cannot be read; `reply` says why."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__(reply.text)


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request; header names are in lower case."""

    connection_id: str
    headers: Mapping[str, str]
    body: str
    is_base64: bool

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Self:
        """Return the request of an HTTP API event (payload format 2.0)."""
        return cls(
            connection_id=event["pathParameters"]["connection_id"],
            headers=event.get("headers") or {},
            body=event.get("body") or "",
            is_base64=bool(event.get("isBase64Encoded")),
        )

    def content(self, most_bytes: int) -> bytes:
        """Return the body exactly as the vendor sent it: the signature covers these bytes.

        Raises UnreadableError for a content encoding, a body over `most_bytes`, or broken Base64.
        """
        encoding = self.headers.get("content-encoding", "identity")
        if encoding.lower() != "identity":
            raise UnreadableError(Reply(415, "content encoding not supported"))
        # Base64 adds a third; the exact check follows on the decoded bytes.
        if len(self.body) > most_bytes * 4 // 3 + 4:
            raise UnreadableError(Reply(413, "body too large"))
        try:
            body = base64.b64decode(self.body, validate=True) if self.is_base64 else self.body.encode()
        except (binascii.Error, ValueError) as error:
            raise UnreadableError(Reply(400, "body is not base64")) from error
        if len(body) > most_bytes:
            raise UnreadableError(Reply(413, "body too large"))
        return body
