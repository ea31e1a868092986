"""Context of a command: adapters of the stack, lookup of companies, audit log."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any

from rich.console import Console
from rich.prompt import Prompt

from ops.audit_log import AuditedAction, AuditLog
from ops.errors import CommandRefused
from ops.stack import Stack
from shared.aws.connections import Connection
from shared.aws.queues import CompanyQueue, SyncQueue
from shared.aws.stores import Stores
from shared.flows.lookup.status import StatusBoard
from shared.flows.lookup.trace import Traces

_MOST_NAMED = 5
_LONGEST_NAME = 200


class CommandContext:
    """Context of one run of a command.

    - `stack`: the deployed stack
    - `as_json`: the answer is printed as JSON, so the operator is not asked anything
    - `reason`: value of --reason, "" if missing
    - `target`: the options that select this stack, for commands that the operator copies
    - `progress`: console for progress and questions (standard error); the answer goes to standard output
    """

    def __init__(
        self,
        stack: Stack,
        *,
        as_json: bool,
        reason: str = "",
        target: Sequence[str] = (),
        progress: Console | None = None,
    ) -> None:
        self.stack = stack
        self.as_json = as_json
        self.target = tuple(target)
        self.progress = progress or Console(stderr=True)
        self._reason = reason

    # -------------------------------------------------------------------------------------------- adapters
    @cached_property
    def stores(self) -> Stores:
        """The stack's tables."""
        return Stores(self.stack)

    @cached_property
    def traces(self) -> Traces:
        """Search for expenses and their history."""
        return Traces(self.stores)

    @cached_property
    def board(self) -> StatusBoard:
        """Facts of the admin's status page."""
        return StatusBoard(self.stores)

    @cached_property
    def feed_queue(self) -> CompanyQueue:
        """Queue that wakes the feed worker."""
        return CompanyQueue(self.stack["FeedQueue"])

    @cached_property
    def export_queue(self) -> CompanyQueue:
        """Queue that wakes the export worker."""
        return CompanyQueue(self.stack["ExportQueue"])

    @cached_property
    def sync_queue(self) -> SyncQueue:
        """Queue that requests a company's sync."""
        return SyncQueue(self.stack["SyncQueue"])

    @cached_property
    def audit_log(self) -> AuditLog:
        """The stack's audit log, written with the operator's AWS identity."""
        return AuditLog(self.stack["AuditLogs"], self.stack.who)

    # -------------------------------------------------------------------------------------------- companies
    def company(self, named: str) -> Connection:
        """Return the company that a text names.

        The text is a connection id, a Pleo company id, or (part of) the name of the company or of its organisation. A
        complete name takes precedence over a part. Raise CommandRefused if no company matches, or more than one.
        """
        named = named.strip()
        if not 0 < len(named) <= _LONGEST_NAME:
            raise CommandRefused(
                f"Name the company: its connection id, its id at Pleo, or up to {_LONGEST_NAME} characters of its name "
                "(`ops companies` lists them)."
            )
        exact = self.stores.connections.get(named) or self.stores.connections.by_company(named)
        if exact:
            return exact
        every = [each for each in self.stores.connections.all() if named.lower() in _names(each).lower()]
        same = [each for each in every if named.lower() in _names(each).lower().split("\n")]
        found = same or every
        if not found:
            raise CommandRefused(f"No company is called {named!r}: `ops companies` lists them.")
        if len(found) > 1:
            some = ", ".join(f"{each.company_name} ({each.connection_id})" for each in found[:_MOST_NAMED])
            more = " …" if len(found) > _MOST_NAMED else ""
            raise CommandRefused(f"{len(found)} companies are called {named!r}; name one by its id: {some}{more}.")
        return found[0]

    # -------------------------------------------------------------------------------------------- changes
    def reason(self) -> str:
        """Return the operator's reason, and ask for it if it is missing.

        Raise CommandRefused if there is no reason and the operator cannot be asked.
        """
        if not self._reason and self.progress.is_interactive and not self.as_json:
            self._reason = Prompt.ask("Why? (kept in the audit log)", console=self.progress)
        if not self._reason.strip():
            raise CommandRefused('Say why, for the audit log: --reason "ticket 4711, line missing".')
        return self._reason.strip()

    def audited_action(
        self, action: str, connection: Connection | None = None, arguments: Mapping[str, Any] | None = None
    ) -> AbstractContextManager[AuditedAction]:
        """Record a change in the audit log before it begins and when it ends. Ask for the reason first."""
        connection_id = connection.connection_id if connection else ""
        return self.audit_log.audited_action(
            action, reason=self.reason(), connection_id=connection_id, arguments=arguments
        )


def _names(connection: Connection) -> str:
    return f"{connection.company_name}\n{connection.organisation_name}"
