"""Access that is withdrawn while card payments keep coming: the banner, its one button, and nothing lost or doubled."""

import pytest
from journeys.company import Company
from playwright.sync_api import Page, expect

from shared.texts.connect import RESULT
from shared.texts.status import STATUS
from shared.texts.verdicts import VERDICTS

from .accessibility import violations
from .person import Person

pytestmark = pytest.mark.journey


def test_a_withdrawn_access_shows_within_a_minute_and_reconnecting_brings_everything_once(
    page: Page, connected: Company
) -> None:
    person = Person(page, connected)
    paid = [connected.spend()]
    connected.is_fed(*paid)
    person.types_the_address()
    person.opens_the_status_page()
    expect(page.get_by_role("heading", name=VERDICTS["ok"].title.de)).to_be_visible()

    page.get_by_role("link", name=STATUS["open_lexoffice"].de).click()
    person.chooses_the_organisation()
    paid += connected.spend_many(3)
    person.withdraws_the_access()
    paid += connected.spend_many(3)

    person.goes_to_pleo()
    person.opens_accounting_settings()
    page.get_by_role("link", name="Einstellungen der Verbindung").click()
    told = VERDICTS["lexoffice_access_gone"]
    banner = page.get_by_role("region", name=told.title.de)
    person.reloads_until(banner, seconds=60)
    paid += connected.spend_many(3)
    connected.world.eventually(lambda: len(connected.rows) == len(paid), what="every payment collected")
    page.reload()
    expect(banner).to_contain_text(told.body.de)
    expect(banner).to_contain_text("Zahlungen warten.")
    assert violations(page) == []

    banner.get_by_role("button").click()
    person.consents_at_pleo()
    paid += connected.spend_many(3)
    person.consents_at_lexoffice()
    expect(page.get_by_role("heading", level=1)).to_have_text(RESULT["title"].de)
    paid += connected.spend_many(3)
    connected.is_fed(*paid)

    page.get_by_role("link", name=RESULT["status"].de).click()
    expect(page.get_by_role("heading", name=VERDICTS["ok"].title.de)).to_be_visible()
    page.get_by_role("link", name=STATUS["open_lexoffice"].de).click()
    person.chooses_the_organisation()
    person.opens_all_transactions()
    expect(page.get_by_role("row").filter(has_text="offen")).to_have_count(len(paid))
