"""The control surface does what its table in `local/lexoffice/README.md` says."""

import time
from pathlib import Path

import httpx
import pytest

from local.lexoffice import control

from .driver import App, StandIn, line, violations


@pytest.fixture
def account_id(app: App) -> str:
    return app.open_account()


def references(standin: StandIn) -> list[str]:
    return [item["externalReference"] for item in standin.http.get("/control/transactions").json()]


def test_a_fault_before_the_commit_prevents_the_effect(standin: StandIn, app: App, account_id: str) -> None:
    standin.control("faults", route="/finance/transactions$", method="post", status=500)

    assert app.post("finance/transactions", [line(account_id)]).json() == {"message": "Internal server error"}
    assert references(standin) == []
    assert app.post("finance/transactions", [line(account_id)]).status_code == 201


def test_a_fault_after_the_commit_hides_the_effect(standin: StandIn, app: App, account_id: str) -> None:
    standin.control("faults", route="/finance/transactions$", status=504, when="after")

    response = app.post("finance/transactions", [line(account_id)])

    assert (response.status_code, response.json()) == (504, {"message": "Endpoint request timed out"})
    assert references(standin) == ["entry-1"]


def test_a_fault_skips_calls_and_stops_by_itself(standin: StandIn, app: App) -> None:
    standin.control("faults", route="/profile", status=503, body={"message": "weg"}, skip=1, times=2)

    assert [app.get("profile").status_code for _ in range(4)] == [200, 503, 503, 200]


def test_a_fault_can_be_meant_for_one_organisation(standin: StandIn, app: App, stranger: App) -> None:
    standin.control("faults", status=503, organization_id=app.get("profile").json()["organizationId"], seconds=60)

    assert stranger.get("profile").status_code == 200
    assert app.get("profile").status_code == 503


def test_withdrawn_faults_do_nothing(standin: StandIn, app: App) -> None:
    standin.control("faults", status=503)
    standin.http.delete("/control/faults")

    assert app.get("profile").status_code == 200


@pytest.mark.parametrize(("when", "stored"), [("before", []), ("after", ["entry-1"])])
def test_a_reset_drops_the_connection_without_a_response(
    standin: StandIn, app: App, account_id: str, when: str, stored: list[str]
) -> None:
    standin.control("faults", kind="reset", route="/finance/transactions$", when=when)

    with pytest.raises(httpx.TransportError):
        app.post("finance/transactions", [line(account_id)])

    assert references(standin) == stored
    assert standin.state()["arrivals"][-1]["status"] == 0


def test_a_timeout_holds_the_call_after_its_effect(standin: StandIn, app: App, account_id: str) -> None:
    standin.control("faults", kind="timeout", route="/finance/transactions$", when="after", hold_seconds=0.2)
    started = time.monotonic()

    assert app.post("finance/transactions", [line(account_id)]).status_code == 504
    assert time.monotonic() - started >= 0.2
    assert references(standin) == ["entry-1"]


def test_a_slow_call_still_succeeds(standin: StandIn, app: App) -> None:
    standin.control("faults", kind="slow", hold_seconds=0.2)
    started = time.monotonic()

    assert app.get("profile").status_code == 200
    assert time.monotonic() - started >= 0.2


def test_garbage_claims_to_be_json(standin: StandIn, app: App) -> None:
    standin.control("faults", kind="garbage")

    response = app.get("profile")

    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert response.text.startswith("<html>")


