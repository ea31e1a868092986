"""A company's scheduled turn: what no webhook told of is fetched, what nobody woke is woken, lists are synced.

Webhooks are hints; this is the guarantee. Card events may come for card purchases only, so fees, cashback and wallet
movements arrive here (docs/assumptions.md#pleo-card-events). Every part may be repeated.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import batched, groupby
from typing import Any

from shared.aws.connections import Connection, Connections, Status
from shared.aws.exports import Exports
from shared.aws.ledger import Ledger
from shared.aws.queues import CompanyQueue
from shared.domain import ledger as rules
from shared.domain.entry import Entry
from shared.domain.ledger import WORK
from shared.domain.times import booking_date, midnight, utc_text
from shared.errors import AccessGone, Forbidden, OutOfTime
from shared.flows import catalogue, late_receipts
from shared.flows.accept import accept_entry
from shared.flows.holding import hold, reason_of
from shared.flows.vendors import Remaining, Vendors
from shared.pleo import entries
from shared.telemetry import attention, note, warn

# Entries are looked for again this far back: Pleo may show one later than its settlement time says.
OVERLAP = timedelta(days=3)
CATALOGUE_EVERY = timedelta(hours=24)
_PAGE = 100
TURN_EVERY = timedelta(minutes=5)


@dataclass(slots=True)
class TurnResult:
    """What a turn did: entries `found` at Pleo, of which so many are `waiting` to be fed."""

    found: int = 0
    waiting: int = 0
    catalogue_synced: bool = False


class Turn:
    """Gives companies their turn."""

    def __init__(
        self,
        *,
        connections: Connections,
        ledger: Ledger,
        exports: Exports,
        queue: CompanyQueue,
        export_queue: CompanyQueue,
        vendors: Vendors,
    ) -> None:
        self._connections = connections
        self._ledger = ledger
        self._exports = exports
        self._queue = queue
        self._export_queue = export_queue
        self._vendors = vendors

    def take(
        self, connection_id: str, remaining: Remaining, *, catalogue_now: bool = False, access_now: bool = False
    ) -> TurnResult:
        """Do one company's turn. Raises vendor errors and StoreUnavailable when it must be tried again.

        `catalogue_now` syncs the lists even if they are not due, `access_now` asks lexoffice whether it lets us in.
        """
        result = TurnResult()
        connection = self._connections.get(connection_id)
        if connection is None or connection.status is Status.CONNECTING:
            return result
        # First, because it needs neither vendor: a lost wake-up must not wait until both are well again.
        if self._ledger.work(connection_id, 1):
            self._queue.wake(connection_id, f"turn.{utc_text(datetime.now(UTC))}")
        if access_now and connection.status is Status.ACTIVE:
            self._check_access(connection, remaining)
        try:
            self._wake_export(connection)
            self._catch_up(connection, remaining, result)
            if catalogue_now or self._catalogue_due(connection):
                self._sync_catalogue(connection, remaining)
                result.catalogue_synced = True
        except (AccessGone, Forbidden) as error:
            hold(self._connections, connection_id, reason_of(error))
        note(
            "turn taken",
            connection_id=connection_id,
            found=result.found,
            waiting=result.waiting,
            catalogue=result.catalogue_synced,
        )
        return result

    def _check_access(self, connection: Connection, remaining: Remaining) -> None:
        """Hold the company if lexoffice does not let us in any more. Collecting goes on either way."""
        try:
            self._vendors.lexoffice(connection, remaining).profile()
        except (AccessGone, Forbidden) as error:
            hold(self._connections, connection.connection_id, reason_of(error))

    def _wake_export(self, connection: Connection) -> None:
        """A job nobody told of, or one whose worker gave up: it has an hour, so the next look must not be far.

        What the ledger knows to be waiting wakes the worker, too: vouchers to look at, receipts that may be late.
        """
        now = datetime.now(UTC)
        active = connection.status is Status.ACTIVE
        receipts = active and late_receipts.due(connection, now)
        waiting = self._exports.waiting(connection.connection_id, matches=active, receipts=receipts)
        if not waiting:
            pleo = self._vendors.pleo(connection)
            try:
                waiting = any(pleo.export_jobs(connection.company_id, ["pending", "in_progress"]))
            except Forbidden as error:
                # The feed does not need this scope, so the company is not held for it.
                warn("export jobs not readable", connection_id=connection.connection_id, cause=str(error))
        if waiting:
            self._export_queue.wake(connection.connection_id, f"turn.{utc_text(now)}")

    def _catch_up(self, connection: Connection, remaining: Remaining, result: TurnResult) -> None:
        """Every entry settled since the last success, with overlap, day by day; the ledger knows which are new.

        A day that looks as it did last time is passed over, so that the overlap costs next to nothing. Raises
        OutOfTime when there is more than one turn can do; the next one goes on where this one stopped.
        """
        until = datetime.now(UTC)
        # From the day of connecting on, and whole days: Pleo settles by days, often dated to midnight.
        first_day = booking_date(datetime.fromisoformat(connection.connected_at))
        day = max(booking_date(datetime.fromisoformat(connection.caught_up_to) - OVERLAP), first_day)
        # A second earlier, because a search may exclude its ends (docs/assumptions.md#pleo-settled-period).
        since = midnight(day) - timedelta(seconds=1)
        found = self._vendors.pleo(connection).search_entries(
            connection.company_id, settled_from=since, settled_to=until
        )
        seen: dict[str, str] = {}
        for date, of_the_day in groupby(self._readable(connection, found), key=_day):
            todays = list(of_the_day)
            seen[date] = _digest(todays)
            result.found += len(todays)
            if connection.seen_days.get(date) != seen[date]:
                self._accept_day(connection, todays, result)
                self._connections.change(
                    connection.connection_id,
                    caught_up_to=utc_text(min(todays[-1].settled_at or until, until)),
                    seen_days=seen,
                )
            if remaining() <= 0:
                raise OutOfTime("more entries to catch up with than one turn can read")
        self._connections.change(connection.connection_id, caught_up_to=utc_text(until), seen_days=seen)

    def _accept_day(self, connection: Connection, todays: Sequence[Entry], result: TurnResult) -> None:
        for page in batched(todays, _PAGE, strict=False):
            known = self._ledger.known(connection.connection_id, [entry.id for entry in page])
            for entry in page:
                offered = rules.row_for(entry)
                if known.get(entry.id) != (offered.version, offered.total):
                    row = accept_entry(
                        connection.connection_id, entry, ledger=self._ledger, queue=self._queue, from_api=True
                    )
                    result.waiting += row.state in WORK

    def _readable(self, connection: Connection, found: Iterable[Mapping[str, Any]]) -> Iterator[Entry]:
        for data in found:
            try:
                yield entries.parse(data)
            except entries.MalformedEntryError as error:
                attention("entry malformed", connection_id=connection.connection_id, detail=str(error))

    def _catalogue_due(self, connection: Connection) -> bool:
        if connection.status is not Status.ACTIVE:
            return False
        last = connection.catalogue_at
        return not last or datetime.now(UTC) - datetime.fromisoformat(last) >= CATALOGUE_EVERY

    def _sync_catalogue(self, connection: Connection, remaining: Remaining) -> None:
        lexoffice = self._vendors.lexoffice(connection, remaining)
        try:
            catalogue.sync(
                connection,
                lexoffice.profile(),
                pleo=self._vendors.pleo(connection),
                lexoffice=lexoffice,
                connections=self._connections,
            )
        except (catalogue.ImplausibleCatalogueError, catalogue.SyncIncompleteError) as error:
            attention("catalogue not synced", connection_id=connection.connection_id, detail=str(error))
            return
        self._connections.change(connection.connection_id, catalogue_at=utc_text(datetime.now(UTC)))


def _day(entry: Entry) -> str:
    return booking_date(entry.settled_at).isoformat() if entry.settled_at else ""


def _digest(todays: Sequence[Entry]) -> str:
    """Changes whenever an entry of the day is new or Pleo touched it."""
    lines = sorted(f"{entry.id} {utc_text(entry.updated_at)} {entry.status} {entry.bill}" for entry in todays)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
