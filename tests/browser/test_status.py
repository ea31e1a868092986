"""The status page as an admin meets it: signed in by Pleo's consent, everything at a glance, one expense in detail."""

import re

import pytest
from journeys.company import Company
from playwright.sync_api import Page, expect

from shared.texts.connect import RESULT, SIGN_IN, START
from shared.texts.expense import ASK, BRANCH_TEXTS, EXPENSE, STEPS
from shared.texts.messages import COMMON
from shared.texts.status import STATUS
from shared.texts.text import Language
from shared.texts.verdicts import VERDICTS

from .accessibility import violations

pytestmark = pytest.mark.journey


def _consents_at_pleo(page: Page, company: Company) -> None:
    page.get_by_label("Firma").select_option(label=str(company.organisation["companyName"]))
    page.get_by_role("button", name="Zugriff erlauben").click()


def _consents_at_lexoffice(page: Page, company: Company, language: Language) -> None:
    page.get_by_role("radio", name=str(company.organisation["companyName"])).check()
    page.get_by_role("button", name="Zugriff erlauben").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(RESULT["title"].in_(language))


def _connects(page: Page, company: Company, language: Language) -> None:
    page.goto(company.world.stack.connect_url)
    page.get_by_role("button", name=START["button"].in_(language)).click()
    _consents_at_pleo(page, company)
    _consents_at_lexoffice(page, company, language)


def _signs_in(page: Page, company: Company, language: Language) -> None:
    page.goto(f"{company.world.stack.api_url}/status")
    expect(page.get_by_role("heading", level=1)).to_have_text(SIGN_IN["title"].in_(language))
    assert violations(page) == []
    page.get_by_role("button", name=SIGN_IN["button"].in_(language)).click()
    _consents_at_pleo(page, company)
    expect(page.get_by_role("heading", level=1)).to_have_text(STATUS["title"].in_(language))


@pytest.mark.parametrize("language", ["de", "en"])
def test_an_admin_signs_in_sees_that_all_is_well_looks_up_a_payment_and_signs_out(
    page: Page, company: Company, language: Language
) -> None:
    _connects(page, company, language)
    entry_id = company.spend(2677)
    company.is_fed(entry_id)
    _signs_in(page, company, language)

    expect(page.get_by_role("heading", name=VERDICTS["ok"].title.in_(language))).to_be_visible()
    expect(page.get_by_role("region", name=STATUS["feed"].in_(language))).to_contain_text(re.compile("heute|today"))
    assert violations(page) == []

    page.get_by_label(ASK["label"].in_(language)).fill(entry_id)
    page.get_by_role("button", name=ASK["button"].in_(language)).click()
    expect(page.get_by_role("heading", name=BRANCH_TEXTS["not_exported"].title.in_(language))).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text=STEPS["line"].in_(language))).to_be_visible()
    assert violations(page) == []

    page.get_by_role("link", name=EXPENSE["back"].in_(language)).click()
    page.get_by_role("button", name=COMMON["sign_out"].in_(language)).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(SIGN_IN["title"].in_(language))
