"""The balance of the wallet's account at a month's end, and whether the month is done with. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ops.month_end.facts import MonthFacts
from shared.domain.lookup.expense_halves import LineState
from shared.domain.times import booking_date, midnight


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthBalance:
    """The wallet's account over the month, in cents: `before` + `lines` + `by_hand` = `end`.

    `since` is the day that `before` speaks of: the last one of the month before, or the start date (`opening`), when
    `before` is what the admin stated. `missing` is settled by the month's end and not in `end`: so many cents of `open`
    rows; of `unclear` ones nobody knows. `proved_at`: the sums were last compared with Pleo's entries then, after the
    month's end, and so many cents (`unexplained`) of the whole balance were left over; None: not compared since.
    """

    since: date
    opening: bool
    before: int
    lines: int
    by_hand: int
    missing: int
    open: int
    unclear: int
    proved_at: datetime | None
    unexplained: int

    @property
    def end(self) -> int:
        """What the account must show at the end of the month's last day."""
        return self.before + self.lines + self.by_hand


def balance_of(facts: MonthFacts) -> MonthBalance:
    """The balance over the month, as far as it can be proven."""
    month, before, within = facts.month, facts.before, facts.within
    opening = facts.start >= month.first
    proof = facts.proof
    proved = proof is not None and booking_date(proof.proved_at) > month.last
    return MonthBalance(
        since=facts.start if opening else month.first - timedelta(days=1),
        opening=opening,
        before=facts.opening + before.lines + before.by_hand,
        lines=within.lines,
        by_hand=within.by_hand,
        missing=sum(sums.waiting + sums.failed for sums in (before, within)),
        open=before.unsent + within.unsent,
        unclear=sum(sums.incomplete + sums.held for sums in (before, within)),
        proved_at=proof.proved_at if proof and proved else None,
        unexplained=proof.unexplained if proof and proved else 0,
    )


def provisional(facts: MonthFacts) -> tuple[str, ...]:
    """Why the sheet may still change, in stable words; nothing for a month that is over and fed."""
    after = midnight(facts.month.last + timedelta(days=1))
    if facts.now < after:
        return ("not_over",)
    found = []
    if facts.caught_up_to is None or facts.caught_up_to < after:
        found.append("not_caught_up")
    if any(each.state.line is LineState.WAITING for each in facts.payments):
        found.append("waiting")
    return tuple(found)
