"""Serve a stand-in, on a port of its own process or on a free port of this one."""

import asyncio
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Protocol

import uvicorn
from starlette.applications import Starlette

STARTUP_SECONDS = 10.0


class Registration(Protocol):
    """The settings of a vendor. `public_url` is the origin at which browsers and clients reach the stand-in."""

    @property
    def public_url(self) -> str:
        """Absolute, without a trailing slash."""


class Server(uvicorn.Server):
    """A server that prints one line once its port accepts connections, for the process that started it."""

    def __init__(self, config: uvicorn.Config, *, vendor: str) -> None:
        super().__init__(config)
        self._vendor = vendor

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then print the line."""
        await super().startup(sockets)
        if self.started:
            # The modules for the first delivery and the first page are loaded after the port is open.
            asyncio.get_running_loop().run_in_executor(None, _warm_up)
            print(f"{self._vendor} stand-in ready on port {self.config.port}", flush=True)


def serve(app: Starlette, *, vendor: str, port: int, host: str = "127.0.0.1") -> None:
    """Serve until interrupted."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_level="error",
        timeout_keep_alive=75,
        # A held or slow call must not keep the process from ending.
        timeout_graceful_shutdown=1,
        ws="none",
        server_header=False,
    )
    with suppress(KeyboardInterrupt):
        Server(config, vendor=vendor).run()


def secret_from(variable: str) -> str:
    """Return a secret from the environment, which `ps` does not show. Exit with status 2 if it is missing."""
    secret = os.environ.get(variable, "")
    if not secret:
        print(f"{variable} is not set.", file=sys.stderr)
        raise SystemExit(2)
    return secret


@contextmanager
def running[S: Registration](create_app: Callable[[S], Starlette], settings: S) -> Iterator[str]:
    """Serve in a thread of this process while the block runs; yield the base URL, which replaces `public_url`."""
    # The explicit TCP protocol makes asyncio disable Nagle's algorithm. Otherwise each answer takes 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = create_app(_at(settings, url))
        config = uvicorn.Config(app, log_level="critical", access_log=False, ws="none", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + STARTUP_SECONDS
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.005)
        try:
            yield url
        finally:
            server.should_exit = True
            thread.join(timeout=STARTUP_SECONDS)


def _at[S: Registration](settings: S, url: str) -> S:
    moved: S = replace(settings, public_url=url)  # type: ignore[type-var]
    return moved


def _warm_up() -> None:
    import httpx  # noqa: F401
    import jinja2  # noqa: F401
