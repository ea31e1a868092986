"""What became of a suggested match: did somebody assign our voucher to the line of its own payment?

lexoffice tells no history, so this is always worked out anew from how things are; an assignment that is undone makes
the match open again. https://developers.lexware.io/docs/#payments-endpoint-purpose
"""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class MatchState(StrEnum):
    """Where a match stands; the values are stable."""

    OPEN = "open"  # nobody has decided yet
    ACCEPTED = "accepted"  # the voucher is assigned to our line
    ELSEWHERE = "elsewhere"  # settled, but not by our line: by another one, by hand, from a cash box
    SETTLED = "settled"  # settled, by what cannot be told because our line's id is not known
    VOIDED = "voided"  # the voucher was cancelled
    GONE = "gone"  # the voucher is not in lexoffice any more


@dataclass(frozen=True, slots=True)
class Settlement:
    """What lexoffice says of a voucher's payment: its status, and what is open of it in euros, never negative."""

    voucher_status: str
    open_amount: Decimal


# A transfer or a direct debit was ordered: money is on its way, and it is not our card's.
_SETTLED_STATUSES = frozenset({"paid", "paidoff", "transferred", "sepadebit"})


def by_line(voucher_id: str, assigned: Collection[str]) -> MatchState | None:
    """Judge by what our line is assigned to; None when the voucher is not among it.

    A voucher that our line pays in part is accepted: somebody has said that they belong together.
    """
    return MatchState.ACCEPTED if voucher_id in assigned else None


def by_settlement(settlement: Settlement | None, *, line_known: bool) -> MatchState:
    """Judge a voucher that is not assigned to our line as far as we know; None: lexoffice has no payments of it yet.

    One that is settled in part is open: what is left still wants a line.
    """
    if settlement is None:
        return MatchState.OPEN
    if settlement.voucher_status == "voided":
        return MatchState.VOIDED
    if settlement.voucher_status in _SETTLED_STATUSES or settlement.open_amount == 0:
        return MatchState.ELSEWHERE if line_known else MatchState.SETTLED
    return MatchState.OPEN
