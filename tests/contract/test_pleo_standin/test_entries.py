"""Accounting entries in the stand-in: their fields, searches and pages."""

import re
from typing import Any

import pytest

from local.pleo.driver import Driver
from local.pleo.world import DEFAULT_COMPANY_ID

from .driver import ENTRIES, search, tax_code

pytestmark = pytest.mark.usefixtures("connected")


def test_an_entry_has_every_required_field_and_whole_minor_units(pleo: Driver) -> None:
    entry_id = pleo.control("POST", "/entries", {"amount": 1234, "merchant": "Muster Café"})["id"]

    data = pleo.api("GET", f"/v1/accounting-entries/{entry_id}").json()["data"]

    required = "id companyId createdAt updatedAt performedAt family status exportStatus reviewStatus receiptIds"
    assert set(required.split()) | {"splitItems", "tags", "attendees", "transactionValue"} <= set(data)
    assert data["transactionValue"] == {"currency": "EUR", "minors": 1234}
    assert data["status"] == "PENDING"
    assert "settledAt" not in data
    assert data["merchant"]["name"] == "Muster Café"


@pytest.mark.parametrize(
    "body",
    [
        {"includeDeleted": None},
        {"families": ["CARD"]},
        {"families": "CARD_PURCHASE"},
        {"settledAtStart": "2026-03-01T00:00:00"},
        {"settledAtStart": "2026-03-01T00:00:00Z", "performedAtEnd": "2026-03-02T00:00:00Z"},
        {"updatedAtStart": "2026-03-01T00:00:00Z"},
    ],
)
def test_a_wrong_search_is_refused(pleo: Driver, body: dict[str, Any]) -> None:
    answer = search(pleo, body)

    assert (answer.status_code, answer.json()["type"]) == (400, "VALIDATION_FAILED")


def test_a_search_without_include_deleted_is_refused(pleo: Driver) -> None:
    assert pleo.api("POST", ENTRIES, {}, company_id=DEFAULT_COMPANY_ID).status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 101},
        {"limit": 0},
        {"limit": "many"},
        {"offset": 0},
        {"after": "not base32!"},
        {"after": "MFRGG==="},
        {"sorting_keys": "updatedAt"},
        {"sorting_keys": "id", "sorting_order": "UP"},
        {"sorting_keys": ["id", "settledAt"], "sorting_order": "ASC"},
        {"after": "MFRGG===", "before": "MFRGG==="},
    ],
)
def test_a_wrong_page_is_refused(pleo: Driver, query: dict[str, Any]) -> None:
    answer = search(pleo, **query)

    assert (answer.status_code, answer.json()["type"]) == (400, "PARAMETER_VALIDATION_FAILED")


def test_filters_combine_and_deleted_entries_show_only_on_demand(pleo: Driver) -> None:
    settled = pleo.control("POST", "/entries", {"settledAt": "2026-03-02T10:00:00Z"})["id"]
    deleted = pleo.control("POST", "/entries", {"settledAt": "2026-03-02T10:00:00Z"})["id"]
    pleo.control("PATCH", f"/entries/{deleted}", {"deletedAt": "2026-03-03T10:00:00Z"})
    pleo.control("POST", "/entries", {})
    pleo.control("POST", "/entries", {"family": "WALLET", "subFamily": "LOAD"})
    filters = {
        "families": ["CARD_PURCHASE"],
        "settled": True,
        "status": ["COMPLETED"],
        "exportStatus": ["NOT_EXPORTED"],
    }

    without = search(pleo, filters).json()["data"]
    everything = search(pleo, filters | {"includeDeleted": True}).json()["data"]

    assert [each["id"] for each in without] == [settled]
    assert {each["id"] for each in everything} == {settled, deleted}
    assert pleo.api("GET", f"/v1/accounting-entries/{deleted}").status_code == 404
    assert pleo.api("GET", f"/v1/accounting-entries/{deleted}", include_deleted="true").status_code == 200


