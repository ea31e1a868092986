"""How a vendor call is sent, and what each way of failing is called."""

import logging
import socket
import struct
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest
from scripted import serving

from shared.errors import (
    AccessGone,
    ConfigError,
    Conflict,
    Forbidden,
    Issue,
    NotFound,
    OutcomeUnknown,
    OutOfTime,
    RateLimited,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
    VendorError,
)
from shared.http.answer import HttpAnswer
from shared.http.call import Form
from shared.http.client import Http

SECRET = "token-nobody-may-see"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BASE = "https://vendor.example"

type Script = httpx.Response | Exception


@dataclass
class Vendor:
    """Answers with the scripted responses in turn, the last one for ever, and remembers what it was asked."""

    script: list[Script]
    requests: list[httpx.Request] = field(default_factory=list)
    sleeps: list[float] = field(default_factory=list)
    seconds_per_call: float = 0
    now: float = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        self.now += self.seconds_per_call
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, Exception):
            raise step
        # A response object can be streamed once only.
        return httpx.Response(step.status_code, headers=step.headers, content=step.content)


@dataclass
class Tokens:
    """A store whose token is replaced on demand."""

    token: str = SECRET
    rejected: list[str] = field(default_factory=list)

    def current(self) -> str:
        return self.token

    def renew(self, rejected: str) -> str:
        self.rejected.append(rejected)
        self.token = "renewed-token"
        return self.token


@dataclass
class Pacer:
    waits: int = 0
    refusals: int = 0
    told: float | None = None
    sendings: int = 0

    def wait(self) -> None:
        self.waits += 1

    def record_sent(self) -> None:
        self.sendings += 1

    def record_refusal(self, retry_after: float | None) -> None:
        self.refusals += 1
        self.told = retry_after


def answering(
    *script: Script,
    tokens: Tokens | None = None,
    pacer: Pacer | None = None,
    issues: Callable[[HttpAnswer], tuple[Issue, ...]] = lambda _: (),
) -> tuple[Http, Vendor]:
    vendor = Vendor(list(script))
    http = Http(
        "lexoffice",
        BASE,
        issues=issues,
        transport=httpx.MockTransport(vendor),
        sleep=vendor.sleeps.append,
        clock=lambda: vendor.now,
    )
    return http.acting_for(tokens, pacer=pacer), vendor


def ok(body: object = None) -> httpx.Response:
    return httpx.Response(200, json=body)


# What is sent


def test_money_is_written_with_exactly_its_decimals() -> None:
    http, vendor = answering(ok())

    http.request("POST", "/v1/lines", json=[{"amount": Decimal("-18.90"), "rate": Decimal("0.19"), "n": 3}])

    assert vendor.requests[0].content == b'[{"amount":-18.90,"rate":0.19,"n":3}]'
    assert vendor.requests[0].headers["content-type"] == "application/json"


def test_repeated_parameters_and_forms_are_sent_as_such() -> None:
    http, vendor = answering(ok())

    http.request(
        "POST", "/oauth/token", params={"key": ["a", "b"], "on": True}, form=Form({"code": "x y"}, ("id", "pw"))
    )

    request = vendor.requests[0]
    assert str(request.url) == f"{BASE}/oauth/token?key=a&key=b&on=true"
    assert request.content == b"code=x+y"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["authorization"] == "Basic aWQ6cHc="


def test_client_credentials_are_sent_instead_of_the_token() -> None:
    http, vendor = answering(ok(), tokens=Tokens())

    http.request("POST", "/oauth/token", form=Form({}, ("id", "pw")))

    assert vendor.requests[0].headers["authorization"].startswith("Basic ")


def test_the_current_token_is_asked_for_with_every_call() -> None:
    tokens = Tokens()
    http, vendor = answering(ok(), tokens=tokens)

    http.request("GET", "/v1/profile")
    tokens.token = "another-token"
    http.request("GET", "/v1/profile")

    sent = [request.headers["authorization"] for request in vendor.requests]
    assert sent == [f"Bearer {SECRET}", "Bearer another-token"]


def test_a_view_acts_for_its_own_company_only() -> None:
    http, vendor = answering(ok(), tokens=Tokens("first"))
    pacer = Pacer()

    http.acting_for(Tokens("second"), pacer=pacer).request("GET", "/")
    http.request("GET", "/")

    assert [request.headers["authorization"] for request in vendor.requests] == ["Bearer second", "Bearer first"]
    assert pacer.waits == 1


