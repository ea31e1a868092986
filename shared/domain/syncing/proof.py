"""The proof that nothing is missing: what Pleo's entries make of the wallet, against what became of each of them.

    wallet = opening + effects of all settled entries                   (Pleo's side)
           = opening + lines + listed by hand + waiting + failed + unexplained   (ours)

Pleo publishes no balance (docs/assumptions.md#pleo-wallet-balance), so the wallet is computed from its entries.
What is authorised and not settled is in neither side: it explains why Pleo's app shows less than the wallet holds.
All amounts are euro cents.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from shared.domain.feeding import entry_rules
from shared.domain.feeding.entry import COMPLETED, COMPLETED_EXTERNALLY, DRAFT, Entry
from shared.domain.feeding.entry_rules import Destination
from shared.domain.feeding.ledger import WORK, Row, State, completed_row
from shared.domain.times import booking_date

# A day that is older and whose entries are all accounted for is not read again; Pleo settles and changes sooner.
FROZEN_AFTER = timedelta(days=35)
# A proof is made daily; for so long without one something is in its way.
OVERDUE = timedelta(days=3)
# Card schemes let go of what was authorised and never settled within a month.
RESERVED_FOR = timedelta(days=35)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What became of some entries.

    `effect` is what Pleo says they did to the wallet; `lines` are in lexoffice, `by_hand` is listed for a person,
    `waiting` is on its way, `failed` was refused. `held` counts entries whose effect nobody knows yet.
    """

    effect: int = 0
    lines: int = 0
    by_hand: int = 0
    waiting: int = 0
    failed: int = 0
    held: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        """Both together."""
        return Sums(
            effect=self.effect + other.effect,
            lines=self.lines + other.lines,
            by_hand=self.by_hand + other.by_hand,
            waiting=self.waiting + other.waiting,
            failed=self.failed + other.failed,
            held=self.held + other.held,
        )

    @property
    def final(self) -> bool:
        """Whether everything is where it belongs: nothing waits, was refused or is held, and nothing is left over."""
        return not (self.waiting or self.failed or self.held) and self.effect == self.lines + self.by_hand


@dataclass(frozen=True, slots=True)
class Frozen:
    """Everything up to and including day `until` (None: nothing yet) as it was proven for good."""

    until: date | None = None
    sums: Sums = Sums()


@dataclass(frozen=True, slots=True)
class ProofInProgress:
    """A proof that is not finished: `frozen` is as far as it has come.

    `whole`: it began at the start date, so that a difference it finds is no change of days that were not read again.
    """

    frozen: Frozen
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Payments that Pleo has reserved and not settled: so many cents (0 or less), so many payments.

    `unknown`: of so many of them Pleo does not state yet what they cost in euros.
    """

    cents: int = 0
    count: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceProof:
    """One proof: `total` is the running sum that lexoffice's balance is set from, without `opening`.

    `pending` is no part of the wallet; None where Pleo did not tell.
    """

    proved_at: datetime
    opening: int
    sums: Sums
    total: int
    pending: Pending | None = None

    @property
    def wallet(self) -> int:
        """What the wallet must hold by Pleo's entries."""
        return self.opening + self.sums.effect

    @property
    def unexplained(self) -> int:
        """What the wallet holds beyond lexoffice's balance and everything that is known to be missing there."""
        return self.sums.effect - self.total - self.sums.waiting - self.sums.failed


def sums_of(effect: int, rows: Iterable[Row]) -> Sums:
    """What became of one entry: `rows` are its row in the ledger and its corrections, none if it is missing there.

    A row that Pleo must complete has no amount yet: the whole entry waits.
    """
    lines = by_hand = waiting = failed = held = 0
    for row in rows:
        if row.state is State.SENT:
            lines += row.amount
        elif row.state is State.LISTED:
            by_hand += row.amount
        elif row.state in WORK:
            waiting += effect if row.state is State.INCOMPLETE else row.amount
        elif row.state is State.FAILED:
            failed += row.amount
        elif row.state is State.HELD:
            held += 1
    return Sums(effect=effect, lines=lines, by_hand=by_hand, waiting=waiting, failed=failed, held=held)


def frozen_with(frozen: Frozen, day: date, sums: Sums, today: date) -> Frozen | None:
    """The frozen part with one more day; None when that day, and so every later one, has to be read again."""
    if day >= today - FROZEN_AFTER or not sums.final:
        return None
    return Frozen(day, frozen.sums + sums)


def pending_of(entries: Iterable[Entry]) -> Pending:
    """What unsettled entries reserve (docs/assumptions.md#pleo-pending-settlement).

    Decided as if each was settled now as it stands. Money on its way in is not there to be spent until it is settled,
    so it explains no difference; a draft, and what was taken back, reserves nothing; nor does a kind nobody knows.
    """
    cents = count = unknown = 0
    for entry in entries:
        if entry.reversed or entry.settled_at is not None or entry.status in {DRAFT, COMPLETED_EXTERNALLY}:
            continue
        settled = replace(entry, status=COMPLETED, settled_at=entry.performed_at)
        decision = entry_rules.classify(settled)
        if decision.destination not in {Destination.LINE, Destination.HAND} or decision.direction > 0:
            continue
        row = completed_row(settled)
        if row.state is State.READY:
            cents += row.amount
            count += 1
        elif row.state is State.HELD:
            count += 1
            unknown += 1
    return Pending(cents=cents, count=count, unknown=unknown)


def is_overdue(proved_at: datetime | None, tried_at: datetime | None, connected_at: datetime, now: datetime) -> bool:
    """Whether a person must know that another try was in vain: no proof for days, and nobody was told today.

    `tried_at` is the try before this one that was in vain, None if there was none since the last proof.
    """
    told_today = tried_at is not None and booking_date(tried_at) == booking_date(now)
    return now - (proved_at or connected_at) >= OVERDUE and not told_today
