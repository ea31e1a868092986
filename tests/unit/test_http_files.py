"""How files leave and arrive: forms that are read in pieces, links that lead elsewhere."""

import logging
import re
import socket
import threading
import traceback
from collections.abc import Callable
from io import BytesIO

import httpx
import pytest
from scripted import Step, scripted, serving

from shared.errors import (
    Conflict,
    FileTooLarge,
    Forbidden,
    Issue,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
    VendorError,
)
from shared.http.answer import HttpAnswer
from shared.http.call import Upload
from shared.http.client import Http

SECRET = "signature-nobody-may-see"
LINK = f"https://files.example/receipt.pdf?sig={SECRET}"
MEGABYTE = 1024 * 1024


class Tokens:
    """A store whose token is replaced once."""

    def __init__(self) -> None:
        self.token = "first"

    def current(self) -> str:
        return self.token

    def renew(self, rejected: str) -> str:
        assert rejected == "first"
        self.token = "second"
        return self.token


class Pacer:
    def __init__(self) -> None:
        self.seen: list[str] = []

    def wait(self) -> None:
        self.seen.append("wait")

    def record_sent(self) -> None:
        self.seen.append("sent")

    def record_refusal(self, retry_after: float | None) -> None:
        self.seen.append("refused" if retry_after is None else "refused politely")


def answering(
    *steps: Step,
    base_url: str = "https://vendor.example",
    issues: Callable[[HttpAnswer], tuple[Issue, ...]] = lambda _: (),
    tokens: Tokens | None = None,
    pacer: Pacer | None = None,
) -> tuple[Http, list[httpx.Request]]:
    """Answer with each step in turn, the last one for ever."""
    transport, requests = scripted(*steps)
    http = Http("pleo", base_url, issues=issues, transport=transport, sleep=lambda _: None)
    return http.acting_for(tokens, pacer=pacer), requests


def receipt(content: bytes = b"%PDF-1.7 receipt") -> Upload:
    return Upload("Beleg 1.pdf", "application/pdf", BytesIO(content))


def ok(content: bytes = b"%PDF-1.7") -> httpx.Response:
    return httpx.Response(200, content=content)


def moved(location: str, status: int = 302) -> httpx.Response:
    return httpx.Response(status, headers={"Location": location})


# Sending


def test_a_file_is_sent_as_the_part_file_of_a_form() -> None:
    http, requests = answering(httpx.Response(202, json={"id": "f-1"}))

    answer = http.request("POST", "/v1/vouchers/v-1/files", file=receipt())

    assert answer.status == 202
    (request,) = requests
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert request.headers["accept"] == "application/json"
    assert request.headers["content-length"] == str(len(request.content))
    head, body = request.content.split(b"\r\n\r\n", 1)
    assert b'Content-Disposition: form-data; name="file"; filename="Beleg 1.pdf"' in head
    assert b"Content-Type: application/pdf" in head
    assert re.fullmatch(rb"%PDF-1\.7 receipt\r\n--[0-9a-f]+--\r\n", body)


def test_a_file_name_cannot_break_out_of_its_part() -> None:
    http, requests = answering(httpx.Response(202))

    http.request("POST", "/x", file=Upload('a".pdf\r\nX-Evil: 1', "application/pdf", BytesIO(b"x")))

    assert b"\r\nX-Evil" not in requests[0].content


def test_a_file_starts_from_its_beginning_at_every_attempt() -> None:
    """A token that died, then a call refused for speed: the third attempt must not be empty."""
    pacer = Pacer()
    http, requests = answering(
        httpx.Response(401), httpx.Response(429), httpx.Response(202), tokens=Tokens(), pacer=pacer
    )

    http.request("POST", "/v1/vouchers/v-1/files", file=receipt())

    assert [b"%PDF-1.7 receipt" in request.content for request in requests] == [True, True, True]
    assert [request.headers["authorization"] for request in requests] == [
        "Bearer first",
        "Bearer second",
        "Bearer second",
    ]
    assert [word for word in pacer.seen if word != "sent"] == ["wait", "wait", "refused", "wait"]


