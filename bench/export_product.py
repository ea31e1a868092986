"""The product and both stand-ins in one process and in virtual time.

- Real: doors, clients, ledger, limiter. Tables, time limits and settings come from template.yaml.
- Replaced: AWS's stores (`bench.export_cloud`; a few virtual milliseconds per call), queues (`bench.export_queues`),
  transport to the vendors (`bench.export_vendors`).
"""

import importlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from types import ModuleType
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import httpx

from bench import export_cloud
from bench.export_harness import Latency, Observed, forgetting, fresh_processes, harnessed
from bench.export_queues import Context, FifoQueue, Sqs
from bench.export_vendors import MeasuredVendors
from bench.virtual_time import VirtualClock, governing
from local.lexoffice.app import create_app as create_lexoffice
from local.lexoffice.settings import LexofficeSettings
from local.lexoffice.world import DEFAULT_ORGANIZATION_ID, LexofficeWorld
from local.package import Template, read_template
from local.pleo.app import create_app as create_pleo
from local.pleo.settings import PleoSettings
from local.pleo.world import DEFAULT_COMPANY_ID, PleoWorld

_START = datetime(2026, 3, 2, 8, tzinfo=UTC)
_HERE, PLEO, LEXOFFICE = "product.example", "pleo.example", "lexoffice.example"
_ADDRESSES = {
    "PublicUrl": f"https://{_HERE}",
    "PleoApiUrl": f"https://{PLEO}",
    "PleoAuthUrl": f"https://{PLEO}",
    "LexofficeApiUrl": f"https://{LEXOFFICE}",
    "LexofficeAppUrl": f"https://{LEXOFFICE}",
}
_CLIENTS = {f"{vendor}_client_{name}": "bench" for vendor in ("pleo", "lexoffice") for name in ("id", "secret")}
_DOORS = (
    *("PleoWebhookFunction", "LexofficeWebhookFunction", "FeedFunction", "ExportFunction", "OauthFunction"),
    "SyncFunction",
)
_TURN_EVERY = 300.0


@dataclass(slots=True)
class Product:
    """The running product with at most one connected company."""

    clock: VirtualClock
    vendors: MeasuredVendors
    pleo: httpx.Client
    lexoffice: httpx.Client
    queues: Mapping[str, FifoQueue]
    doors: Mapping[str, ModuleType]
    observed: Observed
    connection_id: str = ""

    @property
    def pleo_world(self) -> PleoWorld:
        """State of Pleo's stand-in."""
        world: PleoWorld = self.vendors.apps[PLEO].state.world
        return world

    @property
    def lexoffice_world(self) -> LexofficeWorld:
        """State of lexoffice's stand-in."""
        world: LexofficeWorld = self.vendors.apps[LEXOFFICE].state.world
        return world

    def control_pleo(self, path: str, order: object) -> Any:
        """Post to the control surface of Pleo's stand-in. Return the response."""
        return self.pleo.post(f"/control{path}", json=order).raise_for_status().json()

    def control_lexoffice(self, path: str, order: object) -> Any:
        """Post to the control surface of lexoffice's stand-in. Return the response."""
        return self.lexoffice.post(f"/control{path}", json=order).raise_for_status().json()

    def connection(self) -> Any:
        """Return the company's stored connection."""
        return self.doors["OauthFunction"].parts().connections.by_company(DEFAULT_COMPANY_ID)

    def until(self, happened: Callable[[], bool], *, every: float = 1.0, seconds: float = 7200.0) -> None:
        """Wait in virtual time until something has happened. Raise TimeoutError after `seconds`."""
        deadline = self.clock.time() + seconds
        while not happened():
            if self.clock.time() > deadline:
                raise TimeoutError(f"nothing happened within {seconds:.0f} virtual seconds")
            self.clock.sleep(every)

    def deliver(self) -> None:
        """Deliver the webhooks that Pleo sent to the receiver. Raise RuntimeError if one is not answered with 200."""
        waiting, self.vendors.outbox[:] = list(self.vendors.outbox), []
        for post in waiting:
            event = {
                "pathParameters": {"connection_id": urlsplit(post.url).path.rpartition("/")[2]},
                "headers": post.headers,
                "body": post.body.decode(),
            }
            answer = self.doors["PleoWebhookFunction"].handler(event, Context(self.clock, 10))
            if answer["statusCode"] != 200:
                raise RuntimeError(f"a webhook was answered with {answer}")

    def reschedule(self, *requests: str) -> None:
        """Run the company's sync, scheduled or with requests."""
        body = json.dumps({"connection_id": self.connection_id} | ({"requests": requests} if requests else {}))
        event = {"Records": [{"messageId": "sync", "body": body, "attributes": {"ApproximateReceiveCount": "1"}}]}
        self.doors["SyncFunction"].handler(event, Context(self.clock, 120))

    def take_turns(self, every: float) -> None:
        """Run a sync every `every` virtual seconds, until the simulation is stopped."""
        while True:
            self.clock.sleep(every)
            self.reschedule()

    def connect(self) -> None:
        """Connect or reconnect the company, as the admin does in a browser. Raise RuntimeError if it fails."""
        browser = _Admin(self)
        to_pleo = browser.visit("POST /connect", {})
        self.control_pleo("/switches", {"auto_consent": DEFAULT_COMPANY_ID})
        code = _query(self.pleo.get(to_pleo).headers["location"])
        to_lexoffice = browser.visit("GET /oauth/pleo/callback", code)
        decision = {"decision": "allow", "organization_id": DEFAULT_ORGANIZATION_ID}
        code = _query(self.lexoffice.post(to_lexoffice, data=decision).headers["location"])
        browser.visit("GET /oauth/lexoffice/callback", code)
        self.connection_id = self.connection().connection_id
        self.reschedule("set_up")
        if not browser.visit("GET /connect/progress", {}).endswith("/connect/result"):
            raise RuntimeError("the company could not be connected")


