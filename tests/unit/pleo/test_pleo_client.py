"""What is asked of Pleo's API and how its answers are read."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from scripted import body_of, path_of, scripted

from shared.errors import Issue, NotFound, UnexpectedAnswer
from shared.http.client import Http
from shared.pleo.client import PleoClient
from shared.pleo.models import (
    AccountFailure,
    Company,
    Installation,
    NewAccount,
    NewTaxCode,
    PleoAccountRow,
    Subscription,
    TaxCode,
    issues,
)

COMPANY = "11111111-1111-4111-8111-111111111111"
ACCOUNT = {
    "id": "88888888-8888-4888-8888-888888888881",
    "companyId": COMPANY,
    "externalId": "cat-1",
    "name": "Software",
    "code": None,
    "archived": False,
    "accountingSystem": "something-new",
}
TAX_CODE = {
    "id": "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaa1",
    "companyId": COMPANY,
    "name": "19 % Vorsteuer",
    "code": "19",
    "rate": 0.19,
    "type": "inclusive",
    "archived": False,
    "ingoingTaxAccount": None,
    "createdAt": "2026-01-10T10:00:00Z",
}
SUBSCRIPTION = {
    "id": "sub-1",
    "endpointUrl": "https://bridge.example/webhooks/pleo/1",
    "eventTypes": ["v1.export-job.created"],
    "status": "ACTIVE",
    "customHeaders": {},
}


def page(rows: list[object], cursor: str | None = None) -> dict[str, Any]:
    pagination: dict[str, Any] = {
        "currentRequestPagination": {"parameters": {}},
        "hasNextPage": cursor is not None,
        "hasPreviousPage": False,
    }
    return {"data": rows, "pagination": pagination | ({"endCursor": cursor} if cursor else {})}


def answering(*bodies: object, status: int = 200) -> tuple[PleoClient, list[httpx.Request]]:
    transport, requests = scripted(*((status, body) for body in bodies))
    http = Http("pleo", "https://external.example", issues=issues, transport=transport, sleep=lambda _: None)
    return PleoClient(http), requests


# Who


@pytest.mark.parametrize(
    ("urn", "company"),
    [
        (f"urn:pleo:company:{COMPANY}", COMPANY),
        ("urn:pleo:organisation:22222222", None),
        ("urn:pleo:person:3", None),
        (None, None),
    ],
)
def test_only_the_token_of_a_company_names_one(urn: str | None, company: str | None) -> None:
    client, requests = answering(
        {"data": {"authMethod": "OAUTH2", "clientId": "c", "scope": "accounts:read", "subjectURN": urn}}
    )

    assert client.introspect().company_id == company
    assert path_of(requests[0]) == "GET /v1/introspect"


@pytest.mark.parametrize("rest", [{}, {"id": COMPANY, "address": {"country": "DE"}}, {"address": None}])
def test_a_company_is_read_by_its_name(rest: dict[str, object]) -> None:
    client, requests = answering({"data": {"name": "Muster GmbH", **rest}})

    assert client.company(COMPANY) == Company(name="Muster GmbH")
    assert path_of(requests[0]) == f"GET /v1/companies/{COMPANY}"


def test_an_installation_comes_without_envelope_and_its_status_may_be_new() -> None:
    client, requests = answering({"id": "i-1", "status": "SOMETHING_NEW", "metadata": {}})

    assert client.installation() == Installation(status="SOMETHING_NEW")
    assert path_of(requests[0]) == "GET /v1/installations/me"


def test_an_installation_is_activated_with_a_colon_verb() -> None:
    client, requests = answering({"id": "i-1", "status": "ACTIVATED"})

    client.activate_installation()

    assert path_of(requests[0]) == "POST /v1/installations/me:activate"


@pytest.mark.parametrize(
    ("delete", "path"),
    [
        (PleoClient.delete_installation, "DELETE /v1/installations/me"),
        (lambda client: client.delete_subscription("sub-1"), "DELETE /v1/subscriptions/sub-1"),
    ],
)
@pytest.mark.parametrize("status", [204, 404])
def test_deleting_what_is_gone_already_is_fine(delete: Callable[[PleoClient], None], path: str, status: int) -> None:
    client, requests = answering(b"", status=status)

    delete(client)

    assert [path_of(request) for request in requests] == [path]


# Chart of accounts


def test_active_and_archived_accounts_are_both_asked_for_and_none_comes_twice() -> None:
    archived = ACCOUNT | {"id": "acc-2", "externalId": "cat-2", "archived": True}
    client, requests = answering(page([ACCOUNT]), page([ACCOUNT, archived]))

    accounts = list(client.search_accounts(COMPANY))

    assert [account.external_id for account in accounts] == ["cat-1", "cat-2"]
    assert accounts[0] == PleoAccountRow(id=ACCOUNT["id"], external_id="cat-1", name="Software", archived=False)
    assert [path_of(request) for request in requests] == ["POST /v1/chart-of-accounts:search"] * 2
    assert [body_of(request)["archived"] for request in requests] == [False, True]
    assert body_of(requests[0]) == {
        "companyId": COMPANY,
        "archived": False,
        "excludeIfAssignedToCategory": False,
        "excludeIfAssignedToContraAccount": False,
    }


def test_pages_are_followed_in_a_stable_order_to_the_end() -> None:
    client, requests = answering(
        page([SUBSCRIPTION], "MFRA===="), page([], "MFRB===="), page([SUBSCRIPTION | {"id": "sub-2"}])
    )

    assert [subscription.id for subscription in client.subscriptions()] == ["sub-1", "sub-2"]
    asked = [dict(request.url.params.multi_items()) for request in requests]
    assert asked[0] == {"limit": "100", "sorting_keys": "id", "sorting_order": "ASC"}
    assert asked[1] == asked[0] | {"after": "MFRA===="}
    assert asked[2] == asked[0] | {"after": "MFRB===="}


@pytest.mark.parametrize(
    "bodies",
    [
        pytest.param([page([], "MFRA===="), page([], "MFRA====")], id="same again"),
        pytest.param([page([], "A"), page([], "B"), page([], "A")], id="circle"),
        pytest.param([{"data": [], "pagination": {"hasNextPage": True, "endCursor": None}}], id="no cursor at all"),
    ],
)
def test_a_cursor_that_does_not_advance_is_unexpected(bodies: list[object]) -> None:
    client, requests = answering(*bodies)

    with pytest.raises(UnexpectedAnswer, match="does not advance"):
        list(client.subscriptions())

    assert len(requests) == len(bodies)


@pytest.mark.parametrize("body", [{"data": []}, [], {"pagination": {"hasNextPage": False}}, "x"])
def test_a_list_without_its_envelope_is_not_taken_for_a_complete_one(body: object) -> None:
    client, _ = answering(body)

    with pytest.raises(UnexpectedAnswer):
        list(client.subscriptions())


def test_accounts_are_created_a_thousand_at_a_time_and_failures_come_back() -> None:
    failed = {"reasons": ["NAME_EMPTY", "SOMETHING_NEW"], "request": {"externalId": "cat-7", "name": ""}}
    client, requests = answering(
        {"data": {"created": [], "failed": []}}, {"data": {"created": [ACCOUNT], "failed": [failed]}}, status=201
    )
    wanted = [NewAccount(external_id=f"cat-{n}", name="x", tax_code_external_id="19") for n in range(1001)]

    failures = client.create_accounts(COMPANY, wanted)

    assert [path_of(request) for request in requests] == ["POST /v1/chart-of-accounts/batch"] * 2
    assert [len(body_of(request)["items"]) for request in requests] == [1000, 1]
    assert body_of(requests[1]) == {
        "companyId": COMPANY,
        "items": [{"externalId": "cat-1000", "name": "x", "archived": False, "code": None, "taxCodeExternalId": "19"}],
    }
    assert [(failure.external_id, failure.reasons) for failure in failures] == [
        ("cat-7", ("NAME_EMPTY", "SOMETHING_NEW"))
    ]
    assert isinstance(failures[0], AccountFailure)


def test_nothing_to_create_asks_nothing() -> None:
    client, requests = answering({})

    assert client.create_accounts(COMPANY, []) == []
    assert requests == []


def test_an_update_clears_what_it_does_not_give() -> None:
    client, requests = answering({"data": ACCOUNT})

    client.update_account("acc-1", name="Neu", archived=True)

    assert path_of(requests[0]) == "PUT /v1/chart-of-accounts/acc-1"
    assert body_of(requests[0]) == {"name": "Neu", "archived": True, "code": None, "taxCodeExternalId": None}


def test_an_id_from_outside_cannot_leave_its_path() -> None:
    client, requests = answering({"data": {}})

    client.entry("../installations/me?x")

    assert path_of(requests[0]) == "GET /v1/accounting-entries/..%2Finstallations%2Fme%3Fx"


# Tax codes


def test_tax_codes_of_both_kinds_are_searched_with_exact_rates() -> None:
    client, requests = answering(page([TAX_CODE]))

    found = list(client.search_tax_codes(COMPANY))

    assert found == [
        TaxCode(
            id=str(TAX_CODE["id"]),
            name="19 % Vorsteuer",
            rate=Decimal("0.19"),
            type="inclusive",
            archived=False,
            code="19",
        )
    ]
    assert path_of(requests[0]) == "POST /v0/tax-codes:search"
    assert requests[0].url.params["company_id"] == COMPANY
    assert body_of(requests[0]) == {}


@pytest.mark.parametrize("answer", [{"data": TAX_CODE}, {"data": {}}, b""])
def test_a_tax_code_is_created_and_replaced_with_an_exact_rate(answer: object) -> None:
    client, requests = answering(answer)
    wanted = NewTaxCode(company_id=COMPANY, name="19 % Vorsteuer", rate=Decimal("0.19"), code="19")

    client.create_tax_code(wanted)
    client.update_tax_code("t-1", wanted)

    assert [path_of(request) for request in requests] == ["POST /v0/tax-codes", "PUT /v0/tax-codes/t-1"]
    assert b'"rate":0.19' in requests[0].content
    assert body_of(requests[0]) == body_of(requests[1])
    assert body_of(requests[0]) == {
        "companyId": COMPANY,
        "name": "19 % Vorsteuer",
        "rate": Decimal("0.19"),
        "type": "inclusive",
        "archived": False,
        "code": "19",
    }


@pytest.mark.parametrize("change", [{"rate": Decimal(19)}, {"rate": 0.19}, {"percent": 19}])
def test_a_tax_code_that_cannot_be_meant_is_refused_before_it_is_sent(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        NewTaxCode.model_validate({"company_id": COMPANY, "name": "x", "rate": Decimal("0.19")} | change)


# Subscriptions


def test_a_subscription_is_created_for_an_address_and_its_events() -> None:
    client, requests = answering({"data": SUBSCRIPTION})

    made = client.create_subscription("https://bridge.example/webhooks/pleo/1", ["v1.export-job.created"])

    assert made == Subscription(
        id="sub-1",
        endpoint_url="https://bridge.example/webhooks/pleo/1",
        event_types=("v1.export-job.created",),
        status="ACTIVE",
    )
    assert path_of(requests[0]) == "POST /v1/subscriptions"
    assert body_of(requests[0]) == {
        "endpointUrl": "https://bridge.example/webhooks/pleo/1",
        "eventTypes": ["v1.export-job.created"],
    }


def test_a_deleted_subscription_can_be_told_from_a_live_one() -> None:
    client, _ = answering(page([SUBSCRIPTION | {"deletedAt": "2026-01-15T09:00:00.123456789Z"}]))

    assert [subscription.deleted_at is None for subscription in client.subscriptions()] == [False]


def test_a_signing_secret_is_read() -> None:
    client, requests = answering({"data": {"secretKey": "whsec_c2VjcmV0"}})

    assert client.subscription_secret("sub-1") == "whsec_c2VjcmV0"
    assert path_of(requests[0]) == "GET /v1/subscriptions/sub-1/secret"


def test_an_unusable_secret_is_unexpected_and_not_quoted() -> None:
    client, _ = answering({"data": {"secretKey": ["whsec_c2VjcmV0"]}})

    with pytest.raises(UnexpectedAnswer) as caught:
        client.subscription_secret("sub-1")

    assert "whsec" not in str(caught.value)
    assert "data.secretKey string_type" in str(caught.value)


# Accounting entries


def test_an_entry_comes_back_as_it_is_with_exact_numbers_even_when_deleted() -> None:
    client, requests = answering(b'{"data":{"id":"e-1","extra":{"x":0.10},"totalBillValue":{"minors":2677}}}')

    entry = client.entry("e-1")

    assert entry == {"id": "e-1", "extra": {"x": Decimal("0.10")}, "totalBillValue": {"minors": 2677}}
    assert path_of(requests[0]) == "GET /v1/accounting-entries/e-1"
    assert requests[0].url.params["include_deleted"] == "true"


def test_a_missing_entry_is_not_found() -> None:
    client, _ = answering({"type": "NOT_FOUND", "message": "no such entry"}, status=404)

    with pytest.raises(NotFound) as caught:
        client.entry("e-1")

    assert caught.value.issues == (Issue("", "NOT_FOUND", "no such entry"),)


def test_settled_entries_are_searched_oldest_first_in_utc_and_no_narrower_than_asked() -> None:
    client, requests = answering(page([{"id": "e-1"}], "MFRA===="), page([{"id": "e-2"}]))
    berlin = timezone(timedelta(hours=1))

    found = list(
        client.search_entries(
            COMPANY,
            settled_from=datetime(2026, 3, 2, 1, 0, 0, 900_000, berlin),
            settled_to=datetime(2026, 3, 2, 9, 30, 0, 1, UTC),
        )
    )

    assert found == [{"id": "e-1"}, {"id": "e-2"}]
    assert path_of(requests[0]) == "POST /v1/accounting-entries:search"
    assert requests[0].url.params.multi_items() == [
        ("limit", "100"),
        ("sorting_keys", "settledAt"),
        ("sorting_keys", "id"),
        ("sorting_order", "ASC"),
        ("sorting_order", "ASC"),
        ("company_id", COMPANY),
    ]
    assert body_of(requests[0]) == {
        "settled": True,
        "includeDeleted": True,
        "settledAtStart": "2026-03-02T00:00:00Z",
        "settledAtEnd": "2026-03-02T09:30:01Z",
    }
    assert requests[1].url.params["after"] == "MFRA===="


def test_a_naive_moment_is_not_asked_for() -> None:
    client, requests = answering(page([]))
    naive = datetime(2026, 3, 2)  # noqa: DTZ001 - the point of the test

    with pytest.raises(ValueError, match="time zone"):
        client.search_entries(COMPANY, settled_from=naive, settled_to=datetime(2026, 3, 3, tzinfo=UTC))

    assert requests == []


def test_unsettled_entries_are_searched_by_when_they_were_made() -> None:
    client, requests = answering(page([{"id": "e-1"}]))

    found = client.unsettled_entries(
        COMPANY, performed_from=datetime(2026, 2, 1, tzinfo=UTC), performed_to=datetime(2026, 3, 2, 9, 30, 0, 1, UTC)
    )

    assert list(found) == [{"id": "e-1"}]
    assert requests[0].url.params.get_list("sorting_keys") == ["performedAt", "id"]
    assert body_of(requests[0]) == {
        "settled": False,
        "includeDeleted": False,
        "performedAtStart": "2026-02-01T00:00:00Z",
        "performedAtEnd": "2026-03-02T09:30:01Z",
    }


def test_a_search_is_repeated_like_any_read() -> None:
    answers = iter([httpx.Response(503), httpx.Response(200, json=page([TAX_CODE]))])
    transport = httpx.MockTransport(lambda _: next(answers))
    client = PleoClient(Http("pleo", "https://external.example", transport=transport, sleep=lambda _: None))

    assert len(list(client.search_tax_codes(COMPANY))) == 1


# Errors


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"type":"VALIDATION_FAILED","message":"no"}', (Issue("", "VALIDATION_FAILED", "no"),)),
        (b'{"error":"invalid_grant"}', (Issue("", "invalid_grant"),)),
        (b'{"message":"%s"}' % (b"x" * 500), (Issue("", "", "x" * 300),)),
        (b'{"type":7}', ()),
        (b"[]", ()),
        (b"null", ()),
        (b"<html>", ()),
        (b"", ()),
    ],
)
def test_every_error_body_is_read_or_ignored(body: bytes, expected: tuple[Issue, ...]) -> None:
    client, _ = answering(body, status=404)

    with pytest.raises(NotFound) as caught:
        client.installation()

    assert caught.value.issues == expected
