"""Access that was withdrawn, disconnecting, and connecting again: nothing lost, nothing twice."""

from datetime import UTC, datetime

import pytest

from .company import Company

pytestmark = pytest.mark.journey

MANY = 300
VENDORS = ("pleo", "lexoffice")


def sign_in(company: Company) -> None:
    """As the admin does it: consent at Pleo leads back to the status page."""
    company.browser.open(f"{company.world.stack.api_url}/status").press("/sign-in")
    company.browser.submit(company=company.id, decision="allow")


def disconnect(company: Company) -> str:
    """Signs in, opens the page, presses the button; the title of the last page."""
    sign_in(company)
    company.browser.open(f"{company.world.stack.api_url}/disconnect").press("/disconnect")
    return company.browser.title


def tokens(company: Company) -> list[dict[str, object]]:
    found = [company.world.item("TokenTable", connection_id=company.connection_id, vendor=each) for each in VENDORS]
    return [each for each in found if each]


def test_lexoffices_access_withdrawn_during_a_feed_loses_nothing(company: Company) -> None:
    first = company.spend_many(MANY)
    company.world.eventually(lambda: len(company.lines) > 0, what="the feed is running")

    company.in_lexoffice(revoke={})
    second = company.spend_many(50)
    company.is_held("lexoffice_access_gone")

    assert len(company.lines) < MANY + 50
    company.world.eventually(lambda: len(company.rows) == MANY + 50, what="everything is collected")
    assert company.connect().startswith("Verbunden")
    company.is_fed(*first, *second, seconds=90)


def test_pleos_access_withdrawn_is_caught_up_with_by_polling(company: Company) -> None:
    company.world.pleo("/switches", subscriptions_outlive_installation=False)
    before = company.spend()
    company.is_fed(before)

    company.world.pleo("/revoke", company_id=company.id)
    unheard = [company.spend(cents) for cents in range(1, 31)]
    company.sync()
    company.is_held("pleo_access_gone")
    assert len(company.rows) == 1

    assert company.connect().startswith("Verbunden")
    company.is_fed(before, *unheard, seconds=90)
    assert len(company.subscriptions) == 1
    company.is_fed(before, *unheard, company.spend())


def test_a_held_companys_cursor_is_where_it_was(company: Company) -> None:
    connected_at = company.connection["connected_at"]
    company.in_lexoffice(revoke={})
    company.is_held("lexoffice_access_gone")
    (account,) = company.accounts

    company.connect()

    assert company.connection["connected_at"] == connected_at
    assert [each["financialAccountId"] for each in company.accounts] == [account["financialAccountId"]]


def test_disconnecting_ends_access_and_connecting_again_goes_on(company: Company) -> None:
    fed = company.spend()
    company.is_fed(fed)

    assert disconnect(company).startswith("Die Verbindung ist getrennt")

    assert company.connection["status"] == "disconnected"
    assert not [row for row in tokens(company) if "sealed" in row]
    assert all(each["revoked"] for each in company.organisation["connections"])
    assert company.installation == "None"
    assert company.subscriptions == []
    company.world.at_rest()
    meanwhile = company.spend()
    company.sync()
    assert len(company.lines) == 1

    assert company.connect().startswith("Verbunden")
    company.is_fed(fed, meanwhile)


def test_webhooks_after_disconnecting_are_refused(company: Company) -> None:
    secret = company.secrets[0]
    assert company.deliver(b"{}", secret=secret).status_code == 202
    assert disconnect(company).startswith("Die Verbindung ist getrennt")
    # A warm receiver would know the secret for a minute more.
    company.world.stack.kill_worker("PleoWebhookFunction")

    assert company.deliver(b"{}", secret=secret).status_code == 401


def test_signing_in_changes_nothing_and_signing_out_ends_it(company: Company) -> None:
    sign_in(company)
    assert company.browser.page.url.path == "/status"
    assert "Abmelden" in company.browser.page.text

    company.browser.press("/sign-out")

    assert company.browser.title.startswith("Anmelden")
    company.is_fed(company.spend())


def test_personal_data_is_deleted_when_the_delay_is_over_and_nothing_is_fed_twice_afterwards(company: Company) -> None:
    fed = company.spend_many(120)
    company.is_fed(*fed)
    assert disconnect(company).startswith("Die Verbindung ist getrennt")
    company.world.at_rest()
    long_ago = "2020-01-01T00:00:00.000000Z"
    company.world.put("ConnectionTable", company.connection | {"delete_at": long_ago})

    company.sync()

    connection = company.connection
    assert (connection["company_name"], connection["organisation_name"]) == ("", "")
    assert connection["deleted_at"] <= datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert {(row["counterparty"], row["purpose"]) for row in company.rows} == {("", "")}
    (record,) = [item for item in company.world.partition(company.connection_id) if item["row"].startswith("DELETED#")]
    assert record["entries"] == 120

    assert company.connect().startswith("Verbunden")
    company.is_fed(*fed, company.spend(4_711))
