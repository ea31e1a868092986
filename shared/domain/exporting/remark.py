"""The voucher's remark: what a bookkeeper, or an auditor years later, should find with it."""

from collections.abc import Iterable

from shared.domain.exporting.expense import Expense
from shared.domain.money import Money
from shared.domain.text import one_line

# lexoffice documents no limit (docs/assumptions.md#lexoffice-text-lengths).
REMARK_LIMIT = 1000
_PART_LIMIT = 300
_DAY = "%d.%m.%Y"


def remark(expense: Expense, kind: str, notices: Iterable[str]) -> str:
    """Book id first, then what to look at, then who, in which currency and what for; the note last, being long."""
    parts = [f"Pleo {expense.book_id}", kind, *notices, expense.user, _original(expense)]
    if expense.attendees:
        parts.append(f"Teilnehmer: {', '.join(expense.attendees)}")
    parts += [_service_period(expense), expense.note]
    short = [one_line(part, _PART_LIMIT) for part in parts if part.strip()]
    return one_line(" · ".join(short), REMARK_LIMIT)


def _original(expense: Expense) -> str:
    original = expense.original
    if original.currency == expense.paid.currency:
        return ""
    return f"Betrag laut Beleg {Money(abs(original.minor), original.currency)}"


def _service_period(expense: Expense) -> str:
    start = expense.service_from or expense.service_to
    end = expense.service_to or start
    if start is None:
        return ""
    return f"Leistungszeitraum {start:{_DAY}}" + (f" bis {end:{_DAY}}" if start != end else "")
