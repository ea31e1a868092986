"""Connecting in a browser, step by step, against both stand-ins."""

import pytest
from cloud import Document

from shared.aws.connections import Status

from .conftest import ORGANISATION_ID, Context, Linked


def text(answer: Document) -> str:
    return str(answer["body"])


def location(answer: Document) -> str:
    assert answer["statusCode"] == 303, answer["body"][:500]
    return str(answer["headers"]["Location"])


def test_the_start_page_is_german_and_the_browser_may_ask_for_english(linked: Linked) -> None:
    german = linked.visit("GET", "/connect")
    english = linked.visit("GET", "/connect", {"lang": "en"})

    assert german["statusCode"] == english["statusCode"] == 200
    assert '<html lang="de"' in text(german)
    assert '<html lang="en"' in text(english)


def test_a_chosen_language_stays_though_vendors_send_the_browser_back_without_it(linked: Linked) -> None:
    (cookie,) = linked.visit("GET", "/connect", {"lang": "en"})["cookies"]
    kept, *limits = cookie.split("; ")

    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(limits)
    assert '<html lang="en"' in text(linked.visit("GET", "/connect/result", cookies=[kept]))
    assert "cookies" not in linked.visit("GET", "/connect/result", cookies=[kept])


def test_a_message_is_read_in_the_other_language_without_repeating_the_callback(linked: Linked) -> None:
    refused = linked.visit("GET", "/oauth/pleo/callback", {"code": "c", "state": "s"}, cookies=[])
    assert 'href="/connect/result?message=foreign_browser&amp;lang=en"' in text(refused)

    english = linked.visit("GET", "/connect/result", {"message": "foreign_browser", "lang": "en"})
    assert "This connection was not started here" in text(english)


def test_no_page_may_be_cached_framed_or_run_scripts(linked: Linked) -> None:
    headers = linked.visit("GET", "/connect")["headers"]

    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "script-src" not in headers["Content-Security-Policy"]


