"""Requests of browsers and our answers, in the HTTP API's payload format 2.0, with the headers every page carries.

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

# An answer must leave before the gateway gives up after 30 seconds.
_SECONDS_TO_ANSWER = 3.0
_LANGUAGE = "__Host-language"
SESSION_COOKIE = "__Host-session"
# The hidden field of every form that acts for somebody who is signed in.
TOKEN_FIELD = "csrf"
_LONGEST_FORM = 10_000
# What acts for whoever is signed in, and so needs the token; other forms act for nobody in particular.
SESSION_FORMS = frozenset({"POST /sign-out", "POST /disconnect", "POST /status/expense", "POST /status/request"})
# Nothing of a visit is kept by anybody, and the next site does not learn where the visitor came from. Not
# `no-referrer`: a browser would then send our own forms with `Origin: null`
# (https://fetch.spec.whatwg.org/#append-a-request-origin-header).
_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin"}

type Answer = dict[str, Any]
type Routes = Mapping[str, Callable[[Visit], Answer]]


class Visit:
    """One request of a browser. `public_url` is the product's own address, given or the one the browser used."""

    def __init__(self, event: dict[str, Any], context: Any, *, public_url: str, cookie: str) -> None:
        """`cookie` names the one cookie that this door reads, besides the language's."""
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
        """What the forms of whoever is signed in carry, so that no other site can fill them in; empty for nobody."""
        return hmac.digest(self.session.encode(), b"form", sha256).hex() if self.session else ""

    def remaining(self) -> float:
        """Seconds that may still be spent before the answer must leave."""
        return self._deadline - time.monotonic()

    def keep_language(self, answer: Answer) -> Answer:
        """The answer, and with it the language that the address asked for: vendors send browsers back without it."""
        if "lang" not in self.query:
            return answer
        kept = f"{_LANGUAGE}={self.language}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=31536000"
        return {**answer, "cookies": [*answer.get("cookies", []), kept]}


def answer(visit: Visit, routes: Routes) -> Answer:
    """Answer a visit by its route; a form is heeded only if it comes from a page of ours, and from the session's own.

    Every form of every door passes here (CSRF). Browsers say by `Sec-Fetch-Site` where a request comes from; older
    ones by `Origin` only; who says neither is no browser that we know.
    """
    if visit.route.startswith("POST ") and (cause := _foreign(visit)):
        log_info("form refused", cause=cause, route=visit.route)
        count("FormRefused")
        return visit.keep_language(page(render.message("foreign_form", visit.language), status=403))
    return visit.keep_language(routes[visit.route](visit))


def _foreign(visit: Visit) -> str:
    """Why a form is not ours, empty if it is."""
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
    """The fields of a form; of one that is too long, or no form, none."""
    body = event.get("body") or ""
    if len(body) > _LONGEST_FORM:
        return {}
    raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    return dict(parse_qsl(raw.decode(errors="replace"), keep_blank_values=True))


def session_cookie(value: str, seconds: int) -> str:
    """The cookie of a session; `seconds` 0 takes it away."""
    return f"{SESSION_COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}"


def redirect(url: str) -> Answer:
    """Send the browser elsewhere."""
    return {"statusCode": 303, "headers": {"Location": url, **_PRIVATE}}


def page(html: Html, *, status: int = 200, form_target: str = "", refresh: int = 0) -> Answer:
    """Show a page, and again every `refresh` seconds; `form_target`: another site to which a form of it may lead.

    Browsers apply form-action to the redirect that answers a form, too, so a consent page must be named.
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
    """Hand out a file under a name (ASCII); it is as private as a page."""
    headers = {
        **_PRIVATE,
        "Content-Type": media_type,
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
    }
    return {"statusCode": 200, "headers": headers, "body": text}
