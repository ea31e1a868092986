"""The one way out to a vendor: paced, authorised, bounded, each failure one of the kinds in `shared.errors`.

Nothing here repeats a write. A read that fails soon is repeated once; anything more is up to the caller.
"""

import copy
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Protocol, Self

from shared.errors import (
    AccessGone,
    Conflict,
    Forbidden,
    NotFound,
    RateLimited,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
    VendorError,
)
from shared.http.answer import HttpAnswer, IssueParser
from shared.http.call import Call, Form, Params, Upload
from shared.http.connections import HttpConnections, Transport
from shared.http.wire import encode, retry_after

# lexoffice's gateway gives up after 30 s and says so with a 504; hearing that is better than guessing.
READ_TIMEOUT = 35.0
# A read that failed later than this is not repeated: its caller may have no time for another wait as long.
_SOON = 5.0
# A paced caller gives up after so many refusals in a row; by then the pacer has slowed down a lot.
_MOST_REFUSALS = 8
_READS = {"GET", "HEAD"}
_REFUSALS: dict[int, type[VendorError]] = {402: Forbidden, 403: Forbidden, 404: NotFound, 409: Conflict}


class AccessTokens(Protocol):
    """One company's access at one vendor."""

    def current(self) -> str:
        """Return a valid access token."""

    def renew(self, rejected: str) -> str:
        """Return another token than the one just rejected by the vendor; AccessGone when there is none."""


class Pacer(Protocol):
    """The share of the vendor's rate limit that this caller may use."""

    def wait(self) -> None:
        """Block until one call may be sent; may raise when that would take too long."""

    def record_sent(self) -> None:
        """Take note that the call has left just now; until then it may have waited for a connection."""

    def record_refusal(self, retry_after: float | None) -> None:
        """Take note that the vendor refused a call for exceeding its limit, and for how many seconds if it says so."""


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
        read_timeout: float = READ_TIMEOUT,
        transport: Transport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connections = HttpConnections(vendor, base_url, transport=transport, clock=clock)
        self._issues = issues
        self._tokens: AccessTokens | None = None
        self._pacer: Pacer | None = None
        self._read_timeout = read_timeout
        self._sleep = sleep
        self._clock = clock
        self.request_id = ""  # the vendor's own id of the newest call that succeeded, for logs

    def acting_for(self, tokens: AccessTokens | None, *, pacer: Pacer | None = None) -> Self:
        """Return a view on the same connections that acts for one company."""
        view = copy.copy(self)
        view._tokens = tokens
        view._pacer = pacer
        return view

    def close(self) -> None:
        """Close the connections, of every view as well."""
        self._connections.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: object = None,
        form: Form | None = None,
        file: Upload | None = None,
        idempotent: bool | None = None,
    ) -> HttpAnswer:
        """Send one call and return its 2xx answer; every other outcome is a VendorError.

        `path` starts with a slash and has its variable parts quoted by `segment`. `json` may hold Decimals, see
        `encode`; `file` makes the call a multipart form. `idempotent` says that sending the call twice does no harm
        (GET by default): it is then repeated once if it fails soon, and a lost answer is Unavailable instead of
        OutcomeUnknown. A form's `basic` replaces the access token.
        """
        basic = form.basic if form else None
        call = Call(
            method=method,
            path=path,
            repeatable=method in _READS if idempotent is None else idempotent,
            with_token=basic is None and self._tokens is not None,
            read_timeout=self._read_timeout,
            arguments={
                "params": params,
                "content": None if json is None else encode(json).encode(),
                "data": form.fields if form else None,
                "files": None if file is None else {"file": (file.name, file.content, file.content_type)},
                "auth": basic,
                "headers": {} if json is None else {"Content-Type": "application/json"},
            },
        )
        answer = self._repeat(lambda: self._send_authorised(call)) if call.repeatable else self._send_authorised(call)
        self.request_id = answer.request_id
        return answer

    def download(self, url: str, *, max_bytes: int) -> BytesIO:
        """Fetch a file from wherever the vendor keeps it; the result is held in memory, at its start.

        No access token goes along: signed links refuse one, and another host must not learn it. A redirect is followed
        to https only. NotFound when the link is dead, as signed links are after a while: ask the vendor for a new one.
        FileTooLarge above `max_bytes`, Unavailable as for any read, UnexpectedAnswer for an address that is not https
        (http only on this machine, and only if the vendor is there, too).
        """
        call = Call("GET", "a file", True, False, self._read_timeout, {})
        return self._repeat(
            lambda: self._connections.file(
                call, url, max_bytes=max_bytes, check=lambda answer: self._check(call, answer)
            )
        )

    def _repeat[T](self, attempt: Callable[[], T]) -> T:
        begun = self._clock()
        try:
            return attempt()
        except Unavailable:
            if self._clock() - begun > _SOON:
                raise
            pause = random.uniform(0.1, 0.5)  # noqa: S311 - spreads callers, hides nothing
        self._sleep(pause)
        return attempt()

    def _send_authorised(self, call: Call) -> HttpAnswer:
        """Send, and while the vendor refuses for speed take the next slot: a 429 was not executed."""
        for _ in range(_MOST_REFUSALS):
            try:
                return self._check(call, self._send(call))
            except RateLimited as error:
                if self._pacer is None:
                    raise
                refusal = error
        raise refusal

    def _send(self, call: Call) -> HttpAnswer:
        if self._tokens is None or not call.with_token:
            return self._send_paced(call, None)
        # The token first: reading it takes time, and a call that is late for its slot is too close to the next one.
        token = self._tokens.current()
        answer = self._send_paced(call, token)
        if answer.status == 401:
            # Access tokens may die early; the refresh decides whether the access is really gone.
            answer = self._send_paced(call, self._tokens.renew(token))
        if answer.status == 401:
            raise answer.error(AccessGone, "a renewed token is refused")
        return answer

    def _send_paced(self, call: Call, token: str | None) -> HttpAnswer:
        if self._pacer is None:
            return self._connections.answer(call, token, sent=None)
        self._pacer.wait()
        return self._connections.answer(call, token, sent=self._pacer.record_sent)

    def _check(self, call: Call, answer: HttpAnswer) -> HttpAnswer:
        if 200 <= answer.status < 300:
            return answer
        # lexoffice may dress its 429 up as a 500 whose message admits to it; on a write that proves nothing.
        disguised = answer.status == 500 and b"rate limit exceeded" in answer.body.lower()
        wish = retry_after(answer.headers.get("retry-after"), now=datetime.now(UTC))
        if (disguised or answer.status == 429) and self._pacer is not None:
            self._pacer.record_refusal(wish)
        if answer.status == 429 or (disguised and call.repeatable):
            raise RateLimited(answer.vendor, answer.operation, status=answer.status, retry_after=wish)
        if answer.status >= 500:
            raise answer.error(call.lost)
        if answer.status < 400:
            raise answer.error(UnexpectedAnswer, "neither a success nor a refusal")
        raise self._refusal(answer)

    def _refusal(self, answer: HttpAnswer) -> VendorError:
        issues = self._issues(answer)
        kind = _REFUSALS.get(answer.status, Rejected)
        if answer.status == 406 and any(issue.field in {"version", "lockVersion"} for issue in issues):
            kind = Conflict
        return answer.error(kind, issues=issues)
