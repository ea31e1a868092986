"""Parse browsers' requests and build answers in the HTTP API's payload format 2.0, with the headers of every page.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import hmac
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

from shared.pages import render
from shared.pages.render import Html, language_of
from shared.telemetry import count, log_info

# Seconds. An answer must be sent before the gateway's timeout of 30 seconds.
_SECONDS_TO_ANSWER = 3.0
_LANGUAGE = "__Host-language"
SESSION_COOKIE = "__Host-session"
# The hidden field of every form of a signed-in admin.
TOKEN_FIELD = "csrf"
_LONGEST_FORM = 10_000
# Forms that act for the signed-in admin and need the token. The other forms work without a session.
SESSION_FORMS = frozenset({"POST /sign-out", "POST /disconnect", "POST /status/expense", "POST /status/request"})
# No cache stores a page, and another site gets no referrer. `no-referrer` is not usable: browsers would send our own
# forms with `Origin: null` (https://fetch.spec.whatwg.org/#append-a-request-origin-header).
_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}

type Answer = dict[str, Any]
type Routes = Mapping[str, Callable[[Visit], Answer]]


class Visit:
    """One request of a browser. `public_url` is the product's address: the configured one, else the requested one."""

    def __init__(self, event: dict[str, Any], context: Any, *, public_url: str, cookie: str) -> None:
        """`cookie` is the name of the cookie that this door reads besides session and language."""
        self.route: str = event["routeKey"]
        self.query: dict[str, str] = event.get("queryStringParameters") or {}
        self.headers: dict[str, str] = event.get("headers") or {}
        cookies = dict(pair.split("=", 1) for pair in event.get("cookies", []) if "=" in pair)
        self.language = language_of(self.query, cookies.get(_LANGUAGE, ""), self.headers)
        self.cookie = cookies.get(cookie, "")
        self.session = cookies.get(SESSION_COOKIE, "")
        self.form = _form(event)
        self.public_url = public_url or f"https://{event['requestContext']['domainName']}"
        self._deadline: float = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - _SECONDS_TO_ANSWER

    @property
    def form_token(self) -> str:
        """Return the CSRF token of the session's forms, which another site cannot know; "" without session."""
        return hmac.digest(self.session.encode(), b"form", sha256).hex() if self.session else ""

    def remaining(self) -> float:
        """Return the seconds until the answer must be sent."""
        return self._deadline - time.monotonic()

    def keep_language(self, answer: Answer) -> Answer:
        """Add a cookie with the language of the address, because vendors redirect browsers back without it."""
        if "lang" not in self.query:
            return answer
        cookie = f"{_LANGUAGE}={self.language}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=31536000"
        return {**answer, "cookies": [*answer.get("cookies", []), cookie]}


def answer(visit: Visit, routes: Routes) -> Answer:
    """Answer a visit by its route. Refuse a form that does not come from our own page and this session (CSRF).

    Every form of every door is checked here. Browsers send `Sec-Fetch-Site`, older ones only `Origin`. A form with
    neither is refused.
    """
    if visit.route.startswith("POST ") and (cause := _foreign(visit)):
        log_info("form refused", cause=cause, route=visit.route)
        count("FormRefused")
        return visit.keep_language(page(render.message("foreign_form", visit.language), status=403))
    return visit.keep_language(routes[visit.route](visit))


def _foreign(visit: Visit) -> str:
    """Return why a form is refused, "" if it is accepted."""
    site, origin = visit.headers.get("sec-fetch-site"), visit.headers.get("origin")
    if site is not None and site != "same-origin":
        return "another site"
    if site is None and origin != visit.public_url:
        return "no origin" if origin is None else "another origin"
    token = visit.form.get(TOKEN_FIELD, "").encode()
    if visit.route in SESSION_FORMS and not (token and hmac.compare_digest(token, visit.form_token.encode())):
        return "another session"
    return ""


def _form(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields of a form, or none if the body is too long or not a form."""
    body = event.get("body") or ""
    if len(body) > _LONGEST_FORM:
        return {}
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    return dict(parse_qsl(raw.decode(errors="replace"), keep_blank_values=True))


def session_cookie(value: str, seconds: int) -> str:
    """Return the cookie of a session that expires after `seconds`. 0 deletes the cookie."""
    return f"{SESSION_COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}"


def redirect(url: str) -> Answer:
    """Return a redirect to an address."""
    return {"statusCode": 303, "headers": {"Location": url, **_PRIVATE}}


def page(html: Html, *, status: int = 200, form_target: str = "", refresh: int = 0) -> Answer:
    """Return an answer with a page.

    - `form_target`: another site to which a form may redirect, such as a consent page. Browsers apply `form-action` to
      the redirect after a form as well.
    - `refresh`: seconds after which the browser reloads the page. 0: never.
    """
    policy = (
        f"default-src 'none'; img-src data:; style-src 'nonce-{html.nonce}'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {form_target}".rstrip()
    )
    headers = {
        **_PRIVATE,
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Strict-Transport-Security": "max-age=63072000",
        **({"Refresh": str(refresh)} if refresh else {}),
    }
    return {"statusCode": status, "headers": headers, "body": html.text}


def download(text: str, *, name: str, media_type: str) -> Answer:
    """Return an answer with a file. Caches do not store it. `name` must be ASCII."""
    headers = {
        **_PRIVATE,
        "Content-Type": media_type,
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
    }
    return {"statusCode": 200, "headers": headers, "body": text}
