"""One real server per test process; every test finds it reset, and as far set up as it asks for."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from local.pleo.app import create_app
from local.pleo.driver import Driver
from local.standin.serving import running

from .driver import SETTINGS, add_account, add_tax_code


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    with running(create_app, SETTINGS) as address:
        yield address


@pytest.fixture
def pleo(url: str) -> Iterator[Driver]:
    with closing(Driver(url, SETTINGS)) as driver:
        driver.control("POST", "/reset")
        yield driver


@pytest.fixture
def connected(pleo: Driver) -> None:
    """A person has consented; the API calls carry a token."""
    pleo.connect()


@pytest.fixture
def activated(pleo: Driver, connected: None) -> None:
    """The installation may export."""
    assert pleo.api("POST", "/v1/installations/me:activate").is_success


@pytest.fixture
def exporting(pleo: Driver, activated: None) -> None:
    """There are accounts, one of them the contra account, and tax codes."""
    for name in ("wallet", "supplies", "travel"):
        add_account(pleo, name, name=name, code="4930")
    for code, rate, how in (("19", 0.19, "inclusive"), ("7", 0.07, "inclusive"), ("rc", 0.19, "reverse")):
        add_tax_code(pleo, name=code, code=code, rate=rate, type=how)
    pleo.control("POST", "/contra-account", {"account_external_id": "wallet"})
