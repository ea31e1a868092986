"""A company's scheduled turn: what no webhook told of is fetched, what nobody woke is woken, lists are synced.

Webhooks are hints; this is the guarantee. Card events may come for card purchases only, so fees, cashback and wallet
movements arrive here (docs/assumptions.md#pleo-card-events). Every part may be repeated.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import batched, groupby
from typing import Any

from shared.aws.connections import Connection, Connections, Status
from shared.aws.exports import Exports
from shared.aws.ledger import Ledger
from shared.aws.queues import CompanyQueue
from shared.domain import ledger as rules
from shared.domain.agenda import weightiest
from shared.domain.booking import is_card_purchase
from shared.domain.entry import Entry
from shared.domain.ledger import WORK
from shared.domain.times import booking_date, midnight, utc_text
from shared.errors import AccessGone, Forbidden, IntegrationError, OutOfTime
from shared.flows import late_receipts
from shared.flows.accept import accept_entry, wake_for
from shared.flows.deletion import Leaving, is_leaving
from shared.flows.holding import hold, reason_of
from shared.flows.keep_alive import KeepAlive
from shared.flows.lists import Lists
from shared.flows.proof import Prover
from shared.flows.silence import Silence
from shared.flows.vendors import Remaining, Vendors
from shared.pleo import entries
from shared.telemetry import attention, note, warn

# Entries are looked for again this far back: Pleo may show one later than its settlement time says.
OVERLAP = timedelta(days=3)
_DAYS_SEEN = OVERLAP.days + 1
_PAGE = 100


@dataclass(slots=True)
class TurnResult:
    """What a turn did: entries `found` at Pleo, of which so many are `waiting` to be fed.

    `payments` says when the card purchases among them were settled, `caught_up` that no other is
    left, `after_failures` how many turns before it failed.
    """

    found: int = 0
    waiting: int = 0
    catalogue_synced: bool = False
    payments: list[datetime] = field(default_factory=list)
    caught_up: bool = False
    after_failures: int = 0


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
        leaving: Leaving,
        silence: Silence,
        keep_alive: KeepAlive,
        prover: Prover,
    ) -> None:
        self._connections = connections
        self._ledger = ledger
        self._exports = exports
        self._queue = queue
        self._export_queue = export_queue
        self._vendors = vendors
        self._leaving = leaving
        self._silence = silence
        self._keep_alive = keep_alive
        self._prover = prover
        self._lists = Lists(connections, vendors)

    def take(
        self,
        connection_id: str,
        remaining: Remaining,
        *,
        catalogue_now: bool = False,
        catalogue_accepted: bool = False,
        access_now: bool = False,
        proof_now: bool = False,
    ) -> TurnResult:
        """Do one company's turn. Raises vendor errors and StoreUnavailable when it must be tried again.

        `catalogue_now` syncs the lists even if they are not due, `catalogue_accepted` says that a person has looked at
        what is implausible in them; `access_now` asks lexoffice whether it lets us in; `proof_now` proves the balance
        from the start. A duty that fails does not keep the others from being done; the weightiest error is raised at
        the end.
        """
        result = TurnResult()
        connection = self._connections.get(connection_id)
        if connection is not None:
            result.after_failures = connection.turn_failures
        if connection is not None and is_leaving(connection, datetime.now(UTC)):
            self._leaving.take(connection, remaining)
            return result
        if connection is None or connection.status is Status.CONNECTING:
            return result
        # First, because it needs neither vendor: a lost wake-up must not wait until both are well again.
        oldest = next(iter(self._ledger.work(connection_id, 1)), None)
        if oldest:
            self._queue.wake(connection_id, f"turn.{utc_text(datetime.now(UTC))}")
        lists_due = catalogue_now or self._lists.due(connection, datetime.now(UTC))
        duties: list[Callable[[], None]] = [
            lambda: self._check_access(connection, remaining, wanted=access_now),
            lambda: self._wake_export(connection),
            lambda: self._catch_up(connection, remaining, result),
            lambda: self._silence.listen(connection, remaining, oldest=oldest, payments=result.payments),
            lambda: self._sync_lists(connection, remaining, result, wanted=lists_due, accepted=catalogue_accepted),
            lambda: self._keep_alive.keep(connection, remaining),
            # Last, because it may take all the time there is, turn after turn.
            lambda: self._prove(connection, remaining, result, wanted=proof_now),
        ]
        failures = [failure for duty in duties if (failure := self._done(connection_id, duty, remaining))]
        note(
            "turn taken",
            connection_id=connection_id,
            found=result.found,
            waiting=result.waiting,
            catalogue=result.catalogue_synced,
        )
        if failure := weightiest(failures):
            raise failure
        return result

    def _done(self, connection_id: str, duty: Callable[[], None], remaining: Remaining) -> IntegrationError | None:
        """Do a duty; why it must be tried again, None when it need not. Access that is gone holds the company."""
        if remaining() <= 0:
            return OutOfTime("more to do than one turn can")
        try:
            duty()
        except (AccessGone, Forbidden) as error:
            hold(self._connections, connection_id, reason_of(error))
        except IntegrationError as error:
            return error
        return None

    def _sync_lists(
        self, connection: Connection, remaining: Remaining, result: TurnResult, *, wanted: bool, accepted: bool
    ) -> None:
        if wanted:
            result.catalogue_synced = self._lists.sync(connection, remaining, accepted=accepted)

    def _prove(self, connection: Connection, remaining: Remaining, result: TurnResult, *, wanted: bool) -> None:
        if result.caught_up:
            self._prover.daily(connection, remaining, wanted=wanted)

    def _check_access(self, connection: Connection, remaining: Remaining, *, wanted: bool) -> None:
        """Ask lexoffice whether it still lets us in. Collecting goes on either way."""
        if wanted and connection.status is Status.ACTIVE:
            self._vendors.lexoffice(connection, remaining).profile()

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
        # From the day the admin chose on, and whole days: Pleo settles by days, often dated to midnight.
        day = max(booking_date(datetime.fromisoformat(connection.caught_up_to) - OVERLAP), connection.start.day)
        # A second earlier, because a search may exclude its ends (docs/assumptions.md#pleo-settled-period).
        since = midnight(day) - timedelta(seconds=1)
        found = self._vendors.pleo(connection).search_entries(
            connection.company_id, settled_from=since, settled_to=until
        )
        seen: dict[str, str] = {}
        for date, of_the_day in groupby(self._readable(connection, found), key=_day):
            todays = list(of_the_day)
            # Only what the next turn's overlap can meet: a backfill passes hundreds of days.
            seen = dict(list(seen.items())[-_DAYS_SEEN:]) | {date: _digest(todays)}
            result.found += len(todays)
            result.payments += [entry.settled_at for entry in todays if entry.settled_at and is_card_purchase(entry)]
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
        result.caught_up = True

    def _accept_day(self, connection: Connection, todays: Sequence[Entry], result: TurnResult) -> None:
        for page in batched(todays, _PAGE):
            known = self._ledger.known(connection.connection_id, [entry.id for entry in page])
            row = None
            for entry in page:
                offered = rules.row_for(entry, start=connection.start)
                if known.get(entry.id) != (offered.version, offered.total):
                    accepted = accept_entry(
                        connection.connection_id,
                        entry,
                        ledger=self._ledger,
                        queue=None,
                        from_api=True,
                        start=connection.start,
                    )
                    result.waiting += accepted.state in WORK
                    row = accepted if accepted.state in WORK else row
            if row is not None:
                wake_for(connection.connection_id, row, queue=self._queue)

    def _readable(self, connection: Connection, found: Iterable[Mapping[str, Any]]) -> Iterator[Entry]:
        for data in found:
            try:
                yield entries.parse(data)
            except entries.MalformedEntryError as error:
                attention("entry malformed", connection_id=connection.connection_id, detail=str(error))


def _day(entry: Entry) -> str:
    return booking_date(entry.settled_at).isoformat() if entry.settled_at else ""


def _digest(todays: Sequence[Entry]) -> str:
    """Changes whenever an entry of the day is new or Pleo touched it."""
    lines = sorted(f"{entry.id} {utc_text(entry.updated_at)} {entry.status} {entry.bill}" for entry in todays)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
