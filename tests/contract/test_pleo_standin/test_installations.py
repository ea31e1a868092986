"""Whom the stand-in's token stands for, and the life of an installation."""

import pytest

from local.pleo.driver import Driver
from local.pleo.world import DEFAULT_COMPANY_ID

pytestmark = pytest.mark.usefixtures("connected")


def test_introspect_names_the_company_by_urn(pleo: Driver) -> None:
    data = pleo.api("GET", "/v1/introspect").json()["data"]

    assert data["subjectURN"] == f"urn:pleo:company:{DEFAULT_COMPANY_ID}"
    assert data["authMethod"] == "OAUTH2"


def test_a_company_is_enveloped(pleo: Driver) -> None:
    assert pleo.api("GET", f"/v1/companies/{DEFAULT_COMPANY_ID}").json()["data"]["name"] == "Muster Handwerk GmbH"


def test_consent_leaves_an_installation_that_waits_for_activation(pleo: Driver) -> None:
    before = pleo.api("GET", "/v1/installations/me").json()

    after = pleo.api("POST", "/v1/installations/me:activate").json()

    assert (before["status"], after["status"]) == ("AUTHORIZED", "ACTIVATED")
    assert after["id"] == before["id"]
    assert "data" not in before


def test_deleting_the_installation_revokes_its_tokens(pleo: Driver) -> None:
    pair = pleo.connect()

    deleted = pleo.api("DELETE", "/v1/installations/me")

    assert deleted.status_code == 204
    assert pleo.api("GET", "/v1/introspect").status_code == 401
    assert pleo.refresh(pair["refresh_token"]).status_code == 400


def test_renewed_consent_keeps_the_installation_and_asks_for_activation_again(pleo: Driver) -> None:
    active = pleo.api("POST", "/v1/installations/me:activate").json()

    pleo.connect()

    again = pleo.api("GET", "/v1/installations/me").json()
    assert (again["id"], again["status"]) == (active["id"], "AUTHORIZED")
