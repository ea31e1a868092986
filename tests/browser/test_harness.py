"""The harness itself: what a page must not do is noticed, and a missing browser is said aloud."""

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from . import chromium as finder
from .accessibility import violations
from .watch import Watch

_HERE = "http://127.0.0.1:9/"
_STRICT = {"Content-Type": "text/html", "Content-Security-Policy": "default-src 'none'; style-src 'nonce-1'"}
_OPEN = {"Content-Type": "text/html"}
_UNREADABLE_IN_THE_DARK = """<!doctype html><html lang="en"><title>x</title><main><h1>A title</h1></main>
<style>@media (prefers-color-scheme: dark) { html { background: #000; color: #222 } }</style></html>"""


@pytest.mark.parametrize(
    ("headers", "body", "told"),
    [
        (_STRICT, "<style>p { color: red }</style>", "Content Security Policy"),
        (_OPEN, "<script>throw new Error('broken')</script>", "script: broken"),
        (_OPEN, "<script>console.error('odd')</script>", "console: odd"),
        (_OPEN, "<img src='/gone.png'>", "404 from /gone.png"),
        (_OPEN, "<img src='http://elsewhere.test/pixel.png'>", "asked http://elsewhere.test"),
    ],
    ids=["its own policy", "a script that fails", "the console", "a picture that is missing", "another machine"],
)
def test_what_a_page_must_not_do_is_noticed(
    context: BrowserContext, watch: Watch, headers: dict[str, str], body: str, told: str
) -> None:
    def answer(route: Route) -> None:
        missing = route.request.url != _HERE
        route.fulfill(status=404 if missing else 200, headers=headers, body=f"<!doctype html><title>x</title>{body}")

    tab = context.new_page()
    tab.route(f"{_HERE}**", answer)
    tab.goto(_HERE)

    assert any(told in problem for problem in watch.problems), watch.problems


def test_a_refusal_that_nobody_expects_is_noticed(context: BrowserContext, watch: Watch) -> None:
    tab = context.new_page()
    tab.route(f"{_HERE}**", lambda route: route.fulfill(status=400, body="no"))
    tab.goto(f"{_HERE}callback?state=1")
    assert watch.problems == ["400 from /callback"]

    watch.problems.clear()
    watch.refusals.add(400)
    tab.reload()
    assert watch.problems == []


def test_a_text_that_is_hard_to_read_in_dark_colours_is_noticed(page: Page) -> None:
    page.route(f"{_HERE}**", lambda route: route.fulfill(headers=_OPEN, body=_UNREADABLE_IN_THE_DARK))
    page.goto(_HERE)
    assert violations(page) == []

    page.emulate_media(color_scheme="dark")

    (found,) = violations(page, "color-contrast")
    assert found.startswith("color-contrast (serious)")


def test_a_missing_browser_is_said_aloud_with_the_package_that_brings_it(tmp_path: Path) -> None:
    """`make test` and `.ci/run` ask this script."""
    answer = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(finder.__file__)], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )

    assert answer.returncode == 1
    assert "apt-get install chromium" in answer.stderr
