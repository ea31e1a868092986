"""The pages a bookkeeper clicks in the stand-in: categories, contra account, an expense, the export page."""

import html
from typing import Any

import pytest

from local.pleo.driver import Driver
from local.pleo.world import DEFAULT_COMPANY_ID

from .driver import add_account, add_tax_code

pytestmark = pytest.mark.usefixtures("books")

SETTLED = {"settledAt": "2026-03-02T10:00:00Z", "merchant": "Papier & Co"}


@pytest.fixture
def books(pleo: Driver, activated: None) -> None:
    """Two accounts, none of them the contra account yet, and a tax code."""
    for name in ("wallet", "supplies"):
        add_account(pleo, name, name=f"Konto {name}")
    add_tax_code(pleo, name="19 %")


def post(pleo: Driver, path: str, **form: Any) -> str:
    """Send a form and read the page it leads to."""
    answer = pleo.http.post(path, data=form, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def look(pleo: Driver, path: str) -> str:
    answer = pleo.http.get(path)
    assert answer.status_code == 200
    return html.unescape(answer.text)


def pay(pleo: Driver) -> str:
    return str(pleo.control("POST", "/entries", SETTLED)["id"])


def test_a_category_and_the_contra_account_are_set_on_the_page(pleo: Driver) -> None:
    page = post(pleo, "/categories/add", name="Stifte", account="supplies", tax_code="19")
    post(pleo, "/categories/contra-account", account="wallet")

    assert "<td>Konto supplies</td>" in page.replace("\n", "")
    assert list(pleo.control("GET", "/state")["contraAccounts"]) == [DEFAULT_COMPANY_ID]
    search = {"companyId": DEFAULT_COMPANY_ID, "excludeIfAssignedToCategory": True}
    found = pleo.api(
        "POST", "/v1/chart-of-accounts:search", search | {"excludeIfAssignedToContraAccount": True}
    ).json()["data"]
    assert found == []


def test_an_expense_gets_category_note_receipt_and_split(pleo: Driver) -> None:
    post(pleo, "/categories/add", name="Stifte", account="supplies", tax_code="19")
    entry_id = pay(pleo)
    path = f"/export/entries/{entry_id}"

    coded = post(pleo, f"{path}/code", category="Stifte", note="für das Büro")
    with_receipt = post(pleo, f"{path}/receipts", kind="pdf", kilobytes="10")
    split = post(pleo, f"{path}/split", amount="4,00", account="wallet")

    assert "für das Büro" in coded
    assert "10240 Byte" in with_receipt
    assert "4,00 EUR: Konto wallet" in split
    row = pleo.control("GET", f"/entries/{entry_id}")
    assert [each["totalBillValue"]["minors"] for each in row["splitItems"]] == [600, 400]


def test_complete_expenses_are_ticked_already(pleo: Driver) -> None:
    complete, bare = pay(pleo), pay(pleo)
    pleo.control("POST", f"/entries/{complete}/bookkeeping", {"account_external_id": "supplies", "files": [{}]})

    boxes = [line for line in look(pleo, "/export").splitlines() if 'type="checkbox"' in line]

    assert {entry_id: "checked" in line for line in boxes for entry_id in (complete, bare) if entry_id in line} == {
        complete: True,
        bare: False,
    }


def test_exporting_shows_the_running_job_and_its_errors_only_after_the_final_event(pleo: Driver) -> None:
    good, bad = pay(pleo), pay(pleo)

    page = post(pleo, "/export/start", entry=[good, bad])
    job_id = pleo.control("GET", "/state")["exportJobs"][0]["id"]
    pleo.api("POST", "/v3/export-job-events", {"jobId": job_id, "event": "started"})
    reason = {"status": "failed", "failureReason": "Kein Konto.", "failureReasonType": "account_unknown"}
    updates = [{"accountingEntryId": good, "status": "successful"}, {"accountingEntryId": bad} | reason]
    pleo.api("PUT", f"/v3/export-jobs/{job_id}/items", updates)
    meanwhile = look(pleo, "/export")
    pleo.api("POST", "/v3/export-job-events", {"jobId": job_id, "event": "completed_with_errors"})
    after = look(pleo, "/export")

    assert "Wartet auf die Buchhaltung" in page
    assert "Läuft" in meanwhile
    assert "Kein Konto." not in meanwhile
    assert "Fehler ansehen" in after
    assert "Kein Konto." in after
    assert "Erneut exportieren" in after


def test_a_running_export_can_be_cancelled_and_repeated(pleo: Driver) -> None:
    entry_id = pay(pleo)
    post(pleo, "/export/start", entry=entry_id)
    job_id = pleo.control("GET", "/state")["exportJobs"][0]["id"]

    page = post(pleo, f"/export/jobs/{job_id}/cancel")
    post(pleo, "/export/start", entry=entry_id)

    assert "canceled_by_user" in page
    statuses = [each["status"] for each in pleo.control("GET", "/state")["exportJobs"]]
    assert statuses == ["failed", "pending"]


def test_what_stands_in_the_way_of_an_export_is_said_on_the_page(pleo: Driver) -> None:
    entry_id = pay(pleo)
    nothing = post(pleo, "/export/start")
    pleo.control("POST", "/switches", {"click_checks_contra_account": True})
    no_contra = post(pleo, "/export/start", entry=entry_id)
    pleo.control("POST", "/revoke", {"company_id": DEFAULT_COMPANY_ID})
    alone = post(pleo, "/export/start", entry=entry_id)

    assert "mindestens eine Ausgabe" in nothing
    assert "Gegenkonto" in no_contra
    assert "keine Buchhaltung verbunden" in alone


def test_an_expense_of_a_running_export_cannot_be_changed_on_its_page(pleo: Driver) -> None:
    entry_id = pay(pleo)
    post(pleo, "/export/start", entry=entry_id)

    page = post(pleo, f"/export/entries/{entry_id}/code", note="zu spät")

    assert 'role="alert"' in page
    assert "zu spät" not in page
