"""Headless Chromium before the deployed template and the stand-ins; what fails leaves a picture in build/browser."""

import re
from collections.abc import Generator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from journeys.company import Company
from journeys.world import World
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from shared.texts.text import Language

from .chromium import MISSING, executable, launched
from .watch import Watch

BUILD = Path(__file__).parents[2] / "build"
_LOCALES = {"de": "de-DE", "en": "en-GB"}
# As long as the gateway waits for a door; what takes longer is waited for by reloading.
_TIMEOUT_MS = 30_000
expect.set_options(timeout=_TIMEOUT_MS)


# Not for the whole session: Playwright keeps an event loop in this thread, which other tests would find there.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    path = executable()
    if path is None:
        pytest.fail(MISSING, pytrace=False)
    with launched(path) as browser:
        yield browser


@pytest.fixture
def language() -> Language:
    """What the browser asks for; a test that wants another parametrises it."""
    return "de"


@pytest.fixture
def context(chromium: Browser, language: Language) -> Iterator[BrowserContext]:
    """A person's browser with nothing in it."""
    context = chromium.new_context(locale=_LOCALES[language], viewport={"width": 1280, "height": 900})
    context.set_default_timeout(_TIMEOUT_MS)
    yield context
    context.close()


@pytest.fixture
def watch(context: BrowserContext) -> Watch:
    return Watch(context)


@pytest.fixture
def page(context: BrowserContext, watch: Watch, request: pytest.FixtureRequest) -> Iterator[Page]:
    """One tab. The test fails when anything in it complains, fails or leaves this machine."""
    page = context.new_page()
    yield page
    if watch.problems:
        pytest.fail(f"{_pictured(page, request.node.name)}: {'; '.join(watch.problems)}", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    page = item.funcargs.get("page")
    if report.when == "call" and report.failed and isinstance(page, Page):
        report.sections.append(("Browser", _pictured(page, item.name)))
        if isinstance(world := item.funcargs.get("world"), World):
            report.sections.append(("Doors", world.log_tail()))
    return report


def _pictured(page: Page, test: str) -> str:
    """Keeps what the tab shows as a picture and as HTML; says where."""
    folder = BUILD / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / f"{re.sub(r'[^\w-]+', '-', test).strip('-')}.png"
    where = f"at {page.url.partition('?')[0]}"
    try:
        page.screenshot(path=picture, full_page=True)
        picture.with_suffix(".html").write_text(page.content())
    except Error as error:  # a tab on its way to another page cannot always be pictured
        return f"{where}, no picture: {error.message}"
    return f"{where}, see {picture.relative_to(BUILD.parent)}"


@pytest.fixture
def company(world: World) -> Iterator[Company]:
    """A company and an organisation of a name that nobody else has, not connected yet."""
    name = f"Musterfirma {uuid4().hex[:8]}"
    company_id = world.pleo("/companies", name=name, opening_minors=0)["id"]
    organisation_id = world.lexoffice("/organizations", companyName=name)["id"]
    company = Company(world, company_id, organisation_id)
    company.at_full_speed()
    yield company
    company.browser.close()
    world.calm()


@pytest.fixture
def connected(company: Company) -> Company:
    """The same, connected, in an account that is fed at full speed."""
    assert company.connect().startswith("Verbunden")
    company.world.at_rest()
    # No sync by the clock: it would heal what a test wants to see broken.
    company.is_due("2999-01-01T00:00:00.000000Z")
    return company
