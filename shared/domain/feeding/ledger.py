"""The ledger's rows and the decisions about them. shared/aws/ledger.py stores the rows.

States of a row:

    pending ──settled──▶ ready ──fed──▶ sent            a permanent line in lexoffice
       │                   ├──refused──▶ failed         lexoffice refuses this one item; the reason is stored
       └──reversed──▶ void └──listed──▶ listed          moves the wallet, entered in lexoffice by hand
    none: the wallet does not move · held: must be checked by hand · incomplete: must be read from Pleo first

`ready` and `incomplete` rows are open work. A row is frozen as soon as it is `ready`: a line that may already have
reached lexoffice must be resent unchanged or not at all. A later change becomes a correction: another row of the same
entry, with the next revision and the difference as its amount.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from functools import reduce

from shared.domain.feeding import entry_rules, line
from shared.domain.feeding.entry import Entry
from shared.domain.feeding.entry_rules import Destination
from shared.domain.feeding.start import Start
from shared.domain.times import booking_date, utc_text

BEFORE_START = "before_start"
WALLET_CURRENCY = "EUR"  # lexoffice keeps books in euro only (https://developers.lexware.io/docs)


class State(StrEnum):
    """The state of a row; see the module's diagram."""

    PENDING = "pending"
    INCOMPLETE = "incomplete"
    READY = "ready"
    SENT = "sent"
    FAILED = "failed"
    LISTED = "listed"
    NONE = "none"
    HELD = "held"
    VOID = "void"


