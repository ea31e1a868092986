"""`python -m local.pleo`: the stand-in on a port; the client secret comes from `PLEO_STANDIN_CLIENT_SECRET`."""

import argparse
import asyncio
import os
import socket
import sys
from contextlib import suppress

import uvicorn

from local.pleo.app import create_app
from local.pleo.settings import Settings


class Announced(uvicorn.Server):
    """A server that says one line once its port accepts connections, for whoever started it."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then say so."""
        await super().startup(sockets)
        # What only the first delivery and the first page need is loaded now, after the port is open.
        asyncio.get_running_loop().run_in_executor(None, _warm)
        print(f"Pleo stand-in ready on port {self.config.port}", flush=True)


def _warm() -> None:
    import httpx  # noqa: F401
    import jinja2  # noqa: F401


def main() -> int:
    """Parse the command line and serve until interrupted; 2 when the secret is missing."""
    parser = argparse.ArgumentParser(prog="python -m local.pleo", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--public-url", required=True)
    parser.add_argument("--client-id", required=True)
    parser.add_argument("--redirect-uri", action="append", required=True)
    parser.add_argument("--initiation-uri", required=True)
    parser.add_argument("--settings-uri", required=True)
    parser.add_argument("--lexoffice-url", default="")
    arguments = parser.parse_args()
    secret = os.environ.get("PLEO_STANDIN_CLIENT_SECRET", "")
    if not secret:
        print("PLEO_STANDIN_CLIENT_SECRET is not set.", file=sys.stderr)
        return 2
    settings = Settings(
        public_url=arguments.public_url.rstrip("/"),
        client_id=arguments.client_id,
        client_secret=secret,
        redirect_uris=tuple(arguments.redirect_uri),
        initiation_uri=arguments.initiation_uri,
        settings_uri=arguments.settings_uri,
        lexoffice_url=arguments.lexoffice_url,
    )
    config = uvicorn.Config(
        create_app(settings),
        host=arguments.host,
        port=arguments.port,
        access_log=False,
        log_level="error",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        ws="none",
        server_header=False,
    )
    with suppress(KeyboardInterrupt):
        Announced(config).run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
