"""`python -m local.lexoffice --port N --public-url URL --client-id UUID --redirect-uri URI [--redirect-uri URI …]`.

The client secret comes from the environment: `LEXOFFICE_STANDIN_CLIENT_SECRET`.
"""

import argparse
import os
import socket
import sys
import uuid

import uvicorn

from local.lexoffice import signing
from local.lexoffice.app import create_app
from local.lexoffice.settings import Settings

SECRET_VARIABLE = "LEXOFFICE_STANDIN_CLIENT_SECRET"


class Server(uvicorn.Server):
    """Says one line when it is ready, and nothing else."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets)
        if self.started:
            print(f"lexoffice stand-in ready on port {self.config.port}", flush=True)


def main() -> None:
    """Read the arguments and serve until interrupted."""
    # At once: whoever deploys the product waits for the public half.
    signing.prepare()
    parser = argparse.ArgumentParser(prog="python -m local.lexoffice", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--public-url", required=True)
    parser.add_argument("--client-id", type=uuid.UUID, required=True)
    parser.add_argument("--redirect-uri", action="append", required=True)
    parser.add_argument("--pleo-url", default="")
    arguments = parser.parse_args()
    secret = os.environ.get(SECRET_VARIABLE)
    if not secret:
        sys.exit(f"{SECRET_VARIABLE} is not set")
    settings = Settings(
        public_url=arguments.public_url.rstrip("/"),
        client_id=str(arguments.client_id),
        client_secret=secret,
        redirect_uris=tuple(arguments.redirect_uri),
        pleo_url=arguments.pleo_url,
    )
    config = uvicorn.Config(
        create_app(settings),
        host="127.0.0.1",
        port=arguments.port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        # A held or slow call must not keep the process from ending.
        timeout_graceful_shutdown=1,
    )
    Server(config).run()


if __name__ == "__main__":
    main()
