"""A webhook delivery as the API gateway hands it over, and what the vendor is told. The same for both vendors."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Reply:
    """What the vendor is told: a status, and a short constant text that gives nothing away."""

    status: int
    text: str

    def answer(self) -> dict[str, Any]:
        """The reply as an HTTP API's answer (payload format 2.0)."""
        return {
            "statusCode": self.status,
            # Heeded by Pleo; no harm elsewhere.
            "headers": {"Content-Type": "application/json"} | ({"Retry-After": "5"} if self.status == 503 else {}),
            "body": json.dumps({"message": self.text}),
        }


class UnreadableError(Exception):
    """The body cannot be taken at all; `reply` says why."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__(reply.text)


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request; header names in lower case."""

    connection_id: str
    headers: Mapping[str, str]
    body: str
    is_base64: bool

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Self:
        """Read an HTTP API's event (payload format 2.0)."""
        return cls(
            connection_id=event["pathParameters"]["connection_id"],
            headers=event.get("headers") or {},
            body=event.get("body") or "",
            is_base64=bool(event.get("isBase64Encoded")),
        )

    def content(self, most_bytes: int) -> bytes:
        """The body exactly as it was sent, which is what was signed. Raises UnreadableError."""
        encoding = self.headers.get("content-encoding", "identity")
        if encoding.lower() != "identity":
            raise UnreadableError(Reply(415, "content encoding not supported"))
        # Base64 makes a third more of it; the exact check follows on the decoded bytes.
        if len(self.body) > most_bytes * 4 // 3 + 4:
            raise UnreadableError(Reply(413, "body too large"))
        try:
            body = base64.b64decode(self.body, validate=True) if self.is_base64 else self.body.encode()
        except (binascii.Error, ValueError) as error:
            raise UnreadableError(Reply(400, "body is not base64")) from error
        if len(body) > most_bytes:
            raise UnreadableError(Reply(413, "body too large"))
        return body
