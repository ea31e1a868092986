"""Callbacks that must not count: reused, foreign, tampered with, too late. None of them exchanges a code."""

from collections.abc import Callable
from hashlib import sha256

import httpx
import pytest

from local.browser import Browser

from .company import Company

pytestmark = pytest.mark.journey

FOREIGN_STATE = "Diese Antwort passt nicht zu Ihrer Anfrage"
USED = "Dieser Schritt ist schon erledigt"

type Consent = Callable[[Company], str]


@pytest.fixture(params=["pleo", "lexoffice"])
def consent(request: pytest.FixtureRequest) -> Consent:
    """Walks up to a vendor's answer and hands over the callback's address, not yet opened."""
    return Company.consent_at_pleo if request.param == "pleo" else Company.consent_at_lexoffice


def exchanges(company: Company) -> tuple[int, int]:
    """How often codes (and refresh tokens) were exchanged so far, at both vendors."""
    world = company.world
    return world.pleo("/state", "GET")["tokenCalls"], world.lexoffice("/state", "GET")["token_calls"]


def is_refused(browser: Browser, title: str) -> None:
    assert browser.page.status_code == 400
    assert browser.title.startswith(title)


def test_a_used_callback_is_refused_and_no_code_is_exchanged(newcomer: Company, consent: Consent) -> None:
    callback = consent(newcomer)
    newcomer.browser.open(callback)
    before = exchanges(newcomer)

    newcomer.browser.open(callback)

    # After Pleo's answer the browser is expected from lexoffice, after that one from nowhere.
    awaited_next = "/oauth/pleo/" in callback
    is_refused(newcomer.browser, FOREIGN_STATE if awaited_next else USED)
    assert exchanges(newcomer) == before


def test_a_used_callback_leaves_a_connection_as_it_is(company: Company) -> None:
    callback = company.consent_at_lexoffice()
    company.return_from_lexoffice(callback)

    company.browser.open(callback)

    is_refused(company.browser, USED)
    company.is_fed(company.spend())


def test_another_browser_is_refused(newcomer: Company, consent: Consent) -> None:
    callback = consent(newcomer)
    before = exchanges(newcomer)
    stranger = Browser()

    stranger.open(callback)
    stranger.close()

    is_refused(stranger, "Diese Verbindung wurde nicht hier begonnen")
    assert exchanges(newcomer) == before


def test_a_browser_that_has_started_itself_is_refused_with_a_foreign_state(
    newcomer: Company, consent: Consent, founded: Callable[..., Company]
) -> None:
    """An attacker sends his own callback to a victim who is connecting."""
    victim = founded()
    consent(victim)
    before = exchanges(newcomer)

    attack = consent(newcomer)
    within = exchanges(newcomer)
    victim.browser.open(attack)

    is_refused(victim.browser, FOREIGN_STATE)
    assert exchanges(newcomer) == within
    assert within >= before


def test_a_state_that_was_tampered_with_is_refused(newcomer: Company, consent: Consent) -> None:
    callback = httpx.URL(consent(newcomer))
    before = exchanges(newcomer)

    newcomer.browser.open(str(callback.copy_set_param("state", callback.params["state"][::-1])))

    is_refused(newcomer.browser, FOREIGN_STATE)
    assert exchanges(newcomer) == before


def test_a_callback_without_state_is_refused(newcomer: Company, consent: Consent) -> None:
    callback = httpx.URL(consent(newcomer))
    before = exchanges(newcomer)

    newcomer.browser.open(str(callback.copy_remove_param("state")))

    is_refused(newcomer.browser, FOREIGN_STATE)
    assert exchanges(newcomer) == before


def test_a_callback_that_comes_too_late_is_refused(newcomer: Company, consent: Consent) -> None:
    callback = consent(newcomer)
    state = sha256(httpx.URL(callback).params["state"].encode()).hexdigest()
    attempt = next(item for item in newcomer.world.scan("ConnectionTable") if item.get("state_hash") == state)
    newcomer.world.put("ConnectionTable", attempt | {"valid_until": "2020-01-01T00:00:00.000000Z"})
    before = exchanges(newcomer)

    newcomer.browser.open(callback)

    is_refused(newcomer.browser, "Das hat zu lange gedauert")
    assert exchanges(newcomer) == before


def test_a_code_that_the_vendor_refuses_leads_to_a_new_start(newcomer: Company, consent: Consent) -> None:
    callback = httpx.URL(consent(newcomer))

    newcomer.browser.open(str(callback.copy_set_param("code", "nobody-issued-this")))

    is_refused(newcomer.browser, "Die Anmeldung wurde nicht angenommen")
    assert newcomer.accounts == []
    assert newcomer.connect().startswith("Verbunden")
