"""`python -m local.lexoffice --port N --public-url URL --client-id UUID --redirect-uri URI [--redirect-uri URI …]`.

The client secret comes from the environment: `LEXOFFICE_STANDIN_CLIENT_SECRET`.
"""

import argparse
import uuid

from local.lexoffice import signing
from local.lexoffice.app import create_app
from local.lexoffice.settings import LexofficeSettings
from local.standin.serving import secret_from, serve


def main() -> None:
    """Parse the command line and serve until interrupted."""
    # Start now: the deployment waits for the public key.
    signing.prepare()
    parser = argparse.ArgumentParser(prog="python -m local.lexoffice", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--public-url", required=True)
    parser.add_argument("--client-id", type=uuid.UUID, required=True)
    parser.add_argument("--redirect-uri", action="append", required=True)
    parser.add_argument("--pleo-url", default="")
    arguments = parser.parse_args()
    settings = LexofficeSettings(
        public_url=arguments.public_url.rstrip("/"),
        client_id=str(arguments.client_id),
        client_secret=secret_from("LEXOFFICE_STANDIN_CLIENT_SECRET"),
        redirect_uris=tuple(arguments.redirect_uri),
        pleo_url=arguments.pleo_url,
    )
    serve(create_app(settings), vendor="lexoffice", port=arguments.port)


if __name__ == "__main__":
    main()
