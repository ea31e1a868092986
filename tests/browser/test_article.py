"""The help article, walked by a person in a browser.

Only what can be seen is clicked, found by role and label as a screen reader would; the only addresses that are typed
are the two that `make up` prints, Pleo's and lexoffice's.
"""

import re
import time

import pytest
from journeys.company import Company
from playwright.sync_api import Locator, Page, expect

from .accessibility import violations

pytestmark = pytest.mark.journey

CATEGORY = "Büromaterial für alle"
MERCHANT = "Muster Papierladen"
PAID = "23,80"
_SECONDS = 40


def test_the_article_from_settings_to_all_transactions(page: Page, company: Company) -> None:
    pleo, lexoffice = company.world.stack.pleo_url, company.world.stack.lexoffice_url
    name = str(company.organisation["companyName"])

    _opens_pleo(page, pleo, name)
    _connects(page, name)
    _sees_the_new_bank_account(page, name)

    _opens_pleo(page, pleo, name)
    _sees_accounts_and_tax_rates(page)
    _sets_up_a_category_and_the_contra_account(page)
    _pays_with_a_card(page)

    _opens_lexoffice(page, lexoffice, name)
    _sees_the_line(page)

    _opens_pleo(page, pleo, name)
    _codes_the_expense(page)
    number = _exports(page)

    _opens_lexoffice(page, lexoffice, name)
    _finds_the_voucher_with_its_receipt(page, number)
    _approves_the_suggestion(page, number)


def _opens_pleo(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name=f"Willkommen bei {name}")).to_be_visible()


def _opens_lexoffice(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name="Bank")).to_be_visible()


