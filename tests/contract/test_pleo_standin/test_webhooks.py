"""The stand-in's webhooks: subscriptions, signatures, retries, and the ways a test may misuse them."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from local.pleo.driver import Driver
from local.pleo.signing import signature
from local.pleo.world import DEFAULT_COMPANY_ID

CARD_EVENTS = [f"v1.card-transaction.{what}" for what in ("created", "updated", "settled")]
pytestmark = pytest.mark.usefixtures("connected")


@dataclass
class Inbox:
    """An endpoint that keeps what it got and answers with the statuses it was told, then 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    box = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            box.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(box.statuses.pop(0) if box.statuses else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    box.url = f"http://127.0.0.1:{server.server_port}/webhooks/pleo/c-1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield box
    server.shutdown()
    thread.join()
    server.server_close()


def subscribe(pleo: Driver, endpoint: str, **changes: Any) -> str:
    body = {"endpointUrl": endpoint, "eventTypes": CARD_EVENTS} | changes
    answer = pleo.api("POST", "/v1/subscriptions", body)
    assert answer.status_code == 200
    return str(answer.json()["data"]["id"])


def secret_of(pleo: Driver, subscription_id: str) -> str:
    return str(pleo.api("GET", f"/v1/subscriptions/{subscription_id}/secret").json()["data"]["secretKey"])


def until_idle(pleo: Driver) -> dict[str, Any]:
    state: dict[str, Any] = pleo.control("GET", "/webhooks/idle?wait=5")
    return state


# --- subscriptions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"endpointUrl": "http://bridge.example/hooks"},
        {"endpointUrl": "bridge"},
        {"eventTypes": []},
        {"eventTypes": ["v1.card.created"]},
        {"eventTypes": [CARD_EVENTS[0], CARD_EVENTS[0]]},
        {"status": "PAUSED"},
        {"endpointAuth": {"type": "BEARER"}},
        {"endpointAuth": {"type": "BASIC"}},
        {"customHeaders": {"x": 1}},
    ],
)
def test_a_wrong_subscription_is_refused(pleo: Driver, changes: dict[str, Any]) -> None:
    body = {"endpointUrl": "https://bridge.example/hooks", "eventTypes": CARD_EVENTS} | changes

    answer = pleo.api("POST", "/v1/subscriptions", body)

    assert (answer.status_code, answer.json()["type"]) == (400, "VALIDATION_FAILED")


def test_subscriptions_are_listed_and_deleted(pleo: Driver) -> None:
    first = subscribe(pleo, "https://bridge.example/a", status="INACTIVE")
    second = subscribe(pleo, "https://bridge.example/b", eventTypes=["v1.export-job.created"])

    inactive = pleo.api("GET", "/v1/subscriptions", status="INACTIVE").json()["data"]
    exports = pleo.api("GET", "/v1/subscriptions", event_types="v1.export-job.created").json()["data"]
    deleted = pleo.api("DELETE", f"/v1/subscriptions/{first}").status_code

    assert [each["id"] for each in inactive] == [first]
    assert [each["id"] for each in exports] == [second]
    assert deleted == 204
    assert [each["id"] for each in pleo.api("GET", "/v1/subscriptions").json()["data"]] == [second]
    assert pleo.api("DELETE", f"/v1/subscriptions/{first}").status_code == 404


def test_another_companys_subscription_is_not_found(pleo: Driver) -> None:
    subscription_id = subscribe(pleo, "https://bridge.example/a")
    pleo.connect(pleo.control("POST", "/companies", {"name": "Zweite Muster GmbH"})["id"])

    assert pleo.api("GET", f"/v1/subscriptions/{subscription_id}/secret").status_code == 404
    assert pleo.api("GET", "/v1/subscriptions").json()["data"] == []


# --- deliveries ------------------------------------------------------------------------------------------------------


def test_the_life_of_a_payment_is_told_in_signed_events(pleo: Driver, inbox: Inbox) -> None:
    subscription_id = subscribe(pleo, inbox.url, customHeaders={"X-Tenant": "t-42"})
    entry_id = pleo.control("POST", "/entries", {"amount": 1000})["id"]
    until_idle(pleo)

    pleo.control("POST", f"/entries/{entry_id}/settle", {"billMinors": 1100})
    until_idle(pleo)

    created, settled = inbox.bodies()
    assert (created["eventType"], created["data"]["status"]) == (CARD_EVENTS[0], "PENDING")
    assert (settled["eventType"], settled["data"]["status"]) == (CARD_EVENTS[2], "COMPLETED")
    assert settled["data"]["totalBillValue"] == {"currency": "EUR", "minors": 1100}
    key = base64.b64decode(secret_of(pleo, subscription_id).removeprefix("whsec_"))
    for headers, body in inbox.got:
        content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{expected}"
        assert headers["x-tenant"] == "t-42"


