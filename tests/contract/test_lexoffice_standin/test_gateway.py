"""Statuses and error shapes (https://developers.lexware.io/docs/#error-codes), limits and plans."""

import pytest

from local.lexoffice.bucket import TokenBucket

from .driver import HOME, App, StandIn, account, line


def test_the_profile_names_organisation_connection_and_plan(standin: StandIn, app: App) -> None:
    profile = app.get("profile").json()

    assert profile["organizationId"] == HOME
    assert profile["companyName"] == "Muster Handwerk GmbH"
    assert profile["connectionId"] == standin.state()["connections"][0]["id"]
    assert (profile["taxType"], profile["smallBusiness"]) == ("net", False)
    assert "BOOKKEEPING" in profile["businessFeatures"]


def test_a_small_business_shows_in_its_profile(standin: StandIn) -> None:
    made = standin.control(
        "organizations", companyName="Klein", taxType="vatfree", smallBusiness=True, businessFeatures=["BOOKKEEPING"]
    )

    profile = standin.connect(organization_id=made["id"]).get("profile").json()

    assert (profile["taxType"], profile["smallBusiness"], profile["businessFeatures"]) == (
        "vatfree",
        True,
        ["BOOKKEEPING"],
    )


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}], ids=str)
def test_without_a_live_token_the_gateway_refuses(standin: StandIn, header: dict[str, str]) -> None:
    response = standin.http.get("/v1/profile", headers=header)

    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})
    assert response.headers["x-amzn-errortype"] == "UnauthorizedException"


def test_a_success_names_no_request(app: App) -> None:
    assert "x-amzn-requestid" not in app.get("profile").headers


def test_a_missing_scope_is_forbidden(standin: StandIn) -> None:
    app = standin.connect(scope="finance.read")

    assert app.get("finance/accounts").status_code == 200
    assert app.get("profile").status_code == 403
    assert app.post("finance/accounts", account()).status_code == 403
    assert app.get("posting-categories").status_code == 200


def test_an_unknown_route_answers_in_the_regular_shape(app: App) -> None:
    body = app.get("taxes").json()

    assert (body["status"], body["error"], body["path"]) == (404, "Not Found", "/v1/taxes")
    assert {"timestamp", "traceId", "message", "requestId"} <= set(body)


def test_the_older_endpoint_families_answer_with_an_issue_list(app: App) -> None:
    response = app.get("vouchers/nothing/here")

    assert response.status_code == 404
    assert set(response.json()) == {"requestId", "IssueList"}


def test_a_method_that_is_not_served_is_405(app: App) -> None:
    assert app.delete("profile").status_code == 405


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_must_be_sent_as_json(app: App, content_type: str) -> None:
    response = app.raw("POST", "finance/accounts", b"{}", **{"Content-Type": content_type})

    assert response.status_code == 415


@pytest.mark.parametrize("content", [b"", b"{", b'{"balance": NaN}', b"\xff", b"[1]"], ids=repr)
def test_a_malformed_body_is_400(app: App, content: bytes) -> None:
    response = app.raw("POST", "finance/accounts", content, **{"Content-Type": "application/json"})

    assert response.status_code == 400


def test_unknown_query_parameters_and_fields_are_ignored(app: App) -> None:
    assert app.post("finance/accounts", account(colour="pink")).status_code == 201
    assert app.get("profile", colour="pink").status_code == 200


def test_a_plan_without_bookkeeping_is_refused_but_its_profile_is_readable(standin: StandIn) -> None:
    made = standin.control("organizations", companyName="Nur Rechnungen", businessFeatures=["INVOICING"])
    app = standin.connect(organization_id=made["id"])

    assert app.get("profile").status_code == 200
    assert app.get("finance/accounts").status_code == 402


@pytest.mark.parametrize("status", [402, 403])
def test_a_downgraded_plan_is_refused_until_it_is_restored(standin: StandIn, app: App, status: int) -> None:
    standin.control("downgrade", status=status)
    assert app.get("finance/accounts").status_code == status
    assert "BOOKKEEPING" not in app.get("profile").json()["businessFeatures"]

    standin.control("downgrade", status=None)
    assert app.get("finance/accounts").status_code == 200


def strict_and_frozen(standin: StandIn) -> None:
    """One call, and nothing refills the bucket."""
    standin.control("switches", bucket_rate=0, bucket_capacity=1)


def test_a_call_over_the_limit_is_refused_and_not_executed(standin: StandIn, app: App) -> None:
    account_id = app.open_account()
    strict_and_frozen(standin)
    assert app.get("profile").status_code == 200

    response = app.post("finance/transactions", [line(account_id)])

    assert (response.status_code, response.json()) == (429, {"message": "Rate limit exceeded"})
    assert "retry-after" not in response.headers
    state = standin.state()
    assert state["transactions"] == []
    assert (state["calls"]["accepted"], state["calls"]["refused"]) == (2, 1)
    assert [arrival["status"] for arrival in state["arrivals"]] == [201, 200, 429]


def test_the_third_call_in_a_second_is_refused() -> None:
    now = 100.0
    bucket = TokenBucket(rate=2, capacity=1, now=lambda: now)

    taken = []
    for now in (100.0, 100.5, 100.9, 101.1):  # noqa: B007 - the bucket's clock reads it
        taken.append(bucket.take())

    assert taken == [True, True, False, True]


def test_all_connections_of_an_organisation_share_one_bucket(standin: StandIn, app: App, stranger: App) -> None:
    other = standin.connect()
    strict_and_frozen(standin)

    assert app.get("profile").status_code == 200
    assert other.get("finance/accounts").status_code == 429
    assert stranger.get("profile").status_code == 200


def test_another_app_of_the_customer_can_eat_the_share(standin: StandIn, app: App) -> None:
    strict_and_frozen(standin)
    standin.control("bucket", take=1)
    assert app.get("profile").status_code == 429

    standin.control("bucket", capacity=3, rate=1_000_000)
    assert app.get("profile").status_code == 200
