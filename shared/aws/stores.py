"""One object with all stores that the workers, the admin's pages and `ops` use in DynamoDB."""

from typing import Protocol

from shared.aws.catalogues import Catalogues
from shared.aws.connections import Connection, Connections
from shared.aws.erasure import Erasure
from shared.aws.exports import Exports
from shared.aws.failures import Failures
from shared.aws.ledger import Ledger
from shared.aws.ledger_view import LedgerView
from shared.aws.limiter import Pace, pace
from shared.aws.matches import Matches
from shared.aws.proofs import Proofs
from shared.aws.quarantine import Quarantine
from shared.aws.sessions import Sessions
from shared.aws.vouchers import Vouchers


class TableNames(Protocol):
    """Settings that name both tables."""

    @property
    def connection_table(self) -> str:
        """Return the name of ConnectionTable."""

    @property
    def ledger_table(self) -> str:
        """Return the name of LedgerTable."""


class Stores:
    """The stores of both tables. A door's role in template.yaml decides what it may do with them."""

    def __init__(self, names: TableNames) -> None:
        self._connection_table = names.connection_table
        self.connections = Connections(names.connection_table)
        self.sessions = Sessions(names.connection_table)
        self.catalogues = Catalogues(names.connection_table)
        self.ledger = Ledger(names.ledger_table)
        self.view = LedgerView(names.ledger_table)
        self.exports = Exports(names.ledger_table)
        self.vouchers = Vouchers(names.ledger_table)
        self.matches = Matches(names.ledger_table)
        self.proofs = Proofs(names.ledger_table)
        self.erasure = Erasure(names.ledger_table)
        self.failures = Failures(names.ledger_table)
        self.quarantine = Quarantine(names.ledger_table)

    def pace(self, connection: Connection) -> Pace:
        """Return how fast a company's calls to lexoffice may be sent now."""
        return pace(self._connection_table, connection)
