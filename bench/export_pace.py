"""Export one large job in virtual time while the same company makes further payments.

- Job: settled card payments with one PDF each, all of them already lines in lexoffice.
- Meanwhile: a new payment settles every 20 to 60 seconds. Its webhook, the feed, and a sync every five minutes run as
  usual. The feed uses its share of lexoffice's limit of 2 calls per second.
- Optional: a lexoffice outage when half of the job is done.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bench.export_harness import Latency
from bench.export_product import LEXOFFICE, Product, at_work
from bench.export_vendors import VendorCall
from local.lexoffice.world import DEFAULT_ORGANIZATION_ID

_OFFICE_SUPPLIES = "16d04a21-fd91-11e1-a21f-0800200c9a66"
_CODED = {"account_external_id": _OFFICE_SUPPLIES, "tax_code": "DE-19", "files": [{"kind": "pdf"}], "silent": True}
_PAYMENT_EVERY = (20.0, 60.0)
_OF_AN_ITEM = ("voucher", "receipt", "hint")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPace:
    """Result of one simulation. All seconds are virtual.

    - `seconds`: from the click to the job's final event
    - `status`, `outcomes`: status of the job, and of its items by number, as Pleo stores them
    - `calls`: the export's calls to lexoffice in that time, by purpose
    - `refused`: calls of any door that a vendor refused with 429
    - `delays`: seconds from the receiver's answer until a payment's line was in lexoffice
    - `silences`: seconds between two updates of the job
    - `vouchers_twice`, `lines_twice`: number of duplicates
    - `runs`: duration of each run of the export door, in seconds
    - `aws_calls`: calls of all doors
    """

    items: int
    seconds: float
    status: str
    outcomes: Counter[str]
    calls: Counter[str]
    refused: int
    delays: Sequence[float]
    silences: Sequence[float]
    vouchers: int
    vouchers_twice: int
    lines: int
    lines_twice: int
    payments: int
    runs: Sequence[float]
    dead_letters: int
    aws_calls: int

    @property
    def per_item(self) -> float:
        """The export's calls to lexoffice for vouchers, receipts and hints, per item."""
        return sum(self.calls[name] for name in _OF_AN_ITEM) / self.items

    @property
    def besides(self) -> int:
        """Number of the export's other calls to lexoffice."""
        return sum(times for name, times in self.calls.items() if name not in _OF_AN_ITEM)


@dataclass(slots=True)
class _Payments:
    """Payments of the company while the bookkeeper exports. `accepted`: when the receiver answered, by entry id."""

    product: Product
    accepted: dict[str, float] = field(default_factory=dict)
    over: bool = False

    def go_on(self) -> None:
        """Make a payment after each pause until `over` is set."""
        pauses = random.Random(1)  # noqa: S311 - the same payments in every simulation
        while not self.over:
            self.product.clock.sleep(pauses.uniform(*_PAYMENT_EVERY))
            if self.over:
                return
            now = self.product.pleo_world.clock.stamp()
            entry = self.product.control_pleo("/entries", {"amount": 1_000 + len(self.accepted), "settledAt": now})
            self.product.deliver()
            self.accepted[entry["id"]] = self.product.clock.time()


def simulate(items: int, *, outage: float = 0.0, latency: Latency | None = None) -> ExportPace:
    """Export `items` in one job and return the result.

    `outage`: seconds of a lexoffice outage, which starts when half of the vouchers exist; 0 for none.
    """
    with at_work(latency or Latency()) as product:
        entry_ids = _spent(product, items)
        began, noted = product.clock.time(), len(product.vendors.calls)
        asked = product.observed.aws.copy()
        job_id = product.control_pleo("/export", {"entry_ids": entry_ids})["id"]
        payments = _Payments(product)
        product.clock.start(payments.go_on, "Payments")
        product.deliver()
        job = product.pleo_world.jobs[job_id]
        if outage:
            product.until(lambda: len(product.lexoffice_world.vouchers) >= items // 2)
            product.control_lexoffice("/outage", {"on": True})
            product.clock.sleep(outage)
            product.control_lexoffice("/outage", {"on": False})
        product.until(lambda: job["status"] not in {"pending", "in_progress"})
        payments.over = True
        product.until(lambda: all(queue.idle for queue in product.queues.values()))
        calls = product.vendors.calls[noted:]
        updates = [began, *(call.at for call in calls if _is_update(call))]
        exporting = [call for call in calls if call.door == "Export" and call.at <= updates[-1]]
        rows = product.pleo_world.job_items[job_id].values()
        vouchers = product.lexoffice_world.vouchers_of(DEFAULT_ORGANIZATION_ID)
        lines = product.lexoffice_world.transactions_of(DEFAULT_ORGANIZATION_ID)
        shown = {line.external_reference or "": line.created.timestamp() for line in lines}
        return ExportPace(
            items=items,
            seconds=updates[-1] - began,
            status=job["status"],
            outcomes=Counter(row["status"] for row in rows),
            calls=Counter(_purpose(call) for call in exporting if call.host == LEXOFFICE),
            refused=sum(call.status == 429 for call in product.vendors.calls),
            delays=[_delay(shown, entry_id, at) for entry_id, at in payments.accepted.items()],
            silences=[later - earlier for earlier, later in pairwise(updates)],
            vouchers=len(vouchers),
            vouchers_twice=len(vouchers) - len({voucher.number for voucher in vouchers}),
            lines=len(lines),
            lines_twice=len(lines) - len(shown),
            payments=len(payments.accepted),
            runs=product.queues["Export"].runs,
            dead_letters=sum(queue.dead for queue in product.queues.values()),
            aws_calls=(product.observed.aws - asked).total(),
        )


def _spent(product: Product, items: int) -> list[str]:
    """Make `items` payments with a receipt each, coded and fed to lexoffice. Return their entry ids."""
    account_id = next(iter(product.lexoffice_world.accounts))
    product.control_pleo("/contra-account", {"account_external_id": account_id})
    now = product.pleo_world.clock.stamp()
    orders = [{"amount": 1_000 + number, "settledAt": now, "silent": True} for number in range(items)]
    entry_ids: list[str] = product.control_pleo("/entries/batch", orders)["ids"]
    product.control_pleo("/entries/bookkeeping", [{"id": entry_id, **_CODED} for entry_id in entry_ids])
    product.reschedule()
    product.until(lambda: len(product.lexoffice_world.transactions) == items)
    return entry_ids


def _is_update(call: VendorCall) -> bool:
    """Return True if Pleo counts a call as an update of the job: an accepted event or result. Reads do not count."""
    event = call.method == "POST" and call.path.endswith("/export-job-events")
    results = call.method == "PUT" and call.path.endswith("/items")
    return (event or results) and call.status < 300


def _purpose(call: VendorCall) -> str:
    match call.method, call.path.split("/")[2:]:
        case "POST", ["vouchers"]:
            return "voucher"
        case "POST", ["vouchers", _, "files"]:
            return "receipt"
        case "POST", ["transaction-assignment-hint"]:
            return "hint"
        case method, [resource, *_]:
            return f"{method} {resource}"
        case _:
            return call.path


def _delay(shown: dict[str, float], entry_id: str, accepted: float) -> float:
    return shown[f"pleo-{entry_id}"] - accepted