def test_the_browser_is_known_by_a_cookie_that_no_script_and_no_other_site_can_read(linked: Linked) -> None:
    answer = linked.visit("POST", "/connect")

    (cookie,) = answer["cookies"]
    assert cookie.startswith("__Host-connect=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert cookie.partition(";")[0].partition("=")[2] not in location(answer)


def test_after_both_consents_the_company_is_connected(linked: Linked) -> None:
    answer = linked.connect()

    assert location(answer).endswith("/connect/progress")
    assert location(linked.visit("GET", "/connect/progress")).endswith("/connect/result")
    shown = linked.visit("GET", "/connect/result")
    assert shown["statusCode"] == 200
    assert "Muster Handwerk GmbH" in text(shown)
    connection = linked.connection()
    assert (connection.status, connection.organisation_id) == (Status.ACTIVE, ORGANISATION_ID)
    assert [account["externalReference"] for account in linked.organisation()["accounts"]] == [
        connection.account_reference
    ]
    assert len(connection.secrets) == 1


def test_connecting_again_changes_nothing_that_stands(linked: Linked) -> None:
    linked.connect()
    before = linked.connection()

    assert location(linked.connect()).endswith("/connect/progress")

    after = linked.connection()
    assert (after.connection_id, after.account_id, after.connected_at) == (
        before.connection_id,
        before.account_id,
        before.connected_at,
    )
    assert len(linked.organisation()["accounts"]) == 1


def test_the_samples_foreign_state_is_refused(linked: Linked) -> None:
    answer = linked.app.handler(linked.sample("oauth_pleo_callback"), Context(29_000))

    assert answer["statusCode"] == 400
    assert "Location" not in answer["headers"]


@pytest.mark.parametrize("changes", [{"cookies": []}, {"cookies": ["__Host-connect=another"]}])
def test_another_browser_cannot_finish_what_this_one_began(linked: Linked, changes: Document) -> None:
    query = linked.consent_at_pleo(linked.start())

    assert linked.visit("GET", "/oauth/pleo/callback", query, **changes)["statusCode"] == 400
    assert linked.visit("GET", "/oauth/pleo/callback", query)["statusCode"] == 303


def test_a_callback_clicked_twice_is_used_once(linked: Linked) -> None:
    query = linked.consent_at_pleo(linked.start())

    statuses = [linked.visit("GET", "/oauth/pleo/callback", query)["statusCode"] for _ in range(2)]

    assert statuses == [303, 400]


def test_a_wrong_state_is_refused_and_the_right_one_stays_good(linked: Linked) -> None:
    query = linked.consent_at_pleo(linked.start())

    assert linked.visit("GET", "/oauth/pleo/callback", {**query, "state": "other"})["statusCode"] == 400
    assert linked.visit("GET", "/oauth/pleo/callback", {"code": query["code"]})["statusCode"] == 400
    assert linked.visit("GET", "/oauth/pleo/callback", query)["statusCode"] == 303


def test_a_person_who_says_no_is_told_so_and_nothing_is_connected(linked: Linked) -> None:
    state = linked.consent_at_pleo(linked.start())["state"]

    answer = linked.visit("GET", "/oauth/pleo/callback", {"error": "access_denied", "state": state})

    assert answer["statusCode"] == 200
    assert linked.cloud.items(linked.cloud.connection_table, "CONNECTION#", "id") == []


def test_a_vendors_words_are_not_repeated_on_our_page(linked: Linked) -> None:
    state = linked.consent_at_pleo(linked.start())["state"]
    error = {"error": "server_error", "error_description": "<b>CALL 0900</b>", "state": state}

    answer = linked.visit("GET", "/oauth/pleo/callback", error)

    assert answer["statusCode"] == 400
    assert "0900" not in text(answer)


def test_a_second_organisation_does_not_replace_the_first(linked: Linked) -> None:
    linked.connect()
    other = linked.control_lexoffice("organizations", companyName="Andere GmbH")["id"]

    answer = linked.connect(organisation_id=other)

    assert answer["statusCode"] == 409
    assert linked.connection().organisation_id == ORGANISATION_ID
    assert linked.organisation(other)["accounts"] == []


def test_an_organisation_that_belongs_to_another_company_is_refused(linked: Linked) -> None:
    linked.connect()
    other = linked.control_pleo("/companies", {"name": "Zweite GmbH"})["id"]

    assert linked.connect(company_id=other)["statusCode"] == 409
    assert linked.connection(other).status is Status.CONNECTING


def test_a_plan_without_bookkeeping_is_refused_with_a_reason(linked: Linked) -> None:
    plain = linked.control_lexoffice("organizations", companyName="Ohne", businessFeatures=["INVOICING"])["id"]

    assert linked.connect(organisation_id=plain)["statusCode"] == 409
    assert linked.connection().organisation_id == ""


def test_an_interrupted_set_up_is_finished_by_connecting_again(linked: Linked) -> None:
    linked.control_lexoffice("faults", route="posting-categories", times=5, kind="status", status=503)
    linked.connect()
    assert linked.connection().status is Status.CONNECTING
    linked.lexoffice.delete("/control/faults").raise_for_status()

    linked.connect()

    assert linked.connection().status is Status.ACTIVE
    assert len(linked.organisation()["accounts"]) == 1


def test_without_a_result_there_is_nothing_to_see(linked: Linked) -> None:
    assert linked.visit("GET", "/connect/result")["statusCode"] == 404


def test_health_needs_nothing(linked: Linked) -> None:
    assert linked.visit("GET", "/health")["statusCode"] == 200


@pytest.mark.parametrize("service", ["dynamodb", "kms"])
def test_when_aws_fails_the_person_is_told_to_try_again(linked: Linked, service: str) -> None:
    query = linked.consent_at_pleo(linked.start())

    with linked.cloud.failing(service, "*"):
        answer = linked.visit("GET", "/oauth/pleo/callback", query)

    assert answer["statusCode"] in {502, 503}
    assert "text/html" in answer["headers"]["Content-Type"]


@pytest.mark.parametrize("service", ["dynamodb", "secretsmanager"])
def test_when_aws_fails_nobody_is_sent_to_a_vendor(linked: Linked, service: str) -> None:
    with linked.cloud.failing(service, "*"):
        answer = linked.visit("POST", "/connect")

    assert answer["statusCode"] == 503
    assert "Location" not in answer["headers"]
