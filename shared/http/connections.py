"""A pool of kept-alive connections to one host of one vendor. Limits the size of answers and translates errors.

Only this module imports httpx, because the import adds a sixth of a second to a cold start.
"""

import logging
import ssl
from collections.abc import Callable, Iterator
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import httpx

from shared.errors import ConfigError, FileTooLarge, NotFound, Unavailable, UnexpectedAnswer, VendorError
from shared.http.answer import HttpAnswer
from shared.http.call import Call

# Both libraries log every URL with its query (INFO) and every header (DEBUG).
for _chatty in ("httpx", "httpcore"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)

_CONNECT_TIMEOUT = 5.0
_WRITE_TIMEOUT = 10.0
_LARGEST_BODY = 10 * 1024 * 1024
_LOCAL_HOSTS = {"localhost", "127.0.0.1"}
_MOST_REDIRECTS = 3
# Storage services answer any of these for an expired signed link.
_DEAD_LINK = {401, 403, 404, 410}
_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.LocalProtocolError)

type Transport = httpx.BaseTransport


class HttpConnections:
    """Sends calls and reads answers, without access tokens and rate limits of its own.

    - `clock`: returns seconds.
    - Raises ConfigError for a base URL that is neither https nor on this machine.
    """

    def __init__(self, vendor: str, base_url: str, *, transport: Transport | None, clock: Callable[[], float]) -> None:
        self._vendor = vendor
        self._base_url = _check_base_url(vendor, base_url)
        self._clock = clock
        self._client = httpx.Client(
            transport=transport,
            trust_env=False,
            verify=_tls(),
            follow_redirects=False,
            # A warm process serves many companies. A cookie set for one must not be sent for another.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={"Accept": "application/json", "User-Agent": "pleo-lexoffice"},
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def answer(self, call: Call, token: str | None, *, sent: Callable[[], None] | None) -> HttpAnswer:
        """Send one call and return its answer, whatever its status. Call `sent` when the last byte has left. Raises:

        - Unavailable if nothing was sent.
        - `call.lost` if there was no answer.
        - UnexpectedAnswer if the answer is larger than 10 MiB.
        """
        arguments = dict(call.arguments)
        if sent is not None:
            arguments["extensions"] = {"trace": _note(sent)}
        if token is not None:
            arguments["headers"] = {**arguments["headers"], "Authorization": f"Bearer {token}"}
        return self._exchange(call, self._base_url + call.path, arguments, self._receive)

    def file(self, call: Call, url: str, *, max_bytes: int, check: Callable[[HttpAnswer], object]) -> BytesIO:
        """Download a file from any host. `check` gets the answer without body and raises if it is not a success.

        The address gives access to the file, so no error contains it. Raises:

        - NotFound for an expired link.
        - FileTooLarge above `max_bytes`.
        - UnexpectedAnswer for an address that is not https, or after more than 3 redirects.
        """
        # A compressed answer could expand far beyond the bytes that were read.
        arguments = {"headers": {"Accept": "*/*", "Accept-Encoding": "identity"}}
        place: str | httpx.URL = url
        for _ in range(_MOST_REDIRECTS + 1):
            found = self._exchange(
                call,
                self._foreign(call, place),
                arguments,
                lambda call, response: self._receive_file(call, response, max_bytes, check),
            )
            if isinstance(found, BytesIO):
                return found
            place = found
        raise UnexpectedAnswer(self._vendor, call.operation, reason="redirected too often")

    def _exchange[T](
        self,
        call: Call,
        url: str | httpx.URL,
        arguments: dict[str, Any],
        receive: Callable[[Call, httpx.Response], T],
    ) -> T:
        kind: type[VendorError]
        timeout = httpx.Timeout(
            call.read_timeout, connect=_CONNECT_TIMEOUT, write=_WRITE_TIMEOUT, pool=_CONNECT_TIMEOUT
        )
        try:
            with self._client.stream(call.method, url, timeout=timeout, **arguments) as response:
                return receive(call, response)
        except _NOTHING_SENT as error:
            kind, reason = Unavailable, type(error).__name__
        except (httpx.RequestError, httpx.InvalidURL) as error:  # InvalidURL: a redirect to an invalid address
            kind, reason = call.lost, type(error).__name__
        # Raised outside the handler, so not chained: httpx exceptions contain the request and may quote a header.
        raise kind(self._vendor, call.operation, reason=reason)

    def _receive(self, call: Call, response: httpx.Response) -> HttpAnswer:
        body = bytearray()
        for chunk in self._chunks(call, response):
            body += chunk
            if len(body) > _LARGEST_BODY:
                raise UnexpectedAnswer(
                    self._vendor, call.operation, status=response.status_code, reason="body too large"
                )
        return HttpAnswer(self._vendor, call.operation, response.status_code, response.headers, bytes(body))

    def _receive_file(
        self, call: Call, response: httpx.Response, max_bytes: int, check: Callable[[HttpAnswer], object]
    ) -> BytesIO | httpx.URL:
        if response.next_request is not None:
            return response.next_request.url
        answer = HttpAnswer(self._vendor, call.operation, response.status_code, response.headers, b"")
        if answer.status in _DEAD_LINK:
            raise answer.error(NotFound, "the link is not valid")
        check(answer)
        file = BytesIO()
        for chunk in self._chunks(call, response):
            if file.tell() + len(chunk) > max_bytes:
                raise answer.error(FileTooLarge, f"the file is longer than {max_bytes} bytes")
            file.write(chunk)
        file.seek(0)
        return file

    def _chunks(self, call: Call, response: httpx.Response) -> Iterator[bytes]:
        deadline = self._clock() + call.read_timeout
        for chunk in response.iter_bytes():
            yield chunk
            if self._clock() > deadline:
                raise httpx.ReadTimeout("the body trickles")

    def _foreign(self, call: Call, place: str | httpx.URL) -> httpx.URL:
        """Check an address from a vendor or from a redirect. Raises UnexpectedAnswer if it is not https."""
        try:
            url = httpx.URL(place)
        except httpx.InvalidURL:
            url = httpx.URL()
        here = url.scheme == "http" and url.host in _LOCAL_HOSTS and self._base_url.startswith("http:")
        # httpx would send the part before an @ as credentials.
        if not (here or url.scheme == "https") or not url.host or url.userinfo:
            raise UnexpectedAnswer(self._vendor, call.operation, reason="the address is not an https address")
        return url


@cache
def _tls() -> ssl.SSLContext:
    """Return the TLS context, shared by all vendors: reading the certificates is the slow part of creating a client."""
    return httpx.create_ssl_context()


def _note(sent: Callable[[], None]) -> Callable[[str, object], None]:
    # https://www.encode.io/httpcore/extensions/#trace
    def trace(event: str, _info: object) -> None:
        if event.endswith("send_request_body.complete"):
            sent()

    return trace


def _check_base_url(vendor: str, base_url: str) -> str:
    parts = urlsplit(base_url)
    trusted = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS)
    if not (trusted and parts.hostname) or parts.username or parts.query or parts.fragment:
        raise ConfigError(f"the base URL for {vendor} must be an https address (http only for localhost)")
    return base_url.rstrip("/")
