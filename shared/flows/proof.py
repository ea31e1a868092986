"""Proving a company's balance: Pleo's entries against what became of each, daily and when somebody asks.

What is found missing or different on the way is accepted like anything polling finds, so it heals itself. What cannot
be explained even after everything was read once more raises an alarm.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import batched, groupby

from shared.aws.connections import Connection
from shared.aws.ledger import Ledger
from shared.aws.proofs import Proofs
from shared.aws.queues import CompanyQueue
from shared.domain import ledger as rules
from shared.domain import proof as proving
from shared.domain.entry import Entry
from shared.domain.ledger import Row, State
from shared.domain.proof import BalanceProof, Frozen, Sums
from shared.domain.times import booking_date, midnight
from shared.errors import NotFound, OutOfTime, Rejected
from shared.flows.accept import accept_entry
from shared.flows.vendors import Remaining, Vendors
from shared.pleo import entries
from shared.pleo.client import PleoClient
from shared.telemetry import attention, note, warn

_PAGE = 100
# While lines are recorded the running sum moves; a busy company gets its proof when it is quieter.
_TRIES = 3
_MOST_LOOKED_UP = 50
_NAMED = 20
_BOOKED = frozenset({State.SENT, State.LISTED})


class Prover:
    """Proves companies' balances."""

    def __init__(self, *, ledger: Ledger, proofs: Proofs, queue: CompanyQueue, vendors: Vendors) -> None:
        self._ledger = ledger
        self._proofs = proofs
        self._queue = queue
        self._vendors = vendors

    def daily(self, connection: Connection, remaining: Remaining, *, wanted: bool = False) -> None:
        """Prove the balance if a day has passed since the last time, or everything from the start if it is `wanted`.

        Raises vendor errors, StoreUnavailable and OutOfTime; the next try begins anew, and nothing is half stored.
        """
        stored, now = self._proofs.get(connection.connection_id), datetime.now(UTC)
        proved_at = stored.proof.proved_at if stored.proof else None
        if not wanted and not proving.is_due(proved_at, stored.tried_at, connection.start.connected_at, now):
            return
        try:
            proved = self._proved(connection, Frozen() if wanted else stored.frozen, remaining)
        except OutOfTime:
            # Not again in a minute, like catching up: it would begin anew and get no further.
            self._proofs.tried(connection.connection_id, datetime.now(UTC))
            raise
        if not proved:
            note("balance not proven: lines are being recorded", connection_id=connection.connection_id)
            self._proofs.tried(connection.connection_id, datetime.now(UTC))

    def _proved(self, connection: Connection, frozen: Frozen, remaining: Remaining) -> bool:
        """Whether it could be said how the balance stands, and so was stored."""
        for _ in range(_TRIES):
            found = self._look(connection, frozen, remaining)
            if found is None:
                continue
            proof, frozen_now, strangers = found
            if proof.unexplained and frozen.until is not None:
                # Perhaps something old has changed after all: everything once more.
                frozen = Frozen()
                continue
            if proof.unexplained:
                attention(
                    "balance not explained",
                    connection_id=connection.connection_id,
                    unexplained_cents=proof.unexplained,
                    wallet_cents=proof.wallet,
                    lexoffice_cents=proof.opening + proof.total,
                    waiting_cents=proof.sums.waiting,
                    failed_cents=proof.sums.failed,
                    entry_ids=strangers[:_NAMED],
                )
                frozen_now = Frozen()
            self._proofs.save(connection.connection_id, proof, frozen_now)
            note("balance proven", connection_id=connection.connection_id, unexplained_cents=proof.unexplained)
            return True
        return False

    def _look(
        self, connection: Connection, frozen: Frozen, remaining: Remaining
    ) -> tuple[BalanceProof, Frozen, list[str]] | None:
        """A proof, what is frozen with it, and the booked entries that Pleo does not know; None when the sum moved.

        Pleo is asked before the ledger, so that whatever Pleo had told by then is in the ledger or missing there.
        """
        before = self._ledger.balance(connection.connection_id, connection.account_id)
        reading = _Reading(self, connection, frozen, remaining)
        reading.read()
        proof = BalanceProof(
            proved_at=datetime.now(UTC), opening=connection.opening_minor, sums=reading.sums, total=before.total
        )
        strangers: list[str] = []
        if proof.unexplained and frozen.until is None:
            late, strangers = self._strangers(connection, reading.seen)
            proof = BalanceProof(
                proved_at=proof.proved_at, opening=proof.opening, sums=reading.sums + late, total=before.total
            )
        if self._ledger.balance(connection.connection_id, connection.account_id).total != before.total:
            return None
        return proof, reading.frozen, strangers

    def _strangers(self, connection: Connection, seen: set[str]) -> tuple[Sums, list[str]]:
        """Entries that are booked but were not listed: those Pleo knows all the same, and the ids of those it does not.

        An entry that a webhook brought while Pleo's list was read is one of the former.
        """
        booked: dict[str, list[Row]] = {}
        for row in self._ledger.rows(connection.connection_id):
            if row.entry_id not in seen:
                booked.setdefault(row.entry_id, []).append(row)
        unlisted = {entry_id: rows for entry_id, rows in booked.items() if any(row.state in _BOOKED for row in rows)}
        late, unknown = Sums(), []
        pleo = self._vendors.pleo(connection)
        for entry_id, rows in list(unlisted.items())[:_MOST_LOOKED_UP]:
            effect = _effect_of(pleo, connection, entry_id)
            if effect is None:
                unknown.append(entry_id)
            else:
                late += proving.sums_of(effect, rows)
        return late, unknown

    def accounted(self, connection: Connection, page: tuple[Entry, ...]) -> Sums:
        """What became of some entries, after what is missing or different in the ledger was accepted."""
        known = self._ledger.first_rows(connection.connection_id, [entry.id for entry in page])
        sums = Sums()
        for entry in page:
            first = known.get(entry.id)
            effect = rules.completed_row(entry).total
            if first is None or first.state is State.PENDING or first.total != effect:
                accept_entry(
                    connection.connection_id,
                    entry,
                    ledger=self._ledger,
                    queue=self._queue,
                    from_api=True,
                    start=connection.start,
                )
                rows = self._ledger.rows_of(connection.connection_id, entry.id)
                warn("entry made good", connection_id=connection.connection_id, entry_id=entry.id)
            else:
                rows = [first] if first.revisions == 1 else self._ledger.rows_of(connection.connection_id, entry.id)
            sums += proving.sums_of(effect, rows)
        return sums

    def listed(self, connection: Connection, first: date) -> Iterator[Entry]:
        """Pleo's settled entries from a day on, oldest first. One that cannot be read was reported by catching up."""
        # A second earlier, because a search may exclude its ends (docs/assumptions.md#pleo-settled-period).
        since = midnight(first) - timedelta(seconds=1)
        found = self._vendors.pleo(connection).search_entries(
            connection.company_id, settled_from=since, settled_to=datetime.now(UTC)
        )
        for data in found:
            try:
                entry = entries.parse(data)
            except entries.MalformedEntryError as error:
                warn("entry malformed", connection_id=connection.connection_id, detail=str(error))
                continue
            if entry.settled_at is not None and booking_date(entry.settled_at) >= first:
                yield entry


