"""Connecting a company in a browser: the whole walk, again, twice at once, interrupted, and refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from .company import Company

pytestmark = pytest.mark.journey

STOPPED = "Die Einrichtung ist stehen geblieben"
CONFLICT = "Schon mit einer anderen Organisation verbunden"


def is_set_up_once(company: Company) -> None:
    """Everything that connecting makes is there exactly once."""
    (account,) = company.accounts
    assert account["externalReference"] == f"pleo-wallet-{company.id}"
    accounts, tax_rates = company.shown_in_pleo()
    assert len(accounts) >= 60
    assert len(accounts) == len(set(accounts))
    assert "Pleo-Wallet (Bankkonto in lexoffice)" in accounts
    assert sorted(tax_rates) == sorted({"19 % Vorsteuer", "7 % Vorsteuer", "0 % Vorsteuer", *reverse_charge(tax_rates)})
    assert len(company.subscriptions) == 1
    assert company.installation == "ACTIVATED"
    assert company.connection["status"] == "active"


def reverse_charge(names: list[str]) -> list[str]:
    return [name for name in names if "Reverse Charge" in name][:1]


def consents_alive(company: Company) -> int:
    return sum(not each["revoked"] for each in company.organisation["connections"])


def test_the_whole_walk_ends_connected(newcomer: Company) -> None:
    title = newcomer.connect()

    assert title.startswith("Verbunden")
    assert newcomer.browser.page.status_code == 200
    is_set_up_once(newcomer)
    newcomer.is_fed()


def test_a_small_business_gets_no_rate_but_zero(founded: Callable[..., Company]) -> None:
    company = founded(smallBusiness=True)

    company.connect()

    assert company.shown_in_pleo()[1] == ["0 % Vorsteuer"]


def test_connecting_again_creates_nothing_twice(company: Company) -> None:
    connection_id = company.connection_id

    assert company.connect().startswith("Verbunden")

    assert company.connection_id == connection_id
    is_set_up_once(company)
    company.is_fed(company.spend())


def test_two_browsers_at_the_same_moment_create_one_account(newcomer: Company) -> None:
    twin = Company(newcomer.world, newcomer.id, newcomer.organisation_id)
    both = [(each, each.consent_at_lexoffice()) for each in (newcomer, twin)]

    with ThreadPoolExecutor(2) as pool:
        titles = list(pool.map(lambda each: each[0].return_from_lexoffice(each[1]), both))
    twin.browser.close()

    assert any(title.startswith("Verbunden") for title in titles), titles
    is_set_up_once(newcomer)
    newcomer.is_fed(newcomer.spend())


def test_a_set_up_that_dies_half_way_is_finished_by_repeating_it(newcomer: Company) -> None:
    newcomer.in_lexoffice(faults={"route": "posting-categories", "status": 503, "times": 4})

    stopped = newcomer.connect()
    newcomer.world.calm()
    again = newcomer.connect()

    assert stopped.startswith(STOPPED)
    assert again.startswith("Verbunden")
    is_set_up_once(newcomer)


@pytest.mark.parametrize("kind", ["status", "reset"])
def test_an_account_whose_creation_was_never_answered_is_found(newcomer: Company, kind: str) -> None:
    newcomer.in_lexoffice(
        faults={"route": "finance/accounts$", "method": "POST", "kind": kind, "status": 504, "when": "after"}
    )

    title = newcomer.connect()

    assert title.startswith("Verbunden")
    is_set_up_once(newcomer)


def test_an_account_that_cannot_be_looked_up_after_a_lost_answer_is_found_by_repeating(newcomer: Company) -> None:
    """504 after the commit, and then lexoffice is down: nobody knows whether there is an account."""
    newcomer.in_lexoffice(faults={"route": "finance/accounts$", "method": "POST", "status": 504, "when": "after"})
    newcomer.in_lexoffice(faults={"route": "finance/accounts$", "method": "GET", "skip": 1, "times": 4})

    stopped = newcomer.connect()
    newcomer.world.calm()
    again = newcomer.connect()

    assert stopped.startswith(STOPPED)
    assert again.startswith("Verbunden")
    is_set_up_once(newcomer)


def test_what_pleo_refuses_in_the_middle_is_caught_up_by_repeating(newcomer: Company) -> None:
    newcomer.world.pleo("/faults", route="/v1/subscriptions$", method="POST", status=503, times=3)

    stopped = newcomer.connect()
    newcomer.world.calm()
    again = newcomer.connect()

    assert stopped.startswith(STOPPED)
    assert again.startswith("Verbunden")
    is_set_up_once(newcomer)


def test_who_declines_at_pleo_is_told_so_and_nothing_is_set_up(newcomer: Company) -> None:
    newcomer.browser.open(newcomer.consent_at_pleo("deny"))

    assert newcomer.browser.title.startswith("Der Zugriff wurde nicht erlaubt")
    assert newcomer.installation == "None"
    assert newcomer.accounts == []


def test_who_declines_at_lexoffice_is_told_so_and_nothing_is_set_up(newcomer: Company) -> None:
    title = newcomer.return_from_lexoffice(newcomer.consent_at_lexoffice("deny"))

    assert title.startswith("Der Zugriff wurde nicht erlaubt")
    assert newcomer.accounts == []
    assert newcomer.installation != "ACTIVATED"


def test_an_organisation_without_bookkeeping_is_told_about_its_plan(founded: Callable[..., Company]) -> None:
    company = founded(businessFeatures=["INVOICING"])

    title = company.connect()

    assert title.startswith("Ihr lexoffice-Tarif enthält keine Buchhaltung")
    assert company.accounts == []
    assert consents_alive(company) == 0


def test_another_organisation_is_refused_and_the_old_connection_goes_on(
    company: Company, founded: Callable[..., Company]
) -> None:
    other = founded()

    callback = company.consent_at_lexoffice(organisation_id=other.organisation_id)
    title = company.return_from_lexoffice(callback)

    assert title.startswith(CONFLICT)
    assert other.accounts == []
    assert consents_alive(other) == 0
    company.is_fed(company.spend())


def test_an_organisation_that_another_company_uses_is_refused(company: Company, newcomer: Company) -> None:
    stranger = Company(
        company.world,
        company.world.pleo("/companies", name="Fremde Firma", opening_minors=0)["id"],
        company.organisation_id,
    )

    title = stranger.connect()
    stranger.browser.close()

    assert title.startswith(CONFLICT)
    assert consents_alive(company) == 1
    assert len(company.accounts) == 1
    company.is_fed(company.spend())
