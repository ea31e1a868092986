"""The doors' handlers on in-memory AWS: sample events in, answers out."""

import copy
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from types import ModuleType
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from botocore.client import BaseClient
from cloud import CREDENTIALS, ROOT, Cloud, Document
from starlette.applications import Starlette

from local.emulator import in_process
from local.lexoffice.app import create_app as lexoffice_app
from local.lexoffice.settings import LexofficeSettings
from local.lexoffice.world import LexofficeWorld
from local.pleo.app import create_app as pleo_app
from local.pleo.settings import PleoSettings
from local.pleo.world import DEFAULT_COMPANY_ID, PleoWorld
from local.standin.serving import running
from shared.aws import limiter
from shared.aws.connections import Connection, Connections
from shared.aws.ledger import Ledger
from shared.domain.feeding.ledger import Row
from shared.flows.syncing.sync import CompanySync
from shared.http.client import Http


class Context:
    """What Lambda hands to a handler."""

    aws_request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

    def __init__(self, milliseconds: int = 120_000) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


_READS = ("GET", "GetItem", "Query", "BatchGet", "Decrypt", "GetSecretValue")
PUBLIC_URL = "http://127.0.0.1:9"
ORGANISATION_ID = "5f1c7c8e-2f5b-4f0c-8f5e-0d0a6b7f3a11"


@pytest.fixture
def context() -> Context:
    return Context()


@pytest.fixture
def sample() -> Callable[[str], Document]:
    """A sample event by its name."""

    def read(name: str) -> Document:
        document: Document = json.loads((ROOT / "events" / f"{name}.json").read_text("utf-8"))
        return document

    return read


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """All that was logged so far, keys and values."""
    return lambda: "\n".join(repr(vars(record)) for record in caplog.records)


class KilledError(BaseException):
    """The process ended here."""


class Executioner:
    """Ends the process just before or just after one of its calls that may change something, at AWS or at a vendor."""

    def __init__(self) -> None:
        self.left = 0

    def at(self, moment: int) -> "Executioner":
        """Strike at the so-many-th moment from now; every call has two, before it and after it."""
        self.left = moment
        return self

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self.left = 0

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same call, with its two moments."""

        def watched(*arguments: Any, **options: Any) -> Any:
            if any(str(argument).startswith(_READS) for argument in arguments[1:2]):
                return call(*arguments, **options)
            self._moment()
            answer = call(*arguments, **options)
            self._moment()
            return answer

        return watched

    def _moment(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise KilledError


@pytest.fixture
def executioner(aws: Cloud) -> Iterator[Executioner]:
    """Idle until told when to strike."""
    made = Executioner()
    with ExitStack() as patches:
        for owner, name in ((BaseClient, "_make_api_call"), (Http, "request")):
            patches.enter_context(patch.object(owner, name, made.around(getattr(owner, name))))
        yield made


@pytest.fixture
def configured(aws: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """AWS with every variable the doors need in the environment."""
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    return aws


@pytest.fixture(scope="session")
def stand_in_apps() -> dict[str, Starlette]:
    """The stand-ins' applications, by vendor, once they run."""
    return {}


@pytest.fixture(scope="session")
def pleo_url(stand_in_apps: dict[str, Starlette]) -> Iterator[str]:
    def create_app(settings: PleoSettings) -> Starlette:
        return stand_in_apps.setdefault("pleo", pleo_app(settings))

    settings = PleoSettings(
        "",
        CREDENTIALS["pleo_client_id"],
        CREDENTIALS["pleo_client_secret"],
        (f"{PUBLIC_URL}/oauth/pleo/callback",),
        f"{PUBLIC_URL}/connect",
        f"{PUBLIC_URL}/status",
    )
    with running(create_app, settings) as url:
        yield url


@pytest.fixture(scope="session")
def lexoffice_url(stand_in_apps: dict[str, Starlette]) -> Iterator[str]:
    def create_app(settings: LexofficeSettings) -> Starlette:
        return stand_in_apps.setdefault("lexoffice", lexoffice_app(settings))

    settings = LexofficeSettings(
        public_url="",
        client_id=CREDENTIALS["lexoffice_client_id"],
        client_secret=CREDENTIALS["lexoffice_client_secret"],
        redirect_uris=(f"{PUBLIC_URL}/oauth/lexoffice/callback",),
    )
    with running(create_app, settings) as url:
        yield url


@pytest.fixture(scope="session")
def stand_ins(pleo_url: str, lexoffice_url: str) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """A client of Pleo's stand-in and one of lexoffice's."""
    with (
        httpx.Client(base_url=pleo_url, trust_env=False, timeout=10) as pleo,
        httpx.Client(base_url=lexoffice_url, trust_env=False, timeout=10) as lexoffice,
    ):
        yield pleo, lexoffice


