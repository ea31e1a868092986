"""The stand-in's API refuses what Pleo refuses and answers in Pleo's shapes."""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from local.pleo.driver import Driver
from local.pleo.running import running
from local.pleo.settings import Settings
from local.pleo.world import DEFAULT_COMPANY_ID

REDIRECT = "http://127.0.0.1:9/oauth/pleo/callback"
SETTINGS = Settings("", "client-1", "not-a-real-secret", (REDIRECT,), "http://x.test/connect", "http://x.test/status")
NOBODY = "00000000-0000-4000-8000-00000000dead"
ENTRIES = "/v1/accounting-entries:search"
ACCOUNTS = "/v1/chart-of-accounts"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running(SETTINGS) as address:
        yield address


@pytest.fixture
def pleo(url: str) -> Iterator[Driver]:
    with closing(Driver(url, SETTINGS)) as driver:
        driver.control("POST", "/reset")
        driver.connect()
        yield driver


def account(external_id: str = "cat-1", **changes: Any) -> dict[str, Any]:
    return {
        "companyId": DEFAULT_COMPANY_ID,
        "externalId": external_id,
        "name": "Bürobedarf",
        "archived": False,
    } | changes


def tax_code(**changes: Any) -> dict[str, Any]:
    body = {"companyId": DEFAULT_COMPANY_ID, "name": "19 % Vorsteuer", "rate": 0.19, "type": "inclusive"}
    return body | {"archived": False, "code": "19"} | changes


def search(pleo: Driver, body: dict[str, Any] | None = None, **query: Any) -> Any:
    filters = {"includeDeleted": False} | (body or {})
    return pleo.api("POST", ENTRIES, filters, **({"company_id": DEFAULT_COMPANY_ID} | query))


# --- the door --------------------------------------------------------------------------------------------------------


def test_without_a_token_the_answer_is_401_in_pleos_shape(pleo: Driver) -> None:
    answer = pleo.http.get("/v1/introspect")

    assert answer.status_code == 401
    assert set(answer.json()) == {"type", "message"}


def test_a_missing_scope_is_403(pleo: Driver) -> None:
    pleo.connect(scope="accounts:read")

    assert pleo.api("POST", ACCOUNTS, account()).status_code == 403
    assert pleo.api("GET", "/v1/companies").status_code == 403
    assert search(pleo).status_code == 200


def test_the_scope_of_entries_can_be_demanded_by_switch(pleo: Driver) -> None:
    pleo.control("POST", "/switches", {"scopes": {"entries": "accounting-entries:read"}})

    assert search(pleo).status_code == 403


def test_another_companys_ids_are_not_found(pleo: Driver) -> None:
    other_id = pleo.control("POST", "/companies", {"name": "Zweite Muster GmbH"})["id"]
    entry_id = pleo.control("POST", "/entries", {"company_id": other_id})["id"]

    statuses = [
        pleo.api("GET", f"/v1/companies/{other_id}").status_code,
        pleo.api("GET", f"/v1/accounting-entries/{entry_id}").status_code,
        search(pleo, company_id=other_id).status_code,
        pleo.api("POST", ACCOUNTS, account(companyId=other_id)).status_code,
        pleo.api("POST", "/v0/tax-codes", tax_code(companyId=other_id)).status_code,
    ]

    assert statuses == [404] * 5


def test_the_601st_call_of_a_minute_is_refused_without_a_hint_when_to_return(pleo: Driver) -> None:
    pleo.control("POST", "/switches", {"rate_limit_per_minute": 5})

    answers = [pleo.api("GET", "/v1/introspect") for _ in range(6)]
    pleo.control("POST", "/clock", {"advance_seconds": 61})

    assert [a.status_code for a in answers] == [200] * 5 + [429]
    assert "retry-after" not in answers[-1].headers
    assert pleo.api("GET", "/v1/introspect").status_code == 200
    assert pleo.control("GET", "/state")["refused429"] == 1


def test_the_limit_is_600_and_counts_over_all_companies_of_a_client(pleo: Driver) -> None:
    other_id = pleo.control("POST", "/companies", {"name": "Zweite Muster GmbH"})["id"]
    limit = pleo.control("GET", "/state")["switches"]["rate_limit_per_minute"]
    pleo.control("POST", "/switches", {"rate_limit_per_minute": 2})

    first = [pleo.api("GET", "/v1/introspect").status_code for _ in range(2)]
    pleo.connect(other_id)

    assert limit == 600
    assert first == [200, 200]
    assert pleo.api("GET", "/v1/introspect").status_code == 429


