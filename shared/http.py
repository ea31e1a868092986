"""The one way out to a vendor: paced, authorised, bounded, each failure one of the kinds in `shared.errors`.

Nothing here repeats a write. A read that fails soon is repeated once; anything more is up to the caller.
This is the only module that imports httpx: that import alone costs a cold start a sixth of a second.
"""

import copy
import json as jsonlib
import logging
import math
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from io import BytesIO
from typing import Any, BinaryIO, Protocol, Self
from urllib.parse import quote, urlsplit

import httpx
from pydantic import ValidationError

from shared.errors import (
    AccessGone,
    ConfigError,
    Conflict,
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

# Both log every URL with its query (INFO) and every header (DEBUG).
for _chatty in ("httpx", "httpcore"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)

# lexoffice's gateway gives up after 30 s and says so with a 504; hearing that is better than guessing.
READ_TIMEOUT = 35.0
# A read that failed later than this is not repeated: its caller may have no time for another wait as long.
_SOON = 5.0
_CONNECT_TIMEOUT = 5.0
_WRITE_TIMEOUT = 10.0
_LARGEST_BODY = 10 * 1024 * 1024
_LONGEST_RETRY_AFTER = 60.0
# A paced caller gives up after so many refusals in a row; by then the pacer has slowed down a lot.
_MOST_REFUSALS = 8
_LOCAL_HOSTS = {"localhost", "127.0.0.1"}
_READS = {"GET", "HEAD"}
_MOST_REDIRECTS = 3
# A signed link that has run out; storage services say any of these.
_DEAD_LINK = {401, 403, 404, 410}
_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.LocalProtocolError)
_REQUEST_IDS = ("x-request-id", "x-amzn-requestid")
_REFUSALS: dict[int, type[VendorError]] = {402: Forbidden, 403: Forbidden, 404: NotFound, 409: Conflict}

type Params = Mapping[str, str | int | bool | Sequence[str]]


class FileTooLarge(VendorError):
    """A file is longer than its receiver takes; it was not read to its end."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send as the part `file` of a form; `content` is read in pieces, from its start at each attempt.

    `content` must be able to tell its length (a file or a BytesIO). `content_type` is a MIME type.
    """

    name: str
    content_type: str
    content: BinaryIO = field(repr=False)


class AccessTokens(Protocol):
    """One company's access at one vendor."""

    def current(self) -> str:
        """Return a valid access token."""

    def renewed(self, rejected: str) -> str:
        """Return another token than the one just rejected by the vendor; AccessGone when there is none."""