def test_a_file_that_was_read_already_is_sent_whole() -> None:
    http, requests = answering(httpx.Response(202))
    file = receipt()
    file.content.read()

    http.request("POST", "/x", file=file)

    assert b"%PDF-1.7 receipt" in requests[0].content


@pytest.mark.parametrize(
    ("status", "source", "expected"),
    [
        (406, "file", Rejected),
        (415, "file", Rejected),
        (413, "file", Rejected),
        (406, "version", Conflict),
        (403, "", Forbidden),
        (404, "", NotFound),
        (500, "", OutcomeUnknown),
        (504, "", OutcomeUnknown),
    ],
)
def test_a_refused_file_is_told_from_one_whose_fate_is_unknown(
    status: int, source: str, expected: type[VendorError]
) -> None:
    http, requests = answering(
        httpx.Response(status), issues=lambda _: (Issue(source, "invalid_value"),) if source else ()
    )

    with pytest.raises(expected) as caught:
        http.request("POST", "/x", file=receipt())

    assert type(caught.value) is expected
    assert len(requests) == 1


@pytest.mark.parametrize("error", [httpx.WriteTimeout(""), httpx.WriteError(""), httpx.ReadTimeout("")])
def test_a_file_lost_on_its_way_has_an_unknown_fate_and_is_not_sent_again(error: Exception) -> None:
    http, requests = answering(error)

    with pytest.raises(OutcomeUnknown):
        http.request("POST", "/x", file=receipt())

    assert len(requests) == 1


def test_a_redirect_to_nonsense_is_no_answer() -> None:
    http, _ = answering(moved("data:application/pdf;base64,eA=="))

    with pytest.raises(OutcomeUnknown, match="InvalidURL"):
        http.request("POST", "/x", file=receipt())


def test_the_content_of_a_file_is_not_shown() -> None:
    assert "receipt" not in repr(receipt())


# Fetching


def test_a_file_is_fetched_without_a_token_and_held_at_its_start() -> None:
    http, requests = answering(ok(b"%PDF-1.7 receipt"), tokens=Tokens())

    file = http.download(LINK, max_bytes=100)

    assert file.read() == b"%PDF-1.7 receipt"
    (request,) = requests
    assert (request.method, str(request.url)) == ("GET", LINK)
    assert "authorization" not in request.headers
    assert request.headers["accept"] == "*/*"


def test_a_fetched_file_can_be_sent_on() -> None:
    http, requests = answering(ok(b"%PDF-1.7 receipt"))

    http.request("POST", "/x", file=Upload("a.pdf", "application/pdf", http.download(LINK, max_bytes=100)))

    assert b"%PDF-1.7 receipt" in requests[1].content


def test_an_empty_file_is_a_file() -> None:
    http, _ = answering(ok(b""))

    assert http.download(LINK, max_bytes=100).read() == b""


def test_the_longest_file_is_taken_and_one_more_byte_is_not() -> None:
    http, requests = answering(ok(b"x" * 100))

    assert len(http.download(LINK, max_bytes=100).read()) == 100
    with pytest.raises(FileTooLarge, match="longer than 99 bytes") as caught:
        http.download(LINK, max_bytes=99)

    assert (caught.value.vendor, caught.value.operation) == ("pleo", "GET a file")
    assert len(requests) == 2


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_link_that_ran_out_is_not_found(status: int) -> None:
    http, requests = answering(httpx.Response(status, text="Request has expired"), tokens=Tokens())

    with pytest.raises(NotFound, match="link is not valid"):
        http.download(LINK, max_bytes=100)

    assert len(requests) == 1


@pytest.mark.parametrize("step", [httpx.Response(503), httpx.ReadTimeout(""), httpx.ConnectError("")])
def test_a_fetch_that_fails_soon_is_tried_once_more(step: Step) -> None:
    http, requests = answering(step, ok())

    assert http.download(LINK, max_bytes=100).read() == b"%PDF-1.7"
    assert len(requests) == 2


def test_a_fetch_that_goes_on_failing_is_unavailable() -> None:
    http, requests = answering(httpx.Response(500))

    with pytest.raises(Unavailable):
        http.download(LINK, max_bytes=100)

    assert len(requests) == 2


