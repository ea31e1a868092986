"""Plan of a resend: which rows the feed can send, and why it cannot send the others. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from ops.answer import plural
from shared.domain.feeding.entry_rules import Destination
from shared.domain.feeding.ledger import Row
from shared.domain.lookup.expense_halves import LineState, line_state
from shared.texts.expense import DETAILS


@dataclass(frozen=True, slots=True)
class CannotSend:
    """An entry that cannot be sent, with the reason in words."""

    entry_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendPlan:
    """What a resend does.

    - `waiting`: rows that wait for the feed; it is woken for them
    - `refused`: rows that lexoffice refused; they are made ready again
    - `there`: number of rows already sent
    - `cannot`: entries that cannot be sent
    """

    waiting: tuple[Row, ...]
    refused: tuple[Row, ...]
    there: int
    cannot: tuple[CannotSend, ...]

    @property
    def lines(self) -> int:
        """Number of lines to send."""
        return len(self.waiting) + len(self.refused)


def within(rows: Iterable[Row], first: date | None, last: date | None) -> list[Row]:
    """Return the rows settled from `first` to `last`, German days, both inclusive.

    None means no limit. With a limit, rows without a day are excluded.
    """
    if first is None and last is None:
        return list(rows)
    return [row for row in rows if row.day and (first or row.day) <= row.day <= (last or row.day)]


def plan(rows: Iterable[Row], absent: Sequence[CannotSend] = ()) -> ResendPlan:
    """Decide per row. `absent`: entries without a row, which cannot be sent."""
    waiting, refused, cannot, there = [], [], list(absent), 0
    for row in rows:
        line = line_state([row])
        if line is LineState.SENT:
            there += 1
        elif why := obstacle(row):
            cannot.append(CannotSend(row.entry_id, why))
        elif line is LineState.FAILED:
            refused.append(row)
        else:
            waiting.append(row)
    return ResendPlan(waiting=tuple(waiting), refused=tuple(refused), there=there, cannot=tuple(cannot))


def obstacle(row: Row) -> str:
    """Return why the feed never makes a line of a row, or "" if it does or has done so."""
    line = line_state([row])
    match line:
        case LineState.NONE | LineState.REVERSED:
            return DETAILS[row.reason].en if row.reason in DETAILS else row.reason or row.state.value
        case LineState.NOT_SETTLED:
            return "not settled yet"
        case LineState.HELD:
            return f"held: {row.reason} (`ops trace` says what to do)"
    # A waiting row may have no destination yet: Pleo's data is incomplete.
    is_by_hand = line is LineState.BY_HAND or row.destination is Destination.HAND
    return "entered in lexoffice by hand" if is_by_hand else ""


def why_not(cannot: Iterable[CannotSend]) -> str:
    """Return number and reasons as `2 (not settled yet: 1, taken back: 1)`, or "" if there are none."""
    reasons = Counter(each.why for each in cannot)
    counts = ", ".join(f"{why}: {number:,}" for why, number in reasons.most_common())
    return f"{reasons.total():,} ({counts})" if reasons else ""


def describe_plan(intended: ResendPlan, hints: int) -> str:
    """Return the plan as `would send 3, already there 41, cannot send 2 (why)`."""
    parts = [f"would send {intended.lines:,}", f"already there {intended.there:,}"]
    if not_possible := why_not(intended.cannot):
        parts.append(f"cannot send {not_possible}")
    if hints:
        parts.append(f"would send {plural(hints, 'hint')}")
    return ", ".join(parts)