def test_a_retry_keeps_the_id_and_stops_at_the_first_2xx(pleo: Driver, inbox: Inbox) -> None:
    subscribe(pleo, inbox.url)
    pleo.control("POST", "/webhooks", {"retry_scale": 0.00001})
    inbox.statuses = [500, 302, 204]

    pleo.control("POST", "/entries", {})
    until_idle(pleo)

    [delivery] = pleo.control("GET", "/state")["deliveries"]
    assert [each["status"] for each in delivery["attempts"]] == [500, 302, 204]
    assert delivery["status"] == "delivered"
    assert {headers["webhook-id"] for headers, _ in inbox.got} == {delivery["messageId"]}
    assert len({body for _, body in inbox.got}) == 1


def test_after_eight_attempts_a_delivery_has_failed(pleo: Driver) -> None:
    subscribe(pleo, "http://127.0.0.1:9/nobody-listens")
    pleo.control("POST", "/webhooks", {"retry_scale": 0.0})

    pleo.control("POST", "/entries", {})
    until_idle(pleo)

    [delivery] = pleo.control("GET", "/state")["deliveries"]
    assert (delivery["status"], len(delivery["attempts"])) == ("failed", 8)


def test_basic_authentication_is_sent_when_asked_for(pleo: Driver, inbox: Inbox) -> None:
    auth = {"type": "BASIC", "credentials": {"username": "hook", "password": "open"}}
    subscribe(pleo, inbox.url, endpointAuth=auth)

    pleo.control("POST", "/entries", {})
    until_idle(pleo)

    assert inbox.got[0][0]["authorization"] == "Basic " + base64.b64encode(b"hook:open").decode()


def test_two_subscriptions_to_one_endpoint_deliver_twice(pleo: Driver, inbox: Inbox) -> None:
    subscribe(pleo, inbox.url)
    subscribe(pleo, inbox.url)

    pleo.control("POST", "/entries", {})
    until_idle(pleo)

    first, second = inbox.bodies()
    assert first["eventId"] == second["eventId"]
    assert inbox.got[0][0]["webhook-id"] != inbox.got[1][0]["webhook-id"]


@pytest.mark.parametrize("change", ["INACTIVE", "DELETED"])
def test_an_inactive_or_deleted_subscription_is_silent(pleo: Driver, inbox: Inbox, change: str) -> None:
    subscription_id = subscribe(pleo, inbox.url, status="ACTIVE" if change == "DELETED" else change)
    if change == "DELETED":
        pleo.api("DELETE", f"/v1/subscriptions/{subscription_id}")

    pleo.control("POST", "/entries", {})

    assert until_idle(pleo)["idle"] is True
    assert inbox.got == []


def test_a_subscription_outlives_the_installation(pleo: Driver, inbox: Inbox) -> None:
    subscribe(pleo, inbox.url)
    pleo.control("POST", "/revoke", {"company_id": DEFAULT_COMPANY_ID})

    pleo.control("POST", "/entries", {})
    until_idle(pleo)

    assert len(inbox.got) == 1


def test_a_live_delivery_may_be_multiplied(pleo: Driver, inbox: Inbox) -> None:
    subscribe(pleo, inbox.url)
    pleo.control("POST", "/webhooks", {"copies": 50})

    pleo.control("POST", "/entries", {})
    until_idle(pleo)

    assert len(inbox.got) == 50
    assert len({headers["webhook-id"] for headers, _ in inbox.got}) == 1


def test_a_change_after_settlement_is_told_as_an_update(pleo: Driver, inbox: Inbox) -> None:
    subscribe(pleo, inbox.url)
    entry_id = pleo.control("POST", "/entries", {"settledAt": "2026-03-02T10:00:00Z", "silent": True})["id"]

    pleo.control("PATCH", f"/entries/{entry_id}", {"totalBillValue": {"currency": "EUR", "minors": 990}})
    until_idle(pleo)

    [body] = inbox.bodies()
    assert body["eventType"] == CARD_EVENTS[1]
    assert body["data"]["totalBillValue"]["minors"] == 990


