"""Who changed what, when and why: an append-only trail in CloudWatch Logs.

A log group has no call that changes or deletes a single event, so nobody, with whatever rights on the tables, can
rewrite it; the group is kept when the stack goes (docs/decisions/0012). An action writes twice: before it begins, so
that it cannot happen unseen, and when it is over. A `begun` without an end was interrupted: what it did is unknown.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from shared.aws.clients import client, translate_errors
from shared.domain.times import utc_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One event of the trail: `phase` is begun, done or failed; the events of one action share its `action_id`.

    `who` is an AWS identity (ARN), `at` UTC, `connection_id` "" for what concerns several companies, `result` what it
    did in words, or why it failed.
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
class Recorder:
    """Lets an action say what it did; without a word it is `done`."""

    result: str = field(default="")

    def says(self, result: str) -> None:
        """What the action did, in words."""
        self.result = result


class Trail:
    """The trail of one stack. Every method raises StoreUnavailable when AWS does not do what was asked."""

    def __init__(self, log_group: str, who: str) -> None:
        self._group = log_group
        self._who = who
        self._logs = client("logs")

    @contextmanager
    def deed(
        self, action: str, *, reason: str, connection_id: str = "", arguments: Mapping[str, Any] | None = None
    ) -> Iterator[Recorder]:
        """Record an action around carrying it out. What cannot be recorded is not begun."""
        action_id, recorder = secrets.token_hex(6), Recorder()

        def write(phase: str, result: str = "") -> None:
            self._append(
                Deed(
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
            yield recorder
        except BaseException as error:
            write("failed", str(error) or type(error).__name__)
            raise
        write("done", recorder.result)

    def read(self, since: datetime) -> list[Deed]:
        """Every event since a moment, oldest first. CloudWatch shows a new one after some seconds."""
        with translate_errors("FilterLogEvents"):
            pages = self._logs.get_paginator("filter_log_events").paginate(
                logGroupName=self._group, startTime=int(since.timestamp() * 1000)
            )
            found = [Deed(**json.loads(event["message"])) for page in pages for event in page["events"]]
        return sorted(found, key=lambda deed: deed.at)

    def _append(self, deed: Deed) -> None:
        # A stream a day: nobody has to know which ones there are.
        stream = deed.at[:10]
        with translate_errors("CreateLogStream"), suppress(self._logs.exceptions.ResourceAlreadyExistsException):
            self._logs.create_log_stream(logGroupName=self._group, logStreamName=stream)
        event = {
            "timestamp": int(datetime.fromisoformat(deed.at).timestamp() * 1000),
            "message": json.dumps(asdict(deed), ensure_ascii=False),
        }
        with translate_errors("PutLogEvents"):
            self._logs.put_log_events(logGroupName=self._group, logStreamName=stream, logEvents=[event])
