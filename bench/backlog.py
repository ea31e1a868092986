"""Drain a backlog of 1 000 payments of one company in real time, at lexoffice's limit of 2 calls per second.

Share of the limit = lines fed per second of the window / 50 (25 lines per call, 2 calls per second).

The window starts when the first transaction call arrives at lexoffice. It ends half a second after the last one,
because each call uses half a second of the limit: n calls at the full rate arrive within (n - 1) half seconds.
"""

from bench.counts import Counted, figures
from bench.figures import Figure
from bench.record import Record
from bench.world import BenchWorld, Customer, Json

PAYMENTS = 1_000
_SLOT = 0.5  # seconds per call: https://developers.lexware.io/docs/#api-rate-limits
_LINES_PER_SECOND = 25 / _SLOT
_FIXED_GAP = 0.65  # seconds between calls of a cautious client without a shared limiter


def measure(world: BenchWorld, record: Record, customer: Customer) -> list[Figure]:
    """Deliver 1 000 signed webhooks while the feed is held, then release the feed and measure it.

    Raise RuntimeError if a payment is missing in the ledger, or if a line is missing or duplicated at lexoffice.
    """
    before = world.organization(customer)["calls"]
    with record.recording() as calls:
        with world.feed_held():
            world.settle(customer, [1_000 + number for number in range(PAYMENTS)])
            world.until("the webhooks", world.webhooks_done, every=0.2)
            ready = sum(item.get("state") == {"S": "ready"} for item in world.ledger_items(customer))
            if ready != PAYMENTS:
                raise RuntimeError(f"{ready} payments are in the ledger, not {PAYMENTS}")
        world.until("the backlog", lambda: world.waiting("FeedQueue") == 0, every=0.2)
    organization = world.organization(customer)
    references = {line["externalReference"] for line in organization["transactions"]}
    if len(organization["transactions"]) != PAYMENTS or len(references) != PAYMENTS:
        raise RuntimeError(f"{len(organization['transactions'])} lines at lexoffice, not {PAYMENTS}")
    counted = Counted.of(world, customer, calls, payments=PAYMENTS, calls_before=before)
    return [*_share(organization), *figures("backlog", counted)]


def _share(organization: Json) -> list[Figure]:
    arrivals = [row["at"] for row in organization["arrivals"] if _is_feed(row)]
    window = arrivals[-1] - arrivals[0] + _SLOT
    refused = sum(row["status"] == 429 for row in organization["arrivals"])
    careful = PAYMENTS / ((PAYMENTS / 25 - 1) * _FIXED_GAP + _SLOT) / _LINES_PER_SECOND
    return [
        Figure(
            name="backlog: share of lexoffice's 50 transactions/s",
            value=PAYMENTS / window / _LINES_PER_SECOND,
            unit="",
            better="higher",
            peer=f"25 a call, {_FIXED_GAP} s apart (computed)",
            peer_value=careful,
            bound=0.95,
        ),
        Figure(name="backlog: calls refused for speed", value=refused, unit="calls", better="lower", bound=0),
    ]


def _is_feed(arrival: Json) -> bool:
    return (arrival["method"], arrival["path"]) == ("POST", "/v1/finance/transactions")