def test_a_cookie_set_for_one_company_does_not_travel_with_the_next() -> None:
    http, vendor = answering(httpx.Response(200, headers={"Set-Cookie": "session=one"}))

    http.request("GET", "/")
    http.request("GET", "/")

    assert "cookie" not in vendor.requests[1].headers


@pytest.mark.parametrize("url", ["https://api.example", "http://localhost:8080/", "http://127.0.0.1:1"])
def test_https_and_this_machine_are_accepted_as_base_url(url: str) -> None:
    Http("pleo", url).close()


@pytest.mark.parametrize(
    "url",
    ["http://api.example", "ftp://localhost", "https://", "https://u:p@api.example", "https://a.example?x=1", ""],
)
def test_any_other_base_url_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigError, match="base URL for pleo"):
        Http("pleo", url)


# What comes back


def test_fractions_are_read_as_decimals() -> None:
    http, _ = answering(httpx.Response(200, content=b'{"amount": 119.10, "count": 2}'))

    body = http.request("GET", "/").json()

    assert str(body["amount"]) == "119.10"
    assert body["count"] == 2


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"a": NaN}', b"\xff\xfe\x00", b"[" * 100_000])
def test_a_body_that_is_not_json_is_unexpected(content: bytes) -> None:
    http, _ = answering(httpx.Response(200, content=content))

    with pytest.raises(UnexpectedAnswer, match="not JSON"):
        http.request("GET", "/").json()


def test_headers_ignore_case() -> None:
    http, _ = answering(httpx.Response(201, headers={"Location": "/v1/things/1"}))

    assert http.request("POST", "/").headers["LOCATION"] == "/v1/things/1"


def test_redirects_are_not_followed() -> None:
    http, vendor = answering(httpx.Response(302, headers={"Location": "https://elsewhere.example/"}))

    with pytest.raises(UnexpectedAnswer) as caught:
        http.request("GET", "/")

    assert caught.value.status == 302
    assert len(vendor.requests) == 1


def test_an_endless_body_is_given_up() -> None:
    http, _ = answering(httpx.Response(200, content=b"x" * (10 * 1024 * 1024 + 1)))

    with pytest.raises(UnexpectedAnswer, match="too large"):
        http.request("GET", "/")


# Refusals


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Rejected),
        (402, Forbidden),
        (403, Forbidden),
        (404, NotFound),
        (405, Rejected),
        (406, Rejected),
        (409, Conflict),
        (413, Rejected),
        (415, Rejected),
        (422, Rejected),
    ],
)
def test_a_refusal_has_the_kind_of_its_status_and_the_vendors_issues(status: int, kind: type[VendorError]) -> None:
    issue = Issue("[3].purpose", "NOTBLANK")
    pacer = Pacer()
    http, vendor = answering(
        httpx.Response(status, headers={"X-Request-Id": "req-1"}), issues=lambda _: (issue,), pacer=pacer
    )

    with pytest.raises(kind) as caught:
        http.request("POST", "/v1/lines", params={"a": "b"}, json=[])

    assert type(caught.value) is kind
    assert caught.value.vendor == "lexoffice"
    assert caught.value.operation == "POST /v1/lines"
    assert caught.value.status == status
    assert caught.value.request_id == "req-1"
    assert caught.value.issues == (issue,)
    assert len(vendor.requests) == 1
    assert pacer.refusals == 0


def test_a_refusal_without_such_a_header_has_the_id_of_its_body() -> None:
    http, _ = answering(httpx.Response(406, json={"requestId": "25d9738a\n<b>", "IssueList": []}))

    with pytest.raises(Rejected) as caught:
        http.request("POST", "/v1/lines", json=[])

    assert caught.value.request_id == "25d9738ab"  # nothing but what an id is made of goes into a log


def test_the_newest_success_is_known_by_the_vendors_id_of_it() -> None:
    named, nameless = httpx.Response(200, headers={"x-amzn-RequestId": "req-2"}, json={}), httpx.Response(200, json={})
    http, _ = answering(named, nameless)
    assert http.request_id == ""

    seen = []
    for _ in range(2):
        http.request("GET", "/v1/profile")
        seen.append(http.request_id)

    assert seen == ["req-2", ""]


@pytest.mark.parametrize("place", ["version", "lockVersion"])
def test_a_406_about_the_version_is_a_conflict(place: str) -> None:
    http, _ = answering(httpx.Response(406), issues=lambda _: (Issue(place, "invalid_value"),))

    with pytest.raises(Conflict):
        http.request("PUT", "/v1/contacts/1", json={})