@dataclass(slots=True)
class Linked:
    """The oauth door, both stand-ins, and a browser that says yes."""

    app: ModuleType
    cloud: Cloud
    pleo: httpx.Client
    lexoffice: httpx.Client
    sample: Callable[[str], Document]
    cookies: list[str] = field(default_factory=list)

    def visit(self, method: str, path: str, query: dict[str, str] | None = None, **changes: Any) -> Document:
        """One request of the browser to the oauth door."""
        event = {
            **self.sample("oauth_connect"),
            "routeKey": f"{method} {path}",
            "rawPath": path,
            "queryStringParameters": query or {},
            "cookies": self.cookies,
            **changes,
        }
        if method == "POST":
            event["headers"] = {"origin": PUBLIC_URL, **event["headers"], **changes.get("headers", {})}
        answer: Document = self.app.handler(event, Context(29_000))
        kept = dict(cookie.split("=", 1) for cookie in self.cookies)
        kept |= dict(cookie.partition(";")[0].split("=", 1) for cookie in answer.get("cookies", []))
        self.cookies = [f"{name}={value}" for name, value in kept.items()]
        return answer

    def start(self) -> str:
        """Press the button; the address of Pleo's consent page."""
        location: str = self.visit("POST", "/connect")["headers"]["Location"]
        return location

    def consent_at_pleo(self, address: str, company_id: str = DEFAULT_COMPANY_ID) -> dict[str, str]:
        """Say yes at Pleo; the parameters of the way back."""
        self.control_pleo("/switches", {"auto_consent": company_id})
        answer = self.pleo.get(address)
        self.control_pleo("/switches", {"auto_consent": ""})
        return _query(answer.headers["location"])

    def consent_at_lexoffice(self, address: str, organisation_id: str = ORGANISATION_ID) -> dict[str, str]:
        """Say yes at lexoffice; the parameters of the way back."""
        answer = self.lexoffice.post(address, data={"decision": "allow", "organization_id": organisation_id})
        return _query(answer.headers["location"])

    def connect(self, company_id: str = DEFAULT_COMPANY_ID, organisation_id: str = ORGANISATION_ID) -> Document:
        """The whole way; the last answer."""
        query = self.consent_at_pleo(self.start(), company_id)
        onwards = self.visit("GET", "/oauth/pleo/callback", query)
        query = self.consent_at_lexoffice(onwards["headers"]["Location"], organisation_id)
        answer = self.visit("GET", "/oauth/lexoffice/callback", query)
        self.work()
        return answer

    def work(self, limit: int = 10) -> list[Document]:
        """Have the worker take what waits in its queue; the messages."""
        from functions.sync import app

        messages = self.cloud.messages("SyncQueue")
        for number, body in enumerate(messages[:limit]):
            event = self.sample("sync")
            event["Records"][0] |= {"body": json.dumps(body), "messageId": str(number)}
            assert app.handler(event, Context()) == {"batchItemFailures": []}
        return messages

    def control_pleo(self, path: str, order: object = None) -> Any:
        return self.pleo.post(f"/control{path}", json=order or {}).raise_for_status().json()

    def control_lexoffice(self, path: str, **order: object) -> Any:
        return self.lexoffice.post(f"/control/{path}", json=order).raise_for_status().json()

    def organisation(self, organisation_id: str = ORGANISATION_ID) -> Document:
        """What lexoffice holds."""
        every = self.lexoffice.get("/control/state").json()["organizations"]
        found: Document = next(each for each in every if each["id"] == organisation_id)
        return found

    def connection(self, company_id: str = DEFAULT_COMPANY_ID) -> Connection:
        found = Connections(self.cloud.connection_table).by_company(company_id)
        assert found is not None
        return found

    def rows(self) -> list[Row]:
        return Ledger(self.cloud.ledger_table).rows(self.connection().connection_id)

    def message(self, name: str, *requests: str) -> Document:
        """The sample event of a queue, for this company."""
        event, body = self.sample(name), {"connection_id": self.connection().connection_id}
        event["Records"][0]["body"] = json.dumps(body | ({"requests": requests} if requests else {}))
        return event


def company_sync(app: ModuleType) -> CompanySync:
    """The flow of the sync door as the door puts it together."""
    flow: CompanySync = app._worker().run.__self__
    return flow


def _query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