def test_unsettled_is_whatever_has_no_date_of_settlement(pleo: Driver) -> None:
    pending, cancelled, draft = (pleo.control("POST", "/entries", {})["id"] for _ in range(3))
    pleo.control("POST", f"/entries/{cancelled}/cancel", {})
    pleo.control("PATCH", f"/entries/{draft}", {"status": "DRAFT"})
    pleo.control("POST", "/entries", {"settledAt": "2026-03-02T10:00:00Z"})
    deleted = pleo.control("POST", "/entries", {})["id"]
    pleo.control("PATCH", f"/entries/{deleted}", {"deletedAt": "2026-03-03T10:00:00Z"})
    lately = {"performedAtStart": "2020-01-01T00:00:00Z", "performedAtEnd": "2099-01-01T00:00:00Z"}

    undated = search(pleo, lately | {"settled": False}).json()["data"]

    assert {each["id"] for each in undated} == {pending, cancelled, draft}


def test_both_date_bounds_are_exclusive(pleo: Driver) -> None:
    for second in (0, 1, 2):
        pleo.control("POST", "/entries", {"settledAt": f"2026-03-02T10:00:0{second}Z"})
    bounds = {"settledAtStart": "2026-03-02T11:00:00+01:00", "settledAtEnd": "2026-03-02T10:00:02Z"}

    exclusive = search(pleo, bounds).json()["data"]

    assert [each["settledAt"] for each in exclusive] == ["2026-03-02T10:00:01Z"]


def test_cursors_stay_stable_while_entries_come_and_go(pleo: Driver) -> None:
    moments = [f"2026-03-02T10:00:{second:02d}Z" for second in (10, 20, 20, 30, 40)]
    ids = pleo.control("POST", "/entries/batch", [{"settledAt": moment} for moment in moments])["ids"]
    page: dict[str, Any] = {"sorting_keys": ["settledAt", "id"], "sorting_order": ["ASC", "ASC"], "limit": 2}

    first = search(pleo, **page).json()
    pleo.control("POST", "/entries", {"settledAt": "2026-03-02T10:00:00Z"})
    pleo.control("PATCH", f"/entries/{first['data'][1]['id']}", {"deletedAt": "2026-03-03T10:00:00Z"})
    second = search(pleo, **page, after=first["pagination"]["endCursor"]).json()
    third = search(pleo, **page, after=second["pagination"]["endCursor"]).json()
    back = search(pleo, **page, before=third["pagination"]["startCursor"]).json()

    seen = [each["id"] for each in first["data"] + second["data"] + third["data"]]
    assert sorted(seen) == sorted(ids)
    assert re.fullmatch(r"[A-Z2-7=~]+", first["pagination"]["endCursor"])
    assert (second["pagination"]["hasNextPage"], third["pagination"]["hasNextPage"]) == (True, False)
    assert back["data"] == second["data"]


def test_the_default_page_of_entries_has_20_and_the_newest_first(pleo: Driver) -> None:
    pleo.control("POST", "/entries/batch", [{"performedAt": f"2026-03-{day:02d}T10:00:00Z"} for day in range(1, 26)])

    answer = search(pleo).json()

    assert len(answer["data"]) == 20
    assert answer["data"][0]["performedAt"] == "2026-03-25T10:00:00Z"
    assert answer["pagination"]["total"] == 25
    assert answer["pagination"]["currentRequestPagination"]["parameters"] == {"company_id": [DEFAULT_COMPANY_ID]}


def test_pages_by_offset_work_where_pleo_has_them(pleo: Driver) -> None:
    for number in range(7):
        pleo.api("POST", "/v0/tax-codes", tax_code(name=f"Satz {number}"))

    def names(**query: Any) -> list[str]:
        answer = pleo.api(
            "POST", "/v0/tax-codes:search", {}, company_id=DEFAULT_COMPANY_ID, sorting_keys="name", **query
        )
        return [each["name"] for each in answer.json()["data"]]

    assert names() == [f"Satz {number}" for number in range(5)]
    assert names(offset=5) == ["Satz 5", "Satz 6"]
    assert names(limit=1, sorting_order="DESC") == ["Satz 6"]


def test_nulls_sort_last_ascending_and_where_asked(pleo: Driver) -> None:
    settled = pleo.control("POST", "/entries", {"settledAt": "2026-03-02T10:00:00Z"})["id"]
    pending = pleo.control("POST", "/entries", {})["id"]

    def order(direction: str) -> list[str]:
        answer = search(pleo, sorting_keys="settledAt", sorting_order=direction)
        return [each["id"] for each in answer.json()["data"]]

    assert order("ASC") == order("DESC_NULLS_LAST") == [settled, pending]
    assert order("DESC") == order("ASC_NULLS_FIRST") == [pending, settled]
