"""A callback that must not count, in two real browsers; tests/doors/test_callbacks.py has the others."""

import pytest

from local.browser import Browser

from .company import Company

pytestmark = pytest.mark.journey


def exchanges(company: Company) -> tuple[int, int]:
    """How often codes (and refresh tokens) were exchanged so far, at both vendors."""
    world = company.world
    return world.pleo("/state", "GET")["tokenCalls"], world.lexoffice("/state", "GET")["token_calls"]


def test_another_browser_is_refused(newcomer: Company) -> None:
    callback = newcomer.consent_at_lexoffice()
    before = exchanges(newcomer)
    stranger = Browser()

    stranger.open(callback)
    stranger.close()

    assert stranger.page.status_code == 400
    assert stranger.title.startswith("Diese Verbindung wurde nicht hier begonnen")
    assert exchanges(newcomer) == before