WORK = frozenset({State.READY, State.INCOMPLETE})
REWRITABLE = frozenset({State.PENDING, State.INCOMPLETE, State.NONE, State.HELD, State.VOID, State.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the ledger: one entry, or one correction of it.

    - `amount`: the signed effect on the wallet in euro cents.
    - `total`: on the first row, the sum of the amounts of all revisions.
    - `version`: orders snapshots of one entry. A final one beats a pending one, otherwise Pleo's `updatedAt` decides.
    - `reason`: stable word for why a row is held, void, failed or without a line. `detail` adds the vendor's message.
    - `history`: settled before the day of connecting; newer payments are fed first.
    - `ready_at`, `final_at`: UTC texts, when the ledger made the row ready and recorded its outcome. They do not count
      when rows are compared.
    """

    entry_id: str
    revision: int
    state: State
    kind: str
    destination: Destination
    amount: int
    total: int
    day: date | None
    counterparty: str
    purpose: str
    version: str
    settled_at: str = ""
    reason: str = ""
    detail: str = ""
    transaction_id: str = ""
    revisions: int = 1  # on the first row: how many rows this entry has
    history: bool = False
    ready_at: str = field(default="", compare=False)
    final_at: str = field(default="", compare=False)

    @property
    def reference(self) -> str:
        """The `externalReference` of the line in lexoffice."""
        return line.external_reference(self.entry_id, self.revision)


def row_for(entry: Entry, *, announced_settled: bool = False, start: Start | None = None) -> Row:
    """Build the row for a snapshot of an entry, regardless of what the ledger has of that entry.

    - `announced_settled`: the webhook event was "settled". If the snapshot is not settled, the row is `incomplete`, so
      that the entry is read from Pleo.
    - `start`: from when on the company's entries become lines; None skips that check.
    """
    decision = entry_rules.classify(entry)
    bill = entry.bill
    amount = decision.direction * abs(bill.minor) if bill is not None else 0
    row = Row(
        entry_id=entry.id,
        revision=1,
        state=State.PENDING,
        kind=decision.kind,
        destination=decision.destination,
        amount=amount,
        total=amount,
        day=booking_date(entry.settled_at) if entry.settled_at else None,
        counterparty=line.counterparty(entry, decision.kind),
        purpose=line.purpose(entry, decision.kind),
        version=_version(entry),
        settled_at=utc_text(entry.settled_at) if entry.settled_at else "",
        history=start is not None and start.is_history(entry),
    )
    if start is not None and start.is_before(entry):
        return replace(row, state=State.NONE, amount=0, total=0, reason=BEFORE_START)
    if entry.reversed:
        return replace(row, state=State.VOID, amount=0, total=0, reason="deleted" if entry.deleted else "reversed")
    if decision.destination is Destination.NONE:
        return replace(row, state=State.NONE, amount=0, total=0, reason="wallet_not_moved")
    if not entry.settled:
        if announced_settled:
            # Sorts above every pending version, so that a pending snapshot cannot replace this row.
            return replace(row, state=State.INCOMPLETE, amount=0, total=0, version=f"0a{row.version[1:]}")
        return replace(row, state=State.PENDING, amount=0, total=0)
    return _settled_row(row, entry)


def _settled_row(row: Row, entry: Entry) -> Row:
    if entry.bill is None:
        return replace(row, state=State.INCOMPLETE)
    if row.destination is Destination.HELD:
        return replace(row, state=State.HELD, amount=0, total=0, reason="unknown_kind")
    if entry.bill.currency != WALLET_CURRENCY:
        return replace(row, state=State.HELD, amount=0, total=0, reason="wallet_currency", detail=entry.bill.currency)
    if row.amount == 0:
        return replace(row, state=State.NONE, reason="zero_amount")
    return replace(row, state=State.READY)


def completed_row(entry: Entry, *, start: Start | None = None) -> Row:
    """Build the row for an entry that was just read from Pleo's API. It is never incomplete: the API has no more."""
    if entry.bill is None and entry.value.currency == WALLET_CURRENCY:
        entry = replace(entry, bill=entry.value)
    row = row_for(entry, start=start)
    return unreadable(row, "amount_missing") if row.state is State.INCOMPLETE else row


def delays(rows: Iterable[Row], now: datetime) -> list[float]:
    """Return the seconds from the receipt of each payment to `now`, when its line is recorded.

    History is left out because it is not urgent, corrections because their time is Pleo's. Never negative: the clocks
    of two machines may differ by more than a fast line takes.
    """
    timed = (row.ready_at for row in rows if row.ready_at and not row.history and row.revision == 1)
    return [max(0.0, (now - datetime.fromisoformat(ready_at)).total_seconds()) for ready_at in timed]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSums:
    """Sums of rows by state.

    - `lines`, `by_hand`, `waiting`, `failed`: cents that are in lexoffice, listed to be entered by hand, waiting for
      the feed, refused by lexoffice.
    - `unsent`: number of rows that wait or were refused.
    - `incomplete`, `held`: number of rows whose amount is unknown.
    """

    lines: int = 0
    by_hand: int = 0
    waiting: int = 0
    failed: int = 0
    unsent: int = 0
    incomplete: int = 0
    held: int = 0

    def with_row(self, row: Row) -> "RowSums":
        """Return the sums with one more row. A row that does not move the wallet changes nothing."""
        match row.state:
            case State.SENT:
                return replace(self, lines=self.lines + row.amount)
            case State.LISTED:
                return replace(self, by_hand=self.by_hand + row.amount)
            case State.READY:
                return replace(self, waiting=self.waiting + row.amount, unsent=self.unsent + 1)
            case State.FAILED:
                return replace(self, failed=self.failed + row.amount, unsent=self.unsent + 1)
            case State.INCOMPLETE:
                return replace(self, incomplete=self.incomplete + 1)
            case State.HELD:
                return replace(self, held=self.held + 1)
        return self


def sum_rows(rows: Iterable[Row]) -> RowSums:
    """Sum up rows by state."""
    return reduce(RowSums.with_row, rows, RowSums())


def unreadable(row: Row, reason: str) -> Row:
    """Hold an incomplete row that Pleo's API cannot complete either. It must be checked by hand."""
    return replace(row, state=State.HELD, amount=0, total=0, reason=reason)


def _version(entry: Entry) -> str:
    final = entry.settled or entry.reversed
    return f"{int(final)} {utc_text(entry.updated_at)}"


@dataclass(frozen=True, slots=True)
class Correction:
    """Two writes that belong together: the entry's first row with its new total, and the correcting row.

    If `row` is None, the amount is unchanged and only the version is updated, so that an older snapshot that arrives
    later is recognised. `replaces_version` is the version of the first row that the writes expect in the ledger.
    """

    first: Row
    row: Row | None
    replaces_version: str


def correct(first: Row, new: Row, changed_at: datetime, *, from_api: bool = False) -> Correction | None:
    """Return the correction that a newer snapshot of an entry with a frozen row requires, or None.

    Only the effect on the wallet counts; a new note or category does not change the line. A snapshot that is not final
    or cannot be classified requires no correction.

    - `first`: the stored first row.
    - `new`: the row of the snapshot on its own (`row_for`).
    - `changed_at`: when Pleo changed the entry.
    - `from_api`: the snapshot was read from Pleo's API. Pleo's times are coarse: of two snapshots with the same time
      the API's is the truth, a webhook's may be the older one.
    """
    older = new.version < first.version or (new.version == first.version and not from_api)
    if older or new.state in {State.PENDING, State.INCOMPLETE, State.HELD} or new.reason == BEFORE_START:
        return None
    difference = new.total - first.total
    if difference == 0:
        newer = new.version > first.version
        return Correction(replace(first, version=new.version), None, first.version) if newer else None
    revision = first.revisions + 1
    row = replace(
        first,
        revision=revision,
        revisions=1,
        state=State.READY,
        amount=difference,
        total=difference,
        day=booking_date(changed_at),
        settled_at=utc_text(changed_at),
        purpose=line.correction_purpose(first.purpose, first.counterparty, changed_at),
        version=new.version,
        reason="correction",
        detail="",
        transaction_id="",
        history=False,
        ready_at="",
        final_at="",
    )
    return Correction(replace(first, total=new.total, version=new.version, revisions=revision), row, first.version)
