"""One company between both vendors, from the first consent to the end of its access, in virtual time.

The story touches everything that a switch of a stand-in can change: history, card events, an authorisation that is
cancelled, money in, refused and lost calls, a job without contra account, receipts, hints, events, a lost plan, expired
tokens. What came of it is a `Result`, by the names of its payments.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa

from bench.export_harness import Latency
from bench.export_product import Product, deployed
from bench.export_queues import Context
from local.lexoffice import signing
from local.lexoffice.world import DEFAULT_ORGANIZATION_ID
from local.pleo import wallet
from local.pleo.world import DEFAULT_COMPANY_ID
from local.standin.switches import Board
from shared.aws.ledger import Ledger
from shared.aws.proofs import Proofs
from shared.domain.line import external_reference
from sweep.quick_dynamodb import quick_dynamodb

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = 3600.0
_LATENCY = Latency(vendor=0.1, aws=0.002)
OFFICE_SUPPLIES = "16d04a21-fd91-11e1-a21f-0800200c9a66"
LICENCES_13B = "6d575db0-74e8-433d-a986-27b76ea27f9e"  # wants a contact
_RECEIPT = {"files": [{"kind": "pdf"}]}
_CODED = {"account_external_id": OFFICE_SUPPLIES, "tax_code": "DE-19", "silent": True, **_RECEIPT}
_VENDOR = {"name": "Beispiel & Partner Inc.", "addressCountry": "US"}
_NOTHING = {
    "data": [],
    "pagination": {"currentRequestPagination": {"parameters": {}}, "hasNextPage": False, "hasPreviousPage": False},
}
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


@dataclass(slots=True)
class Result:
    """What came of the story; payments by name, money in cents.

    `connected`: "" or where connecting stopped. `lines` and account's `balance` in lexoffice, `ledger`: states of the
    payments' rows, `wallet`: balance in Pleo, `unexplained` by the proof. `vouchers`: type, total, number of receipts;
    `hints`, and the vouchers' status in `matches`. `jobs` and `items` as Pleo has them. `holds` one after another.
    """

    connected: str = ""
    lines: dict[str, list[int]] = field(default_factory=dict)
    ledger: dict[str, str] = field(default_factory=dict)
    balance: int = 0
    wallet: int = 0
    unexplained: int | None = None
    vouchers: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    hints: set[str] = field(default_factory=set)
    matches: dict[str, str] = field(default_factory=dict)
    jobs: list[str] = field(default_factory=list)
    items: dict[str, str] = field(default_factory=dict)
    holds: list[str] = field(default_factory=list)
    alarms: Counter[str] = field(default_factory=Counter)


@contextmanager
def product() -> Iterator[Product]:
    """The product, connected to nobody, and lexoffice's events on their way to it."""
    key = _event_key()
    parameters = {"LexofficeWebhookKey": signing.public_pem(key.result()).decode()}
    with (
        patch.object(signing, "_key", key),
        quick_dynamodb(),
        deployed(_LATENCY, start=START, parameters=parameters) as made,
    ):
        yield made


