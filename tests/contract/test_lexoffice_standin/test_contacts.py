"""`/v1/contacts` (https://developers.lexware.io/docs/#contacts-endpoint)."""

import pytest

from .driver import App, issues


def contact(**changes: object) -> dict[str, object]:
    fields: dict[str, object] = {
        "version": 0,
        "roles": {"vendor": {}},
        "company": {"name": "Druckerei Nord GmbH", "vatRegistrationId": "DE123456789"},
        "addresses": {"billing": [{"city": "Hamburg", "countryCode": "DE"}]},
        "emailAddresses": {"business": ["post@nord.example"]},
    } | changes
    return {name: value for name, value in fields.items() if value is not None}


def create(app: App, **changes: object) -> str:
    response = app.post("contacts", contact(**changes))
    assert response.status_code == 200, response.text
    return str(response.json()["id"])


def test_a_vendor_gets_a_number_that_only_reading_shows(app: App) -> None:
    response = app.post("contacts", contact())

    read = app.get(f"contacts/{response.json()['id']}").json()
    assert "roles" not in response.json()
    assert read["roles"] == {"vendor": {"number": 70001}}
    assert (read["company"]["name"], read["version"], read["archived"]) == ("Druckerei Nord GmbH", 1, False)
    assert "createdDate" not in read
    assert app.get(f"contacts/{create(app)}").json()["roles"] == {"vendor": {"number": 70002}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"version": None}, ("version", "missing_entity")),
        ({"version": 1}, ("version", "invalid_value")),
        ({"roles": {}}, ("roles.customer or roles.vendor", "missing_entity")),
        ({"company": None}, ("company or person", "missing_entity")),
        ({"person": {"lastName": "Muster"}}, ("company and person", "invalid_value")),
        ({"company": {"name": " "}}, ("company.name", "missing_entity")),
        ({"company": None, "person": {"firstName": "Mia"}}, ("person.lastName", "missing_entity")),
        ({"addresses": {"billing": [{"countryCode": "DE"}] * 2}}, ("addresses.billing.size", "invalid_value")),
        ({"addresses": {"billing": [{"city": "Hamburg"}]}}, ("countryCode", "countrycode_is_not_valid")),
        ({"addresses": {"billing": [{"countryCode": "Deutschland"}]}}, ("countryCode", "countrycode_is_not_valid")),
        ({"emailAddresses": {"business": ["a@b.example"] * 2}}, ("emailAddresses.business.size", "invalid_value")),
        ({"note": "x" * 1001}, ("note", "invalid_value")),
    ],
    ids=str,
)
def test_a_wrong_contact_is_refused(app: App, changes: dict[str, object], expected: tuple[str, str]) -> None:
    assert issues(app.post("contacts", contact(**changes))) == [expected]


def test_a_put_replaces_the_contact(app: App) -> None:
    id_ = create(app)

    changed = contact(version=1, company={"name": "Neu"}, roles={"customer": {}, "vendor": {}}, addresses=None)
    assert app.put(f"contacts/{id_}", changed).json()["version"] == 2

    read = app.get(f"contacts/{id_}").json()
    assert read["roles"] == {"customer": {"number": 10001}, "vendor": {"number": 70001}}
    assert (read["company"], "addresses" in read) == ({"name": "Neu"}, False)


def test_a_stale_version_is_a_validation_failure_here(app: App) -> None:
    id_ = create(app)

    assert issues(app.put(f"contacts/{id_}", contact(version=0))) == [("version", "invalid_value")]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, 2),
        ({"name": "DRUCKEREI"}, 1),
        ({"name": "dru%nord"}, 1),
        ({"name": "drucke_ei"}, 1),
        ({"name": "(nord"}, 0),
        ({"email": "NORD.example"}, 1),
        ({"number": "70001"}, 1),
        ({"vendor": "true"}, 1),
        ({"customer": "true"}, 1),
        ({"vendor": "false"}, 1),
        ({"name": "M & M"}, 0),
        ({"name": "M &amp; M"}, 1),
    ],
    ids=str,
)
def test_contacts_are_searched(app: App, query: dict[str, str], found: int) -> None:
    create(app)
    create(app, roles={"customer": {}}, company=None, person={"lastName": "M & M"}, emailAddresses=None)

    assert app.get("contacts", **query).json()["totalElements"] == found


@pytest.mark.parametrize("query", [{"name": "ab"}, {"email": "a@"}, {"number": "x"}, {"size": "251"}], ids=str)
def test_a_search_that_is_too_short_or_too_large_is_refused(app: App, query: dict[str, str]) -> None:
    assert app.get("contacts", **query).status_code == 400


def test_contacts_are_not_deleted_and_not_shared(app: App, stranger: App) -> None:
    id_ = create(app)

    assert app.delete(f"contacts/{id_}").status_code == 404
    assert stranger.get(f"contacts/{id_}").status_code == 403
