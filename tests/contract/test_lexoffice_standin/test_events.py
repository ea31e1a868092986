"""Event subscriptions and their signed calls (https://developers.lexware.io/docs/#event-subscriptions-endpoint)."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from local.lexoffice import event_sender

from .driver import CLIENT_ID, CLIENT_SECRET, HOME, App, StandIn, violations, voucher


class Callback:
    """Listens on this machine and answers what it is told, then 204."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.head_status = 404
        self.calls: list[tuple[bytes, str]] = []
        callback = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self._answer(callback.head_status)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                callback.calls.append((body, self.headers["X-Lxo-Signature"]))
                self._answer(callback.answers.pop(0) if callback.answers else 204)

            def _answer(self, status: int) -> None:
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/again")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/events"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


@pytest.fixture
def callback(standin: StandIn) -> Iterator[Callback]:
    callback = Callback()
    yield callback
    standin.control("reset")
    callback.close()


@pytest.fixture
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The documented number of attempts, one right after the other."""
    monkeypatch.setattr(event_sender, "RETRY_SECONDS", [0] * len(event_sender.RETRY_SECONDS))


def subscribe(app: App, url: str, event_type: str = "voucher.created") -> str:
    response = app.post("event-subscriptions", {"eventType": event_type, "callbackUrl": url})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def log(standin: StandIn) -> Any:
    return standin.http.get("/control/events").json()


def wait_for(condition: Callable[[], bool]) -> None:
    """The first call of a process waits for the key, which may take seconds."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def sent(standin: StandIn) -> Any:
    """The log once every delivery is done."""
    wait_for(lambda: all(event["done"] for event in log(standin)))
    return log(standin)


def test_an_event_is_signed_over_its_raw_body(standin: StandIn, app: App, callback: Callback) -> None:
    subscribe(app, callback.url)

    voucher_id = app.create_voucher()
    wait_for(lambda: bool(callback.calls))

    body, signature = callback.calls[0]
    event = json.loads(body)
    pem = standin.http.get("/webhookSignature/public/public_key.pub", timeout=30).content
    key = serialization.load_pem_public_key(pem)
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 4096
    key.verify(base64.b64decode(signature), body, padding.PKCS1v15(), hashes.SHA512())
    with pytest.raises(InvalidSignature):
        key.verify(base64.b64decode(signature), body + b" ", padding.PKCS1v15(), hashes.SHA512())
    assert set(event) == {"organizationId", "eventType", "resourceId", "eventDate"}
    assert (event["organizationId"], event["eventType"]) == (HOME, "voucher.created")
    assert event["resourceId"] == voucher_id
    assert b" " not in body


def test_subscriptions_are_listed_read_and_deleted(app: App, callback: Callback) -> None:
    id_ = subscribe(app, callback.url)

    (listed,) = app.get("event-subscriptions").json()["content"]
    assert (listed["subscriptionId"], listed["eventType"]) == (id_, "voucher.created")
    assert (listed["callbackUrl"], listed["organizationId"]) == (callback.url, HOME)
    assert app.get(f"event-subscriptions/{id_}").json() == listed
    assert app.delete(f"event-subscriptions/{id_}").status_code == 204
    assert app.get(f"event-subscriptions/{id_}").status_code == 404


def test_the_same_subscription_twice_is_a_conflict(app: App, callback: Callback) -> None:
    subscribe(app, callback.url)
    subscribe(app, callback.url, "voucher.changed")

    again = app.post("event-subscriptions", {"eventType": "voucher.created", "callbackUrl": callback.url})

    assert again.status_code == 409


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"eventType": "voucher.vanished"}, "eventType"),
        ({"eventType": "Voucher.Created"}, "eventType"),
        ({"callbackUrl": "http://example.com/events"}, "callbackUrl"),
        ({"callbackUrl": "ftp://127.0.0.1/events"}, "callbackUrl"),
        ({"callbackUrl": "nowhere"}, "callbackUrl"),
        ({"callbackUrl": "https://[::1/events"}, "callbackUrl"),
        ({"callbackUrl": "https://127.0.0.1:99999/events"}, "callbackUrl"),
        # Port 9 is closed: the test call fails.
        ({"callbackUrl": "http://127.0.0.1:9/events"}, "callbackUrl"),
        ({"callbackUrl": "https://127.0.0.1:9/events"}, "callbackUrl"),
    ],
    ids=str,
)
def test_a_wrong_subscription_is_refused(app: App, callback: Callback, body: dict[str, str], field: str) -> None:
    response = app.post("event-subscriptions", {"eventType": "voucher.created", "callbackUrl": callback.url} | body)

    assert violations(response) == [(field, "INVALID")]


