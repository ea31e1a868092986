"""The month-end sheet of a company with a little of everything, made by an operator from what really happened."""

import csv
from pathlib import Path
from typing import Any

import pytest

from local.browser import today

from .company import Company
from .operators import Operator
from .world import Json

pytestmark = pytest.mark.journey

LICENCES_13B = "6d575db0-74e8-433d-a986-27b76ea27f9e"  # «Lizenzen §13b Drittland»
AMERICAN = {"id": "dddddddd-0000-4000-8000-000000000001", "name": "Beispiel Software Inc.", "country": "US"}
AUSTRIAN = {"name": "Hotel Beispiel Wien", "country": "AT"}
DINNER = [{"amount": 5_950, "tax_code": "DE-7"}, {"amount": 500, "tax_code": "DE-0"}]


@pytest.fixture
def operator(company: Company, tmp_path: Path) -> Operator:
    return Operator(company.world, tmp_path)


def category(company: Company, name: str) -> str:
    """The id of a category as it was synced into Pleo."""
    accounts = company.world.pleo(f"/chart?company_id={company.id}", "GET")["accounts"]
    return str(next(each["externalId"] for each in accounts if each["name"] == name))


def spent(company: Company, amount: int, merchant: str, **coding: Any) -> str:
    """A card payment, coded; its id."""
    return company.code(company.spend(amount, merchant=merchant), **coding)


def of_section(sheet: Json, section: str) -> dict[str, dict[str, str]]:
    """The rows of a section, by the entry's id."""
    with Path(sheet["files"]["csv"]).open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter=";") if row["Abschnitt"] == section]
    return {row["Kennung in Pleo"]: row for row in rows}


def test_a_month_with_a_little_of_everything(company: Company, operator: Operator, tmp_path: Path) -> None:
    company.set_contra_account()
    meal = category(company, "Bewirtung Geschäftspartner")
    good = spent(company, 11_900, "Papeterie Muster")
    no_tax = spent(company, 2_000, "Tankstelle Nord", tax_code=None)
    bare = spent(company, 2_450, "Bäckerei Muster", files=[])
    reverse = spent(
        company, 29_900, "Beispiel Software", account_external_id=LICENCES_13B, tax_code="DE-RC-19", vendor=AMERICAN
    )
    hotel = spent(company, 46_000, "Hotel Beispiel", tax_code="DE-0", supplier=AUSTRIAN)
    dinner = spent(
        company, 6_450, "Zum Hirschen", splits=[part | {"account_external_id": meal} for part in DINNER], attendees=[]
    )
    new = company.spend(700, merchant="Buchladen Muster")
    topup = company.pay(family="WALLET", subFamily="LOAD", amount=50_000)
    company.world.lexoffice("/refuse", purpose_contains="Kiosk", organization_id=company.organisation_id)
    refused = spent(company, 333, "Kiosk Muster")
    company.sync()  # a top-up has no webhook
    exported = [good, no_tax, bare, reverse, hotel, dinner]
    company.ends(company.export(exported), "completed_with_errors")
    approve(company, good)
    sums = (company.wallet * 100, -333)

    sheet = operator.run(
        *("month-end", "--company", company.connection_id, "--month", today()[:7], "--out", str(tmp_path))
    )

    assert {section: set(of_section(sheet, section)) for section in TITLES} == {
        "Von Hand einzutragen": {topup},
        "Umsätze, die in lexoffice fehlen": {refused},
        "Ausgaben, deren Export gescheitert ist": {no_tax},
        "Fehlende Belegdateien": {bare},
        "§ 13b UStG und innergemeinschaftlicher Erwerb": {reverse},
        "Ausland und Fremdwährung": {hotel},
        "Bewirtung und Trinkgeld": {dinner},
        "Umsätze ohne Zuordnung": {no_tax, bare, reverse, hotel, dinner, new},
    }
    assert of_section(sheet, TITLES[0])[topup]["Betrag in EUR"] == "500,00"
    assert of_section(sheet, TITLES[2])[no_tax]["Code"] == "EXP-TAX-MISSING"
    assert of_section(sheet, TITLES[5])[hotel]["Land"] == "AT"
    tip = of_section(sheet, TITLES[6])[dinner]
    assert (tip["Betrag in EUR"], tip["Davon in EUR"]) == ("-64,50", "5,00")
    assert tip["Hinweis"].startswith("Bewirtung ohne Teilnehmer")
    assert sheet["by_hand"] == {"in_cents": 50_000, "out_cents": 0}
    assert sheet["provisional_because"] == ["not_over"]
    # What lexoffice refused moved the wallet and not the account.
    assert (
        sheet["balance"]["end_cents"] + sheet["balance"]["missing_cents"],
        sheet["balance"]["missing_cents"],
    ) == sums
    page = Path(sheet["files"]["page"]).read_text("utf-8")
    assert "Zum Hirschen" in page
    assert "Vorläufig" in page


TITLES = (
    "Von Hand einzutragen",
    "Umsätze, die in lexoffice fehlen",
    "Ausgaben, deren Export gescheitert ist",
    "Fehlende Belegdateien",
    "§ 13b UStG und innergemeinschaftlicher Erwerb",
    "Ausland und Fremdwährung",
    "Bewirtung und Trinkgeld",
    "Umsätze ohne Zuordnung",
)


def approve(company: Company, entry_id: str) -> None:
    """Approves the suggestion for an entry's line, and waits until we have learnt it from lexoffice."""
    voucher_id = company.proposed[f"pleo-{entry_id}"]
    company.in_lexoffice(**{"proposals/approve": {"voucher_id": voucher_id}})
    row = {"connection_id": company.connection_id, "row": f"MATCH#{voucher_id}"}
    company.world.eventually(
        lambda: (company.world.item("LedgerTable", **row) or {}).get("state") == "accepted", what="the match learnt"
    )


def test_a_month_before_the_company_began_has_no_sheet(company: Company, operator: Operator, tmp_path: Path) -> None:
    arguments = ("month-end", "--company", company.connection_id, "--month", "2020-01", "--out", str(tmp_path / "out"))

    refusal = operator.run(*arguments, code=1)["error"]

    assert f"is fed from {today()} on, so there is no sheet of 2020-01" in refusal
    assert not (tmp_path / "out").exists()