def test_a_401_is_answered_with_one_renewed_token() -> None:
    tokens, pacer = Tokens(), Pacer()
    http, vendor = answering(httpx.Response(401), ok(), tokens=tokens, pacer=pacer)

    http.request("POST", "/v1/lines", json=[1])

    assert tokens.rejected == [SECRET]
    assert [r.headers["authorization"] for r in vendor.requests] == [f"Bearer {SECRET}", "Bearer renewed-token"]
    assert vendor.requests[1].content == b"[1]"
    assert pacer.waits == 2


def test_a_second_401_means_the_access_is_gone() -> None:
    http, vendor = answering(httpx.Response(401), tokens=Tokens())

    with pytest.raises(AccessGone):
        http.request("GET", "/v1/profile")

    assert len(vendor.requests) == 2


def test_a_401_without_tokens_is_a_refusal() -> None:
    http, _ = answering(httpx.Response(401), issues=lambda _: (Issue("", "invalid_client"),))

    with pytest.raises(Rejected):
        http.request("POST", "/oauth/token", form=Form({}))


# Limits


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_429_was_not_executed_so_a_paced_call_takes_the_next_slot(method: str) -> None:
    pacer = Pacer()
    refusal = httpx.Response(429, headers={"Retry-After": "7"})
    http, vendor = answering(refusal, httpx.Response(200, json=[]), pacer=pacer)

    assert http.request(method, "/v1/lines").status == 200
    assert (pacer.waits, pacer.refusals, pacer.told) == (2, 1, 7)
    assert len(vendor.requests) == 2


def test_a_paced_call_that_is_refused_again_and_again_gives_up() -> None:
    pacer = Pacer()
    http, vendor = answering(httpx.Response(429), pacer=pacer)

    with pytest.raises(RateLimited):
        http.request("POST", "/v1/lines", json=[])

    assert pacer.refusals == len(vendor.requests) == 8


def test_a_429_without_a_pacer_is_told_at_once() -> None:
    http, vendor = answering(httpx.Response(429, headers={"Retry-After": "7"}))

    with pytest.raises(RateLimited) as caught:
        http.request("GET", "/v1/lines")

    assert caught.value.retry_after == 7
    assert len(vendor.requests) == 1


def test_a_429_without_retry_after_says_nothing_about_when() -> None:
    http, _ = answering(httpx.Response(429, json={"message": "Rate limit exceeded"}))

    with pytest.raises(RateLimited) as caught:
        http.request("POST", "/v1/lines")

    assert caught.value.retry_after is None


DISGUISE = httpx.Response(500, json={"message": "Internal server error or Rate Limit Exceeded"})


def test_a_throttle_disguised_as_500_leaves_a_writes_outcome_unknown() -> None:
    pacer = Pacer()
    http, _ = answering(DISGUISE, pacer=pacer)

    with pytest.raises(OutcomeUnknown):
        http.request("POST", "/v1/lines", json=[])

    assert pacer.refusals == 1


def test_a_throttle_disguised_as_500_is_a_throttle_for_a_read() -> None:
    pacer = Pacer()
    http, vendor = answering(DISGUISE, httpx.Response(200, json={}), pacer=pacer)

    assert http.request("GET", "/v1/profile").status == 200
    assert pacer.refusals == 1
    assert len(vendor.requests) == 2


def test_every_attempt_waits_for_the_pacer() -> None:
    pacer = Pacer()
    http, vendor = answering(httpx.Response(503), ok(), pacer=pacer)

    http.request("GET", "/")

    assert pacer.waits == len(vendor.requests) == 2


def test_nothing_is_sent_without_a_slot() -> None:
    class Exhausted(Pacer):
        def wait(self) -> None:
            raise OutOfTime("no slot in time")

    http, vendor = answering(ok(), pacer=Exhausted())

    with pytest.raises(OutOfTime):
        http.request("GET", "/")

    assert vendor.requests == []


# Lost answers

SENT_AND_LOST = [
    httpx.ReadTimeout("x"),
    httpx.WriteTimeout("x"),
    httpx.ReadError("x"),
    httpx.WriteError("x"),
    httpx.RemoteProtocolError("x"),
    httpx.DecodingError("x"),
]
NEVER_SENT = [
    httpx.ConnectError("x"),
    httpx.ConnectTimeout("x"),
    httpx.PoolTimeout("x"),
    httpx.LocalProtocolError("x"),
]
FAILED = [httpx.Response(status) for status in (500, 502, 503, 504)]


def name_of(step: Script) -> str:
    return str(step.status_code) if isinstance(step, httpx.Response) else type(step).__name__


