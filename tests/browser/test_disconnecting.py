"""Signing in, signing out and disconnecting as a person does it: real cookies, real form rules, both languages."""

import pytest
from journeys.company import Company
from playwright.sync_api import Page, expect

from shared.texts.connect import DISCONNECT, SIGN_IN
from shared.texts.messages import COMMON, MESSAGES
from shared.texts.text import Language

from .accessibility import violations

pytestmark = pytest.mark.journey


@pytest.fixture
def name(company: Company) -> str:
    """A connected company's name at Pleo."""
    assert company.connect().startswith("Verbunden")
    return str(company.organisation["companyName"])


def _signs_in(page: Page, company: Company, name: str, language: Language) -> None:
    page.goto(f"{company.world.stack.api_url}/status")
    page.get_by_role("button", name=SIGN_IN["button"].in_(language)).click()
    page.get_by_label("Firma").select_option(label=name)
    page.get_by_role("button", name="Zugriff erlauben").click()
    page.wait_for_url("**/status")


@pytest.mark.parametrize("language", ["de", "en"])
def test_an_admin_signs_in_and_disconnects(page: Page, company: Company, name: str, language: Language) -> None:
    _signs_in(page, company, name, language)
    page.goto(f"{company.world.stack.api_url}/disconnect")
    expect(page.get_by_role("heading", level=1)).to_have_text(DISCONNECT["title"].in_(language))
    assert violations(page) == []

    page.get_by_role("button", name=DISCONNECT["button"].in_(language)).click()

    expect(page.get_by_role("heading", level=1)).to_have_text(MESSAGES["disconnected"].title.in_(language))
    assert violations(page) == []
    assert company.connection["status"] == "disconnected"
    page.goto(f"{company.world.stack.api_url}/status")
    expect(page.get_by_role("heading", level=1)).to_have_text(SIGN_IN["title"].in_(language))


def test_who_signs_out_is_asked_to_sign_in_again(page: Page, company: Company, name: str) -> None:
    _signs_in(page, company, name, "de")

    page.get_by_role("button", name=COMMON["sign_out"].de).click()

    expect(page.get_by_role("heading", level=1)).to_have_text(SIGN_IN["title"].de)
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(SIGN_IN["title"].de)
