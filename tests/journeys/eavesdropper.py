"""Another application of a lexoffice customer: it may subscribe any address to its organisation's events.

So it gets events that lexoffice really signed, and may have them sent to addresses that are not its own.
"""

import secrets
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

from .company import Company


@dataclass
class Heard:
    """Where the events go, and those that came: body and signature."""

    url: str
    events: list[tuple[bytes, str]] = field(default_factory=list)


def subscribe(company: Company, event_type: str, address: str) -> None:
    """Give an application access to the company's organisation and have it subscribe an address to an event."""
    world, verifier = company.world, secrets.token_urlsafe(48)
    client = world.stack.lexoffice_client
    redirect = f"{world.stack.api_url}/oauth/lexoffice/callback"
    query = {
        "client_id": client[0],
        "redirect_uri": redirect,
        "response_type": "code",
        "code_challenge": urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    consent = {"organization_id": company.organisation_id, "decision": "allow"}
    answer = world.http.post(f"{world.stack.lexoffice_url}/oauth2/authorize", params=query, data=consent)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
    tokens = world.http.post(f"{world.stack.lexoffice_url}/oauth2/token", data=form, auth=client).json()
    made = world.http.post(
        f"{world.stack.lexoffice_url}/v1/event-subscriptions",
        json={"eventType": event_type, "callbackUrl": address},
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    )
    assert made.status_code == 201, made.text


@contextmanager
def listening() -> Iterator[Heard]:
    """Somebody who keeps every event that is sent to him."""
    heard = Heard("")

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(204)
            self.end_headers()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.events.append((body, self.headers["X-Lxo-Signature"]))
            self.do_HEAD()

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        heard.url = f"http://127.0.0.1:{server.server_address[1]}/"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield heard
        server.shutdown()