def test_approving_tells_of_payment_and_status(standin: StandIn, app: App, callback: Callback) -> None:
    account_id = app.open_account()
    for event_type in ("payment.changed", "voucher.status.changed", "voucher.changed"):
        subscribe(app, callback.url, event_type)
    voucher_id = app.create_voucher()
    app.feed(account_id)
    app.post("transaction-assignment-hint", {"voucherId": voucher_id, "externalReference": "entry-1"})

    standin.control("proposals/approve")

    assert {(event["eventType"], event["resourceId"]) for event in sent(standin)} == {
        ("payment.changed", voucher_id),
        ("voucher.status.changed", voucher_id),
    }


def test_changing_a_voucher_is_told(standin: StandIn, app: App, callback: Callback) -> None:
    subscribe(app, callback.url, "voucher.changed")
    voucher_id = app.create_voucher()

    app.put(f"vouchers/{voucher_id}", voucher(version=1))

    assert [event["resourceId"] for event in sent(standin)] == [voucher_id]


def test_a_revoked_connection_is_told_and_takes_its_subscriptions_along(
    standin: StandIn, app: App, callback: Callback
) -> None:
    connection_id = app.get("profile").json()["connectionId"]
    subscribe(app, callback.url, "token.revoked")
    subscribe(app, callback.url, "voucher.created")

    standin.http.post("/oauth2/revoke", data={"token": app.tokens["refresh_token"]}, auth=(CLIENT_ID, CLIENT_SECRET))

    assert [(event["eventType"], event["resourceId"]) for event in sent(standin)] == [("token.revoked", connection_id)]
    assert standin.state()["subscriptions"] == []


def test_the_customer_can_revoke_too(standin: StandIn, app: App, callback: Callback) -> None:
    subscribe(app, callback.url, "token.revoked")

    standin.control("revoke")
    standin.control("revoke")

    assert len(sent(standin)) == 1


def test_a_stranger_hears_nothing(standin: StandIn, app: App, stranger: App, callback: Callback) -> None:
    id_ = subscribe(app, callback.url)

    stranger.create_voucher()

    assert log(standin) == []
    assert stranger.get(f"event-subscriptions/{id_}").status_code == 403


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
@pytest.mark.usefixtures("without_waiting")
def test_a_refused_event_is_sent_again(standin: StandIn, app: App, callback: Callback, status: int) -> None:
    callback.answers = [status, status]
    subscribe(app, callback.url)

    app.create_voucher()

    assert [event["attempts"] for event in sent(standin)] == [[status, status, 204]]


@pytest.mark.parametrize("status", [400, 409, 422])
@pytest.mark.usefixtures("without_waiting")
def test_other_refusals_are_final(standin: StandIn, app: App, callback: Callback, status: int) -> None:
    callback.answers = [status]
    subscribe(app, callback.url)

    app.create_voucher()

    assert [event["attempts"] for event in sent(standin)] == [[status]]
    assert len(standin.state()["subscriptions"]) == 1


def test_gone_ends_the_subscription(standin: StandIn, app: App, callback: Callback) -> None:
    callback.answers = [410]
    subscribe(app, callback.url)

    app.create_voucher()

    assert [event["attempts"] for event in sent(standin)] == [[410]]
    assert standin.state()["subscriptions"] == []


@pytest.mark.usefixtures("without_waiting")
def test_an_address_that_stays_missing_loses_its_subscription(standin: StandIn, app: App, callback: Callback) -> None:
    callback.answers = [404] * 100
    subscribe(app, callback.url)

    app.create_voucher()

    (event,) = sent(standin)
    assert event["attempts"] == [404] * 26
    assert standin.state()["subscriptions"] == []


def test_events_can_be_made_up(standin: StandIn, app: App, callback: Callback) -> None:
    subscribe(app, callback.url, "payment.changed")

    assert standin.control("events", eventType="payment.changed", resourceId="any") == {"sent": 1}

    assert [event["resourceId"] for event in sent(standin)] == ["any"]
    assert standin.http.post("/control/events", json={"eventType": "x", "resourceId": "y"}).status_code == 400
