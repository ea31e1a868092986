"""The web app shows in German what the API holds."""

import re

from .driver import HOME, App, StandIn, line


def text(standin: StandIn, path: str) -> str:
    response = standin.http.get(path)
    assert response.status_code == 200
    assert "Nachbau zu Testzwecken" in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert "<script" not in response.text
    return re.sub(r"\s+", " ", response.text)


def test_a_bookkeeper_finds_a_payment_under_all_transactions(standin: StandIn, app: App) -> None:
    account_id = app.open_account(balance=-1234.5)
    changes = {"amount": -1234.5, "recipientOrSenderName": "Bäckerei <Süd>", "purpose": "<script>alert(1)</script>"}
    app.post("finance/transactions", [line(account_id, **changes)])

    assert f'href="/organisationen/{HOME}/bank"' in text(standin, "/")
    bank = text(standin, f"/organisationen/{HOME}/bank")
    assert f'href="/organisationen/{HOME}/bank/{account_id}"' in bank
    assert "−1.234,50 €" in bank
    lines = text(standin, f"/organisationen/{HOME}/bank/{account_id}")
    assert "Alle Umsätze" in lines
    assert "02.03.2026" in lines
    assert "Bäckerei &lt;Süd&gt;" in lines
    assert "−1.234,50 €" in lines


def test_the_other_pages_are_there(standin: StandIn, app: App) -> None:
    account_id = app.open_account()

    assert "Keine Zuordnungsvorschläge" in text(
        standin, f"/organisationen/{HOME}/bank/{account_id}/zuordnungsvorschlaege"
    )
    assert "Noch keine Belege" in text(standin, f"/organisationen/{HOME}/belege")
    assert "Bürobedarf" in text(standin, f"/organisationen/{HOME}/kategorien")
    assert standin.http.get("/static/lexoffice.css").status_code == 200


def test_the_consent_page_offers_every_organisation(standin: StandIn) -> None:
    standin.control("organizations", companyName="Andere GmbH")

    html = standin.http.get("/oauth2/authorize", params=standin.authorize_query()).text

    assert "Muster Handwerk GmbH" in html
    assert "Andere GmbH" in html
    assert "Zugriff erlauben" in html
    assert "Ablehnen" in html


def test_a_person_sees_a_page_instead_of_an_error_body(standin: StandIn) -> None:
    query = standin.authorize_query(redirect_uri="http://elsewhere.example")

    response = standin.http.get("/oauth2/authorize", params=query, headers={"Accept": "text/html"})

    assert response.status_code == 400
    assert "<h1>" in response.text


def test_an_organisation_that_does_not_exist_is_404(standin: StandIn) -> None:
    assert standin.http.get("/organisationen/keine/bank").status_code == 404
