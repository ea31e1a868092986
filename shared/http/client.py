"""HTTP client for both vendors: rate limit, access token, timeouts, and errors of `shared.errors`.

- A call that is not idempotent is sent again only after a refusal that did not execute it: 401, or 429 with a pacer.
- An idempotent call that fails within 5 seconds is retried once. Further retries are the caller's decision.
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

# Seconds. lexoffice's gateway answers 504 after 30 s. Waiting for it is better than an unknown outcome.
READ_TIMEOUT = 35.0
# Seconds. A call that fails later is not retried: the caller may have no time for a second wait of this length.
_SOON = 5.0
# Attempts of a paced call. After 8 refusals in a row, the pacer has reduced the rate considerably.
_MOST_REFUSALS = 8
_READS = {"GET", "HEAD"}
_REFUSALS: dict[int, type[VendorError]] = {402: Forbidden, 403: Forbidden, 404: NotFound, 409: Conflict}


class AccessTokens(Protocol):
    """One company's access at one vendor."""

    def current(self) -> str:
        """Return a valid access token."""

    def renew(self, rejected: str) -> str:
        """Return another token than the one that the vendor has just refused. Raises AccessGone if there is none."""


class Pacer(Protocol):
    """The caller's share of the vendor's rate limit."""

    def wait(self) -> None:
        """Block until one call may be sent. May raise an error if that takes too long."""

    def record_sent(self) -> None:
        """Record that the call has left now. Before that, it may have waited for a connection."""

    def record_refusal(self, retry_after: float | None) -> None:
        """Record that the vendor refused a call for its rate limit. `retry_after`: seconds, None if not given."""


class Http:
    """Calls to one host of one vendor over one pool of kept-alive connections.

    - Create one per process and host, because creating the TLS context is slow. Then create one view per company with
      `acting_for`, which is cheap.
    - `issues` parses the body of a refusal. It must not raise an error.
    - Raises ConfigError for a base URL that is neither https nor on this machine.
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
        self.request_id = ""  # the vendor's id of the last successful call, for logs

    def acting_for(self, tokens: AccessTokens | None, *, pacer: Pacer | None = None) -> Self:
        """Return a view that uses the same connections and acts for one company."""
        view = copy.copy(self)
        view._tokens = tokens
        view._pacer = pacer
        return view

    def close(self) -> None:
        """Close the connections. This affects every view."""
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
        """Send one call and return its 2xx answer. Raises a VendorError for every other outcome.

        - `path`: begins with a slash. Quote its variable parts with `segment`.
        - `json`: may contain Decimals (see `encode`).
        - `form`: its `basic` replaces the access token.
        - `file`: makes the call a multipart form.
        - `idempotent`: True for GET and HEAD unless given. An idempotent call is retried once if it fails within 5
          seconds, and a lost answer raises Unavailable instead of OutcomeUnknown.
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
        """Download a file from any host into memory and return it, positioned at its start.

        The call carries no access token: signed links refuse one, and another host must not receive it. Redirects are
        followed to https only. Raises:

        - NotFound if the link has expired. Request a new one from the vendor.
        - FileTooLarge above `max_bytes`.
        - Unavailable as for any read.
        - UnexpectedAnswer if the address is not https. http is allowed on this machine if the vendor is there, too.
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
            pause = random.uniform(0.1, 0.5)  # noqa: S311 - jitter, not a secret
        self._sleep(pause)
        return attempt()

    def _send_authorised(self, call: Call) -> HttpAnswer:
        """Send a call; if the vendor refuses it for its rate limit, retry in the next slot. A 429 was not executed."""
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
        # Read the token before taking a slot. Reading takes time, and a late call is too close to the next one.
        token = self._tokens.current()
        answer = self._send_paced(call, token)
        if answer.status == 401:
            # A vendor may end an access token before it expires. The refresh shows whether access is gone.
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
        # lexoffice may send its 429 as a 500 with this message. For a write, this does not prove that nothing was done.
        disguised = answer.status == 500 and b"rate limit exceeded" in answer.body.lower()
        seconds = retry_after(answer.headers.get("retry-after"), now=datetime.now(UTC))
        if (disguised or answer.status == 429) and self._pacer is not None:
            self._pacer.record_refusal(seconds)
        if answer.status == 429 or (disguised and call.repeatable):
            raise RateLimited(answer.vendor, answer.operation, status=answer.status, retry_after=seconds)
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