@pytest.fixture
def linked(
    configured: Cloud,
    sample: Callable[[str], Document],
    stand_ins: tuple[httpx.Client, httpx.Client],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Linked]:
    """The doors pointed at both stand-ins, which are as at their start and count no calls."""
    for pause in ("STEADY_MS", "SLOWEST_MS", "_PENALTY_MS"):
        monkeypatch.setattr(limiter, pause, 1)
    pleo_url, lexoffice_url = (str(each.base_url).rstrip("/") for each in stand_ins)
    addresses = {
        "PLEO_API_URL": pleo_url,
        "PLEO_AUTH_URL": pleo_url,
        "LEXOFFICE_API_URL": lexoffice_url,
        "LEXOFFICE_APP_URL": lexoffice_url,
        "PUBLIC_URL": PUBLIC_URL,
        # Nothing listens there, so lexoffice's events are not subscribed to unless a test wants it.
        "LEXOFFICE_WEBHOOK_KEY": "",
    }
    for name, value in addresses.items():
        monkeypatch.setenv(name, value)
    from functions.export import app as export
    from functions.feed import app as feed
    from functions.oauth import app as oauth
    from functions.oauth.parts import parts
    from functions.schedule import app as schedule
    from functions.sync import app as sync

    for cached in (parts, export._worker, feed._worker, schedule._parts, sync._worker):
        cached.cache_clear()
    made: list[Http] = []
    begin = Http.__init__

    def noted(self: Http, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **{"sleep": lambda _: None, **options})  # nobody waits before another attempt
        made.append(self)

    monkeypatch.setattr(Http, "__init__", noted)
    linked = Linked(oauth, configured, *stand_ins, sample)
    for client in stand_ins:
        client.cookies.clear()
    linked.control_pleo("/reset")
    linked.control_pleo("/webhooks", {"mode": "hold"})
    linked.control_lexoffice("reset")
    linked.control_lexoffice("switches", bucket_rate=1_000_000, bucket_capacity=1_000_000, token_rate=0)
    yield linked
    for http in made:
        http.close()


@dataclass(frozen=True, slots=True)
class Connected:
    """What AWS, both stand-ins and the browser hold right after a company has been connected."""

    at: float
    aws: Document
    pleo: PleoWorld
    lexoffice: LexofficeWorld
    cookies: list[str]

    @classmethod
    def of(cls, linked: Linked, apps: dict[str, Starlette]) -> "Connected":
        """Connect a company and keep what there is."""
        assert linked.connect()["statusCode"] == 303
        linked.cloud.messages("SyncQueue")
        pleo, lexoffice = apps["pleo"].state.world, apps["lexoffice"].state.world
        copies = _copied(pleo), copy.deepcopy(lexoffice)
        return cls(time.monotonic(), in_process.state(), *copies, list(linked.cookies))

    def restore(self, linked: Linked, apps: dict[str, Starlette]) -> None:
        """Make everything as it was."""
        in_process.restore(self.aws)
        world, kept = apps["pleo"].state.world, _copied(self.pleo)
        for each in fields(world):
            setattr(world, each.name, getattr(kept, each.name))
        apps["lexoffice"].state.world = copy.deepcopy(self.lexoffice)
        linked.cookies = list(self.cookies)


def _copied(world: PleoWorld) -> PleoWorld:
    """A copy with the same courier: the server's loop knows it."""
    return copy.deepcopy(world, {id(world.courier): world.courier})


_A_MINUTE = 60  # seconds: times of that moment are still as good as now
_connected: list[Connected] = []


@pytest.fixture
def company(linked: Linked, stand_in_apps: dict[str, Starlette]) -> Linked:
    """A connected company: connected a moment ago, or as the one was that a process connected within a minute."""
    if not _connected or time.monotonic() - _connected[0].at > _A_MINUTE:
        _connected[:] = [Connected.of(linked, stand_in_apps)]
    else:
        _connected[0].restore(linked, stand_in_apps)
    return linked


@pytest.fixture
def export(company: Linked) -> ModuleType:
    """The door, with the wallet's account as contra account in Pleo."""
    from functions.export import app

    company.control_pleo("/contra-account", {"account_external_id": company.connection().account_id})
    return app


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The messages that were put off, with the seconds."""
    put_off: list[tuple[str, int]] = []
    monkeypatch.setattr(
        "shared.aws.queues.CompanyQueue.delay", lambda _, handle, seconds: put_off.append((handle, seconds))
    )
    return put_off


@pytest.fixture
def a_minute_between_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """So much passes before another attempt; after it, the absence of a voucher proves that it was not made."""
    monkeypatch.setattr("shared.flows.exporting.export_item.ItemExporter._may_be_on_its_way", lambda *_: False)