@dataclass(slots=True)
class _Admin:
    """Browser of the admin, for the OAuth door."""

    product: Product
    cookies: list[str] = field(default_factory=list)

    def visit(self, route: str, query: Mapping[str, str]) -> str:
        """Send one request. Return the address that it redirects to, or ""."""
        event = {
            "routeKey": route,
            "queryStringParameters": dict(query),
            "headers": {"origin": f"https://{_HERE}"},
            "cookies": self.cookies,
            "requestContext": {"domainName": _HERE},
        }
        answer = self.product.doors["OauthFunction"].handler(event, Context(self.product.clock, 29))
        self.cookies = [cookie.partition(";")[0] for cookie in answer.get("cookies", [])] or self.cookies
        return str(answer["headers"].get("Location", ""))


def _query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


@contextmanager
def at_work(latency: Latency, *, start: datetime = _START, turn_every: float = _TURN_EVERY) -> Iterator[Product]:
    """Run the product with one connected company. Syncs, feed and export run until the block ends.

    - `start`: when the company is connected
    - `turn_every`: seconds between syncs
    """
    with deployed(latency, start=start) as product:
        product.connect()
        product.clock.start(lambda: product.take_turns(turn_every), "Sync")
        yield product


@contextmanager
def deployed(
    latency: Latency, *, start: datetime = _START, parameters: Mapping[str, str] | None = None
) -> Iterator[Product]:
    """Run the product without a company. Feed and export serve their queues until the block ends.

    - `start`: initial virtual time
    - `parameters`: template parameters that differ from their defaults
    """
    template = _template()
    clock = VirtualClock(start)
    with ExitStack() as stack:
        queues = {name: _queue(template, name, clock) for name in ("Feed", "Export")}
        sqs = Sqs({export_cloud.queue_url(f"{name}Queue"): queue for name, queue in queues.items()})
        stack.enter_context(export_cloud.stores_with(sqs))
        stack.enter_context(fresh_processes())
        doors = _opened(stack, template, parameters or {})
        stack.enter_context(governing(clock, ["functions", "shared", "local.pleo", "local.lexoffice", "local.standin"]))
        vendors = MeasuredVendors(clock, _apps(), latency.vendor)
        stack.callback(vendors.close)
        observed = stack.enter_context(harnessed(clock, vendors, latency))
        pleo, lexoffice = (_client(stack, vendors, host) for host in (PLEO, LEXOFFICE))
        product = Product(clock, vendors, pleo, lexoffice, queues, doors, observed)
        stack.enter_context(patch.object(product.pleo_world.courier, "post", vendors.post))
        stack.enter_context(forgetting(doors))
        stack.callback(clock.stop)
        for name, queue in queues.items():
            handler = doors[f"{name}Function"].handler
            clock.start(lambda queue=queue, handler=handler: queue.serve(handler), name)  # type: ignore[misc]
        yield product


@cache
def _template() -> Template:
    return read_template()


def _apps() -> dict[str, Any]:
    callbacks = {vendor: (f"https://{_HERE}/oauth/{vendor}/callback",) for vendor in ("pleo", "lexoffice")}
    pleo = PleoSettings(f"https://{PLEO}", "bench", "bench", callbacks["pleo"])
    lexoffice = LexofficeSettings(
        public_url=f"https://{LEXOFFICE}",
        client_id="bench",
        client_secret="bench",
        redirect_uris=callbacks["lexoffice"],
    )
    return {PLEO: create_pleo(pleo), LEXOFFICE: create_lexoffice(lexoffice)}


def _client(stack: ExitStack, vendors: MeasuredVendors, host: str) -> httpx.Client:
    return stack.enter_context(httpx.Client(base_url=f"https://{host}", transport=vendors, trust_env=False))


def _queue(template: Template, name: str, clock: VirtualClock) -> FifoQueue:
    queue = template["Resources"][f"{name}Queue"]["Properties"]
    function = template["Resources"][f"{name}Function"]["Properties"]
    return FifoQueue(
        clock,
        timeout=function["Timeout"],
        batch=function["Events"]["Wake"]["Properties"]["BatchSize"],
        visibility=queue["VisibilityTimeout"],
        most_receives=queue["RedrivePolicy"]["maxReceiveCount"],
        retention=queue["MessageRetentionPeriod"],
    )


def _opened(stack: ExitStack, template: Template, parameters: Mapping[str, str]) -> dict[str, ModuleType]:
    """Import the doors as modules, with the environment variables of the template. Return them by logical id."""
    made = export_cloud.create(template, _CLIENTS)
    defaults = {name: str(each.get("Default", "")) for name, each in template["Parameters"].items()}
    values = defaults | _ADDRESSES | dict(parameters) | made
    variables = dict(template["Globals"]["Function"]["Environment"]["Variables"])
    for name in _DOORS:
        variables |= template["Resources"][name]["Properties"].get("Environment", {}).get("Variables", {})
    stack.enter_context(patch.dict(os.environ, {name: _value(each, values) for name, each in variables.items()}))
    return {name: importlib.import_module(_module(template, name)) for name in _DOORS}


def _module(template: Template, name: str) -> str:
    handler: str = template["Resources"][name]["Properties"]["Handler"]
    return handler.rpartition(".")[0]


def _value(given: Any, values: Mapping[str, str]) -> str:
    match given:
        case {"Ref": str(name)}:
            return values[name]
        case {"Fn::GetAtt": [str(name), "Arn"]} | {"Fn::GetAtt": str(name)}:
            return values[name.removesuffix(".Arn")]
        case _:
            return str(given)
