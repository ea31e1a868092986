"""One real server per test process; every test finds it reset, with the rate limits out of the way."""

import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from local.lexoffice.app import create_app
from local.lexoffice.settings import Settings

from .driver import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, UNLIMITED, App, StandIn


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    # asyncio turns off Nagle's delays only for sockets that name their protocol.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = Settings(
            public_url=url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, redirect_uris=(REDIRECT_URI,)
        )
        config = uvicorn.Config(
            create_app(settings), log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1
        )
        server = _Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        assert server.ready.wait(timeout=10)
        yield url
        server.should_exit = True
        thread.join(timeout=10)


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
