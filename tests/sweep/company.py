"""A company between both vendors, and the product that links them, in virtual time."""

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa

from bench.export_harness import Latency
from bench.export_product import Product, deployed
from bench.export_queues import Context
from local.lexoffice import signing
from local.lexoffice.world import DEFAULT_ORGANIZATION_ID
from local.pleo.world import DEFAULT_COMPANY_ID
from local.standin.switches import Board

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
_LATENCY = Latency(vendor=0.1, aws=0.002)
# By the order in which the story makes them, which is also that of their lines.
PAYMENTS: Mapping[str, dict[str, Any]] = {
    "history": {"amount": 1_190},
    "purchase": {"amount": 2_380, "merchant": "Müller & Söhne Bürobedarf"},
    "refund": {"amount": 595, "refund": True},
    "split": {"amount": 11_900},
    "yen": {
        "transactionValue": {"currency": "JPY", "minors": 1_500},
        "totalBillValue": {"currency": "EUR", "minors": 950},
    },
    "licence": {"amount": 4_900},
    "cancelled": {"amount": 7_700},
    "load": {"family": "WALLET", "subFamily": "LOAD", "amount": 100_000},
    "token squeeze": {"amount": 1_000},
    "lost plan": {"amount": 2_000},
    "lost account": {"amount": 3_000},
}


@contextmanager
def product() -> Iterator[Product]:
    """The product, connected to nobody, and lexoffice's events on their way to it."""
    key = _event_key()
    parameters = {"LexofficeWebhookKey": signing.public_pem(key.result()).decode()}
    with (
        patch.object(signing, "_key", key),
        deployed(_LATENCY, start=START, parameters=parameters) as made,
    ):
        yield made


@cache
def _event_key() -> Future[rsa.RSAPrivateKey]:
    """A shorter key than lexoffice's: signing takes a fifth of the time."""
    key: Future[rsa.RSAPrivateKey] = Future()
    key.set_result(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    return key


def boards(made: Product) -> dict[str, Board]:
    """The switches of both stand-ins."""
    return {"pleo": made.pleo_world.switches, "lexoffice": made.lexoffice_world.switches}


class Company:
    """What the company's people do at both vendors and with us, and what both vendors send us."""

    def __init__(self, made: Product) -> None:
        self.product = made
        self.ids: dict[str, str] = {}  # of the entries, by the name of the payment
        self._events: list[tuple[str, bytes, dict[str, str]]] = []
        self._cookies: list[str] = []

    @contextmanager
    def reachable_by_lexoffice(self) -> Iterator[None]:
        """While this lasts, lexoffice's events wait until `deliver` brings them; its test call is answered at once."""
        courier = self.product.lexoffice_world.events.courier
        with patch.object(courier, "post", self._record_event), patch.object(courier, "probe", self._head):
            yield

    def pay(self, name: str, *, days_ago: int = 0, settled: bool = True, **order: object) -> None:
        """One of `PAYMENTS` happens, and is settled unless said otherwise."""
        moment = datetime.fromtimestamp(self.product.clock.time(), UTC) - timedelta(days=days_ago)
        when = {"settledAt": f"{moment:%Y-%m-%dT%H:%M:%SZ}"} if settled else {}
        self.ids[name] = self.pleo("/entries", PAYMENTS[name] | when | order)["id"]

    def click(self, rest: float = 600) -> None:
        """Click «Exportieren» for everything in the queue; Pleo may refuse."""
        self.product.pleo.post("/control/export", json={"all": True})
        self.deliver()
        self.rest(rest)

    def visit(self, route: str, query: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None) -> str:
        """One request of the admin's browser at our door; where it leads."""
        event = {
            "routeKey": route,
            "queryStringParameters": dict(query or {}),
            "headers": {"origin": "https://product.example"},
            "cookies": self._cookies,
            "requestContext": {"domainName": "product.example"},
            "body": urlencode(form or {}),
        }
        answer = self.product.doors["OauthFunction"].handler(event, Context(self.product.clock, 29))
        self._cookies = [cookie.partition(";")[0] for cookie in answer.get("cookies", [])] or self._cookies
        return str(answer["headers"].get("Location", ""))

    def consent_at_pleo(self, address: str) -> dict[str, str]:
        """The page's form, unless Pleo asks for none; the parameters of the way back."""
        answer = self.product.pleo.get(address)
        if answer.status_code == 200:
            consent = re.search(r'name="consent" value="([^"]+)"', answer.text)
            assert consent
            form = {"consent": consent[1], "company": DEFAULT_COMPANY_ID, "decision": "allow"}
            answer = self.product.pleo.post("/oauth/authorize", data=form)
        return _query(answer.headers["location"])

    def consent_at_lexoffice(self, address: str) -> dict[str, str]:
        """The page, and its form where there is one; the parameters of the way back."""
        answer = self.product.lexoffice.get(address)
        if answer.status_code == 200:
            form = {"decision": "allow", "organization_id": DEFAULT_ORGANIZATION_ID}
            answer = self.product.lexoffice.post(address, data=form)
        return _query(answer.headers["location"])

    def sync(self, *requests: str) -> None:
        """The company's sync, scheduled or with requests."""
        self.product.reschedule(*requests)

    def rest(self, seconds: float = 120) -> None:
        """Let so much time pass; our workers go on."""
        self.product.clock.sleep(seconds)

    def deliver(self) -> None:
        """Bring both vendors' webhooks to our doors."""
        self.product.deliver()
        waiting, self._events[:] = list(self._events), []
        for url, body, headers in waiting:
            status = self._receive("POST", url, body, headers)
            assert 200 <= status < 300, status

    def _receive(self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> int:
        event = {
            "requestContext": {"http": {"method": method}},
            "pathParameters": {"connection_id": urlsplit(url).path.rpartition("/")[2]},
            "headers": {name.lower(): value for name, value in (headers or {}).items()},
            "body": body.decode(),
        }
        door = self.product.doors["LexofficeWebhookFunction"]
        return int(door.handler(event, Context(self.product.clock, 10))["statusCode"])

    async def _record_event(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self._events.append((url, body, dict(headers)))
        return 202

    async def _head(self, url: str) -> int:
        return self._receive("HEAD", url)

    def pleo(self, path: str, order: object) -> Any:
        """Turn one of Pleo's knobs."""
        return self.product.control_pleo(path, order)

    def lexoffice(self, path: str, **order: object) -> Any:
        """Turn one of lexoffice's knobs."""
        return self.product.control_lexoffice(path, order)


def _query(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))
