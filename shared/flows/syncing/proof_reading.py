"""Add up Pleo's settled entries and what became of each, day by day, oldest first, from where a proof continues."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import batched, groupby

from shared.aws.connections import Connection
from shared.aws.ledger import Ledger
from shared.aws.queues import CompanyQueue
from shared.domain.feeding import ledger as rules
from shared.domain.feeding.entry import Entry
from shared.domain.feeding.ledger import State
from shared.domain.syncing import proof as proving
from shared.domain.syncing.proof import Frozen, ProofInProgress, Sums
from shared.domain.times import booking_date, midnight
from shared.errors import OutOfTime
from shared.flows.feeding.accept import accept_entry
from shared.flows.vendors import Remaining
from shared.pleo import entries
from shared.pleo.client import PleoClient
from shared.telemetry import log_warning

_PAGE = 100


class Reading:
    """One sync's reading of one company.

    - `frozen`, `whole`: the progress so far (shared/domain/syncing/proof.py).
    - `seen`: ids of the entries that this sync read.
    - `skipped`: last day that this sync did not read, or None if it skipped none; `seen` has no ids up to that day.
    """

    def __init__(
        self,
        connection: Connection,
        begun: ProofInProgress,
        remaining: Remaining,
        *,
        ledger: Ledger,
        queue: CompanyQueue,
        pleo: PleoClient,
    ) -> None:
        self.frozen, self.whole = begun.frozen, begun.whole
        self.skipped = begun.frozen.until
        self.seen: set[str] = set()
        self._connection = connection
        self._remaining = remaining
        self._ledger = ledger
        self._queue = queue
        self._pleo = pleo

    @property
    def in_progress(self) -> ProofInProgress:
        """Return where the next sync continues."""
        return ProofInProgress(self.frozen, self.whole)

    def covers(self, day: date | None) -> bool:
        """Return whether this sync read a day, so that `seen` has all entries that Pleo lists for it."""
        return day is not None and (self.skipped is None or day > self.skipped)

    def restart(self) -> None:
        """Discard the progress; the next `read` begins at the start date."""
        self.frozen, self.whole, self.skipped = Frozen(), True, None
        self.seen.clear()

    def read(self) -> Sums:
        """Add up the days that are not frozen; return the sums of all days. Raises OutOfTime and vendor errors."""
        first = self.frozen.until + timedelta(days=1) if self.frozen.until else self._connection.start.day
        today = booking_date(datetime.now(UTC))
        total, freezing = self.frozen.sums, True
        for day, of_the_day in groupby(self.entries_since(first), key=_day):
            sums = Sums()
            for page in batched(of_the_day, _PAGE):
                sums += self._account_for(page)
                self.seen.update(entry.id for entry in page)
            total += sums
            frozen = proving.frozen_with(self.frozen, day, sums, today) if freezing else None
            freezing = frozen is not None
            self.frozen = frozen or self.frozen
            if self._remaining() <= 0:
                raise OutOfTime("more entries to prove than one sync can read")
        return total

    def entries_since(self, first: date) -> Iterator[Entry]:
        """Yield Pleo's settled entries from a day on, oldest first. Catching up alerts about malformed entries."""
        # Start a second earlier, because a search may exclude its ends (docs/assumptions.md#pleo-settled-period).
        since = midnight(first) - timedelta(seconds=1)
        found = self._pleo.search_entries(self._connection.company_id, settled_from=since, settled_to=datetime.now(UTC))
        for data in found:
            try:
                entry = entries.parse(data)
            except entries.MalformedEntryError as error:
                log_warning("entry malformed", connection_id=self._connection.connection_id, detail=str(error))
                continue
            if entry.settled_at is not None and booking_date(entry.settled_at) >= first:
                yield entry

    def _account_for(self, page: tuple[Entry, ...]) -> Sums:
        """Accept entries that are missing or different in the ledger, then return the sums of what became of all."""
        connection_id = self._connection.connection_id
        known = self._ledger.first_rows(connection_id, [entry.id for entry in page])
        sums = Sums()
        for entry in page:
            first = known.get(entry.id)
            effect = rules.completed_row(entry).total
            if first is None or first.state is State.PENDING or first.total != effect:
                accept_entry(
                    connection_id,
                    entry,
                    ledger=self._ledger,
                    queue=self._queue,
                    from_api=True,
                    start=self._connection.start,
                )
                rows = self._ledger.rows_of(connection_id, entry.id)
                log_warning("entry made good", connection_id=connection_id, entry_id=entry.id)
            else:
                rows = [first] if first.revisions == 1 else self._ledger.rows_of(connection_id, entry.id)
            sums += proving.sums_of(effect, rows)
        return sums


def _day(entry: Entry) -> date:
    if entry.settled_at is None:
        raise ValueError("an entry that is not settled has no day")
    return booking_date(entry.settled_at)
