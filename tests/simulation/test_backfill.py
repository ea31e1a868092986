"""History is fed in virtual time while people go on paying: who pays now does not wait for it."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from bench.export_harness import Latency
from bench.export_product import Product, at_work
from local.lexoffice.world import DEFAULT_ORGANIZATION_ID
from local.pleo.world import DEFAULT_COMPANY_ID
from shared.aws.ledger import Ledger

HISTORY = 1200
DAYS = 100
EVERY = 7.0
FIVE_SECONDS = 5.0  # what is promised; measured with 5000 rows: 0.9 s at most


def history(product: Product, payments: int = HISTORY) -> None:
    """As if the admin had chosen a start date 100 days ago: so many payments since, which no webhook told of."""
    connection = product.connection()
    now = datetime.fromtimestamp(product.clock.time(), UTC)
    first = now - timedelta(days=DAYS)
    orders = []
    for number in range(payments):
        moment = (first + timedelta(days=number % DAYS, seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
        order = {"status": "COMPLETED", "amount": 100 + number, "silent": True, "company_id": DEFAULT_COMPANY_ID}
        orders.append(order | {"performedAt": moment, "settledAt": moment})
    for begin in range(0, payments, 500):
        product.control_pleo("/entries/batch", orders[begin : begin + 500])
    text = first.strftime("%Y-%m-%dT00:00:00.000000Z")
    product.doors["OauthFunction"].parts().connections.change(
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
        table = product.doors["SyncFunction"]._worker().stores.ledger
        assert isinstance(table, Ledger)
        product.until(lambda: bool(table.open_rows(product.connection_id, 1)))
        paid = 0
        while table.open_rows(product.connection_id, 1):
            begun = product.clock.time()
            entry_id = product.control_pleo("/entries", {"status": "COMPLETED", "amount": 5})["id"]
            product.deliver()
            paid += 1
            product.until(lambda entry_id=entry_id: _fed(table, product, entry_id), every=0.1, seconds=600)  # type: ignore[misc]
            delays.append(product.clock.time() - begun)
            product.clock.sleep(EVERY)
        product.until(lambda: product.connection().caught_up_to > product.connection().connected_at)
        product.until(lambda: not table.open_rows(product.connection_id, 1))
        held = lines(product)
        refused = [call for call in product.vendors.calls if call.status == 429]

    assert refused == []
    assert max(delays) < FIVE_SECONDS
    assert len(delays) > 3
    assert (len(held), max(held.values())) == (HISTORY + paid, 1)


def test_history_that_takes_an_hour_is_no_silence_although_rows_wait_all_the_time() -> None:
    """lexoffice is slow, and is sent few lines a call, so that little history takes long."""
    payments = 300
    with at_work(Latency()) as product, patch("shared.flows.feeding.feed.MOST_TRANSACTIONS", 2):
        history(product, payments)
        table = product.doors["SyncFunction"]._worker().stores.ledger
        assert isinstance(table, Ledger)
        product.until(lambda: product.connection().caught_up_to > product.connection().connected_at)
        product.vendors.latency = 25.0
        begun = product.clock.time()
        product.until(lambda: not table.open_rows(product.connection_id, 1), every=60, seconds=3 * 3600)
        took = product.clock.time() - begun
        held = lines(product)
        told = product.observed.lines

    assert took > 3600
    assert told["error", "needs attention: rows not fed"] == 0
    assert (len(held), max(held.values())) == (payments, 1)


def _fed(table: Ledger, product: Product, entry_id: str) -> bool:
    row = table.first_row(product.connection_id, entry_id)
    return row is not None and row.state.value == "sent"