@cache
def _event_key() -> Future[rsa.RSAPrivateKey]:
    """A shorter key than lexoffice's: signing takes a fifth of the time."""
    key: Future[rsa.RSAPrivateKey] = Future()
    key.set_result(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    return key


class Story:
    """The company's story at a product."""

    def __init__(self, made: Product) -> None:
        self.product = made
        self.result = Result()
        self._ids: dict[str, str] = {}
        self._events: list[tuple[str, bytes, dict[str, str]]] = []
        self._cookies: list[str] = []

    def tell(self) -> Result:
        """Live through all of it."""
        events = self.product.lexoffice_world.events
        with patch.object(events, "_attempt", self._note_event), patch.object(events, "test_callback", self._head):
            self._pay("history", days_ago=2, silent=True)
            if self._connect():
                self._catch_up()
                self._feed()
                self._export()
                self._match()
                self._wait_for_days()
                self._lose_access()
            return self._seen()

    # ------------------------------------------------------------------------------------------------ chapters
    def _connect(self) -> bool:
        """Both consents as a browser gives them, then the set-up, in which Pleo's answer to the accounts gets lost.

        When it goes on, Pleo does not show the accounts that are there.
        """
        self._pleo("/faults", {"route": "/batch$", "status": 504, "when": "after"})
        to_pleo = self._visit("POST /connect", form={"start_day": f"{START - timedelta(days=3):%Y-%m-%d}"})
        to_lexoffice = self._visit("GET /oauth/pleo/callback", self._consent_at_pleo(to_pleo))
        if urlsplit(to_lexoffice).hostname != "lexoffice.example":
            self.result.connected = "refused at Pleo"
            return False
        back = self._visit("GET /oauth/lexoffice/callback", self._consent_at_lexoffice(to_lexoffice))
        if not back.endswith("/connect/progress"):
            self.result.connected = "refused at lexoffice"
            return False
        self.product.connection_id = self.product.connection().connection_id
        self._sync(set_up=True)
        self._pleo("/faults", {"route": "chart-of-accounts:search$", "times": 2, "status": 200, "body": _NOTHING})
        self._sync(set_up=True)
        self.result.connected = self.product.connection().stopped
        return not self.result.connected

    def _catch_up(self) -> None:
        """The first scheduled syncs; Pleo refuses them for speed at first."""
        board = self.product.pleo_world.switches
        usual = board.current["rate_limit_per_minute"]
        board.current["rate_limit_per_minute"] = 1
        self._sync()
        self.product.clock.sleep(61)
        board.current["rate_limit_per_minute"] = usual
        self._sync()
        self._rest()

    def _feed(self) -> None:
        """Card payments by webhook, money in without one; lexoffice's answer to the first lines gets lost."""
        self._lexoffice("/faults", route="/finance/transactions", method="POST", status=504, when="after")
        for name in ("purchase", "refund", "split", "yen", "licence"):
            self._pay(name)
        self._pay("cancelled", settled=False)
        self._deliver()
        self._pleo(f"/entries/{self._ids['cancelled']}/cancel", {})
        self._pay("load")
        self._lexoffice("/bucket", take=5)
        self._deliver()
        self._rest()
        self._sync(proof=True)
        self._rest()

    def _export(self) -> None:
        """Without contra account, then with all that can go wrong: answers get lost, one expense is not coded."""
        coding: dict[str, dict[str, object]] = {
            "purchase": {"supplier": {"name": "Müller & Söhne"}, "note": "Papier & Stifte"},
            "refund": {},
            "split": {"splits": [self._part(5_950, "DE-19"), self._part(5_950, "DE-7")]},
            "yen": {},
            "licence": {"account_external_id": LICENCES_13B, "tax_code": "DE-RC-19", "vendor": _VENDOR},
        }
        for name, details in coding.items():
            self._pleo(f"/entries/{self._ids[name]}/bookkeeping", _CODED | details)
        self._click()
        account = next(iter(self.product.lexoffice_world.accounts))
        self._pleo("/contra-account", {"account_external_id": account})
        self._lexoffice("/faults", route="/vouchers$", method="POST", status=504, when="after")
        self._lexoffice("/faults", route="/files$", method="POST", status=504, when="after")
        self._click()  # of which `history` fails, because it is not coded
        self._pleo(f"/entries/{self._ids['history']}/bookkeeping", _CODED)
        self._click()

    def _match(self) -> None:
        """Suggestions are approved; then a receipt comes for a voucher that is paid."""
        self._lexoffice("/proposals/approve")
        self._deliver()
        self._rest()
        self._pleo(f"/entries/{self._ids['purchase']}/bookkeeping", {"add_files": [{"kind": "png"}], "silent": True})
        self.product.clock.sleep(1.1 * HOUR)
        self._sync()
        self._rest()

    def _wait_for_days(self) -> None:
        """Access is used daily, and the balance proven; then lexoffice's token endpoint refuses for a while."""
        self.product.clock.sleep(25 * HOUR)
        self._sync()
        self._rest()
        proof = Proofs("LedgerTable").get(self.product.connection_id).proof
        self.result.unexplained = proof.unexplained if proof else None
        self._lexoffice("/expire-access-tokens")
        for _ in range(6):
            self.product.lexoffice.post("/oauth2/token", data={"grant_type": "refresh_token"})
        self._pay("token squeeze")
        self._deliver()
        self._rest(1_800)

    def _lose_access(self) -> None:
        """The plan without bookkeeping, a new consent, the account deactivated, and Pleo's access ended by its user."""
        features = self.product.lexoffice_world.organizations[DEFAULT_ORGANIZATION_ID].business_features
        features.remove("BOOKKEEPING")
        self._pay("lost plan")
        self._deliver()
        self._rest()
        self._note_hold()
        features.append("BOOKKEEPING")
        self._connect_again()
        account = next(iter(self.product.lexoffice_world.accounts))
        self._lexoffice(f"/accounts/{account}", deactivated=True)
        self._pay("lost account")
        self._deliver()
        self._rest()
        self._note_hold()
        self.result.jobs = [row["status"] for row in self.product.pleo_world.jobs.values()]
        self._pleo("/revoke", {"company_id": DEFAULT_COMPANY_ID})
        self.product.clock.sleep(25 * HOUR)
        self._sync()
        self._note_hold()

    # ------------------------------------------------------------------------------------------------ what people do
    def _connect_again(self) -> None:
        to_lexoffice = self._visit("GET /oauth/pleo/callback", self._consent_at_pleo(self._visit("POST /connect")))
        self._visit("GET /oauth/lexoffice/callback", self._consent_at_lexoffice(to_lexoffice))
        self._sync(set_up=True)
        self._sync()
        self._rest()

    def _pay(self, name: str, *, days_ago: int = 0, settled: bool = True, **order: object) -> None:
        moment = datetime.fromtimestamp(self.product.clock.time(), UTC) - timedelta(days=days_ago)
        when = {"settledAt": f"{moment:%Y-%m-%dT%H:%M:%SZ}"} if settled else {}
        self._ids[name] = self._pleo("/entries", PAYMENTS[name] | when | order)["id"]

    def _part(self, cents: int, tax_code: str) -> dict[str, object]:
        return {"amount": cents, "account_external_id": OFFICE_SUPPLIES, "tax_code": tax_code}

    def _click(self, rest: float = 600) -> None:
        """Click «Exportieren» for everything in the queue; Pleo may refuse."""
        self.product.pleo.post("/control/export", json={"all": True})
        self._deliver()
        self._rest(rest)

    def _visit(self, route: str, query: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None) -> str:
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

    def _consent_at_pleo(self, address: str) -> dict[str, str]:
        """The page's form, unless Pleo asks for none; the parameters of the way back."""
        answer = self.product.pleo.get(address)
        if answer.status_code == 200:
            consent = re.search(r'name="consent" value="([^"]+)"', answer.text)
            assert consent
            form = {"consent": consent[1], "company": DEFAULT_COMPANY_ID, "decision": "allow"}
            answer = self.product.pleo.post("/oauth/authorize", data=form)
        return _query(answer.headers["location"])

    def _consent_at_lexoffice(self, address: str) -> dict[str, str]:
        """The page, and its form where there is one; the parameters of the way back."""
        answer = self.product.lexoffice.get(address)
        if answer.status_code == 200:
            form = {"decision": "allow", "organization_id": DEFAULT_ORGANIZATION_ID}
            answer = self.product.lexoffice.post(address, data=form)
        return _query(answer.headers["location"])

    # ------------------------------------------------------------------------------------------------ what comes to us
    def _sync(self, **requests: bool) -> None:
        self.product.take_turn(**requests)

    def _rest(self, seconds: float = 120) -> None:
        self.product.clock.sleep(seconds)

    def _deliver(self) -> None:
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

    async def _note_event(self, delivery: Any, headers: Mapping[str, str]) -> int:
        self._events.append((delivery.subscription.callback_url, delivery.body, dict(headers)))
        return 202

    async def _head(self, url: str) -> int:
        return self._receive("HEAD", url)

    def _pleo(self, path: str, order: object) -> Any:
        return self.product.control_pleo(path, order)

    def _lexoffice(self, path: str, **order: object) -> Any:
        return self.product.control_lexoffice(path, order)

    # ------------------------------------------------------------------------------------------------ what came of it
    def _note_hold(self) -> None:
        self.result.holds.append(self.product.connection().hold)

    def _vouchers(self) -> list[Any]:
        return self.product.lexoffice_world.vouchers_of(DEFAULT_ORGANIZATION_ID)

    def _seen(self) -> Result:
        result, names = self.result, {entry_id: name for name, entry_id in self._ids.items()}
        pleo, lexoffice = self.product.pleo_world, self.product.lexoffice_world
        for line in lexoffice.transactions_of(DEFAULT_ORGANIZATION_ID):
            name = next(name for name, key in self._ids.items() if external_reference(key) == line.external_reference)
            result.lines.setdefault(name, []).append(round(line.amount * 100))
        for row in Ledger("LedgerTable").rows(self.product.connection_id) if self.product.connection_id else ():
            result.ledger[names[row.entry_id]] = row.state.value
        result.balance = sum(round(each.balance * 100) for each in lexoffice.accounts.values())
        result.wallet = wallet.balance(0, pleo.entries.values())
        exported = {
            item["externalId"]: names[entry_id]
            for rows in pleo.job_items.values()
            for entry_id, item in rows.items()
            if item["externalId"]
        }
        for voucher in self._vouchers():
            shown = (voucher.type, round(voucher.total * 100), len(voucher.files))
            name = exported.get(voucher.id, f"unreported {voucher.number}")
            result.vouchers[name if name not in result.vouchers else f"second of {name}"] = shown
        result.hints = {exported.get(each, "unreported") for each in lexoffice.hints}
        for rows in pleo.job_items.values():
            for entry_id, item in rows.items():
                code = re.search(r"[A-Z]+-[A-Z-]+", item.get("failureReason") or "")
                result.items[names[entry_id]] = " ".join(filter(None, [item["status"], code[0] if code else ""]))
        result.matches = {exported[each.id]: each.status for each in self._vouchers() if each.id in exported}
        result.alarms = Counter(
            {text: times for (level, text), times in self.product.told.lines.items() if level == "error"}
        )
        return result


def boards(made: Product) -> dict[str, Board]:
    """The switches of both stand-ins."""
    return {"pleo": made.pleo_world.switches, "lexoffice": made.lexoffice_world.switches}


def _query(address: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in urlsplit(address).query.split("&")) if "?" in address else {}
