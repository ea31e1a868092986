"""Every route of the stand-in's API: who may call, how often, and what Pleo says to the rest."""

import pytest

from local.pleo.driver import Driver
from local.pleo.world import DEFAULT_COMPANY_ID

from .driver import ACCOUNTS, search, tax_code

pytestmark = pytest.mark.usefixtures("connected")


def test_without_a_token_the_answer_is_401_in_pleos_shape(pleo: Driver) -> None:
    answer = pleo.http.get("/v1/introspect")

    assert answer.status_code == 401
    assert set(answer.json()) == {"type", "message"}


def test_a_missing_scope_is_403(pleo: Driver) -> None:
    pleo.connect(scope="accounts:read")

    assert pleo.api("POST", f"{ACCOUNTS}/batch", {}).status_code == 403
    assert pleo.api("GET", f"/v1/companies/{DEFAULT_COMPANY_ID}").status_code == 403
    assert search(pleo).status_code == 200


def test_another_companys_ids_are_not_found(pleo: Driver) -> None:
    other_id = pleo.control("POST", "/companies", {"name": "Zweite Muster GmbH"})["id"]
    entry_id = pleo.control("POST", "/entries", {"company_id": other_id})["id"]

    statuses = [
        pleo.api("GET", f"/v1/companies/{other_id}").status_code,
        pleo.api("GET", f"/v1/accounting-entries/{entry_id}").status_code,
        search(pleo, company_id=other_id).status_code,
        pleo.api("POST", f"{ACCOUNTS}/batch", {"companyId": other_id, "items": [{}]}).status_code,
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


def test_an_unknown_route_is_404_and_a_wrong_method_405_in_pleos_shape(pleo: Driver) -> None:
    missing, wrong = pleo.api("GET", "/v1/wallets"), pleo.api("DELETE", "/v1/introspect")

    assert (missing.status_code, wrong.status_code) == (404, 405)
    assert set(missing.json()) == set(wrong.json()) == {"type", "message"}


def test_broken_json_is_refused_and_never_a_500(pleo: Driver) -> None:
    header = {"Authorization": f"Bearer {pleo.access_token}"}
    bodies = [b"{", b"[]", b'{"rate": NaN}', b"\xff"]

    answers = [pleo.http.post("/v0/tax-codes", content=body, headers=header) for body in bodies]

    assert {(a.status_code, a.json()["type"]) for a in answers} == {(400, "JSON_MAPPING_EXCEPTION")}
