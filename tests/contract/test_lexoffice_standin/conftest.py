"""One real server per test process; every test finds it reset, with the rate limits out of the way."""

from collections.abc import Iterator

import httpx
import pytest

from local.lexoffice.app import create_app
from local.lexoffice.settings import LexofficeSettings
from local.standin.serving import running

from .driver import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, UNLIMITED, App, StandIn


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    settings = LexofficeSettings(
        public_url="", client_id=CLIENT_ID, client_secret=CLIENT_SECRET, redirect_uris=(REDIRECT_URI,)
    )
    with running(create_app, settings) as url:
        yield url


@pytest.fixture
def standin(server_url: str) -> Iterator[StandIn]:
    with httpx.Client(base_url=server_url, timeout=5) as http:
        standin = StandIn(http)
        standin.control("reset")
        standin.control("switches", **UNLIMITED)
        yield standin


@pytest.fixture
def app(standin: StandIn) -> App:
    return standin.connect()


@pytest.fixture
def stranger(standin: StandIn) -> App:
    """The same app, connected to another organisation."""
    organization = standin.control("organizations", companyName="Andere GmbH")
    return standin.connect(organization_id=organization["id"])
