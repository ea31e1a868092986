"""Finds an expense by what a person has of it, and says where it stands. Changes nothing, calls no vendor."""

import re

from shared.aws.stores import Stores
from shared.domain.exporting.voucher import book_mark, book_mark_of, is_number_of
from shared.domain.lookup.expense_state import Branch, ExpenseState, decide
from shared.flows.lookup.expense_facts import ExpenseFactsReader

_LONGEST = 100
_MOST = 10
_ID = re.compile(r"[0-9a-z-]{8,64}")


class Traces:
    """Looks expenses up; one per process."""

    def __init__(self, stores: Stores) -> None:
        self._connections = stores.connections
        self._exports = stores.exports
        self._matches = stores.matches
        self._facts = ExpenseFactsReader(stores)

    def trace(self, connection_id: str, asked: str) -> list[ExpenseState]:
        """Find the expenses of a company that a text names, at most ten; none if it names none.

        The text is Pleo's book id, a voucher number of ours, the id of the accounting entry, or lexoffice's id of the
        voucher, in any case. Several expenses may share a book id. Raises StoreUnavailable.
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