def test_a_429_may_by_switch_say_when_and_count_per_company(pleo: Driver) -> None:
    other_id = pleo.control("POST", "/companies", {"name": "Zweite Muster GmbH"})["id"]
    positions = {"rate_limit_per_minute": 1, "rate_limit_scope": "company", "retry_after_seconds": 9}
    pleo.control("POST", "/switches", positions)

    first, second = pleo.api("GET", "/v1/introspect"), pleo.api("GET", "/v1/introspect")
    pleo.connect(other_id)

    assert (first.status_code, second.status_code, second.headers["retry-after"]) == (200, 429, "9")
    assert pleo.api("GET", "/v1/introspect").status_code == 200


def test_another_companys_id_may_by_switch_be_403(pleo: Driver) -> None:
    pleo.control("POST", "/switches", {"foreign_company_status": 403})

    assert search(pleo, company_id=NOBODY).status_code == 403


def test_unknown_fields_may_by_switch_be_ignored(pleo: Driver) -> None:
    pleo.control("POST", "/switches", {"unknown_fields": "ignored"})

    created = pleo.api("POST", ACCOUNTS, account(colour="red"))

    assert created.status_code == 201
    assert "colour" not in created.json()["data"]


def test_pages_may_by_switch_be_smaller_than_asked_for(pleo: Driver) -> None:
    pleo.control("POST", "/switches", {"page_cap": 1})
    pleo.control("POST", "/entries/batch", [{}, {}])

    answer = search(pleo, limit=100).json()

    assert len(answer["data"]) == 1
    assert answer["pagination"]["hasNextPage"] is True


def test_an_unknown_route_is_404_and_a_wrong_method_405_in_pleos_shape(pleo: Driver) -> None:
    missing, wrong = pleo.api("GET", "/v1/wallets"), pleo.api("DELETE", "/v1/introspect")

    assert (missing.status_code, wrong.status_code) == (404, 405)
    assert set(missing.json()) == set(wrong.json()) == {"type", "message"}


def test_broken_json_is_refused_and_never_a_500(pleo: Driver) -> None:
    header = {"Authorization": f"Bearer {pleo.access_token}"}
    bodies = [b"{", b"[]", b'{"rate": NaN}', b"\xff"]

    answers = [pleo.http.post("/v0/tax-codes", content=body, headers=header) for body in bodies]

    assert {(a.status_code, a.json()["type"]) for a in answers} == {(400, "JSON_MAPPING_EXCEPTION")}


# --- who am I, companies, installation -------------------------------------------------------------------------------


def test_introspect_names_the_company_by_urn(pleo: Driver) -> None:
    data = pleo.api("GET", "/v1/introspect").json()["data"]

    assert data["subjectURN"] == f"urn:pleo:company:{DEFAULT_COMPANY_ID}"
    assert data["authMethod"] == "OAUTH2"


def test_a_company_is_enveloped_and_listed_alone(pleo: Driver) -> None:
    pleo.control("POST", "/companies", {"name": "Zweite Muster GmbH"})

    one = pleo.api("GET", f"/v1/companies/{DEFAULT_COMPANY_ID}").json()["data"]
    listed = pleo.api("GET", "/v1/companies").json()

    assert one["name"] == "Muster Handwerk GmbH"
    assert listed["data"] == [one]


def test_consent_leaves_an_installation_that_waits_for_activation(pleo: Driver) -> None:
    before = pleo.api("GET", "/v1/installations/me").json()

    after = pleo.api("POST", "/v1/installations/me:activate").json()

    assert (before["status"], after["status"]) == ("AUTHORIZED", "ACTIVATED")
    assert after["id"] == before["id"]
    assert "data" not in before


def test_an_installation_cannot_go_back_to_authorized(pleo: Driver) -> None:
    pleo.api("PUT", "/v1/installations/me", {"status": "PENDING_INTEGRATION"})

    answer = pleo.api("PUT", "/v1/installations/me", {"status": "AUTHORIZED"})

    assert (answer.status_code, answer.json()["type"]) == (400, "INVALID_STATUS_TRANSITION")


