"""A browser without JavaScript for demo, bench and journey tests: follows redirects, fills in forms, keeps cookies."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from html.parser import HTMLParser
from typing import Any, Self
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

import httpx

# The first answers wait until a door has started, which takes minutes on a busy machine.
_ANSWER_SECONDS = 180.0
# Poll a page that refreshes itself until its content has not changed for this time, and more often than it asks for.
_SILENCE_SECONDS = 60.0
_RELOAD_SECONDS = 0.2


@dataclass
class _Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)


class Browser:
    """The browser of one admin. `page` is the page it shows."""

    def __init__(self) -> None:
        hooks: dict[str, list[Callable[..., Any]]] = {"request": [self._with_cookies], "response": [self._keep_cookies]}
        self._client = httpx.Client(follow_redirects=True, trust_env=False, timeout=_ANSWER_SECONDS, event_hooks=hooks)
        # httpx sends no `Secure` cookie without TLS; real browsers send it to this machine.
        self._cookies: dict[str, str] = {}
        self.page: httpx.Response

    def open(self, url: str) -> Self:
        """Open an address. Poll a page that refreshes itself until it no longer does."""
        self.page = self._client.get(url)
        changed_at = time.monotonic()
        while "refresh" in self.page.headers and time.monotonic() - changed_at < _SILENCE_SECONDS:
            time.sleep(_RELOAD_SECONDS)
            before, self.page = self.page, self._client.get(self.page.url)
            if _content(before) != _content(self.page):
                changed_at = time.monotonic()
        return self

    def submit(self, **values: str) -> Self:
        """Send the first form of the page that has all these fields, with these values.

        A button counts as a field with its name and value.
        Raise LookupError if no form of the page has these fields.
        """
        for form in _forms(self.page.text):
            if all(value in form.choices.get(name, [value]) and _has(form, name) for name, value in values.items()):
                return self._send(form, form.fields | values)
        raise LookupError(f"no form with {values} on {self.page.url}: {self.title}")

    def press(self, path: str, **filled: str) -> Self:
        """Send the form of the page that leads to `path` and has the values in `filled`.

        Raise LookupError if there is no such form.
        """
        for form in _forms(self.page.text):
            if urlsplit(form.action).path == path and filled.items() <= form.fields.items():
                return self._send(form, form.fields)
        raise LookupError(f"no form {filled} leads to {path} on {self.page.url}: {self.title}")

    def _send(self, form: _Form, values: dict[str, str]) -> Self:
        url = urljoin(str(self.page.url), form.action)
        if form.method == "get":
            self.page = self._client.get(url, params=values)
            return self
        here = str(self.page.url.copy_with(raw_path=b"/")).rstrip("/")
        answer = self._client.post(url, data=values, headers={"Origin": here}, follow_redirects=False)
        # Browsers do the same: the redirect target does not learn which page the form was on.
        self.page = answer
        return self.open(urljoin(url, answer.headers["location"])) if answer.is_redirect else self

    def _with_cookies(self, request: httpx.Request) -> None:
        if self._cookies:
            request.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def _keep_cookies(self, response: httpx.Response) -> None:
        for header in response.headers.get_list("set-cookie"):
            name, _, value = header.partition(";")[0].partition("=")
            self._cookies[name] = value

    @property
    def cookies(self) -> dict[str, str]:
        """Return the stored cookies by name."""
        return dict(self._cookies)

    @property
    def title(self) -> str:
        """Return the title of the page."""
        return self.page.text.partition("<title>")[2].partition("</title>")[0].strip()

    def close(self) -> None:
        """Close the HTTP connections."""
        self._client.close()


def connect(connect_url: str, *, company_id: str, organization_id: str) -> str:
    """Connect a company as its admin would and return the title of the last page."""
    browser = Browser()
    try:
        browser.open(connect_url).submit(start_day=today())
        browser.submit(company=company_id, decision="allow")
        browser.submit(organization_id=organization_id, decision="allow")
        return browser.title
    finally:
        browser.close()


def today() -> str:
    """Return today's date in Germany, for the connect form: by default a company connects without history."""
    return datetime.now(ZoneInfo("Europe/Berlin")).date().isoformat()


def _content(page: httpx.Response) -> str:
    """Return the visible content of a page. Its head differs at each request."""
    return page.text.partition("<main")[2]


def _has(form: _Form, name: str) -> bool:
    return name in form.fields or name in form.choices


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[_Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(_Form(attributes.get("action", ""), attributes.get("method", "get").lower()))
        elif self.forms and attributes.get("name"):
            self._control(tag, attributes)

    def _control(self, tag: str, attributes: dict[str, str]) -> None:
        form, name, value = self.forms[-1], attributes["name"], attributes.get("value", "")
        if tag == "button" or attributes.get("type") in {"radio", "submit"}:
            form.choices.setdefault(name, []).append(value)
            if "checked" in attributes:
                form.fields[name] = value
        elif tag in {"input", "select", "textarea"}:
            form.fields[name] = value


def _forms(text: str) -> list[_Form]:
    reader = _Reader()
    reader.feed(text)
    return reader.forms
