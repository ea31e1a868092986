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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Protocol, Self
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
_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.LocalProtocolError)
_REQUEST_IDS = ("x-request-id", "x-amzn-requestid")
_REFUSALS: dict[int, type[VendorError]] = {402: Forbidden, 403: Forbidden, 404: NotFound, 409: Conflict}

type Params = Mapping[str, str | int | bool | Sequence[str]]


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
        basic: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
        read_timeout: float | None = None,
    ) -> Answer:
        """Send one call and return its 2xx answer; every other outcome is a VendorError.

        `path` starts with a slash and has its variable parts quoted by `segment`. `json` may hold Decimals,
        see `encode`. `idempotent` says that sending the call twice does no harm (GET by default): it is then
        repeated once if it fails soon, and a lost answer is Unavailable instead of OutcomeUnknown. `basic`
        (user, password) replaces the access token. `read_timeout` is in seconds.
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
                "auth": basic,
                "headers": sent_headers,
            },
        )
        return self._repeated(call) if call.repeatable else self._authorised(call)

    def _repeated(self, call: _Call) -> Answer:
        begun = self._clock()
        try:
            return self._authorised(call)
        except Unavailable:
            if self._clock() - begun > _SOON:
                raise
            pause = random.uniform(0.1, 0.5)  # noqa: S311 - spreads callers, hides nothing
        self._sleep(pause)
        return self._authorised(call)

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
        kind: type[VendorError]
        timeout = httpx.Timeout(
            call.read_timeout, connect=_CONNECT_TIMEOUT, write=_WRITE_TIMEOUT, pool=_CONNECT_TIMEOUT
        )
        try:
            with self._client.stream(call.method, self._base_url + call.path, timeout=timeout, **arguments) as response:
                return self._received(call, response)
        except _NOTHING_SENT as error:
            kind, reason = Unavailable, type(error).__name__
        except httpx.RequestError as error:
            kind, reason = call.lost, type(error).__name__
        # Not chained, hence outside the handler: httpx exceptions hold the request and may quote a header.
        raise kind(self._vendor, call.operation, reason=reason)

    def _note_sent(self, event: str, _info: object) -> None:
        # https://www.encode.io/httpcore/extensions/#trace
        if event.endswith("send_request_body.complete") and self._pacer is not None:
            self._pacer.sent()

    def _received(self, call: _Call, response: httpx.Response) -> Answer:
        body = bytearray()
        deadline = self._clock() + call.read_timeout
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > _LARGEST_BODY:
                raise UnexpectedAnswer(
                    self._vendor, call.operation, status=response.status_code, reason="body too large"
                )
            if self._clock() > deadline:
                raise httpx.ReadTimeout("the body trickles")
        return Answer(self._vendor, call.operation, response.status_code, response.headers, bytes(body))

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
