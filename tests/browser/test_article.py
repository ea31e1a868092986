"""The help article, walked by a person in a browser, with our pages in German and in English."""

import re

import pytest
from journeys.company import Company
from playwright.sync_api import Page, expect

from shared.texts.connect import RESULT, START
from shared.texts.labels import EXPORTS
from shared.texts.status import STATUS
from shared.texts.text import Language
from shared.texts.verdicts import VERDICTS

from .accessibility import violations
from .person import Person

pytestmark = pytest.mark.journey

CATEGORY = "Büromaterial für alle"
MERCHANT = "Muster Papierladen"
PAID = "23,80"


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_article_from_settings_to_all_transactions(page: Page, company: Company, language: Language) -> None:
    person = Person(page, company, language)

    person.types_the_address()
    _connects(person)
    _sees_the_new_bank_account(person)

    person.goes_to_pleo()
    _sees_accounts_and_tax_rates(person)
    _sets_up_a_category_and_the_contra_account(person)
    person.pays_with_a_card(MERCHANT, PAID)

    person.goes_to_lexoffice()
    _sees_the_line(person)

    person.goes_to_pleo()
    number = _exports(person)
    _finds_the_voucher_with_its_receipt(person, number)
    _approves_the_suggestion(person, number)

    person.goes_to_pleo()
    _has_nothing_left_to_do(person)
    person.opens_the_status_page()
    _sees_that_all_is_well(person)
    person.goes_to_pleo()


def _connects(person: Person) -> None:
    """«Einstellungen» → «Buchhaltung» → lexoffice → «Zugriff erlauben» on both sides."""
    page, language = person.page, person.language
    person.opens_accounting_settings()
    page.get_by_role("region", name="lexoffice").get_by_role("link", name="Verbinden").click()

    person.reads(START["title"].in_(language))
    expect(page.get_by_text("«Privatauslage»")).to_be_visible()
    person.begins_to_connect()

    person.reads(RESULT["title"].in_(language))
    told = RESULT["done"].in_(language).format(company=person.name, organisation=person.name)
    expect(page.get_by_text(told)).to_be_visible()


def _sees_the_new_bank_account(person: Person) -> None:
    """«Wird automatisch ein Bankkonto für Pleo-Ausgaben in lexoffice angelegt.»"""
    person.page.get_by_role("link", name=RESULT["lexoffice"].in_(person.language)).click()
    person.chooses_the_organisation()
    person.opens_all_transactions()
    expect(person.page.get_by_text("Noch keine Umsätze.")).to_be_visible()


def _sees_accounts_and_tax_rates(person: Person) -> None:
    """«Die Kategorien in Pleo spiegeln die Namen Ihrer Konten in lexoffice wider», and the tax rates are filled in."""
    person.opens_categories()
    accounts = person.page.get_by_role("region", name="Konten")
    rates = person.page.get_by_role("region", name="Steuersätze")
    expect(accounts.get_by_role("rowheader", name="Bürobedarf", exact=True)).to_be_visible()
    expect(rates.get_by_role("row").filter(has_text="19 %")).not_to_have_count(0)


def _sets_up_a_category_and_the_contra_account(person: Person) -> None:
    """A name that employees understand, an expense account behind it, and the wallet's account against it."""
    page = person.page
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


def _sees_the_line(person: Person) -> None:
    """«Wenn einer Ihrer Kollegen mit der Pleo-Karte bezahlt, werden die Transaktionen automatisch synchronisiert.»"""
    person.opens_all_transactions()
    line = person.page.get_by_role("row", name=MERCHANT)
    person.reloads_until(line)
    expect(line).to_contain_text(f"−{PAID}")
    expect(line).to_contain_text("offen")
    person.reloads_until(person.page.get_by_role("paragraph").filter(has_text=f"Kontostand −{PAID} €"))


def _exports(person: Person) -> str:
    """«Exportieren Sie Ihre Ausgaben aus Pleo»; the number of the voucher that it became."""
    page = person.page
    person.opens_the_expense(MERCHANT)
    person.chooses_the_category(CATEGORY)
    person.adds_a_receipt()

    page.get_by_role("link", name="Zurück zum Export").click()
    expect(page.get_by_role("checkbox", name=MERCHANT)).to_be_checked()
    export = person.exports()
    expect(export.get_by_text("Abgeschlossen", exact=True)).to_be_visible()
    export.get_by_text("Ergebnisse ansehen").click()
    export.get_by_role("link", name="In lexoffice ansehen").click()
    heading = page.get_by_role("heading", name=re.compile("^Beleg "))
    return heading.inner_text().split()[1]


def _finds_the_voucher_with_its_receipt(person: Person, number: str) -> None:
    """«Gehen Sie dazu auf die Seite Belege in lexoffice.»"""
    page = person.page
    person.opens_vouchers()
    expect(page.get_by_role("row", name=number)).to_contain_text("offen")
    page.get_by_role("link", name=number).click()

    expect(page.get_by_role("heading", name="Dateien 1")).to_be_visible()
    expect(page.get_by_text(PAID).first).to_be_visible()


def _approves_the_suggestion(person: Person, number: str) -> None:
    """«Zuordnungsvorschläge … genehmigen», then everything matched is under «Alle Umsätze»."""
    page = person.page
    person.opens_suggestions()
    page.get_by_role("button", name=f"Beleg {number} zuordnen").click()
    expect(page.get_by_text("Keine Zuordnungsvorschläge.")).to_be_visible()

    page.get_by_role("link", name="Alle Umsätze").click()
    line = page.get_by_role("row", name=MERCHANT)
    expect(line).to_contain_text("zugeordnet")
    expect(line.get_by_role("link", name=f"Beleg {number}")).to_be_visible()


def _has_nothing_left_to_do(person: Person) -> None:
    """What Pleo's home page says to do next is done, apart from what only lexoffice knows."""
    guide = person.page.get_by_role("region", name="So geht es weiter")
    expect(guide.get_by_role("listitem").filter(has_text="Erledigt")).to_have_count(5)


def _sees_that_all_is_well(person: Person) -> None:
    page, language = person.page, person.language
    expect(page.get_by_role("heading", name=VERDICTS["ok"].title.in_(language))).to_be_visible()
    expect(person.section("feed")).to_contain_text(STATUS["nothing_waiting"].in_(language))
    expect(person.section("export")).to_contain_text(EXPORTS["completed"].in_(language))
    assert violations(page) == []
