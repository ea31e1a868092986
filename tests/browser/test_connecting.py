"""Our own pages as a person meets them while connecting, in German and in English, and when something goes wrong."""

import pytest
from journeys.company import Company
from playwright.sync_api import Page, expect

from shared.texts.connect import RESULT, START
from shared.texts.messages import COMMON, MESSAGES
from shared.texts.text import Language, Text

from .accessibility import violations
from .watch import Watch

pytestmark = pytest.mark.journey


def _reads(page: Page, text: Text, language: Language) -> None:
    """The page has this heading in this language, says so to screen readers, and is accessible."""
    expect(page.get_by_role("heading", level=1)).to_have_text(text.in_(language))
    expect(page.locator("html")).to_have_attribute("lang", language)
    assert violations(page) == []


def _consents_at_pleo(page: Page, name: str, button: str = "Zugriff erlauben") -> None:
    page.get_by_label("Firma").select_option(label=name)
    page.get_by_role("button", name=button).click()


def _consents_at_lexoffice(page: Page, name: str, button: str = "Zugriff erlauben") -> None:
    page.get_by_role("radio", name=name).check()
    page.get_by_role("button", name=button).click()


@pytest.fixture
def name(company: Company) -> str:
    """What the company is called at Pleo and at lexoffice."""
    return str(company.organisation["companyName"])


def test_the_language_that_somebody_chooses_stays_to_the_end(page: Page, company: Company, name: str) -> None:
    page.goto(company.world.stack.connect_url)
    _reads(page, START["title"], "de")
    page.get_by_role("link", name="English").click()
    _reads(page, START["title"], "en")
    page.get_by_role("button", name="Continue to Pleo").click()
    _consents_at_pleo(page, name)
    _consents_at_lexoffice(page, name)

    _reads(page, RESULT["title"], "en")


@pytest.mark.parametrize("language", ["de", "en"])
def test_who_declines_can_read_it_in_both_languages_and_start_again(
    page: Page, company: Company, name: str, language: Language
) -> None:
    other: Language = "en" if language == "de" else "de"
    page.goto(company.world.stack.connect_url)
    page.get_by_role("button").click()
    _consents_at_pleo(page, name)
    _consents_at_lexoffice(page, name, "Ablehnen")
    _reads(page, MESSAGES["declined"].title, language)

    page.get_by_role("link", name=COMMON["other_language"].in_(language)).click()
    _reads(page, MESSAGES["declined"].title, other)

    page.get_by_role("link", name=COMMON["again"].in_(other)).click()
    _reads(page, START["title"], other)
    assert company.accounts == []


def test_a_page_reached_without_beginning_says_how_to_begin(page: Page, company: Company, watch: Watch) -> None:
    watch.refusals.add(404)
    page.goto(f"{company.world.stack.connect_url}/result")

    _reads(page, MESSAGES["nothing_here"].title, "de")
    page.get_by_role("link", name="Von vorn beginnen").click()
    _reads(page, START["title"], "de")
