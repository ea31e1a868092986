"""History is fed in virtual time while people go on paying: who pays now does not wait for it."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from bench.export_harness import Latency
from bench.export_product import Product, at_work
from local.lexoffice.world import DEFAULT_ORGANIZATION_ID
from local.pleo.world import DEFAULT_COMPANY_ID
from shared.aws.ledger import Ledger

HISTORY = 1200
DAYS = 100
EVERY = 7.0
FIVE_SECONDS = 5.0  # what is promised; measured with 5000 rows: 0.9 s at most


def history(product: Product) -> None:
    """As if the admin had chosen a start date 100 days ago: 50 payments a day, which no webhook told of."""
    connection = product.connection()
    now = datetime.fromtimestamp(product.clock.time(), UTC)
    first = now - timedelta(days=DAYS)
    orders = []
    for number in range(HISTORY):
        moment = (first + timedelta(days=number % DAYS, seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
        order = {"status": "COMPLETED", "amount": 100 + number, "silent": True, "company_id": DEFAULT_COMPANY_ID}
        orders.append(order | {"performedAt": moment, "settledAt": moment})
    for begin in range(0, HISTORY, 500):
        product.control_pleo("/entries/batch", orders[begin : begin + 500])
    text = first.strftime("%Y-%m-%dT00:00:00.000000Z")
    product.doors["OauthFunction"]._parts().connections.change(
        connection.connection_id, start_day=text[:10], caught_up_to=text, seen_days={}
    )


def lines(product: Product) -> Counter[str]:
    """How often lexoffice holds each reference."""
    found = product.lexoffice.get("/control/state").json()["organizations"]
    organisation = next(each for each in found if each["id"] == DEFAULT_ORGANIZATION_ID)
    return Counter(line["externalReference"] for line in organisation["transactions"])


def test_a_payment_made_during_a_backfill_is_in_lexoffice_within_seconds_and_every_line_once() -> None:
    delays: list[float] = []
    with at_work(Latency()) as product:
        history(product)
        table = product.doors["SyncFunction"]._parts()[0]._ledger
        assert isinstance(table, Ledger)
        product.until(lambda: bool(table.work(product.connection_id, 1)))
        paid = 0
        while table.work(product.connection_id, 1):
            begun = product.clock.time()
            entry_id = product.control_pleo("/entries", {"status": "COMPLETED", "amount": 5})["id"]
            product.deliver()
            paid += 1
            product.until(lambda entry_id=entry_id: _fed(table, product, entry_id), every=0.1, seconds=600)  # type: ignore[misc]
            delays.append(product.clock.time() - begun)
            product.clock.sleep(EVERY)
        product.until(lambda: product.connection().caught_up_to > product.connection().connected_at)
        product.until(lambda: not table.work(product.connection_id, 1))
        held = lines(product)

    assert max(delays) < FIVE_SECONDS
    assert len(delays) > 3
    assert (len(held), max(held.values())) == (HISTORY + paid, 1)


def _fed(table: Ledger, product: Product, entry_id: str) -> bool:
    row = table.first_row(product.connection_id, entry_id)
    return row is not None and row.state.value == "sent"
