"""Balance proof: compare the wallet computed from Pleo's entries with what became of each entry.

    wallet = opening + effects of all settled entries                            (at Pleo)
           = opening + lines + listed by hand + waiting + failed + unexplained   (in the ledger)

Pleo publishes no balance (docs/assumptions.md#pleo-wallet-balance), so the wallet is computed from its entries.
Authorised payments that are not settled are on neither side: they explain why Pleo's app shows less than the wallet
holds. All amounts are euro cents.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from shared.domain.feeding import entry_rules
from shared.domain.feeding.entry import COMPLETED, COMPLETED_EXTERNALLY, DRAFT, Entry
from shared.domain.feeding.entry_rules import Destination
from shared.domain.feeding.ledger import Row, State, completed_row, sum_rows
from shared.domain.times import booking_date

# An older day whose entries are all accounted for is not read again: Pleo settles and changes entries sooner.
FROZEN_AFTER = timedelta(days=35)
# The balance is proved daily. Without a proof for this long, something prevents it.
OVERDUE = timedelta(days=3)
# Card schemes release an unsettled authorisation within a month.
RESERVED_FOR = timedelta(days=35)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What became of a group of entries, in cents.

    - `effect`: the entries' effect on the wallet according to Pleo.
    - `lines`: in lexoffice.
    - `by_hand`: listed to be entered in lexoffice by hand.
    - `waiting`: not sent yet.
    - `failed`: refused by lexoffice.
    - `held`: number of entries whose effect is not known yet.
    """

    effect: int = 0
    lines: int = 0
    by_hand: int = 0
    waiting: int = 0
    failed: int = 0
    held: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        """Add two sums field by field."""
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
        """Whether all entries are accounted for: none waits, was refused or is held, and there is no difference."""
        return not (self.waiting or self.failed or self.held) and self.effect == self.lines + self.by_hand


@dataclass(frozen=True, slots=True)
class Frozen:
    """The part of the proof that is final: `sums` up to and including day `until`, None if no day is final yet."""

    until: date | None = None
    sums: Sums = Sums()


@dataclass(frozen=True, slots=True)
class ProofInProgress:
    """An unfinished proof.

    - `frozen`: the part that is done.
    - `whole`: the proof began at the start date, so a difference cannot come from days that were not read again.
    """

    frozen: Frozen
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Payments that Pleo has reserved and not settled.

    - `cents`: their sum, 0 or less.
    - `count`: number of payments.
    - `unknown`: number of payments whose amount in euros Pleo does not state yet.
    """

    cents: int = 0
    count: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceProof:
    """One balance proof.

    - `total`: the running sum from which lexoffice's balance is set, without `opening`.
    - `pending`: reserved payments, not part of the wallet. None if Pleo did not report them.
    """

    proved_at: datetime
    opening: int
    sums: Sums
    total: int
    pending: Pending | None = None

    @property
    def wallet(self) -> int:
        """The balance of the wallet according to Pleo's entries."""
        return self.opening + self.sums.effect

    @property
    def unexplained(self) -> int:
        """The part of the wallet that neither lexoffice's balance nor waiting or refused lines explain."""
        return self.sums.effect - self.total - self.sums.waiting - self.sums.failed


def sums_of(effect: int, rows: Iterable[Row]) -> Sums:
    """Sum up what became of one entry.

    `rows` are its row in the ledger and its corrections, empty if it is missing there. An incomplete row has no amount
    yet, so the whole `effect` counts as waiting.
    """
    found = sum_rows(rows)
    return Sums(
        effect=effect,
        lines=found.lines,
        by_hand=found.by_hand,
        waiting=found.waiting + found.incomplete * effect,
        failed=found.failed,
        held=found.held,
    )


def frozen_with(frozen: Frozen, day: date, sums: Sums, today: date) -> Frozen | None:
    """Return the frozen part with one more day, or None if that day and every later one must be read again."""
    if day >= today - FROZEN_AFTER or not sums.final:
        return None
    return Frozen(day, frozen.sums + sums)


def pending_of(entries: Iterable[Entry]) -> Pending:
    """Sum up what unsettled entries reserve (docs/assumptions.md#pleo-pending-settlement).

    Each entry is classified as if it were settled now. These reserve nothing:

    - incoming money: it cannot be spent before it is settled, so it explains no difference;
    - drafts and reversed entries;
    - entries of an unknown kind.
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
    """Return whether to alert that a proof failed: none for `OVERDUE`, and no other failed attempt today.

    `tried_at` is the previous failed attempt, None if there was none since the last proof.
    """
    told_today = tried_at is not None and booking_date(tried_at) == booking_date(now)
    return now - (proved_at or connected_at) >= OVERDUE and not told_today
