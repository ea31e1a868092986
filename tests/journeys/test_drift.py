"""A category that a waiting expense uses disappears from lexoffice: people are told, nothing is booked elsewhere."""

import json

import pytest

from .company import Company
from .world import Json

pytestmark = pytest.mark.journey


@pytest.fixture
def drones(company: Company) -> str:
    """A category that only this test knows, synced; its id."""
    company.set_contra_account()
    made = company.world.lexoffice("/categories", action="add", name="Drohnenbedarf", type="outgo")
    sync_lists(company)
    return str(made["id"])


def sync_lists(company: Company) -> None:
    """A sync of the lists as somebody wants it now, and everything that follows from it."""

    def synced() -> int:
        found = company.world.logged("SyncFunction", message="company synced", connection_id=company.connection_id)
        return len(found)

    before = synced()
    body = json.dumps({"connection_id": company.connection_id, "requests": ["sync_catalogue"]})
    company.world.stack.client("sqs").send_message(
        QueueUrl=company.world.stack.resources["SyncQueue"], MessageBody=body
    )
    company.world.eventually(lambda: synced() > before, what="the sync")
    company.world.at_rest()


def account(company: Company, category_id: str) -> Json:
    """Pleo's account for a category."""
    rows = company.world.pleo(f"/chart?company_id={company.id}", "GET")["accounts"]
    return next(dict(row) for row in rows if row["externalId"] == category_id)


def changes(company: Company) -> list[Json]:
    """What the last sync that changed something changed, as it is stored."""
    item = company.world.item("ConnectionTable", id=f"CATALOGUE#{company.connection_id}")
    assert item
    return list(item["changes"])


def test_a_removed_category_is_archived_told_and_an_expense_that_uses_it_is_refused_with_its_name(
    company: Company, drones: str
) -> None:
    waiting, other = company.expenses(2)
    company.code(waiting, account_external_id=drones)
    company.world.lexoffice("/categories", action="remove", id=drones)

    sync_lists(company)

    assert account(company, drones)["archived"]
    (gone,) = changes(company)
    assert (gone["what"], gone["name"], gone["expenses"]) == ("archived", "Drohnenbedarf", 1)
    assert gone["entry_ids"] == [waiting]
    shown = status_page(company)
    assert "Nicht mehr in lexoffice: Drohnenbedarf" in shown
    assert "1 Ausgabe, die noch nicht exportiert ist, benutzt sie" in shown

    items = company.ends(company.export([waiting, other]), "completed_with_errors")

    assert items[other]["status"] == "successful"
    assert (items[waiting]["status"], items[waiting]["failureReasonType"]) == ("failed", "account_unknown")
    assert "Drohnenbedarf" in items[waiting]["failureReason"]
    assert items[waiting]["failureReason"].endswith("[EXP-CATEGORY-GONE]")
    assert [voucher["id"] for voucher in company.vouchers] == [items[other]["externalId"]]


def test_a_category_that_comes_back_takes_the_expense_after_all(company: Company, drones: str) -> None:
    (waiting,) = company.expenses(1, account_external_id=drones)
    company.world.lexoffice("/categories", action="remove", id=drones)
    sync_lists(company)
    company.ends(company.export([waiting]), "completed_with_errors")

    company.world.lexoffice("/categories", action="add", id=drones, name="Drohnenbedarf", type="outgo")
    sync_lists(company)

    assert not account(company, drones)["archived"]
    company.has_exported(company.export([waiting]), [waiting])
    (voucher,) = company.vouchers
    assert [item["categoryId"] for item in voucher["voucherItems"]] == [drones]


def test_a_list_that_cannot_be_right_changes_nothing_until_somebody_confirms_it(company: Company, drones: str) -> None:
    before = company.shown_in_pleo()
    rows = company.world.pleo(f"/chart?company_id={company.id}", "GET")["accounts"]
    kept = {drones, company.accounts[0]["financialAccountId"]}
    for row in [each for each in rows if each["externalId"] not in kept][:30]:
        company.world.lexoffice("/categories", action="remove", id=row["externalId"])

    sync_lists(company)

    assert company.shown_in_pleo() == before
    assert f"30 von {len(rows)} Kategorien" in status_page(company)

    company.browser.press("/status/request", request="accept_catalogue")

    def archived() -> int:
        after = company.world.pleo(f"/chart?company_id={company.id}", "GET")["accounts"]
        return sum(row["archived"] for row in after)

    company.world.eventually(lambda: archived() == 30, what="the archived accounts in Pleo")
    company.world.at_rest()
    assert "30 von" not in status_page(company)


def test_the_admin_can_have_the_lists_synced_at_once(company: Company) -> None:
    company.world.lexoffice("/categories", action="add", name="Drohnenbedarf", type="outgo")
    status_page(company)

    company.browser.press("/status/request", request="sync_catalogue")

    company.world.eventually(lambda: "Drohnenbedarf" in company.shown_in_pleo()[0], what="the new category in Pleo")
    company.world.at_rest()
    assert "Neu: Drohnenbedarf" in status_page(company)


def status_page(company: Company) -> str:
    """The status page as its admin sees it, signed in."""
    browser = company.browser.open(f"{company.world.stack.api_url}/status")
    if "Abmelden" not in browser.page.text:
        browser.press("/sign-in")
        browser.submit(company=company.id, decision="allow")
    assert browser.page.url.path == "/status"
    return browser.page.text
