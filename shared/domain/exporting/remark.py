"""The voucher's remark, for bookkeepers and auditors. The texts are in shared/texts/books.py."""

from collections.abc import Iterable

from shared.domain.exporting.expense import Expense
from shared.domain.exporting.match import Criterion
from shared.domain.exporting.voucher_columns import Notice
from shared.domain.money import Money
from shared.domain.text import one_line
from shared.texts import books
from shared.texts.labels import CRITERIA, kind_label

# lexoffice documents no limit (docs/assumptions.md#lexoffice-text-lengths).
REMARK_LIMIT = 1000
_PART_LIMIT = 300
_DAY = "%d.%m.%Y"


def remark(expense: Expense, notices: Iterable[Notice], unmet_criteria: Iterable[Criterion]) -> str:
    """Build the remark: first what identifies the expense, then what to check. The note is last: it may be cut."""
    parts = [
        books.BOOK_ID.format(book_id=expense.book_id),
        kind_label(expense.type, "de"),
        *(books.NOTICES[notice] for notice in notices),
        *(books.NO_SUGGESTION.format(criterion=CRITERIA[criterion].de) for criterion in unmet_criteria),
        expense.user,
        _original_amount(expense),
        books.ATTENDEES.format(names=", ".join(expense.attendees)) if expense.attendees else "",
        _service_period(expense),
        expense.note,
    ]
    short = [one_line(part, _PART_LIMIT) for part in parts if part.strip()]
    return one_line(" · ".join(short), REMARK_LIMIT)


def _original_amount(expense: Expense) -> str:
    original = expense.original
    if original.currency == expense.paid.currency:
        return ""
    return books.ORIGINAL_AMOUNT.format(amount=Money(abs(original.minor), original.currency))


def _service_period(expense: Expense) -> str:
    start = expense.service_from or expense.service_to
    end = expense.service_to or start
    if start is None:
        return ""
    pattern = books.SERVICE_DAY if start == end else books.SERVICE_PERIOD
    return pattern.format(start=f"{start:{_DAY}}", end=f"{end:{_DAY}}")
