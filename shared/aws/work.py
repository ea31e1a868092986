"""The local index `work` of LedgerTable: the prefixes of its values in sort order. No prefix begins another one.

- The feed queries everything below the letters.
- The export worker queries `job#`, `match#` and `receipts#`.
- Pages and support query the others, so that they need not read the whole partition.
"""

from shared.domain.feeding.ledger import Row, State

INDEX = "work"

READY = "1#"  # rows that can be fed
INCOMPLETE = "2#"  # rows that Pleo must complete; behind those that can be fed
HISTORY = "3#"  # rows from before the company was connected; behind new payments
LETTERS = "A"

BOOK = "book#"  # export items by Pleo's book id
CHECK = "check#"  # rows that the admin must check: refused by lexoffice, or held
DONE = "done#"  # finished export jobs
FAILED = "failed#"  # export items that failed, by job
HAND = "hand#"  # rows that the customer enters in lexoffice by hand

JOB = "job#"  # open export jobs
MATCH = "match#"  # matches to review
RECEIPTS = "receipts#"  # vouchers that may still get receipts

LAST = "~"  # sorts behind every value that follows a prefix

_OF_STATE = {
    State.READY: READY,
    State.INCOMPLETE: INCOMPLETE,
    State.FAILED: CHECK,
    State.HELD: CHECK,
    State.LISTED: HAND,
}


def of_row(row: Row) -> str:
    """Return a row's value in the index, which sorts oldest settlement first, or "" for a row outside the index."""
    prefix = HISTORY if row.history and row.state is State.READY else _OF_STATE.get(row.state)
    return f"{prefix}{row.settled_at}#{row.entry_id}#{row.revision}" if prefix else ""