def test_deleting_the_installation_revokes_its_tokens(pleo: Driver) -> None:
    pair = pleo.connect()

    deleted = pleo.api("DELETE", "/v1/installations/me")

    assert deleted.status_code == 204
    assert pleo.api("GET", "/v1/introspect").status_code == 401
    assert pleo.refresh(pair["refresh_token"]).status_code == 400


def test_posting_an_installation_answers_the_one_that_consent_made(pleo: Driver) -> None:
    before = pleo.api("GET", "/v1/installations/me").json()

    posted = pleo.api("POST", "/v1/installations/me", {"status": "PENDING_INTEGRATION", "metadata": {"a": "b"}}).json()

    assert (posted["id"], posted["status"]) == (before["id"], "PENDING_INTEGRATION")
    assert posted["metadata"] == {"a": "b"}


def test_renewed_consent_keeps_the_installation_and_asks_for_activation_again(pleo: Driver) -> None:
    active = pleo.api("POST", "/v1/installations/me:activate").json()

    pleo.connect()

    again = pleo.api("GET", "/v1/installations/me").json()
    assert (again["id"], again["status"]) == (active["id"], "AUTHORIZED")


def test_an_app_that_needs_no_configuration_is_active_by_switch(pleo: Driver) -> None:
    pleo.control("POST", "/switches", {"requires_configuration": False})

    pleo.connect()

    assert pleo.api("GET", "/v1/installations/me").json()["status"] == "ACTIVATED"


# --- chart of accounts -----------------------------------------------------------------------------------------------


def test_an_account_is_created_found_equal_and_in_conflict(pleo: Driver) -> None:
    created, equal = pleo.api("POST", ACCOUNTS, account()), pleo.api("POST", ACCOUNTS, account())
    conflict = pleo.api("POST", ACCOUNTS, account(name="Anders"))

    assert [created.status_code, equal.status_code, conflict.status_code] == [201, 200, 409]
    assert created.json() == equal.json()


@pytest.mark.parametrize(
    "changes",
    [{"name": ""}, {"name": "x" * 256}, {"externalId": ""}, {"archived": "no"}, {"code": 4964}, {"colour": "red"}],
)
def test_a_wrong_field_of_an_account_is_refused(pleo: Driver, changes: dict[str, Any]) -> None:
    answer = pleo.api("POST", ACCOUNTS, account(**changes))

    assert (answer.status_code, answer.json()["type"]) == (400, "VALIDATION_FAILED")


def test_an_account_may_only_name_a_tax_code_that_exists(pleo: Driver) -> None:
    body = account(taxCodeExternalId="19")

    before = pleo.api("POST", ACCOUNTS, body).status_code
    pleo.api("POST", "/v0/tax-codes", tax_code())

    assert (before, pleo.api("POST", ACCOUNTS, body).status_code) == (400, 201)


def test_a_batch_reports_each_failure_with_its_reasons_and_keeps_the_rest(pleo: Driver) -> None:
    pleo.api("POST", ACCOUNTS, account())
    items = [
        account("cat-1"),
        account("cat-2"),
        account("cat-2"),
        account("", name="", code="x" * 256),
        account("cat-3", taxCodeExternalId="none"),
    ]
    for item in items:
        del item["companyId"]

    answer = pleo.api("POST", f"{ACCOUNTS}/batch", {"companyId": DEFAULT_COMPANY_ID, "items": items})

    assert answer.status_code == 201
    data = answer.json()["data"]
    assert [each["externalId"] for each in data["created"]] == ["cat-2"]
    assert [each["reasons"] for each in data["failed"]] == [
        ["EXTERNAL_ID_ALREADY_EXISTS"],
        ["EXTERNAL_ID_ALREADY_EXISTS"],
        ["EXTERNAL_ID_EMPTY", "NAME_EMPTY", "CODE_TOO_LONG"],
        ["OTHER"],
    ]
    assert data["failed"][2]["request"] == items[3]


def test_a_batch_may_by_switch_accept_an_equal_account(pleo: Driver) -> None:
    pleo.api("POST", ACCOUNTS, account())
    pleo.control("POST", "/switches", {"batch_equal_account": "created"})
    item = account()
    del item["companyId"]

    answer = pleo.api("POST", f"{ACCOUNTS}/batch", {"companyId": DEFAULT_COMPANY_ID, "items": [item]})

    assert answer.json()["data"]["failed"] == []
    assert pleo.control("GET", "/state")["accounts"] == 1


