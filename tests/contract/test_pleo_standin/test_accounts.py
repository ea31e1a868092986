"""The stand-in's chart of accounts and tax codes."""

from typing import Any

import pytest

from local.pleo.driver import Driver
from local.pleo.world import DEFAULT_COMPANY_ID

from .driver import ACCOUNTS, account, add_account, batch, tax_code

pytestmark = pytest.mark.usefixtures("connected")


@pytest.mark.parametrize(
    "changes",
    [{"name": None}, {"externalId": 7}, {"archived": "no"}, {"code": 4964}, {"colour": "red"}],
)
def test_a_wrong_field_of_an_account_refuses_the_batch(pleo: Driver, changes: dict[str, Any]) -> None:
    item = {"externalId": "cat-1", "name": "Bürobedarf", "archived": False} | changes

    answer = pleo.api("POST", f"{ACCOUNTS}/batch", {"companyId": DEFAULT_COMPANY_ID, "items": [item]})

    assert (answer.status_code, answer.json()["type"]) == (400, "VALIDATION_FAILED")


def test_an_account_may_only_name_a_tax_code_that_exists(pleo: Driver) -> None:
    changes = {"name": "Büro", "archived": False, "taxCodeExternalId": "19"}
    path = f"{ACCOUNTS}/{add_account(pleo, 'cat-1')}"

    before = pleo.api("PUT", path, changes).status_code
    pleo.api("POST", "/v0/tax-codes", tax_code())

    assert (before, pleo.api("PUT", path, changes).status_code) == (400, 200)


def test_a_batch_reports_each_failure_with_its_reasons_and_keeps_the_rest(pleo: Driver) -> None:
    add_account(pleo, "cat-1")
    items = [
        account("cat-1"),
        account("cat-2"),
        account("cat-2"),
        account("", name="", code="x" * 256),
        account("cat-3", taxCodeExternalId="none"),
    ]

    data = batch(pleo, *items)

    assert [each["externalId"] for each in data["created"]] == ["cat-2"]
    assert [each["reasons"] for each in data["failed"]] == [
        ["EXTERNAL_ID_ALREADY_EXISTS"],
        ["EXTERNAL_ID_ALREADY_EXISTS"],
        ["EXTERNAL_ID_EMPTY", "NAME_EMPTY", "CODE_TOO_LONG"],
        ["OTHER"],
    ]
    assert data["failed"][2]["request"]["code"] == "x" * 256


@pytest.mark.parametrize("size", [0, 1001])
def test_a_batch_has_1_to_1000_items(pleo: Driver, size: int) -> None:
    item = {"externalId": "x", "name": "x", "archived": False}

    answer = pleo.api("POST", f"{ACCOUNTS}/batch", {"companyId": DEFAULT_COMPANY_ID, "items": [item] * size})

    assert answer.status_code == 400


def test_an_account_is_renamed_and_archived(pleo: Driver) -> None:
    path = f"{ACCOUNTS}/{add_account(pleo, 'cat-1')}"

    changed = pleo.api("PUT", path, {"name": "Büro", "archived": True})
    forbidden = pleo.api("PUT", path, {"name": "Büro", "archived": True, "externalId": "other"})

    assert (changed.json()["data"]["name"], changed.json()["data"]["archived"]) == ("Büro", True)
    assert forbidden.status_code == 400


def test_an_account_search_needs_its_three_fields_and_filters(pleo: Driver) -> None:
    add_account(pleo, "cat-1")
    add_account(pleo, "cat-2", archived=True)
    needed = {"excludeIfAssignedToCategory": False, "excludeIfAssignedToContraAccount": False}
    body = {"companyId": DEFAULT_COMPANY_ID} | needed

    found = pleo.api("POST", f"{ACCOUNTS}:search", body | {"archived": True}).json()["data"]
    bare = pleo.api("POST", f"{ACCOUNTS}:search", {"companyId": DEFAULT_COMPANY_ID})

    assert [each["externalId"] for each in found] == ["cat-2"]
    assert bare.status_code == 400


# --- tax codes -------------------------------------------------------------------------------------------------------


def test_a_tax_code_created_twice_exists_twice(pleo: Driver) -> None:
    statuses = [pleo.api("POST", "/v0/tax-codes", tax_code()).status_code for _ in range(2)]

    found = pleo.api("POST", "/v0/tax-codes:search", {"code": "19"}, company_id=DEFAULT_COMPANY_ID).json()

    assert statuses == [201, 201]
    assert [each["rate"] for each in found["data"]] == [0.19, 0.19]


@pytest.mark.parametrize(
    "changes", [{"type": "exclusive"}, {"rate": "0.19"}, {"rate": 19}, {"archived": None}, {"name": ""}]
)
def test_a_tax_code_pleo_does_not_support_is_refused(pleo: Driver, changes: dict[str, Any]) -> None:
    assert pleo.api("POST", "/v0/tax-codes", tax_code(**changes)).status_code == 400


def test_a_tax_code_is_changed(pleo: Driver) -> None:
    path = f"/v0/tax-codes/{pleo.api('POST', '/v0/tax-codes', tax_code()).json()['data']['id']}"

    assert pleo.api("PUT", path, tax_code(rate=0.16)).json()["data"]["rate"] == 0.16


def test_an_admin_renames_archives_and_deletes_behind_the_apps_back(pleo: Driver) -> None:
    add_account(pleo, "cat-1")
    add_account(pleo, "cat-2")
    pleo.api("POST", "/v0/tax-codes", tax_code())
    code = pleo.control("GET", "/chart")["tax_codes"][0]["code"]

    pleo.control("POST", "/chart/accounts/cat-1", {"name": "Anders", "archived": True})
    pleo.control("POST", "/chart/accounts/cat-2", {"delete": True})
    pleo.control("POST", f"/chart/tax-codes/{code}", {"archived": True})

    chart = pleo.control("GET", "/chart")
    assert [(row["externalId"], row["name"], row["archived"]) for row in chart["accounts"]] == [
        ("cat-1", "Anders", True)
    ]
    assert [row["archived"] for row in chart["tax_codes"]] == [True]
    assert chart["categories"] == []
