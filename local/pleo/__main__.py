"""`python -m local.pleo`: serve the stand-in; the client secret comes from `PLEO_STANDIN_CLIENT_SECRET`."""

import argparse

from local.pleo.app import create_app
from local.pleo.settings import PleoSettings
from local.standin.serving import secret_from, serve


def main() -> None:
    """Parse the command line and serve until interrupted."""
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
    settings = PleoSettings(
        public_url=arguments.public_url.rstrip("/"),
        client_id=arguments.client_id,
        client_secret=secret_from("PLEO_STANDIN_CLIENT_SECRET"),
        redirect_uris=tuple(arguments.redirect_uri),
        initiation_uri=arguments.initiation_uri,
        settings_uri=arguments.settings_uri,
        lexoffice_url=arguments.lexoffice_url,
    )
    serve(create_app(settings), vendor="Pleo", host=arguments.host, port=arguments.port)


if __name__ == "__main__":
    main()
