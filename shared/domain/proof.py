"""The proof that nothing is missing: what Pleo's entries make of the wallet, against what became of each of them.

    wallet = opening + effects of all settled entries                   (Pleo's side)
           = opening + lines + listed by hand + waiting + failed + unexplained   (ours)

Pleo publishes no balance (docs/assumptions.md#pleo-wallet-balance), so the wallet is computed from its entries.
All amounts are euro cents.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.domain.ledger import WORK, Row, State

# A day that is older and whose entries are all accounted for is not read again; Pleo settles and changes sooner.
FROZEN_AFTER = timedelta(days=35)
EVERY = timedelta(hours=24)
# Lines kept being recorded while it was added up, so that nothing could be said.
AGAIN = timedelta(hours=1)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceProof:
    """One proof: `total` is the running sum that lexoffice's balance is set from, without `opening`."""

    proved_at: datetime
    opening: int
    sums: Sums
    total: int

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


def is_due(proved_at: datetime | None, tried_at: datetime | None, connected_at: datetime, now: datetime) -> bool:
    """Whether a day has passed since the last proof, or since connecting, and an hour since the last attempt."""
    if tried_at is not None and now - tried_at < AGAIN:
        return False
    return now - (proved_at or connected_at) >= EVERY
