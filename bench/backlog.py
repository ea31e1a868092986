"""Draining a backlog of 1 000 payments of one company, in real time, against lexoffice's limit of two calls a second.

The share of the vendor's ceiling is what was fed per second of the window, divided by 50 (25 lines a call, 2 calls a
second). The window reaches from the arrival of the first transaction call at lexoffice to that of the last, plus the
half second that every call occupies of the limit: n calls at the full rate arrive within (n - 1) halves of a second.
"""

from bench.counts import Counted, figures
from bench.figures import Figure
from bench.record import Record
from bench.world import BenchWorld, Customer, Json

PAYMENTS = 1_000
_SLOT = 0.5  # seconds per call: https://developers.lexware.io/docs/#api-rate-limits
_LINES_PER_SECOND = 25 / _SLOT
_FIXED_GAP = 0.65  # seconds that a client without a shared limiter waits after each call, to be safe


def measure(world: BenchWorld, record: Record, customer: Customer) -> list[Figure]:
    """Let 1 000 signed webhooks arrive while the feed is held, then let it go."""
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
