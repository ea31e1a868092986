"""Which of a company's rows can be sent (again), and what became of them. Pure: rows go in, decisions come out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from ops.answer import plural
from shared.domain.feeding.entry_rules import Destination
from shared.domain.feeding.ledger import WORK, Row, State
from shared.texts.expense import DETAILS


@dataclass(frozen=True, slots=True)
class CannotSend:
    """An entry that sending does not help, and why in words."""

    entry_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What sending some rows again would do: `waiting` rows only need the feed woken, `refused` ones are made ready."""

    waiting: tuple[Row, ...]
    refused: tuple[Row, ...]
    there: int
    cannot: tuple[CannotSend, ...]

    @property
    def lines(self) -> int:
        """How many lines would be sent."""
        return len(self.waiting) + len(self.refused)


def within(rows: Iterable[Row], first: date | None, last: date | None) -> list[Row]:
    """The rows that were settled on these German days, both included; None is open. Without a day none is."""
    if first is None and last is None:
        return list(rows)
    return [row for row in rows if row.day and (first or row.day) <= row.day <= (last or row.day)]


def plan(rows: Iterable[Row], absent: Sequence[CannotSend] = ()) -> Plan:
    """Decide row by row; `absent` are entries of which there is no row to decide on."""
    waiting, refused, cannot, there = [], [], list(absent), 0
    for row in rows:
        if row.state is State.SENT:
            there += 1
        elif why := obstacle(row):
            cannot.append(CannotSend(row.entry_id, why))
        elif row.state is State.FAILED:
            refused.append(row)
        else:
            waiting.append(row)
    return Plan(waiting=tuple(waiting), refused=tuple(refused), there=there, cannot=tuple(cannot))


def obstacle(row: Row) -> str:
    """Why the feed makes no line of a row, however often it is woken; "" if it does, or has."""
    match row.state:
        case State.LISTED:
            return "entered in lexoffice by hand"
        case State.NONE | State.VOID:
            return DETAILS[row.reason].en if row.reason in DETAILS else row.reason or row.state.value
        case State.PENDING:
            return "not settled yet"
        case State.HELD:
            return f"held: {row.reason} (`ops trace` says what to do)"
    # A row that waits without a destination yet is for Pleo to complete first.
    return "entered in lexoffice by hand" if row.destination is Destination.HAND else ""


def is_open(row: Row) -> bool:
    """Whether the feed has not decided on a row yet."""
    return row.state in WORK


def why_not(cannot: Iterable[CannotSend]) -> str:
    """`2 (not settled yet: 1, taken back: 1)`, "" if there is none."""
    reasons = Counter(each.why for each in cannot)
    told = ", ".join(f"{why}: {number:,}" for why, number in reasons.most_common())
    return f"{reasons.total():,} ({told})" if reasons else ""


def would_do(made: Plan, hints: int) -> str:
    """`would send 3, already there 41, cannot send 2 (why)`."""
    parts = [f"would send {made.lines:,}", f"already there {made.there:,}"]
    if not_possible := why_not(made.cannot):
        parts.append(f"cannot send {not_possible}")
    if hints:
        parts.append(f"would send {plural(hints, 'hint')}")
    return ", ".join(parts)