def test_only_card_purchases_have_events(pleo: Driver, inbox: Inbox) -> None:
    subscribe(pleo, inbox.url)
    load = {"family": "WALLET", "subFamily": "LOAD"}

    pleo.control("POST", "/entries", load)

    assert until_idle(pleo)["idle"] is True
    assert inbox.got == []


def test_a_reversed_authorisation_is_an_update(pleo: Driver, inbox: Inbox) -> None:
    subscribe(pleo, inbox.url)
    entry_id = pleo.control("POST", "/entries", {})["id"]
    until_idle(pleo)

    pleo.control("POST", f"/entries/{entry_id}/cancel")
    until_idle(pleo)

    assert [each["eventType"] for each in inbox.bodies()] == [CARD_EVENTS[0], CARD_EVENTS[1]]
    assert pleo.control("GET", f"/entries/{entry_id}")["status"] == "CANCELLED"


def test_silent_steps_send_nothing(pleo: Driver, inbox: Inbox) -> None:
    subscribe(pleo, inbox.url)
    entry_id = pleo.control("POST", "/entries", {"silent": True})["id"]

    pleo.control("POST", f"/entries/{entry_id}/settle", {"silent": True})

    assert until_idle(pleo)["idle"] is True
    assert inbox.got == []


# --- misuse ----------------------------------------------------------------------------------------------------------


def test_held_events_are_multiplied_and_shuffled_repeatably(pleo: Driver, inbox: Inbox) -> None:
    subscribe(pleo, inbox.url)
    manner = {"mode": "hold", "copies": 3, "shuffle": True, "seed": 7, "parallel": 1}
    pleo.control("POST", "/webhooks", manner)
    pleo.control("POST", "/entries/batch", [{"amount": number} for number in range(1, 6)])
    held = until_idle(pleo)["held"]

    sent = pleo.control("POST", "/webhooks/flush")["sent"]
    until_idle(pleo)

    amounts = [body["data"]["transactionValue"]["minors"] for body in inbox.bodies()]
    assert (held, sent) == (5, 15)
    assert sorted(amounts) == sorted([1, 2, 3, 4, 5] * 3)
    assert amounts != sorted(amounts)
    assert len({headers["webhook-id"] for headers, _ in inbox.got}) == 5


def test_dropped_events_are_never_sent(pleo: Driver, inbox: Inbox) -> None:
    subscribe(pleo, inbox.url)
    pleo.control("POST", "/webhooks", {"drop": True})

    pleo.control("POST", "/entries", {})

    assert [each["status"] for each in pleo.control("GET", "/state")["deliveries"]] == ["dropped"]
    assert inbox.got == []


def test_body_shape_b_wraps_the_event_and_is_signed_as_a_whole(pleo: Driver, inbox: Inbox) -> None:
    subscription_id = subscribe(pleo, inbox.url)
    pleo.control("POST", "/webhooks", {"body_shape": "B"})

    pleo.control("POST", "/entries", {})
    until_idle(pleo)

    [(headers, body)] = inbox.got
    signed = signature(
        secret_of(pleo, subscription_id),
        message_id=headers["webhook-id"],
        timestamp=headers["webhook-timestamp"],
        body=body,
    )
    assert json.loads(body)["payload"]["eventType"] == CARD_EVENTS[0]
    assert headers["webhook-signature"] == signed


def test_a_raw_delivery_may_be_wrong_in_every_way(pleo: Driver, inbox: Inbox) -> None:
    inbox.statuses = [401]
    order = {
        "subscription_id": subscribe(pleo, inbox.url),
        "body": "not json",
        "timestamp": "NaN",
        "webhook_id": "msg_1",
        "secret": "whsec_c2ltdWxhdG9yLXNlY3JldC0wMTIzNDU2Nzg5",
        "headers": {"webhook-signature": None, "content-encoding": "gzip"},
    }

    answer = pleo.control("POST", "/webhooks/send-raw", order)

    [(headers, body)] = inbox.got
    assert answer == {"status": 401}
    assert (headers["webhook-timestamp"], headers["webhook-id"], body) == ("NaN", "msg_1", b"not json")
    assert "webhook-signature" not in headers
    assert headers["content-encoding"] == "gzip"
