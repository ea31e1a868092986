"""Three days by the movable clock in which no webhook arrives and no sync is taken: one sync makes all of it good."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from bench.export_harness import Latency
from bench.export_product import Product, at_work
from local.lexoffice.world import DEFAULT_ORGANIZATION_ID
from local.pleo import wallet
from shared.aws.ledger import Ledger

# One run for all tests, in one process.
pytestmark = pytest.mark.xdist_group("three-lost-days")
HOUR = 3600.0
DAYS = 3
A_DAY = 9  # payments
NEVER = 1e9


@dataclass(slots=True)
class LostDays:
    """What was paid, by entry, and what had arrived before the one sync."""

    product: Product
    paid: dict[str, int]
    before: int


def spend(product: Product) -> dict[str, int]:
    """A payment every two hours, refunds and a top-up among them; what each does to the wallet. Nobody is told."""
    for number in range(DAYS * A_DAY):
        product.clock.sleep(24 / A_DAY * HOUR)
        order: dict[str, object] = {"amount": 1_000 + number, "settledAt": product.pleo_world.clock.stamp()}
        order |= {"refund": True} if number % 5 == 4 else {}
        order |= {"family": "WALLET", "subFamily": "LOAD"} if number == 13 else {}
        product.control_pleo("/entries", order)
        product.vendors.outbox.clear()
    return {key: wallet.effect(row) for key, row in product.pleo_world.entries.items()}


@pytest.fixture(scope="module")
def lost() -> Iterator[LostDays]:
    with at_work(Latency(vendor=0.1, aws=0.002), turn_every=NEVER) as product:
        paid = spend(product)
        before = len(product.lexoffice_world.transactions_of(DEFAULT_ORGANIZATION_ID))
        # The last payment is still within the hour in which its webhook might come.
        product.clock.sleep(2 * HOUR)
        product.reschedule()
        product.clock.sleep(HOUR)
        yield LostDays(product, paid, before)


def test_nothing_had_arrived_before_the_sync(lost: LostDays) -> None:
    assert lost.before == 0
    assert len(lost.paid) == DAYS * A_DAY


def test_one_sync_makes_every_payment_its_line_to_the_cent_and_once(lost: LostDays) -> None:
    rows = lost.product.pleo_world.entries
    wanted = {f"pleo-{key}": cents for key, cents in lost.paid.items() if rows[key]["family"] != "WALLET"}
    found = Counter(
        {
            line.external_reference: round(line.amount * 100)
            for line in lost.product.lexoffice_world.transactions_of(DEFAULT_ORGANIZATION_ID)
        }
    )
    assert found == wanted
    assert len(lost.product.lexoffice_world.transactions_of(DEFAULT_ORGANIZATION_ID)) == len(wanted)


def test_the_ledger_knows_every_entry_and_lexoffice_shows_what_the_wallet_holds(lost: LostDays) -> None:
    states = Counter(row.state.value for row in Ledger("LedgerTable").rows(lost.product.connection_id))
    (account,) = lost.product.lexoffice_world.accounts.values()

    assert states == {"sent": DAYS * A_DAY - 1, "listed": 1}
    assert round(account.balance * 100) == sum(lost.paid.values())


def test_somebody_was_told_that_no_webhook_had_come(lost: LostDays) -> None:
    assert lost.product.observed.lines["error", "needs attention: no webhooks"] == 1
