"""What every command works with: the stack's adapters, the company that is meant, the trail of what was changed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from rich.console import Console
from rich.prompt import Prompt

from ops.refusal import Refusal
from ops.stack import Stack
from ops.trail import Recorder, Trail
from shared.aws.connections import Connection, Connections
from shared.aws.exports import Exports
from shared.aws.ledger import Ledger
from shared.aws.ledger_view import LedgerView
from shared.aws.matches import Matches
from shared.aws.proofs import Proofs
from shared.aws.queues import CompanyQueue, SyncQueue
from shared.aws.stores import Stores
from shared.aws.vouchers import Vouchers
from shared.flows.lookup.status import StatusBoard
from shared.flows.lookup.trace import Traces

_MOST_NAMED = 5


class Desk:
    """One command's surroundings. `progress` is where people are told what is going on: never the answer's stream.

    `target` are the options that mean this stack.
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
    def connections(self) -> Connections:
        """All connections."""
        return Connections(self.stack["ConnectionTable"])

    @cached_property
    def ledger(self) -> Ledger:
        """All companies' ledgers."""
        return Ledger(self.stack["LedgerTable"])

    @cached_property
    def view(self) -> LedgerView:
        """The ledger, for reading."""
        return LedgerView(self.stack["LedgerTable"])

    @cached_property
    def exports(self) -> Exports:
        """Export jobs and their items."""
        return Exports(self.stack["LedgerTable"])

    @cached_property
    def vouchers(self) -> Vouchers:
        """Vouchers that were made."""
        return Vouchers(self.stack["LedgerTable"])

    @cached_property
    def matches(self) -> Matches:
        """What became of suggested matches."""
        return Matches(self.stack["LedgerTable"])

    @cached_property
    def proofs(self) -> Proofs:
        """Balance proofs."""
        return Proofs(self.stack["LedgerTable"])

    @cached_property
    def traces(self) -> Traces:
        """Finds expenses and tells their life."""
        return Traces(self.stores)

    @cached_property
    def board(self) -> StatusBoard:
        """What the admin's status page shows."""
        return StatusBoard(self.stores)

    @cached_property
    def feed_queue(self) -> CompanyQueue:
        """Wakes feed workers."""
        return CompanyQueue(self.stack["FeedQueue"])

    @cached_property
    def export_queue(self) -> CompanyQueue:
        """Wakes export workers."""
        return CompanyQueue(self.stack["ExportQueue"])

    @cached_property
    def sync_queue(self) -> SyncQueue:
        """Asks for companies' turns."""
        return SyncQueue(self.stack["SyncQueue"])

    @cached_property
    def trail(self) -> Trail:
        """Who changed what, when and why."""
        return Trail(self.stack["AuditLogs"], self.stack.who)

    # -------------------------------------------------------------------------------------------- companies
    def company(self, named: str) -> Connection:
        """The one company that a text names: connection id, Pleo company id, or (part of) its name or organisation's.

        Raises Refusal when it names none or several.
        """
        named = named.strip()
        if not named:
            raise Refusal(
                "Name the company: its connection id, its id at Pleo, or its name (`ops companies` lists them)."
            )
        exact = self.connections.get(named) or self.connections.by_company(named)
        if exact:
            return exact
        every = [each for each in self.connections.all() if named.lower() in _names(each).lower()]
        same = [each for each in every if named.lower() in _names(each).lower().split("\n")]
        found = same or every
        if not found:
            raise Refusal(f"No company is called {named!r}: `ops companies` lists them.")
        if len(found) > 1:
            some = ", ".join(f"{each.company_name} ({each.connection_id})" for each in found[:_MOST_NAMED])
            more = " …" if len(found) > _MOST_NAMED else ""
            raise Refusal(f"{len(found)} companies are called {named!r}; name one by its id: {some}{more}.")
        return found[0]

    def companies(self) -> list[Connection]:
        """Every company there is, or was until its data was deleted."""
        return list(self.connections.all())

    # -------------------------------------------------------------------------------------------- changes
    def reason(self) -> str:
        """Why the operator does this; asked for if it was not given. Raises Refusal where nobody can be asked."""
        if not self._reason and self.progress.is_interactive and not self.as_json:
            self._reason = Prompt.ask("Why? (kept in the audit trail)", console=self.progress)
        if not self._reason.strip():
            raise Refusal('Say why, for the audit trail: --reason "ticket 4711, line missing".')
        return self._reason.strip()

    @contextmanager
    def deed(
        self, action: str, connection: Connection | None = None, arguments: Mapping[str, Any] | None = None
    ) -> Iterator[Recorder]:
        """Carry out a change within the audit trail; the reason is asked for before it begins."""
        with self.trail.deed(
            action,
            reason=self.reason(),
            connection_id=connection.connection_id if connection else "",
            arguments=arguments,
        ) as recorder:
            yield recorder


def _names(connection: Connection) -> str:
    return f"{connection.company_name}\n{connection.organisation_name}"
