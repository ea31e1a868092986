"""Balance of the finance account at the end of a month, and whether the month is final. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ops.month_end.facts import MonthFacts
from shared.domain.lookup.expense_halves import LineState
from shared.domain.times import booking_date, midnight


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthBalance:
    """Balance of the finance account over a month, in cents: `before` + `lines` + `by_hand` = `end`.

    - `since`: day of `before`: the last day of the previous month, or the start date if `opening`
    - `opening`: `before` is the opening balance that the admin stated
    - `lines`: lines of the month in lexoffice
    - `by_hand`: movements of the month that the customer enters in lexoffice by hand
    - `missing`: cents of the `open` rows: settled by the month's end, not in lexoffice, not in `end`
    - `unclear`: number of rows whose amount is unknown; not in `end` either
    - `proved_at`: last proof after the month's end; None if there is none
    - `unexplained`: cents of the whole balance that this proof could not explain
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
        """Expected balance at the end of the month's last day."""
        return self.before + self.lines + self.by_hand


def balance_of(facts: MonthFacts) -> MonthBalance:
    """Return the balance over the month. A proof counts only if it was made after the month's end."""
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
    """Return why the sheet may still change, as stable words. Empty if the month is over and fed."""
    after = midnight(facts.month.last + timedelta(days=1))
    if facts.now < after:
        return ("not_over",)
    found = []
    if facts.caught_up_to is None or facts.caught_up_to < after:
        found.append("not_caught_up")
    if any(each.state.line is LineState.WAITING for each in facts.payments):
        found.append("waiting")
    return tuple(found)
