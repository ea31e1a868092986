"""Prove a company's balance: compare Pleo's entries with what became of each, daily and on request.

- An entry that is missing or different in the ledger is accepted as in catching up, which repairs the difference.
- A difference that remains after all entries were read again raises an alert.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from shared.aws.connections import Connection
from shared.aws.proofs import StoredProof
from shared.aws.queues import CompanyQueue
from shared.aws.stores import Stores
from shared.domain.feeding import ledger as rules
from shared.domain.feeding.entry import Entry
from shared.domain.feeding.ledger import Row, State
from shared.domain.syncing import proof as proving
from shared.domain.syncing.proof import RESERVED_FOR, BalanceProof, Frozen, Pending, ProofInProgress, Sums
from shared.domain.syncing.schedule import LastRun
from shared.domain.times import booking_date, utc_text
from shared.errors import Forbidden, NotFound, OutOfTime, Rejected
from shared.flows.syncing.proof_reading import Reading
from shared.flows.vendors import Remaining, Vendors
from shared.pleo import entries
from shared.pleo.client import PleoClient
from shared.telemetry import alert, log_info, log_warning

# Attempts per sync: recording lines changes the total, so a busy company's balance is proven in a quieter sync.
_TRIES = 3
_MOST_LOOKED_UP = 50
_NAMED = 20
_BOOKED = frozenset({State.SENT, State.LISTED})


class Prover:
    """Proves balances, company by company."""

    def __init__(self, stores: Stores, vendors: Vendors, queue: CompanyQueue) -> None:
        self._ledger = stores.ledger
        self._proofs = stores.proofs
        self._queue = queue
        self._vendors = vendors

    def last_run(self, connection: Connection) -> LastRun:
        """Return when the balance was last proven (before that: when the company connected) and a proof last failed."""
        stored = self._proofs.get(connection.connection_id)
        proved_at = stored.proof.proved_at if stored.proof else connection.start.connected_at
        return LastRun(proved_at, stored.tried_at, in_progress=stored.in_progress is not None)

    def run(self, connection: Connection, remaining: Remaining, *, from_start: bool = False) -> None:
        """Prove the balance; with `from_start`, read all entries since the start date.

        - When time runs out, the days proven for good are kept, and the next syncs continue from there. The same holds
          for `from_start`: starting over each time would never end if one sync is too short.
        - A reading from the start that is already in progress also answers a new request for one.
        - Raises vendor errors and StoreUnavailable. Then, as after a crash, the next attempt begins where this one did.
        """
        connection_id = connection.connection_id
        stored = self._proofs.get(connection_id)
        begun, pleo = _start(stored, from_start=from_start), self._vendors.pleo(connection)
        reading = Reading(connection, begun, remaining, ledger=self._ledger, queue=self._queue, pleo=pleo)
        try:
            proved = self._prove(connection, reading, pleo)
        except OutOfTime:
            # If this sync made no progress, the next ones would not either: wait an hour instead of using up each sync.
            vain = reading.in_progress == begun
            log_info("balance not proven yet: more to read than one sync can", connection_id=connection_id, vain=vain)
            self._proofs.save_progress(connection_id, reading.in_progress, datetime.now(UTC) if vain else None)
            if vain:
                _alert_overdue(connection, stored)
            return
        if not proved:
            log_info("balance not proven: lines are being recorded", connection_id=connection_id)
            self._proofs.save_progress(connection_id, reading.in_progress, datetime.now(UTC))
            _alert_overdue(connection, stored)

    def _prove(self, connection: Connection, reading: Reading, pleo: PleoClient) -> bool:
        """Compute and store the proof; return False if lines kept being recorded meanwhile. Raises OutOfTime."""
        for _ in range(_TRIES):
            found = self._examine(connection, reading, pleo)
            if found is None:
                continue
            proof, unlisted = found
            if proof.unexplained and not reading.whole:
                # An entry of a frozen day may have changed: read everything again.
                reading.restart()
                continue
            # Read pending entries last, so that an entry that settles meanwhile is not counted twice.
            proof = replace(proof, pending=_pending(connection, pleo))
            _alert(connection, proof, unlisted)
            self._proofs.save(connection.connection_id, proof, Frozen() if proof.unexplained else reading.frozen)
            return True
        return False

    def _examine(
        self, connection: Connection, reading: Reading, pleo: PleoClient
    ) -> tuple[BalanceProof, list[str]] | None:
        """Return a proof and the booked entries that Pleo does not know, or None if the total changed meanwhile.

        Pleo is read before the ledger, so every entry that Pleo had reported by then is in the ledger or missing there.
        """
        before = self._ledger.balance(connection.connection_id, connection.account_id)
        sums, unlisted = reading.read(), list[str]()
        proof = BalanceProof(
            proved_at=datetime.now(UTC), opening=connection.opening_minor, sums=sums, total=before.total
        )
        if proof.unexplained and reading.whole:
            late, unlisted = self._unlisted(connection, reading, pleo)
            proof = replace(proof, sums=sums + late)
        if self._ledger.balance(connection.connection_id, connection.account_id).total != before.total:
            return None
        return proof, unlisted

    def _unlisted(self, connection: Connection, reading: Reading, pleo: PleoClient) -> tuple[Sums, list[str]]:
        """Look up booked entries that Pleo did not list.

        Return the sums of those that Pleo knows nevertheless, and the ids of the others. Pleo knows, for example, an
        entry that a webhook delivered while the list was read. Days that an earlier sync read are left out, because
        their entries' ids are no longer known.
        """
        booked: dict[str, list[Row]] = {}  # in the ledger's order: an entry's first row comes first
        for row in self._ledger.rows(connection.connection_id):
            if row.entry_id not in reading.seen:
                booked.setdefault(row.entry_id, []).append(row)
        unlisted = [
            (entry_id, rows)
            for entry_id, rows in booked.items()
            if any(row.state in _BOOKED for row in rows) and reading.covers(rows[0].day)
        ]
        late, unknown = Sums(), []
        for entry_id, rows in unlisted[:_MOST_LOOKED_UP]:
            entry = _read_settled(pleo, connection, entry_id)
            if entry is None:
                unknown.append(entry_id)
            elif entry.settled_at is not None and reading.covers(booking_date(entry.settled_at)):
                late += proving.sums_of(rules.completed_row(entry).total, rows)
        return late, unknown


def _start(stored: StoredProof, *, from_start: bool) -> ProofInProgress:
    """Return where to start reading: where an earlier sync stopped, after the frozen days, or at the start date."""
    if stored.in_progress and (stored.in_progress.whole or not from_start):
        return stored.in_progress
    if from_start:
        return ProofInProgress(Frozen(), whole=True)
    return ProofInProgress(stored.frozen, whole=stored.frozen.until is None)


def _alert_overdue(connection: Connection, before: StoredProof) -> None:
    """Raise an alert, once a day, if the balance has not been proven for days.

    The failed attempt is stored before the alert, so that not every sync alerts.
    """
    proved_at = before.proof.proved_at if before.proof else None
    if proving.is_overdue(proved_at, before.tried_at, connection.start.connected_at, datetime.now(UTC)):
        alert(
            "balance not proven",
            connection_id=connection.connection_id,
            proved_at=utc_text(proved_at) if proved_at else "never",
        )


def _alert(connection: Connection, proof: BalanceProof, unlisted: list[str]) -> None:
    pending = proof.pending.cents if proof.pending else None
    log_info(
        "balance proven",
        connection_id=connection.connection_id,
        unexplained_cents=proof.unexplained,
        pending_cents=pending,
        held=proof.sums.held,
    )
    if proof.unexplained:
        alert(
            "balance not explained",
            connection_id=connection.connection_id,
            unexplained_cents=proof.unexplained,
            wallet_cents=proof.wallet,
            lexoffice_cents=proof.opening + proof.total,
            waiting_cents=proof.sums.waiting,
            failed_cents=proof.sums.failed,
            pending_cents=pending,
            entry_ids=unlisted[:_NAMED],
        )


def _pending(connection: Connection, pleo: PleoClient) -> Pending | None:
    """Return what Pleo has reserved, or None if Pleo refuses the request: the proof is valid without it."""
    now = datetime.now(UTC)
    found = pleo.unsettled_entries(connection.company_id, performed_from=now - RESERVED_FOR, performed_to=now)
    try:
        return proving.pending_of(_readable(found))
    except (Forbidden, Rejected) as error:
        log_warning("pending entries not readable", connection_id=connection.connection_id, cause=str(error))
        return None


def _readable(found: Iterator[dict[str, object]]) -> Iterator[Entry]:
    """Yield the entries that can be read. A malformed entry raises an alert once it is settled."""
    for data in found:
        try:
            yield entries.parse(data)
        except entries.MalformedEntryError:
            continue


def _read_settled(pleo: PleoClient, connection: Connection, entry_id: str) -> Entry | None:
    """Read an entry from Pleo by its id; return None unless it is readable and settled since the start date."""
    try:
        entry = entries.parse(pleo.entry(entry_id))
    except (NotFound, Rejected, entries.MalformedEntryError):
        return None
    return entry if entry.settled_at is not None and not connection.start.is_before(entry) else None