def test_a_refresh_can_rotate_while_its_answer_is_lost(standin: StandIn, app: App) -> None:
    standin.control("faults", kind="reset", route="/oauth2/token", when="after")
    with pytest.raises(httpx.TransportError):
        standin.refresh(app.tokens["refresh_token"])

    assert standin.refresh(app.tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_an_outage_answers_503_with_nothing_everywhere(standin: StandIn, app: App) -> None:
    standin.control("outage", on=True)
    response = app.get("profile")
    assert (response.status_code, response.content) == (503, b"")
    assert standin.refresh(app.tokens["refresh_token"]).status_code == 503

    standin.control("outage", on=False)
    assert app.get("profile").status_code == 200


def test_an_outage_can_be_one_organisations(standin: StandIn, app: App, stranger: App) -> None:
    standin.control("outage", on=True, organization_id=app.get("profile").json()["organizationId"])

    assert app.get("profile").status_code == 503
    assert standin.refresh(app.tokens["refresh_token"]).status_code == 503
    assert stranger.get("profile").status_code == 200


@pytest.mark.parametrize(
    ("rule", "field"),
    [({"purpose_contains": "buchhandlung"}, "purpose"), ({"external_reference": "entry-1"}, "externalReference")],
    ids=str,
)
def test_the_books_can_refuse_one_line_with_a_reason(
    standin: StandIn, app: App, account_id: str, rule: dict[str, object], field: str
) -> None:
    standin.control("refuse", message="Festgeschrieben", violation="PERIOD_CLOSED", **rule)
    good = line(account_id, externalReference="entry-2", purpose="Taxi")

    response = app.post("finance/transactions", [good, line(account_id)])

    assert violations(response) == [(f"[1].{field}", "PERIOD_CLOSED")]
    assert response.json()["details"][0]["message"] == "Festgeschrieben"
    assert app.post("finance/transactions", [good]).status_code == 201


def test_withdrawn_consent_ends_all_connections(standin: StandIn, app: App, stranger: App) -> None:
    standin.control("revoke")

    assert app.get("profile").status_code == 401
    assert standin.refresh(app.tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert stranger.get("profile").status_code == 200


def test_categories_can_be_changed_behind_the_apps_back(standin: StandIn, app: App) -> None:
    standin.control("categories", action="rename", id="aa2d19a0-43e7-4330-a579-75c962254546", name="Programme")
    standin.control("categories", action="remove", name="Taxi")
    standin.control("categories", action="add", name="Porto", splitAllowed=False)
    standin.control("categories", action="flags", name="Bürobedarf", contactRequired=True)

    rows = app.get("posting-categories").json()
    names = [row["name"] for row in rows]
    assert "Programme" in names
    assert "Taxi" not in names
    assert names.count("Porto") == 2
    assert [row["contactRequired"] for row in rows if row["name"] == "Bürobedarf"] == [True]

    standin.control("categories", action="empty")
    assert app.get("posting-categories").json() == []
    standin.control("categories", action="reset")
    assert "Taxi" in app.get("posting-categories").text


def test_a_category_can_become_one_for_income(standin: StandIn, app: App) -> None:
    standin.control("categories", action="flags", name="Taxi", type="income")

    (row,) = [row for row in app.get("posting-categories").json() if row["name"] == "Taxi"]
    assert row["type"] == "income"


def test_how_an_organisation_is_taxed_can_change(standin: StandIn, app: App) -> None:
    organisation = app.get("profile").json()["organizationId"]

    standin.control(f"organizations/{organisation}", smallBusiness=True, taxType="vatfree")

    profile = app.get("profile").json()
    assert (profile["smallBusiness"], profile["taxType"]) == (True, "vatfree")


def test_there_are_enough_categories_with_unique_ids(app: App) -> None:
    rows = app.get("posting-categories").json()

    assert len({row["id"] for row in rows}) == len(rows)
    assert sum(row["type"] == "outgo" for row in rows) >= 60
    assert sum(row["type"] == "income" for row in rows) >= 12
    assert set(rows[0]) == {"id", "name", "type", "contactRequired", "splitAllowed", "groupName"}
    by_name = {row["name"]: row for row in rows}
    assert by_name["Innergemeinschaftlicher Erwerb"]["contactRequired"]
    assert by_name["Reise MA"]["splitAllowed"]


def test_a_reset_forgets_everything(standin: StandIn, app: App, account_id: str) -> None:
    app.post("finance/transactions", [line(account_id)])
    standin.control("switches", hint_status=200)
    standin.control("reset")

    state = standin.http.get("/control/state").json()
    (organization,) = state["organizations"]
    assert state["switches"]["hint_status"] == 201
    assert organization["accounts"] == organization["transactions"] == organization["arrivals"] == []
    assert app.get("profile").status_code == 401


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("faults", {"rout": "/profile"}),
        ("faults", {"kind": "earthquake"}),
        ("faults", {"route": "("}),
        ("switches", {"gravity": 9}),
        ("switches", {"dedupe": "sometimes"}),
        ("switches", {"bucket_rate": -1}),
        ("outage", {"on": "yes"}),
        ("refuse", {}),
        ("downgrade", {"status": 500}),
        ("clock", {"now": "2026-03-02T00:00:00"}),
        ("categories", {"action": "paint"}),
    ],
)
def test_a_command_with_a_mistake_is_refused(standin: StandIn, path: str, fields: dict[str, object]) -> None:
    assert standin.http.post(f"/control/{path}", json=fields).status_code == 400


def test_tokens_are_not_shown(standin: StandIn, app: App) -> None:
    shown = standin.http.get("/control/state").text

    assert app.tokens["access_token"] not in shown
    assert app.tokens["refresh_token"] not in shown


def test_the_readme_names_every_command() -> None:
    readme = Path(control.__file__).with_name("README.md").read_text(encoding="utf-8")

    commands = [f"{each.method} /control{each.path}" for each in control.COMMANDS]
    fields = [name for each in control.COMMANDS if each.path != "/switches" for name in each.shape or ()]
    assert [name for name in commands + fields if f"`{name}`" not in readme] == []
