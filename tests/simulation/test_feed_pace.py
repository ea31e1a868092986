"""The feed at lexoffice's limit of two calls a second, in virtual time; doors, limiter and limit are real."""

from collections.abc import Iterator

import pytest

from bench.export_harness import Latency
from bench.export_product import Product, at_work
from bench.export_vendors import VendorCall
from local.lexoffice.world import DEFAULT_ORGANIZATION_ID
from shared.aws import limiter


@pytest.fixture
def product() -> Iterator[Product]:
    """A connected company whose first calls are over."""
    with at_work(Latency(vendor=0.15, aws=0.005)) as product:
        product.clock.sleep(60)
        yield product


def spend(product: Product, payments: int) -> None:
    """Payments at the same moment, and the wait until each is a line."""
    before = len(product.lexoffice_world.transactions_of(DEFAULT_ORGANIZATION_ID))
    for number in range(payments):
        now = product.pleo_world.clock.stamp()
        product.control_pleo("/entries", {"amount": 1_000 + number, "settledAt": now})
    product.deliver()
    product.until(lambda: len(lines(product)) == before + payments)
    product.clock.sleep(60)
    assert len(set(lines(product))) == len(lines(product)) == before + payments


def lines(product: Product) -> list[str]:
    return [str(line.external_reference) for line in product.lexoffice_world.transactions_of(DEFAULT_ORGANIZATION_ID)]


def refused(product: Product) -> list[VendorCall]:
    return [call for call in product.vendors.calls if call.status == 429]


def pace(product: Product) -> limiter.Pace:
    return limiter.pace("ConnectionTable", product.connection())


def test_in_normal_operation_lexoffice_never_has_to_slow_us_down(product: Product) -> None:
    spend(product, 80)

    assert refused(product) == []
    assert pace(product).interval_ms == limiter.STEADY_MS


@pytest.mark.parametrize("too_many", ["plain", "disguised_as_500"])
def test_a_burst_of_another_app_slows_us_down_and_loses_nothing(product: Product, too_many: str) -> None:
    product.control_lexoffice("/switches", {"too_many": too_many})
    product.control_lexoffice("/bucket", {"organization_id": DEFAULT_ORGANIZATION_ID, "take": 3})

    spend(product, 30)

    assert pace(product).interval_ms > limiter.STEADY_MS


def test_after_a_quiet_while_the_pace_recovers(product: Product) -> None:
    product.control_lexoffice("/bucket", {"organization_id": DEFAULT_ORGANIZATION_ID, "take": 3})
    spend(product, 1)
    slowed = pace(product).interval_ms
    assert slowed > limiter.STEADY_MS

    for _ in range(10):
        product.clock.sleep(60)
        spend(product, 1)

    assert pace(product).interval_ms == limiter.STEADY_MS