@pytest.mark.parametrize("size", [0, 1001])
def test_a_batch_has_1_to_1000_items(pleo: Driver, size: int) -> None:
    item = {"externalId": "x", "name": "x", "archived": False}

    answer = pleo.api("POST", f"{ACCOUNTS}/batch", {"companyId": DEFAULT_COMPANY_ID, "items": [item] * size})

    assert answer.status_code == 400


def test_an_account_is_renamed_archived_and_deleted(pleo: Driver) -> None:
    path = f"{ACCOUNTS}/{pleo.api('POST', ACCOUNTS, account()).json()['data']['id']}"

    changed = pleo.api("PUT", path, {"name": "Büro", "archived": True})
    forbidden = pleo.api("PUT", path, {"name": "Büro", "archived": True, "externalId": "other"})
    deleted = pleo.api("DELETE", path)

    assert (changed.json()["data"]["name"], changed.json()["data"]["archived"]) == ("Büro", True)
    assert forbidden.status_code == 400
    assert (deleted.status_code, pleo.api("GET", path).status_code) == (204, 404)


def test_an_account_in_use_cannot_be_deleted(pleo: Driver) -> None:
    account_id = pleo.api("POST", ACCOUNTS, account()).json()["data"]["id"]
    pleo.control("POST", "/entries", {"accountId": account_id})

    assert pleo.api("DELETE", f"{ACCOUNTS}/{account_id}").status_code == 409


def test_an_account_search_needs_its_three_fields_and_filters(pleo: Driver) -> None:
    pleo.api("POST", ACCOUNTS, account("cat-1"))
    pleo.api("POST", ACCOUNTS, account("cat-2", archived=True))
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


def test_a_tax_code_is_changed_and_deleted(pleo: Driver) -> None:
    path = f"/v0/tax-codes/{pleo.api('POST', '/v0/tax-codes', tax_code()).json()['data']['id']}"

    changed = pleo.api("PUT", path, tax_code(rate=0.16))
    deleted = pleo.api("DELETE", path)

    assert changed.json()["data"]["rate"] == 0.16
    assert (deleted.status_code, pleo.api("GET", path).status_code) == (204, 404)


# --- accounting entries ----------------------------------------------------------------------------------------------


def test_an_entry_has_every_required_field_and_whole_minor_units(pleo: Driver) -> None:
    entry_id = pleo.control("POST", "/entries", {"amount": 1234, "merchant": "Muster Café"})["id"]

    data = pleo.api("GET", f"/v1/accounting-entries/{entry_id}").json()["data"]

    required = "id companyId createdAt updatedAt performedAt family status exportStatus reviewStatus receiptIds"
    assert set(required.split()) | {"splitItems", "tags", "attendees", "transactionValue"} <= set(data)
    assert data["transactionValue"] == {"currency": "EUR", "minors": 1234}
    assert data["status"] == "PENDING"
    assert "settledAt" not in data
    assert data["merchant"]["name"] == "Muster Café"


def test_optional_fields_may_be_null_and_the_merchant_absent_by_switch(pleo: Driver) -> None:
    entry_id = pleo.control("POST", "/entries", {})["id"]
    pleo.control("POST", "/switches", {"optional_fields": "null", "entry_merchant": "absent"})

    data = pleo.api("GET", f"/v1/accounting-entries/{entry_id}").json()["data"]

    assert data["settledAt"] is None
    assert "merchant" not in data


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


def test_both_date_bounds_are_exclusive_by_default(pleo: Driver) -> None:
    for second in (0, 1, 2):
        pleo.control("POST", "/entries", {"settledAt": f"2026-03-02T10:00:0{second}Z"})
    bounds = {"settledAtStart": "2026-03-02T11:00:00+01:00", "settledAtEnd": "2026-03-02T10:00:02Z"}

    exclusive = search(pleo, bounds).json()["data"]
    pleo.control("POST", "/switches", {"date_bounds": "inclusive"})
    inclusive = search(pleo, bounds).json()["data"]

    assert [each["settledAt"] for each in exclusive] == ["2026-03-02T10:00:01Z"]
    assert len(inclusive) == 3


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
