"""One run of the export worker for one company: what its jobs, items and receipts work with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from shared.aws.connections import Connection
from shared.aws.stores import Stores
from shared.flows.exporting.hints import Hints
from shared.flows.exporting.voucher_files import VoucherFiles
from shared.flows.vendors import Remaining
from shared.lexoffice.client import LexofficeClient
from shared.pleo.client import PleoClient


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRun:
    """One run.

    - `app_url`: where people open lexoffice, for the links in Pleo.
    - `settling`: how long a voucher whose outcome is unknown may take to be found.
    - `remaining`: seconds that may pass before the last call begins; `monotonic`: the clock of the reports.
    """

    connection: Connection
    stores: Stores
    pleo: PleoClient
    lexoffice: LexofficeClient
    hints: Hints
    files: VoucherFiles
    app_url: str
    settling: timedelta
    remaining: Remaining
    monotonic: Callable[[], float]

    @property
    def connection_id(self) -> str:
        """The company's connection."""
        return self.connection.connection_id