@pytest.mark.parametrize("step", [*SENT_AND_LOST, *FAILED], ids=name_of)
def test_a_write_without_a_usable_answer_has_an_unknown_outcome_and_is_not_repeated(step: Script) -> None:
    http, vendor = answering(step)

    with pytest.raises(OutcomeUnknown):
        http.request("POST", "/v1/lines", json=[])

    assert len(vendor.requests) == 1


@pytest.mark.parametrize("step", NEVER_SENT, ids=name_of)
def test_a_write_that_never_left_was_not_executed(step: Script) -> None:
    http, _ = answering(step)

    with pytest.raises(Unavailable):
        http.request("POST", "/v1/lines", json=[])


@pytest.mark.parametrize("step", [*SENT_AND_LOST, *NEVER_SENT, *FAILED], ids=name_of)
def test_a_read_is_repeated_once_after_a_short_pause(step: Script) -> None:
    http, vendor = answering(step, ok({"a": 1}))

    assert http.request("GET", "/").json() == {"a": 1}
    assert len(vendor.sleeps) == 1
    assert 0 < vendor.sleeps[0] < 1


@pytest.mark.parametrize("step", [*SENT_AND_LOST, *NEVER_SENT, *FAILED], ids=name_of)
def test_a_read_that_fails_twice_is_unavailable(step: Script) -> None:
    http, vendor = answering(step)

    with pytest.raises(Unavailable):
        http.request("GET", "/")

    assert len(vendor.requests) == 2


def test_a_read_that_took_long_to_fail_is_not_repeated() -> None:
    http, vendor = answering(httpx.Response(504))
    vendor.seconds_per_call = 30

    with pytest.raises(Unavailable):
        http.request("GET", "/")

    assert len(vendor.requests) == 1


def test_a_post_declared_harmless_is_treated_like_a_read() -> None:
    http, vendor = answering(httpx.Response(503))

    with pytest.raises(Unavailable):
        http.request("POST", "/v1/things:search", json={}, idempotent=True)

    assert len(vendor.requests) == 2


# Over a real connection


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silence(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def half_an_answer(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n[{")


def a_trickle(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n")
    while True:
        connection.sendall(b"x")
        threading.Event().wait(0.02)


def test_a_refused_connection_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    http = Http("pleo", f"http://127.0.0.1:{port}")

    with pytest.raises(Unavailable, match="ConnectError"):
        http.request("POST", "/v1/lines", json=[])

    http.close()


@pytest.mark.parametrize("behave", [reset, silence, half_an_answer, a_trickle])
def test_a_connection_lost_after_the_request_left_is_an_unknown_outcome(
    behave: Callable[[socket.socket], None],
) -> None:
    with serving(behave) as url:
        http = Http("pleo", url, read_timeout=0.1)

        with pytest.raises(OutcomeUnknown):
            http.request("POST", "/v1/lines", json=[])

        http.close()


# Discretion


@pytest.mark.parametrize(
    "step",
    [
        httpx.ReadTimeout(f"Bearer {SECRET}"),
        httpx.ConnectError(f"Bearer {SECRET}"),
        *(httpx.Response(status, text=f"you sent {SECRET}") for status in (200, 302, 400, 401, 403, 406, 429, 500)),
    ],
    ids=name_of,
)
def test_no_secret_and_no_query_reaches_an_exception_or_the_log(step: Script, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    http, _ = answering(step, tokens=Tokens())

    with pytest.raises(VendorError) as caught:
        http.request(
            "POST",
            "/v1/lines",
            params={"iban": SECRET},
            json={"purpose": SECRET},
        ).json()

    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(vars(caught.value))
    assert SECRET not in shown
    assert caught.value.__context__ is None
    assert SECRET not in caplog.text


def test_a_malformed_token_is_not_quoted_by_the_transport() -> None:
    with serving(silence) as url:
        http = Http("pleo", url).acting_for(Tokens(f"{SECRET}\n"))

        with pytest.raises(Unavailable) as caught:
            http.request("POST", "/v1/lines", json=[])

        http.close()
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_the_wire_is_not_logged_even_when_everything_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    with serving(half_an_answer) as url:
        http = Http("pleo", url).acting_for(Tokens())
        with pytest.raises(OutcomeUnknown):
            http.request("POST", "/v1/lines", params={"iban": SECRET}, json=[])
        http.close()

    assert SECRET not in caplog.text


def test_an_answer_shows_neither_body_nor_headers() -> None:
    http, _ = answering(httpx.Response(200, headers={"X-Secret": SECRET}, text=SECRET))

    assert SECRET not in repr(http.request("GET", "/"))