@pytest.mark.parametrize(
    ("status", "expected"), [(429, RateLimited), (400, Rejected), (304, UnexpectedAnswer), (302, UnexpectedAnswer)]
)
def test_every_other_answer_is_an_error_too(status: int, expected: type[VendorError]) -> None:
    http, _ = answering(httpx.Response(status))

    with pytest.raises(expected):
        http.download(LINK, max_bytes=100)


def test_a_redirect_is_followed() -> None:
    http, requests = answering(moved("/elsewhere", 307), moved("https://store.example/f?x=1"), ok(), tokens=Tokens())

    assert http.download(LINK, max_bytes=100).read() == b"%PDF-1.7"
    assert [str(request.url) for request in requests[1:]] == [
        "https://files.example/elsewhere",
        "https://store.example/f?x=1",
    ]
    assert not any("authorization" in request.headers for request in requests)


def test_a_redirect_without_end_is_given_up() -> None:
    http, requests = answering(moved("/again"))

    with pytest.raises(UnexpectedAnswer, match="redirected too often"):
        http.download(LINK, max_bytes=100)

    assert len(requests) == 4


FOREIGN = [
    "http://files.example/a.pdf",
    "http://127.0.0.1/a.pdf",
    "http://169.254.169.254/latest/meta-data",
    "file:///etc/passwd",
    "ftp://files.example/a.pdf",
    "data:application/pdf;base64,eA==",
    "https://user:password@files.example/a.pdf",
    "https:///a.pdf",
]


@pytest.mark.parametrize("url", [*FOREIGN, "/a.pdf", "", "https://files.example:x/", "https://\x00"])
def test_only_https_addresses_are_asked(url: str) -> None:
    http, requests = answering(ok())

    with pytest.raises(UnexpectedAnswer, match="not an https address"):
        http.download(url, max_bytes=100)

    assert requests == []


@pytest.mark.parametrize("url", FOREIGN)
def test_a_redirect_to_anything_else_is_not_followed(url: str) -> None:
    http, requests = answering(moved(url))

    with pytest.raises((UnexpectedAnswer, Unavailable)):
        http.download(LINK, max_bytes=100)

    assert {request.url.host for request in requests} == {"files.example"}


def test_on_this_machine_a_vendor_may_keep_its_files_without_tls() -> None:
    http, requests = answering(ok(), base_url="http://127.0.0.1:9001")

    assert http.download("http://127.0.0.1:9001/files/1?sig=x", max_bytes=100).read() == b"%PDF-1.7"
    with pytest.raises(UnexpectedAnswer):
        http.download("http://files.example/a.pdf", max_bytes=100)
    assert len(requests) == 1


# Over a real connection


def without_end(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def cut_short(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n%PDF-1.7")


def a_trickle(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        connection.sendall(b"x")
        threading.Event().wait(0.02)


def fetch(url: str, *, read_timeout: float) -> BytesIO:
    http = Http("pleo", url, read_timeout=read_timeout, sleep=lambda _: None)
    try:
        return http.download(f"{url}/file", max_bytes=MEGABYTE)
    finally:
        http.close()


def test_a_file_without_end_is_read_no_further_than_allowed() -> None:
    with serving(without_end) as url, pytest.raises(FileTooLarge):
        fetch(url, read_timeout=30)


@pytest.mark.parametrize("answer", [cut_short, a_trickle])
def test_half_a_file_is_no_file(answer: Callable[[socket.socket], None]) -> None:
    with serving(answer) as url, pytest.raises(Unavailable):
        fetch(url, read_timeout=0.2)


# Discretion


@pytest.mark.parametrize(
    "step",
    [
        httpx.ReadTimeout(SECRET),
        httpx.ConnectError(SECRET),
        moved(f"http://files.example/?{SECRET}"),
        ok(SECRET.encode() * 10),
        *(httpx.Response(status, text=SECRET) for status in (304, 400, 403, 429, 500)),
    ],
    ids=lambda step: str(getattr(step, "status_code", type(step).__name__)),
)
def test_no_link_reaches_an_exception_or_the_log(step: Step, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    http, _ = answering(step)

    with pytest.raises(VendorError) as caught:
        http.download(LINK, max_bytes=100)

    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(vars(caught.value))
    assert SECRET not in shown
    assert SECRET not in caplog.text
