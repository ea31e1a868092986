"""Requests of browsers and our answers, in the HTTP API's payload format 2.0, with the headers every page carries.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import time
from typing import Any

from shared.pages.render import Html, language_of

# An answer must leave before the gateway gives up after 30 seconds.
_SECONDS_TO_ANSWER = 3.0
# Nothing of a visit is kept by anybody, and the next site does not learn where the visitor came from.
_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}

type Answer = dict[str, Any]


class Visit:
    """One request of a browser. `public_url` is the product's own address, given or the one the browser used."""

    def __init__(self, event: dict[str, Any], context: Any, *, public_url: str, cookie: str) -> None:
        """`cookie` names the one cookie that this door reads."""
        self.route: str = event["routeKey"]
        self.query: dict[str, str] = event.get("queryStringParameters") or {}
        self.language = language_of(self.query, event.get("headers") or {})
        cookies = dict(pair.split("=", 1) for pair in event.get("cookies", []) if "=" in pair)
        self.cookie = cookies.get(cookie, "")
        self.public_url = public_url or f"https://{event['requestContext']['domainName']}"
        self._deadline: float = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - _SECONDS_TO_ANSWER

    def remaining(self) -> float:
        """Seconds that may still be spent before the answer must leave."""
        return self._deadline - time.monotonic()


def redirect(url: str) -> Answer:
    """Send the browser elsewhere."""
    return {"statusCode": 303, "headers": {"Location": url, **_PRIVATE}}


def page(html: Html, *, status: int = 200, form_target: str = "") -> Answer:
    """Show a page. `form_target`: another site to which a form of this page may lead.

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
    }
    return {"statusCode": status, "headers": headers, "body": html.text}