def _connects(page: Page, name: str) -> None:
    """«Einstellungen» → «Buchhaltung» → lexoffice → «Zugriff erlauben» on both sides."""
    page.get_by_role("link", name="Einstellungen").click()
    page.get_by_role("link", name="Buchhaltung").click()
    page.get_by_role("region", name="lexoffice").get_by_role("link", name="Verbinden").click()

    expect(page.get_by_role("heading", name="Pleo mit lexoffice verbinden")).to_be_visible()
    expect(page.get_by_text("Privatauslage")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Weiter zu Pleo").click()

    page.get_by_label("Firma").select_option(label=name)
    page.get_by_role("button", name="Zugriff erlauben").click()

    page.get_by_role("radio", name=name).check()
    page.get_by_role("button", name="Zugriff erlauben").click()

    expect(page.get_by_role("heading", name="Verbunden")).to_be_visible()
    expect(page.get_by_text(f"{name} ist mit {name} verbunden.")).to_be_visible()
    assert violations(page) == []


def _sees_the_new_bank_account(page: Page, name: str) -> None:
    """«Wird automatisch ein Bankkonto für Pleo-Ausgaben in lexoffice angelegt.»"""
    page.get_by_role("link", name="lexoffice öffnen").click()
    page.get_by_role("link", name=name).click()
    page.get_by_role("link", name="Pleo").click()

    expect(page.get_by_role("heading", name="Pleo")).to_be_visible()
    expect(page.get_by_text("Noch keine Umsätze.")).to_be_visible()


def _sees_accounts_and_tax_rates(page: Page) -> None:
    """«Die Kategorien in Pleo spiegeln die Namen Ihrer Konten in lexoffice wider», and the tax rates are filled in."""
    page.get_by_role("link", name="Kategorien").first.click()

    accounts, rates = page.get_by_role("region", name="Konten"), page.get_by_role("region", name="Steuersätze")
    expect(accounts.get_by_role("rowheader", name="Bürobedarf", exact=True)).to_be_visible()
    expect(rates.get_by_role("row").filter(has_text="19 %")).not_to_have_count(0)


def _sets_up_a_category_and_the_contra_account(page: Page) -> None:
    """A name that employees understand, an expense account behind it, and the wallet's account against it."""
    category = page.get_by_role("form", name="Kategorie anlegen oder ändern")
    category.get_by_label("Name").fill(CATEGORY)
    category.get_by_label("Konto").select_option(label="Bürobedarf")
    category.get_by_label("Steuersatz").select_option(label="19 % Vorsteuer")
    category.get_by_role("button", name="Speichern").click()
    expect(page.get_by_role("row", name=CATEGORY)).to_contain_text("Bürobedarf")

    contra = page.get_by_role("form", name="Gegenkonto")
    contra.get_by_label("Konto").select_option(label="Pleo-Wallet (Bankkonto in lexoffice)")
    contra.get_by_role("button", name="Festlegen").click()
    expect(contra.get_by_label("Konto").locator("option:checked")).to_have_text("Pleo-Wallet (Bankkonto in lexoffice)")


def _pays_with_a_card(page: Page) -> None:
    page.get_by_role("link", name="Wallet").first.click()
    form = page.get_by_role("form", name="Mit Karte bezahlen")
    form.get_by_label("Händler").fill(MERCHANT)
    form.get_by_label("Betrag in EUR").fill(PAID)
    form.get_by_role("button", name="Bezahlen").click()

    payment = page.get_by_role("row", name=MERCHANT)
    expect(payment).to_contain_text("Ausstehend")
    payment.get_by_role("button", name="Abrechnen").click()
    expect(payment).to_contain_text("Abgerechnet")


def _sees_the_line(page: Page) -> None:
    """«Wenn einer Ihrer Kollegen mit der Pleo-Karte bezahlt, werden die Transaktionen automatisch synchronisiert.»"""
    page.get_by_role("link", name="Pleo").click()

    line = page.get_by_role("row", name=MERCHANT)
    _reloads_until(page, line)
    expect(line).to_contain_text(f"−{PAID}")
    expect(line).to_contain_text("offen")
    _reloads_until(page, page.get_by_role("paragraph").filter(has_text=f"Kontostand −{PAID} €"))


def _codes_the_expense(page: Page) -> None:
    page.get_by_role("link", name="Export").first.click()
    page.get_by_role("link", name=MERCHANT).click()
    coding = page.get_by_role("form", name="Kontierung")
    coding.get_by_label("Kategorie").select_option(label=CATEGORY)
    coding.get_by_role("button", name="Speichern").click()
    expect(coding).to_contain_text(f"{CATEGORY}, 19 % Vorsteuer")

    receipts = page.get_by_role("form", name="Belege")
    receipts.get_by_role("button", name="Beleg hinzufügen").click()
    expect(receipts.get_by_role("link")).to_have_count(1)


def _exports(page: Page) -> str:
    """«Exportieren Sie Ihre Ausgaben aus Pleo»; the number of the voucher that it became."""
    page.get_by_role("navigation").get_by_role("link", name="Export").click()
    expect(page.get_by_role("checkbox", name=MERCHANT)).to_be_checked()
    page.get_by_role("button", name="Exportieren").click()

    _reloads_until(page, page.get_by_text("Abgeschlossen", exact=True))
    page.get_by_text("Ergebnisse ansehen").click()
    page.get_by_role("link", name="In lexoffice ansehen").click()
    heading = page.get_by_role("heading", name=re.compile("^Beleg "))
    return heading.inner_text().split()[1]


def _finds_the_voucher_with_its_receipt(page: Page, number: str) -> None:
    """«Gehen Sie dazu auf die Seite Belege in lexoffice.»"""
    page.get_by_role("link", name="Belege").click()
    expect(page.get_by_role("row", name=number)).to_contain_text("offen")
    page.get_by_role("link", name=number).click()

    expect(page.get_by_role("heading", name="Dateien 1")).to_be_visible()
    expect(page.get_by_text(PAID).first).to_be_visible()


def _approves_the_suggestion(page: Page, number: str) -> None:
    """«Zuordnungsvorschläge … genehmigen», then everything matched is under «Alle Umsätze»."""
    page.get_by_role("link", name="Bank", exact=True).click()
    page.get_by_role("link", name="Pleo").click()
    page.get_by_role("link", name="Zuordnungsvorschläge").click()
    page.get_by_role("button", name=f"Beleg {number} zuordnen").click()
    expect(page.get_by_text("Keine Zuordnungsvorschläge.")).to_be_visible()

    page.get_by_role("link", name="Alle Umsätze").click()
    line = page.get_by_role("row", name=MERCHANT)
    expect(line).to_contain_text("zugeordnet")
    expect(line.get_by_role("link", name=f"Beleg {number}")).to_be_visible()


def _reloads_until(page: Page, shown: Locator) -> None:
    """What arrives by itself is seen after a reload; pages have no script."""
    deadline = time.monotonic() + _SECONDS
    while not shown.count():
        assert time.monotonic() < deadline, f"not within {_SECONDS} s: {shown}"
        page.reload()