@dataclass(slots=True)
class _Reading:
    """One pass over Pleo's list, day by day."""

    prover: Prover
    connection: Connection
    frozen: Frozen
    remaining: Remaining
    sums: Sums
    seen: set[str]

    def __init__(self, prover: Prover, connection: Connection, frozen: Frozen, remaining: Remaining) -> None:
        self.prover, self.connection, self.frozen, self.remaining = prover, connection, frozen, remaining
        self.sums, self.seen = frozen.sums, set()

    def read(self) -> None:
        """Add up every day that is not frozen. Raises OutOfTime."""
        first = self.frozen.until + timedelta(days=1) if self.frozen.until else self.connection.start.day
        today = booking_date(datetime.now(UTC))
        freezing = True
        for day, of_the_day in groupby(self.prover.listed(self.connection, first), key=_day):
            sums = Sums()
            for page in batched(of_the_day, _PAGE, strict=False):
                sums += self.prover.accounted(self.connection, page)
                self.seen.update(entry.id for entry in page)
            self.sums += sums
            frozen = proving.frozen_with(self.frozen, day, sums, today) if freezing else None
            freezing = frozen is not None
            self.frozen = frozen or self.frozen
            if self.remaining() <= 0:
                raise OutOfTime("more entries to prove than one turn can read")


def _day(entry: Entry) -> date:
    if entry.settled_at is None:
        raise ValueError("an entry that is not settled has no day")
    return booking_date(entry.settled_at)


def _effect_of(pleo: PleoClient, connection: Connection, entry_id: str) -> int | None:
    """What an entry does to the wallet by its own page at Pleo; None if Pleo does not know it as settled."""
    try:
        entry = entries.parse(pleo.entry(entry_id))
    except (NotFound, Rejected, entries.MalformedEntryError):
        return None
    if entry.settled_at is None or connection.start.is_before(entry):
        return None
    return rules.completed_row(entry).total
