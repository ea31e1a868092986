"""Find expenses by any of their ids, and return their state. Read-only; calls no vendor."""

import re

from shared.aws.stores import Stores
from shared.domain.exporting.voucher import book_mark, book_mark_of, is_number_of
from shared.domain.lookup.expense_state import Branch, ExpenseState, decide
from shared.flows.lookup.expense_facts import ExpenseFactsReader

_LONGEST = 100
_MOST = 10
_ID = re.compile(r"[0-9a-z-]{8,64}")


class Traces:
    """Finds expenses; one instance per process."""

    def __init__(self, stores: Stores) -> None:
        self._connections = stores.connections
        self._exports = stores.exports
        self._matches = stores.matches
        self._facts = ExpenseFactsReader(stores)

    def trace(self, connection_id: str, asked: str) -> list[ExpenseState]:
        """Return the states of the company's expenses that match `asked`: at most ten, or none.

        `asked` is one of these, in upper or lower case:

        - Pleo's book id, which several expenses may share;
        - our voucher number;
        - the id of the accounting entry;
        - lexoffice's id of the voucher.

        Raises StoreUnavailable.
        """
        asked = asked.strip()
        connection = self._connections.get(connection_id)
        if connection is None or not 0 < len(asked) <= _LONGEST or not asked.isprintable():
            return []
        found = (self._facts.of_entry(connection, entry_id) for entry_id in self._entries(connection_id, asked))
        return [state for state in map(decide, found) if state.branch is not Branch.UNKNOWN]

    def _entries(self, connection_id: str, asked: str) -> list[str]:
        if mark := book_mark_of(asked):
            found = self._exports.of_book_mark(connection_id, mark, _MOST)
            return [entry_id for entry_id in found if is_number_of(asked, entry_id)]
        if (mark := book_mark(asked)) and (found := self._exports.of_book_mark(connection_id, mark, _MOST)):
            return found
        if not _ID.fullmatch(asked.lower()):
            return []
        record = self._matches.get(connection_id, asked)
        return [record.entry_id if record else asked.lower()]
