"""`/v1/finance/accounts` (https://developers.lexware.io/partner/docs/#finance-endpoint)."""

import pytest

from .driver import App, StandIn, account, violations

UNKNOWN = "9e107d9d-0000-4000-8000-000000000000"


def test_creating_answers_version_0_though_the_account_is_read_with_1(app: App) -> None:
    response = app.post("finance/accounts", account())

    result = response.json()
    assert response.status_code == 201
    assert set(result) == {"id", "resourceUri", "createdDate", "updatedDate", "version"}
    assert result["version"] == 0
    assert response.headers["location"] == result["resourceUri"]
    stored = app.get(f"finance/accounts/{result['id']}").json()
    assert (stored["financialAccountId"], stored["lockVersion"]) == (result["id"], 1)
    assert stored["deactivated"] is False
    assert stored["createdDate"].endswith("+00:00")


def test_a_balance_keeps_two_decimals_without_float_noise(app: App) -> None:
    account_id = app.open_account(balance=1487.2)

    assert '"balance":1487.20,' in app.get(f"finance/accounts/{account_id}").text


@pytest.mark.parametrize("missing", ["type", "accountSystem", "name", "bankName", "balance"])
def test_a_required_field_must_be_there(app: App, missing: str) -> None:
    assert (missing, "NOTNULL") in violations(app.post("finance/accounts", account(**{missing: None})))


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"type": "GIRO"}, ["bic", "iban"]),
        ({"type": "CREDITCARD"}, ["creditCardNumber", "provider"]),
        ({"type": "WALLET"}, ["type"]),
        ({"accountSystem": "SomebodyElse"}, ["accountSystem"]),
        ({"name": " "}, ["name"]),
        ({"balance": 0.001}, ["balance"]),
        ({"balance": "1.00"}, ["balance"]),
    ],
    ids=str,
)
def test_values_are_checked_by_type(app: App, changes: dict[str, object], fields: list[str]) -> None:
    assert sorted(field for field, _ in violations(app.post("finance/accounts", account(**changes)))) == fields


def test_the_same_reference_twice_makes_two_accounts(app: App) -> None:
    assert app.open_account() != app.open_account()
    assert len(app.get("finance/accounts", externalReference="wallet-1").json()) == 2


def test_accounts_are_found_by_reference_or_iban(app: App) -> None:
    wallet = app.open_account()
    giro = app.open_account(type="GIRO", iban="DE02120300000000202051", bic="BYLADEM1001", externalReference=None)

    def found(**query: str) -> list[str]:
        return [item["financialAccountId"] for item in app.get("finance/accounts", **query).json()]

    assert found(externalReference="wallet-1") == [wallet]
    assert found(iban="DE02120300000000202051") == [giro]
    assert found(externalReference="nobody") == []
    assert found() == [wallet, giro]


def test_both_filters_together_are_refused(app: App) -> None:
    assert app.get("finance/accounts", iban="DE1", externalReference="x").status_code == 400


def test_an_update_replaces_the_whole_record(app: App) -> None:
    account_id = app.open_account()
    body = {"type": "PAYMENT_PROVIDER", "name": "Neu", "balance": -5, "lockVersion": 1, "deactivated": True}

    response = app.put(f"finance/accounts/{account_id}", body)

    assert (response.status_code, response.json()["version"]) == (200, 2)
    stored = app.get(f"finance/accounts/{account_id}").json()
    assert (stored["name"], stored["balance"], stored["lockVersion"]) == ("Neu", -5, 2)
    assert (stored["bankName"], stored["externalReference"], stored["deactivated"]) == (None, None, False)


def test_a_stale_lock_version_is_a_conflict(app: App) -> None:
    account_id = app.open_account()
    body = account(lockVersion=1)
    assert app.put(f"finance/accounts/{account_id}", body).status_code == 200

    assert app.put(f"finance/accounts/{account_id}", body).status_code == 409


def test_what_the_owner_changes_in_the_app_makes_the_lock_version_stale(standin: StandIn, app: App) -> None:
    account_id = app.open_account()
    standin.control(f"accounts/{account_id}", name="Firmenkarten", deactivated=True)

    stored = app.get(f"finance/accounts/{account_id}").json()

    assert (stored["name"], stored["deactivated"]) == ("Firmenkarten", True)
    assert app.put(f"finance/accounts/{account_id}", account(lockVersion=1)).status_code == 409


@pytest.mark.parametrize("missing", ["type", "name", "balance", "lockVersion"])
def test_an_update_needs_its_required_fields(app: App, missing: str) -> None:
    account_id = app.open_account()
    body = account(lockVersion=1, **{missing: None}) if missing != "lockVersion" else account()

    assert (missing, "NOTNULL") in violations(app.put(f"finance/accounts/{account_id}", body))


def test_an_unknown_account_is_404_and_a_foreign_one_403(app: App, stranger: App) -> None:
    foreign = stranger.open_account()

    assert app.get(f"finance/accounts/{UNKNOWN}").status_code == 404
    assert app.get(f"finance/accounts/{foreign}").status_code == 403
    assert app.put(f"finance/accounts/{foreign}", account(lockVersion=1)).status_code == 403
    assert app.get("finance/accounts").json() == []


def test_an_account_that_its_owner_deletes_is_gone(standin: StandIn, app: App) -> None:
    standin.control(f"accounts/{app.open_account()}", delete=True)

    assert app.get("finance/accounts").json() == []
