"""The local index `work` of LedgerTable: every prefix that its values have, in the order in which they sort.

The feed asks for everything below the letters, everybody else for one prefix; none is the beginning of another. What
stands under `job#`, `match#` and `receipts#` is the export worker's. The others are nobody's work, but what people look
for without the whole partition being read.
"""

from shared.domain.feeding.ledger import Row, State

INDEX = "work"

READY = "1#"  # rows that can be fed go first …
INCOMPLETE = "2#"  # … so that rows which Pleo must complete never keep them waiting
HISTORY = "3#"  # rows from before the company was connected, so that they never keep a new payment waiting
LETTERS = "A"

BOOK = "book#"  # export items by Pleo's book id
CHECK = "check#"  # rows that a person must look at: refused by lexoffice, or held
DONE = "done#"  # export jobs that are over
FAILED = "failed#"  # export items that failed, by job
HAND = "hand#"  # rows that are entered in lexoffice by hand

JOB = "job#"  # export jobs that are open
MATCH = "match#"  # matches to be looked at
RECEIPTS = "receipts#"  # vouchers that may still get receipts

LAST = "~"  # sorts behind everything that follows a prefix

_OF_STATE = {
    State.READY: READY,
    State.INCOMPLETE: INCOMPLETE,
    State.FAILED: CHECK,
    State.HELD: CHECK,
    State.LISTED: HAND,
}


def of_row(row: Row) -> str:
    """A row's entry in the index, oldest settlement first, history last; "" for a row that nobody has to look for."""
    prefix = HISTORY if row.history and row.state is State.READY else _OF_STATE.get(row.state)
    return f"{prefix}{row.settled_at}#{row.entry_id}#{row.revision}" if prefix else ""
