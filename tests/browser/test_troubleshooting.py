"""«Exportiert, aber Ihre Pleo-Ausgaben nicht sehen?»: the article's tree of causes, walked in a browser."""

import re

import pytest
from journeys.company import OFFICE_SUPPLIES, Company
from journeys.dead_letters import dies, redrive
from playwright.sync_api import Page, expect

from shared.domain.exporting.export_errors import ACCOUNT_MISSING
from shared.texts.expense import BRANCH_TEXTS, EXPENSE, STEPS
from shared.texts.export_errors import EXPORT_ERRORS
from shared.texts.labels import STEP_STATES
from shared.texts.messages import COMMON
from shared.texts.status import STATUS
from shared.texts.verdicts import VERDICTS

from .accessibility import violations
from .person import Person

pytestmark = pytest.mark.journey

CATEGORY = "Büromaterial"
MERCHANT = "Muster Papierladen"


@pytest.fixture
def person(page: Page, connected: Company) -> Person:
    """At Pleo's home page, of a connected company with a category and its contra account."""
    connected.set_contra_account()
    category = {"name": CATEGORY, "account_external_id": OFFICE_SUPPLIES, "tax_code": "DE-19"}
    connected.world.pleo("/categories", company_id=connected.id, **category)
    person = Person(page, connected)
    person.types_the_address()
    return person


def test_a_feed_that_failed_is_named_redriven_and_the_suggestion_appears(page: Page, person: Person) -> None:
    """The voucher is under «Belege», «Zuordnungsvorschläge» is empty: the feed failed, and support sends it again."""
    company, world = person.company, person.company.world
    company.in_lexoffice(faults={"route": "finance/transactions", "method": "POST", "times": 1_000})
    entry_id = company.code(company.spend(2_380, merchant=MERCHANT))
    number = person.opens_the_expense(MERCHANT)
    page.get_by_role("link", name="Zurück zum Export").click()
    expect(person.exports().get_by_text("Abgeschlossen", exact=True)).to_be_visible()

    person.goes_to_lexoffice()
    person.opens_vouchers()
    expect(page.get_by_role("row", name=MERCHANT)).to_contain_text("offen")
    person.opens_suggestions()
    expect(page.get_by_text("Keine Zuordnungsvorschläge.")).to_be_visible()

    person.goes_to_pleo()
    person.opens_the_status_page()
    person.looks_up(number)
    expect(page.get_by_role("heading", name=BRANCH_TEXTS["line_waiting"].title.de)).to_be_visible()
    _is(person, "line", "waiting")
    _is(person, "voucher", "done")
    assert violations(page) == []

    dies(company)
    world.lexoffice("/faults", "DELETE")
    assert redrive(world) > 0
    company.is_fed(entry_id)
    person.looks_up(number)
    expect(page.get_by_role("heading", name=BRANCH_TEXTS["complete"].title.de)).to_be_visible()
    _is(person, "line", "done")
    _is(person, "match", "waiting")

    page.get_by_role("link", name=EXPENSE["open_voucher"].de).click()
    person.opens_suggestions()
    expect(page.get_by_role("row", name=MERCHANT)).to_be_visible()

    assert redrive(world) == 0
    world.at_rest()
    person.opens_all_transactions()
    expect(page.get_by_role("row", name=MERCHANT)).to_have_count(1)
    assert len(company.lines) == 1


def _is(person: Person, step: str, state: str) -> None:
    """The trace shows this step in this state."""
    shown = person.page.get_by_role("listitem").filter(has_text=re.compile(f"^{STEPS[step].de}"))
    expect(shown).to_contain_text(STEP_STATES[state].de)


def test_an_export_error_says_cause_and_fix_and_goes_when_it_is_fixed(page: Page, person: Person) -> None:
    """Nothing under «Belege»: Pleo shows the error, the status page shows it in both languages."""
    person.pays_with_a_card(MERCHANT, "23,80")
    person.opens_the_expense(MERCHANT)
    person.adds_a_receipt()
    page.get_by_role("link", name="Zurück zum Export").click()
    page.get_by_role("checkbox", name=MERCHANT).check()
    export = person.exports()
    expect(export).to_contain_text("Abgeschlossen mit Fehlern")
    export.get_by_text("Fehler ansehen").click()
    error = EXPORT_ERRORS[ACCOUNT_MISSING.code]
    expect(export).to_contain_text(f"{error.cause.de} {error.fix.de}")

    person.opens_the_status_page()
    expect(page.get_by_role("heading", name=VERDICTS["attention"].title.de)).to_be_visible()
    expect(person.section("export")).to_contain_text(f"{error.cause.de} {error.fix.de}")
    page.get_by_role("link", name=COMMON["other_language"].de).click()
    person.language = "en"
    expect(person.section("export")).to_contain_text(f"{error.cause.en} {error.fix.en}")
    assert violations(page) == []

    person.goes_to_pleo()
    person.opens_the_expense(MERCHANT)
    person.chooses_the_category(CATEGORY)
    page.get_by_role("link", name="Zurück zum Export").click()
    expect(page.get_by_role("checkbox", name=MERCHANT)).to_be_checked()
    expect(person.exports().get_by_text("Abgeschlossen", exact=True)).to_be_visible()

    person.opens_accounting_settings()
    page.get_by_role("link", name="Einstellungen der Verbindung").click()
    expect(page.get_by_role("heading", name=VERDICTS["ok"].title.en)).to_be_visible()
    expect(page.get_by_role("heading", name=STATUS["failed_items"].en)).to_have_count(0)
    expect(page.get_by_text(ACCOUNT_MISSING.code)).to_have_count(0)
