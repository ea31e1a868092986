"""Context of one run of the export worker for one company, shared by its jobs, items and receipts."""

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

    - `app_url`: address of lexoffice's app, for the links in Pleo.
    - `settling`: time until a voucher whose outcome is unknown can be found in lexoffice.
    - `remaining`: seconds until the last vendor call must start.
    - `monotonic`: clock that times the reports to Pleo.
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
        """Return the id of the company's connection."""
        return self.connection.connection_id
