"""Callbacks that must not count: reused, foreign, tampered with, too late. None of them exchanges a code."""

import re
from collections.abc import Callable
from hashlib import sha256

import pytest
from cloud import Document

from shared.aws.connections import Status

from .conftest import ORGANISATION_ID, Linked
from .test_workers import catch_up, lines, run, spend

FOREIGN_STATE = "Diese Antwort passt nicht zu Ihrer Anfrage"
USED = "Dieser Schritt ist schon erledigt"

type Consent = Callable[[Linked], dict[str, str]]


@pytest.fixture(params=["pleo", "lexoffice"])
def vendor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def route(vendor: str) -> str:
    return f"/oauth/{vendor}/callback"


@pytest.fixture
def consent(vendor: str) -> Consent:
    """Walks up to a vendor's answer and hands over the callback's parameters, which nobody has opened yet."""
    return at_pleo if vendor == "pleo" else at_lexoffice


def at_pleo(linked: Linked) -> dict[str, str]:
    return linked.consent_at_pleo(linked.start())


def at_lexoffice(linked: Linked) -> dict[str, str]:
    onwards = linked.visit("GET", "/oauth/pleo/callback", at_pleo(linked))
    return linked.consent_at_lexoffice(onwards["headers"]["Location"])


def exchanges(linked: Linked) -> tuple[int, int]:
    """How often codes (and refresh tokens) were exchanged so far, at both vendors."""
    states = [client.get("/control/state").json() for client in (linked.pleo, linked.lexoffice)]
    return states[0]["tokenCalls"], states[1]["token_calls"]


def is_refused(answer: Document, title: str) -> None:
    assert answer["statusCode"] == 400
    assert title_of(answer).startswith(title)


def title_of(answer: Document) -> str:
    found = re.search(r"<title>([^<]*)", answer["body"])
    assert found, answer
    return found[1].strip()


def is_connected(linked: Linked) -> None:
    """The browser is led to the result, which says so."""
    assert linked.visit("GET", "/connect/progress")["headers"]["Location"].endswith("/connect/result")
    assert title_of(linked.visit("GET", "/connect/result")).startswith("Verbunden")
    assert linked.connection().status is Status.ACTIVE


def test_a_used_callback_is_refused_and_no_code_is_exchanged(linked: Linked, consent: Consent, route: str) -> None:
    query = consent(linked)
    assert linked.visit("GET", route, query)["statusCode"] == 303
    before = exchanges(linked)

    answer = linked.visit("GET", route, query)

    # After Pleo's answer the browser is expected from lexoffice, after that one from nowhere.
    is_refused(answer, FOREIGN_STATE if "pleo" in route else USED)
    assert exchanges(linked) == before


def test_a_used_callback_leaves_a_connection_as_it_is(company: Linked) -> None:
    from functions.feed import app as feed

    query = at_lexoffice(company)
    assert company.visit("GET", "/oauth/lexoffice/callback", query)["statusCode"] == 303
    company.work()

    is_refused(company.visit("GET", "/oauth/lexoffice/callback", query), USED)

    (payment,) = spend(company)
    catch_up(company)
    assert run(company, feed) == []
    assert [line["externalReference"] for line in lines(company)] == [f"pleo-{payment}"]


def test_another_browser_is_refused(linked: Linked, consent: Consent, route: str) -> None:
    query = consent(linked)
    before = exchanges(linked)

    answer = linked.visit("GET", route, query, cookies=[])

    is_refused(answer, "Diese Verbindung wurde nicht hier begonnen")
    assert exchanges(linked) == before


def test_a_browser_that_has_started_itself_is_refused_with_a_foreign_state(
    linked: Linked, consent: Consent, route: str
) -> None:
    """An attacker sends his own callback to a victim who is connecting."""
    victim = Linked(linked.app, linked.cloud, linked.pleo, linked.lexoffice, linked.sample)
    consent(victim)
    attack = consent(linked)
    within = exchanges(linked)

    answer = victim.visit("GET", route, attack)

    is_refused(answer, FOREIGN_STATE)
    assert exchanges(linked) == within


def test_a_state_that_was_tampered_with_is_refused(linked: Linked, consent: Consent, route: str) -> None:
    query = consent(linked)
    before = exchanges(linked)

    answer = linked.visit("GET", route, query | {"state": query["state"][::-1]})

    is_refused(answer, FOREIGN_STATE)
    assert exchanges(linked) == before


def test_a_callback_without_state_is_refused(linked: Linked, consent: Consent, route: str) -> None:
    query = consent(linked)
    before = exchanges(linked)
    del query["state"]

    answer = linked.visit("GET", route, query)

    is_refused(answer, FOREIGN_STATE)
    assert exchanges(linked) == before


def test_a_callback_that_comes_too_late_is_refused(linked: Linked, consent: Consent, route: str) -> None:
    query = consent(linked)
    state = sha256(query["state"].encode()).hexdigest()
    attempts = linked.cloud.items(linked.cloud.connection_table, "ATTEMPT#", "id")
    (attempt,) = (item for item in attempts if item["state_hash"] == {"S": state})
    linked.cloud.client("dynamodb").put_item(
        TableName=linked.cloud.connection_table, Item=attempt | {"valid_until": {"S": "2020-01-01T00:00:00.000000Z"}}
    )
    before = exchanges(linked)

    answer = linked.visit("GET", route, query)

    is_refused(answer, "Das hat zu lange gedauert")
    assert exchanges(linked) == before


def test_a_code_that_the_vendor_refuses_leads_to_a_new_start(linked: Linked, consent: Consent, route: str) -> None:
    query = consent(linked)

    answer = linked.visit("GET", route, query | {"code": "nobody-issued-this"})

    is_refused(answer, "Die Anmeldung wurde nicht angenommen")
    assert linked.organisation(ORGANISATION_ID)["accounts"] == []
    linked.connect()
    is_connected(linked)
