"""The audit log: who changed what, when and why, append-only in CloudWatch Logs (docs/decisions/0012).

CloudWatch Logs has no call that changes or deletes a single event, and the log group is retained when the stack is
deleted. An action writes two events: one before it begins, one when it ends. If the second event is missing, the
command was interrupted and its effect is unknown.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from shared.aws.clients import client, translate_errors
from shared.domain.times import utc_text


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One event of the audit log.

    - `action_id`: shared by the two events of one action
    - `at`: UTC, as text
    - `who`: AWS identity (ARN)
    - `connection_id`: "" if the action concerns several companies
    - `phase`: begun, done or failed
    - `result`: what the action did, or why it failed
    """

    action_id: str
    at: str
    who: str
    action: str
    connection_id: str
    arguments: Mapping[str, Any]
    reason: str
    phase: str
    result: str = ""


@dataclass(slots=True)
class AuditedAction:
    """An action in progress. Set `result` to what it did."""

    result: str = ""


class AuditLog:
    """The audit log of one stack. Every method raises StoreUnavailable if AWS fails."""

    def __init__(self, log_group: str, who: str) -> None:
        self._group = log_group
        self._who = who
        self._logs = client("logs")

    @contextmanager
    def audited_action(
        self, action: str, *, reason: str, connection_id: str = "", arguments: Mapping[str, Any] | None = None
    ) -> Iterator[AuditedAction]:
        """Record an action before it begins and when it ends.

        Raise StoreUnavailable before the action if it cannot be recorded.
        """
        action_id, audited = secrets.token_hex(6), AuditedAction()

        def write(phase: str, result: str = "") -> None:
            self._append(
                AuditEvent(
                    action_id=action_id,
                    at=utc_text(datetime.now(UTC)),
                    who=self._who,
                    action=action,
                    connection_id=connection_id,
                    arguments=arguments or {},
                    reason=reason,
                    phase=phase,
                    result=result,
                )
            )

        write("begun")
        try:
            yield audited
        except BaseException as error:
            write("failed", str(error) or type(error).__name__)
            raise
        write("done", audited.result)

    def read(self, since: datetime) -> list[AuditEvent]:
        """Return the events since a moment, oldest first. A new event becomes visible after some seconds."""
        with translate_errors("FilterLogEvents"):
            pages = self._logs.get_paginator("filter_log_events").paginate(
                logGroupName=self._group, startTime=int(since.timestamp() * 1000)
            )
            found = [AuditEvent(**json.loads(event["message"])) for page in pages for event in page["events"]]
        return sorted(found, key=lambda each: each.at)

    def _append(self, event: AuditEvent) -> None:
        # One stream per day. Readers filter the whole group, so they need not know the streams.
        stream = event.at[:10]
        with translate_errors("CreateLogStream"), suppress(self._logs.exceptions.ResourceAlreadyExistsException):
            self._logs.create_log_stream(logGroupName=self._group, logStreamName=stream)
        entry = {
            "timestamp": int(datetime.fromisoformat(event.at).timestamp() * 1000),
            "message": json.dumps(asdict(event), ensure_ascii=False),
        }
        with translate_errors("PutLogEvents"):
            self._logs.put_log_events(logGroupName=self._group, logStreamName=stream, logEvents=[entry])