class Pacer(Protocol):
    """The share of the vendor's rate limit that this caller may use."""

    def wait(self) -> None:
        """Block until one call may be sent; may raise when that would take too long."""

    def sent(self) -> None:
        """Take note that the call has left just now; until then it may have waited for a connection."""

    def refused(self, retry_after: float | None) -> None:
        """Take note that the vendor refused a call for exceeding its limit, and for how many seconds if it says so."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the vendor answered; `headers` ignore case. The body and the headers stay out of the repr."""

    vendor: str
    operation: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """Parse the body, decimal fractions as Decimal; UnexpectedAnswer when it is not JSON."""
        try:
            return jsonlib.loads(self.body, parse_float=Decimal, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            reason = "body is not JSON"
        raise self.error(UnexpectedAnswer, reason)

    def read[T](self, parse: Callable[[Any], T]) -> T:
        """Parse the JSON body with a validator such as `Model.model_validate`.

        UnexpectedAnswer names the places and the kinds of mismatch, never a value.
        """
        content = self.json()
        try:
            return parse(content)
        except ValidationError as error:
            found = error.errors(include_input=False, include_context=False, include_url=False)[:5]
            faults = [f"{'.'.join(map(str, fault['loc']))} {fault['type']}" for fault in found]
        raise self.error(UnexpectedAnswer, ", ".join(faults))

    def error[E: VendorError](self, kind: type[E], reason: str = "", *, issues: tuple[Issue, ...] = ()) -> E:
        """Build the error that this answer amounts to; `reason` must not quote the body."""
        request_id = next((self.headers[name][:100] for name in _REQUEST_IDS if name in self.headers), None)
        return kind(
            self.vendor,
            self.operation,
            status=self.status,
            reason=reason,
            request_id=request_id,
            issues=issues,
        )


type IssueParser = Callable[[Answer], tuple[Issue, ...]]


@dataclass(frozen=True, slots=True)
class _Call:
    """One request before it has a token; `arguments` are httpx's own."""

    method: str
    path: str
    repeatable: bool
    with_token: bool
    read_timeout: float
    arguments: dict[str, Any] = field(repr=False)

    @property
    def operation(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def lost(self) -> type[VendorError]:
        """What it means when this call was sent and no usable answer came."""
        return Unavailable if self.repeatable else OutcomeUnknown


class Http:
    """Calls to one host of one vendor over one pool of kept-alive connections.

    Make one per process and host (the TLS context is what costs), then one cheap view per company with
    `acting_for`. `issues` turns a refusal's body into Issues and must not raise. ConfigError for a base URL
    that is neither https nor on this machine.
    """

    def __init__(
        self,
        vendor: str,
        base_url: str,
        *,
        issues: IssueParser = lambda _: (),
        tokens: AccessTokens | None = None,
        pacer: Pacer | None = None,
        read_timeout: float = READ_TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._vendor = vendor
        self._base_url = _checked_base_url(vendor, base_url)
        self._issues = issues
        self._tokens = tokens
        self._pacer = pacer
        self._read_timeout = read_timeout
        self._sleep = sleep
        self._clock = clock
        self._client = httpx.Client(
            transport=transport,
            trust_env=False,
            verify=_tls(),
            follow_redirects=False,
            # A warm process serves many companies: a cookie set for one must not travel with the next.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={"Accept": "application/json", "User-Agent": "pleo-lexoffice"},
        )

    def acting_for(self, tokens: AccessTokens, *, pacer: Pacer | None = None) -> Self:
        """Return a view on the same connections that acts for one company."""
        view = copy.copy(self)
        view._tokens = tokens
        view._pacer = pacer
        return view

    def close(self) -> None:
        """Close the connections, of every view as well."""
        self._client.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        file: Upload | None = None,
        basic: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
        read_timeout: float | None = None,
    ) -> Answer:
        """Send one call and return its 2xx answer; every other outcome is a VendorError.

        `path` starts with a slash and has its variable parts quoted by `segment`. `json` may hold Decimals, see
        `encode`; `file` makes the call a multipart form. `idempotent` says that sending the call twice does no harm
        (GET by default): it is then repeated once if it fails soon, and a lost answer is Unavailable instead of
        OutcomeUnknown. `basic` (user, password) replaces the access token. `read_timeout` is in seconds.
        """
        sent_headers = dict(headers or {})
        content = None
        if json is not None:
            content = encode(json).encode()
            sent_headers["Content-Type"] = "application/json"
        call = _Call(
            method=method,
            path=path,
            repeatable=method in _READS if idempotent is None else idempotent,
            with_token=basic is None and self._tokens is not None,
            read_timeout=read_timeout or self._read_timeout,
            arguments={
                "params": params,
                "content": content,
                "data": form,
                "files": None if file is None else {"file": (file.name, file.content, file.content_type)},
                "auth": basic,
                "headers": sent_headers,
            },
        )
        return self._repeated(lambda: self._authorised(call)) if call.repeatable else self._authorised(call)

    def download(self, url: str, *, max_bytes: int) -> BytesIO:
        """Fetch a file from wherever the vendor keeps it; the result is held in memory, at its start.

        No access token goes along: signed links refuse one, and another host must not learn it. A redirect is followed
        to https only. NotFound when the link is dead, as signed links are after a while: ask the vendor for a new one.
        FileTooLarge above `max_bytes`, Unavailable as for any read, UnexpectedAnswer for an address that is not https
        (http only on this machine, and only if the vendor is there, too).
        """
        return self._repeated(lambda: self._downloaded(url, max_bytes))

    def _repeated[T](self, attempt: Callable[[], T]) -> T:
        begun = self._clock()
        try:
            return attempt()
        except Unavailable:
            if self._clock() - begun > _SOON:
                raise
            pause = random.uniform(0.1, 0.5)  # noqa: S311 - spreads callers, hides nothing
        self._sleep(pause)
        return attempt()

    def _authorised(self, call: _Call) -> Answer:
        """Send, and while the vendor refuses for speed take the next slot: a 429 was not executed."""
        for _ in range(_MOST_REFUSALS):
            try:
                return self._checked(call, self._sent(call))
            except RateLimited as error:
                if self._pacer is None:
                    raise
                refusal = error
        raise refusal

    def _sent(self, call: _Call) -> Answer:
        if self._tokens is None or not call.with_token:
            self._pace()
            return self._send(call, None)
        # The token first: reading it takes time, and a call that is late for its slot is too close to the next one.
        token = self._tokens.current()
        self._pace()
        answer = self._send(call, token)
        if answer.status == 401:
            # Access tokens may die early; the refresh decides whether the access is really gone.
            token = self._tokens.renewed(token)
            self._pace()
            answer = self._send(call, token)
        if answer.status == 401:
            raise answer.error(AccessGone, "a renewed token is refused")
        return answer

    def _pace(self) -> None:
        if self._pacer is not None:
            self._pacer.wait()

    def _send(self, call: _Call, token: str | None) -> Answer:
        arguments = dict(call.arguments)
        if self._pacer is not None:
            arguments["extensions"] = {"trace": self._note_sent}
        if token is not None:
            arguments["headers"] = {**arguments["headers"], "Authorization": f"Bearer {token}"}
        return self._exchanged(call, self._base_url + call.path, arguments, self._received)

    def _exchanged[T](
        self,
        call: _Call,
        url: str | httpx.URL,
        arguments: dict[str, Any],
        receive: Callable[[_Call, httpx.Response], T],
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
        except (httpx.RequestError, httpx.InvalidURL) as error:  # the latter for a redirect to nonsense
            kind, reason = call.lost, type(error).__name__
        # Not chained, hence outside the handler: httpx exceptions hold the request and may quote a header.
        raise kind(self._vendor, call.operation, reason=reason)

    def _note_sent(self, event: str, _info: object) -> None:
        # https://www.encode.io/httpcore/extensions/#trace
        if event.endswith("send_request_body.complete") and self._pacer is not None:
            self._pacer.sent()

    def _received(self, call: _Call, response: httpx.Response) -> Answer:
        body = bytearray()
        for chunk in self._chunks(call, response):
            body += chunk
            if len(body) > _LARGEST_BODY:
                raise UnexpectedAnswer(
                    self._vendor, call.operation, status=response.status_code, reason="body too large"
                )
        return Answer(self._vendor, call.operation, response.status_code, response.headers, bytes(body))

    def _chunks(self, call: _Call, response: httpx.Response) -> Iterator[bytes]:
        deadline = self._clock() + call.read_timeout
        for chunk in response.iter_bytes():
            yield chunk
            if self._clock() > deadline:
                raise httpx.ReadTimeout("the body trickles")

    def _downloaded(self, url: str, max_bytes: int) -> BytesIO:
        # The address is as good as a key to the file, so no error may show it.
        call = _Call("GET", "a file", True, False, self._read_timeout, {})
        # A compressed answer could unfold into far more than was read.
        arguments = {"headers": {"Accept": "*/*", "Accept-Encoding": "identity"}}
        place: str | httpx.URL = url
        for _ in range(_MOST_REDIRECTS + 1):
            found = self._exchanged(
                call,
                self._foreign(call, place),
                arguments,
                lambda call, response: self._received_file(call, response, max_bytes),
            )
            if isinstance(found, BytesIO):
                return found
            place = found
        raise UnexpectedAnswer(self._vendor, call.operation, reason="redirected too often")

    def _received_file(self, call: _Call, response: httpx.Response, max_bytes: int) -> BytesIO | httpx.URL:
        if response.next_request is not None:
            return response.next_request.url
        answer = Answer(self._vendor, call.operation, response.status_code, response.headers, b"")
        if answer.status in _DEAD_LINK:
            raise answer.error(NotFound, "the link is not valid")
        self._checked(call, answer)
        file = BytesIO()
        for chunk in self._chunks(call, response):
            if file.tell() + len(chunk) > max_bytes:
                raise answer.error(FileTooLarge, f"the file is longer than {max_bytes} bytes")
            file.write(chunk)
        file.seek(0)
        return file

    def _foreign(self, call: _Call, place: str | httpx.URL) -> httpx.URL:
        """Check an address that a vendor, or whoever it leads to, gave us."""
        try:
            url = httpx.URL(place)
        except httpx.InvalidURL:
            url = httpx.URL()
        here = url.scheme == "http" and url.host in _LOCAL_HOSTS and self._base_url.startswith("http:")
        # httpx would send what stands before an @ as credentials.
        if not (here or url.scheme == "https") or not url.host or url.userinfo:
            raise UnexpectedAnswer(self._vendor, call.operation, reason="the address is not an https address")
        return url

    def _checked(self, call: _Call, answer: Answer) -> Answer:
        if 200 <= answer.status < 300:
            return answer
        # lexoffice may dress its 429 up as a 500 whose message admits to it; on a write that proves nothing.
        disguised = answer.status == 500 and b"rate limit exceeded" in answer.body.lower()
        wish = retry_after(answer.headers.get("retry-after"), now=datetime.now(UTC))
        if (disguised or answer.status == 429) and self._pacer is not None:
            self._pacer.refused(wish)
        if answer.status == 429 or (disguised and call.repeatable):
            raise RateLimited(self._vendor, call.operation, status=answer.status, retry_after=wish)
        if answer.status >= 500:
            raise answer.error(call.lost)
        if answer.status < 400:
            raise answer.error(UnexpectedAnswer, "neither a success nor a refusal")
        raise self._refusal(answer)

    def _refusal(self, answer: Answer) -> VendorError:
        issues = self._issues(answer)
        kind = _REFUSALS.get(answer.status, Rejected)
        if answer.status == 406 and any(issue.field in {"version", "lockVersion"} for issue in issues):
            kind = Conflict
        return answer.error(kind, issues=issues)


@cache
def _tls() -> ssl.SSLContext:
    """One for all vendors: reading the certificates is the slow part of making a client."""
    return httpx.create_ssl_context()


def segment(value: str) -> str:
    """Quote a value for use as one path segment; ValueError for what would name another path."""
    if value in {"", ".", ".."}:
        raise ValueError("an id must not be empty or a relative path")
    return quote(value, safe="")


def encode(value: object) -> str:
    """Write JSON with Decimals as plain numbers with exactly their decimals: 1.10 stays 1.10.

    TypeError for floats, which must not carry money, and for anything JSON does not know; ValueError for NaN.
    """
    match value:
        case Decimal():
            if not value.is_finite():
                raise ValueError("JSON has no number for NaN and infinity")
            return f"{value:f}"
        case float():
            raise TypeError("a float must not go into a request")
        case Mapping():
            return "{" + ",".join(f"{encode(str(key))}:{encode(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(encode, value)) + "]"
        case _:
            return jsonlib.dumps(value, ensure_ascii=False)


def retry_after(value: str | None, *, now: datetime) -> float | None:
    """Read a Retry-After header, seconds or an HTTP date, as 0 to 60 seconds from `now`; None for nonsense.

    https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value, now)
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER)


def _seconds_until(value: str, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(value)
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, OverflowError):
        return math.nan


def _checked_base_url(vendor: str, base_url: str) -> str:
    parts = urlsplit(base_url)
    trusted = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS)
    if not (trusted and parts.hostname) or parts.username or parts.query or parts.fragment:
        raise ConfigError(f"the base URL for {vendor} must be an https address (http only for localhost)")
    return base_url.rstrip("/")


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
