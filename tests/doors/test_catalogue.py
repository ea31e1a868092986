"""Categories and tax codes that drift apart: what a sync does in Pleo, tells people, and refuses to do."""

import os
from datetime import UTC, datetime, timedelta
from types import ModuleType

import pytest
from cloud import Document

from shared.aws.connections import Connections
from shared.aws.stores import Stores
from shared.config import SyncSettings
from shared.domain.lookup.overview import LastSync, Overview
from shared.domain.syncing.catalogue import CatalogueChange, CatalogueRefusal
from shared.domain.times import utc_text
from shared.flows.lookup.status import StatusBoard
from shared.flows.syncing.catalogue import sync_catalogue
from shared.flows.vendors import Vendors

from .conftest import ORGANISATION_ID, PUBLIC_URL, Context, Executioner, KilledError, Linked
from .test_sessions import form, sign_in, token

OFFICE_SUPPLIES = "16d04a21-fd91-11e1-a21f-0800200c9a66"
INTERNET = "b3a1f841-fd90-11e1-a21f-0800200c9a66"
WALLET = "Pleo-Wallet (Bankkonto in lexoffice)"
EVERYBODY = {"DE-19", "DE-7", "DE-0", "DE-RC-19"}


@pytest.fixture
def sync(company: Linked) -> ModuleType:
    from functions.sync import app

    return app


def synced(company: Linked, *requests: str) -> Document:
    """A sync of the lists that somebody wants now."""
    from functions.sync import app

    answer: Document = app.handler(company.message("sync", "sync_catalogue", *requests), Context())
    return answer


def turned(company: Linked) -> None:
    """An ordinary sync."""
    from functions.sync import app

    assert app.handler(company.message("sync"), Context()) == {"batchItemFailures": []}


def overview_of(company: Linked) -> Overview:
    """What the status page knows."""
    overview = StatusBoard(Stores(company.cloud)).overview(company.connection().connection_id)
    assert overview is not None
    return overview


def told(company: Linked) -> LastSync:
    """What the status page knows of the last sync."""
    return overview_of(company).sync


def told_changes(company: Linked) -> list[tuple[str, str]]:
    return [(change.what, change.name) for change in told(company).changes]


def chart(company: Linked) -> Document:
    found: Document = company.pleo.get("/control/chart").json()
    return found


def accounts(company: Linked) -> dict[str, Document]:
    """Pleo's accounts by lexoffice's id."""
    return {row["externalId"]: row for row in chart(company)["accounts"]}


def offered(company: Linked) -> set[str]:
    """Our tax codes that a bookkeeper can choose in Pleo."""
    rows = chart(company)["tax_codes"]
    assert len({row["code"] for row in rows if not row["archived"]}) == sum(not row["archived"] for row in rows)
    return {row["code"] for row in rows if not row["archived"]}


def category(company: Linked, **order: object) -> None:
    company.control_lexoffice("categories", **order)


def add(company: Linked, name: str, **order: object) -> str:
    made = company.control_lexoffice("categories", action="add", name=name, type="outgo", **order)
    return str(made["id"])


def removed_by_the_dozen(company: Linked, count: int, *, more_than: int = 0) -> list[str]:
    """So many categories are gone from lexoffice, the first `more_than` were before; the ids of the others."""
    gone = [key for key, row in accounts(company).items() if row["name"] != WALLET][more_than:count]
    for key in gone:
        category(company, action="remove", id=key)
    return gone


# --- what people do in lexoffice -------------------------------------------------------------------------------------


def test_a_renamed_category_renames_its_account_and_makes_no_second_one(company: Linked) -> None:
    before = accounts(company)
    category(company, action="rename", id=OFFICE_SUPPLIES, name="Büromaterial")

    synced(company)

    after = accounts(company)
    assert after == before | {OFFICE_SUPPLIES: before[OFFICE_SUPPLIES] | {"name": "Büromaterial"}}


def test_a_removed_category_is_archived_and_added_again_it_is_the_same_account(company: Linked) -> None:
    before = accounts(company)[INTERNET]
    category(company, action="remove", id=INTERNET)
    synced(company)

    assert accounts(company)[INTERNET] == before | {"archived": True}
    assert told_changes(company) == [("archived", before["name"])]

    add(company, before["name"], id=INTERNET)
    synced(company)

    assert accounts(company)[INTERNET] == before
    assert told_changes(company) == [("restored", before["name"])]


def test_a_category_added_again_under_a_new_id_is_another_account(company: Linked) -> None:
    before = accounts(company)[INTERNET]
    category(company, action="remove", id=INTERNET)
    key = add(company, before["name"])

    synced(company)

    assert accounts(company)[INTERNET]["archived"]
    assert accounts(company)[key]["name"] == before["name"]


def test_categories_of_the_same_name_are_told_apart_and_lose_the_addition_with_their_twin(company: Linked) -> None:
    key = add(company, "Doppelt", groupName="Eins")
    twin = add(company, "Doppelt", groupName="Zwei")
    synced(company)
    assert [accounts(company)[each]["name"] for each in (key, twin)] == ["Doppelt (Eins)", "Doppelt (Zwei)"]

    category(company, action="remove", id=twin)
    synced(company)

    assert accounts(company)[key]["name"] == "Doppelt"
    assert accounts(company)[twin]["archived"]


@pytest.mark.parametrize(
    ("flags", "what"),
    [
        ({"contactRequired": True}, "contact_required"),
        ({"splitAllowed": False}, "one_rate"),
    ],
)
def test_a_flag_that_changes_is_told_once_and_changes_nothing_in_pleo(
    company: Linked, flags: dict[str, bool], what: str
) -> None:
    before = accounts(company)
    category(company, action="flags", id=OFFICE_SUPPLIES, **flags)

    synced(company)
    first = told(company)
    synced(company)

    assert [(change.what, change.name) for change in first.changes] == [(what, before[OFFICE_SUPPLIES]["name"])]
    assert told(company).changed_at == first.changed_at
    assert accounts(company) == before


def test_a_category_that_becomes_one_for_income_is_archived_and_comes_back_as_the_same_account(
    company: Linked,
) -> None:
    before = accounts(company)[INTERNET]
    category(company, action="flags", id=INTERNET, type="income")
    synced(company)
    assert accounts(company)[INTERNET]["archived"]

    category(company, action="flags", id=INTERNET, type="outgo")
    synced(company)

    assert accounts(company)[INTERNET] == before


# --- what people do in Pleo ------------------------------------------------------------------------------------------


def test_an_account_the_customer_archived_stays_archived_even_when_it_is_renamed(company: Linked) -> None:
    company.control_pleo(f"/chart/accounts/{INTERNET}", {"archived": True})
    category(company, action="rename", id=INTERNET, name="Netz")

    for _ in range(2):
        synced(company)

    assert (accounts(company)[INTERNET]["name"], accounts(company)[INTERNET]["archived"]) == ("Netz", True)


def test_an_account_the_customer_deleted_is_made_again(company: Linked) -> None:
    name = accounts(company)[INTERNET]["name"]
    company.control_pleo(f"/chart/accounts/{INTERNET}", {"delete": True})

    synced(company)

    assert (accounts(company)[INTERNET]["name"], accounts(company)[INTERNET]["archived"]) == (name, False)
    assert told_changes(company) == [("created", name)]


def test_the_names_that_employees_see_are_not_touched(company: Linked) -> None:
    company.control_pleo(
        "/categories", {"name": "Papier & Stifte", "account_external_id": OFFICE_SUPPLIES, "tax_code": "DE-19"}
    )
    before = chart(company)["categories"]
    category(company, action="rename", id=OFFICE_SUPPLIES, name="Büromaterial")
    synced(company)
    category(company, action="remove", id=OFFICE_SUPPLIES)
    synced(company)

    assert chart(company)["categories"] == before
    assert len(before) == 1


def test_an_account_that_this_product_never_made_is_left_alone(company: Linked) -> None:
    company.control_pleo(f"/chart/accounts/{INTERNET}", {"delete": True})
    category(company, action="remove", id=INTERNET)
    synced(company)
    before = chart(company)

    synced(company)

    assert chart(company) == before


# --- what cannot be right --------------------------------------------------------------------------------------------


def test_no_rows_at_all_change_nothing_and_are_reported(company: Linked) -> None:
    before = chart(company)
    category(company, action="empty")

    assert synced(company, "accept_catalogue") == {"batchItemFailures": []}

    assert chart(company) == before
    assert told(company).refused == CatalogueRefusal(reason="empty", count=0, known=0)


def test_many_categories_that_disappear_at_once_change_nothing_until_a_person_confirms(company: Linked) -> None:
    before, known = chart(company), len(accounts(company))
    gone = removed_by_the_dozen(company, known // 3)

    synced(company)
    assert chart(company) == before
    assert told(company).refused == CatalogueRefusal(reason="removed", count=len(gone), known=known)

    synced(company, "accept_catalogue")
    assert {key for key, row in accounts(company).items() if row["archived"]} == set(gone)
    assert told(company).refused is None
    assert {what for what, _ in told_changes(company)} == {"archived"}


def test_a_list_that_grew_worse_after_it_was_seen_is_refused_again(company: Linked) -> None:
    before, known = chart(company), len(accounts(company))
    removed_by_the_dozen(company, known // 3)
    synced(company)
    seen = told(company).refused
    more = removed_by_the_dozen(company, known // 2, more_than=known // 3)

    synced(company, "accept_catalogue")

    assert chart(company) == before
    refused = told(company).refused
    assert seen is not None
    assert refused is not None
    assert refused.count == seen.count + len(more)


def test_many_categories_renamed_at_once_change_nothing_until_a_person_confirms(company: Linked) -> None:
    before, known = chart(company), accounts(company)
    for key, row in list(known.items())[: len(known) // 2]:
        if row["name"] != WALLET:
            category(company, action="rename", id=key, name=f"X {row['name']}")

    synced(company)
    assert chart(company) == before
    refused = told(company).refused
    assert refused is not None
    assert refused.reason == "renamed"

    synced(company, "accept_catalogue")
    assert sum(row["name"].startswith("X ") for row in accounts(company).values()) == refused.count


def test_a_confirmation_is_good_for_one_sync(company: Linked) -> None:
    synced(company, "accept_catalogue")
    removed_by_the_dozen(company, len(accounts(company)) // 3)

    synced(company)

    assert told(company).refused is not None


def test_a_list_that_is_right_again_ends_the_refusal(company: Linked) -> None:
    category(company, action="empty")
    synced(company)

    category(company, action="reset")
    synced(company)

    assert told(company).refused is None


def test_a_list_that_was_refused_is_looked_at_again_after_an_hour_and_not_at_every_sync(company: Linked) -> None:
    connections, connection_id = Connections(company.cloud.connection_table), company.connection().connection_id
    day_ago, hour_ago = (utc_text(datetime.now(UTC) - timedelta(hours=hours)) for hours in (25, 1))
    connections.change(connection_id, catalogue_synced_at=day_ago)
    category(company, action="empty")
    turned(company)
    asked = calls(company)

    turned(company)
    assert calls(company) == asked
    connections.change(connection_id, catalogue_attempted_at=hour_ago)
    category(company, action="reset")
    turned(company)

    assert calls(company) > asked
    assert company.connection().catalogue_synced_at > day_ago


def calls(company: Linked) -> int:
    """How often lexoffice was asked for its categories."""
    return int(company.organisation()["calls"]["by_route"].get("GET /v1/posting-categories", 0))


def test_an_answer_that_ends_in_the_middle_changes_nothing(company: Linked) -> None:
    before = chart(company)
    company.control_lexoffice("faults", route="posting-categories", kind="garbage", times=9)

    assert len(synced(company)["batchItemFailures"]) == 1

    assert chart(company) == before


def test_a_list_without_a_category_is_believed_only_when_lexoffice_says_so_twice(
    company: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.lexoffice.client import LexofficeClient

    whole, asked = LexofficeClient.posting_categories, []

    def first_answer_is_short(self: LexofficeClient) -> object:
        asked.append(1)
        rows = whole(self)
        return rows[:-3] if len(asked) == 1 else rows

    monkeypatch.setattr(LexofficeClient, "posting_categories", first_answer_is_short)
    before = chart(company)

    synced(company)

    assert chart(company) == before
    assert len(asked) == 2


def test_a_list_of_pleos_that_breaks_off_changes_nothing_and_the_next_run_does_it_all(company: Linked) -> None:
    category(company, action="remove", id=INTERNET)
    before, first = chart(company), told(company)
    nothing = {"data": [], "pagination": {"hasNextPage": False, "hasPreviousPage": False}}
    company.control_pleo("/faults", {"route": "chart-of-accounts:search", "status": 200, "body": nothing, "times": 2})

    synced(company)
    assert chart(company) == before
    assert told(company).changed_at == first.changed_at

    synced(company)
    assert accounts(company)[INTERNET]["archived"]
    assert [what for what, _ in told_changes(company)] == ["archived"]


# --- which waiting expenses are touched ------------------------------------------------------------------------------


def spend(company: Linked, *keys: str) -> list[str]:
    """One settled payment per key, coded with the category of that id."""
    settled = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ids: list[str] = company.control_pleo("/entries/batch", [{"amount": 1_000, "settledAt": settled} for _ in keys])[
        "ids"
    ]
    for entry_id, key in zip(ids, keys, strict=True):
        company.control_pleo(f"/entries/{entry_id}/bookkeeping", {"account_external_id": key, "tax_code": "DE-19"})
    return ids


def test_a_removed_category_names_the_expenses_that_still_wait_with_it(company: Linked) -> None:
    name = accounts(company)[INTERNET]["name"]
    waiting = spend(company, INTERNET, INTERNET, OFFICE_SUPPLIES)[:2]
    category(company, action="remove", id=INTERNET)

    synced(company)

    (change,) = told(company).changes
    assert (change.what, change.name, change.expenses) == ("archived", name, 2)
    assert set(change.entry_ids) == set(waiting)


@pytest.mark.parametrize(
    ("flags", "what"), [({"contactRequired": True}, "contact_required"), ({"splitAllowed": False}, "one_rate")]
)
def test_a_category_that_takes_less_names_the_expenses_that_wait_with_it(
    company: Linked, flags: dict[str, bool], what: str
) -> None:
    waiting = spend(company, OFFICE_SUPPLIES, OFFICE_SUPPLIES, INTERNET)[:2]
    category(company, action="flags", id=OFFICE_SUPPLIES, **flags)

    synced(company)

    (change,) = told(company).changes
    assert (change.what, change.expenses, set(change.entry_ids)) == (what, 2, set(waiting))


def test_a_new_name_touches_no_expense(company: Linked) -> None:
    spend(company, OFFICE_SUPPLIES)
    category(company, action="rename", id=OFFICE_SUPPLIES, name="Büromaterial")

    synced(company)

    assert [(change.what, change.expenses) for change in told(company).changes] == [("renamed", 0)]


def test_expenses_of_a_running_export_wait_too(company: Linked) -> None:
    company.control_pleo("/contra-account", {"account_external_id": company.connection().account_id})
    (entry_id,) = spend(company, INTERNET)
    company.control_pleo("/export", {"entry_ids": [entry_id]})
    category(company, action="remove", id=INTERNET)

    synced(company)

    assert [(change.expenses, change.entry_ids) for change in told(company).changes] == [(1, (entry_id,))]


def test_more_than_twenty_expenses_are_counted_and_twenty_named(company: Linked) -> None:
    spend(company, *[INTERNET] * 23)
    category(company, action="remove", id=INTERNET)

    synced(company)

    (change,) = told(company).changes
    assert (change.expenses, len(change.entry_ids)) == (23, 20)


def test_without_the_right_to_search_expenses_the_sync_goes_on(company: Linked) -> None:
    name = accounts(company)[INTERNET]["name"]
    spend(company, INTERNET)
    category(company, action="remove", id=INTERNET)
    company.control_pleo("/faults", {"route": "accounting-entries:search", "status": 422, "times": None})

    synced(company)

    assert accounts(company)[INTERNET]["archived"]
    assert told(company).changes == (CatalogueChange(what="archived", name=name),)


def test_a_sync_killed_at_any_moment_is_finished_and_told_by_the_next_one(
    company: Linked, executioner: Executioner
) -> None:
    name, moment = accounts(company)[INTERNET]["name"], 0
    waiting = spend(company, INTERNET)
    stores, vendors = Stores(company.cloud), Vendors(SyncSettings.from_env(os.environ))

    def sync() -> bool:
        return sync_catalogue(company.connection(), lambda: 60.0, stores=stores, vendors=vendors)

    while True:
        moment += 1
        category(company, action="remove", id=INTERNET)
        try:
            with executioner.at(moment):
                assert sync()
            break
        except KilledError:
            sync()
        assert accounts(company)[INTERNET]["archived"]
        (change,) = told(company).changes
        assert change == CatalogueChange(what="archived", name=name, expenses=1, entry_ids=tuple(waiting))
        add(company, name, id=INTERNET)
        sync()

    assert moment > 3


# --- tax codes -------------------------------------------------------------------------------------------------------


def profile(company: Linked, **taxed: object) -> None:
    company.control_lexoffice(f"organizations/{ORGANISATION_ID}", **taxed)


def test_a_company_that_becomes_a_small_business_and_no_longer_is_one_gets_its_codes_back(company: Linked) -> None:
    before = {row["code"]: row["id"] for row in chart(company)["tax_codes"]}
    assert offered(company) == EVERYBODY

    profile(company, smallBusiness=True)
    synced(company)
    assert offered(company) == {"DE-0"}

    profile(company, smallBusiness=False)
    synced(company)

    assert offered(company) == EVERYBODY
    assert {row["code"]: row["id"] for row in chart(company)["tax_codes"]} == before


def test_a_company_without_vat_has_zero_percent_only(company: Linked) -> None:
    profile(company, taxType="vatfree")

    synced(company)

    assert offered(company) == {"DE-0"}
    assert {change.before for change in told(company).changes} == {
        "19 % Vorsteuer",
        "7 % Vorsteuer",
        "19 % Reverse Charge (§ 13b UStG)",
    }


def test_a_tax_code_the_customer_archived_stays_archived(company: Linked) -> None:
    company.control_pleo("/chart/tax-codes/DE-7", {"archived": True})
    before = told(company)

    synced(company)

    assert offered(company) == EVERYBODY - {"DE-7"}
    assert told(company).changes == before.changes


def test_a_tax_code_that_somebody_renamed_gets_its_name_back(company: Linked) -> None:
    company.control_pleo("/chart/tax-codes/DE-7", {"name": "Sieben"})

    synced(company)

    assert told(company).changes == (CatalogueChange(what="tax_code", name="7 % Vorsteuer", before="Sieben"),)


# --- on demand -------------------------------------------------------------------------------------------------------


@pytest.fixture
def admin(company: Linked) -> Linked:
    """A connected company whose admin is signed in."""
    sign_in(company)
    company.cloud.messages("SyncQueue")
    return company


def press(linked: Linked, request: str = "sync_catalogue") -> Document:
    return linked.visit("POST", "/status/request", body=form(csrf=token(linked), request=request))


def test_the_button_asks_for_a_sync_and_leads_back(admin: Linked) -> None:
    add(admin, "Drohnenbedarf")

    assert press(admin)["headers"]["Location"] == f"{PUBLIC_URL}/status"
    assert overview_of(admin).open_requests == {"sync_catalogue"}
    assert admin.work() == [{"connection_id": admin.connection().connection_id, "requests": ["sync_catalogue"]}]

    assert ("created", "Drohnenbedarf") in told_changes(admin)
    assert not overview_of(admin).open_requests


def test_pressed_again_within_a_minute_it_asks_for_nothing(admin: Linked) -> None:
    press(admin)
    press(admin)

    assert len(admin.cloud.messages("SyncQueue")) == 1


def test_the_button_for_a_refused_list_has_it_carried_out_once(admin: Linked) -> None:
    gone = removed_by_the_dozen(admin, len(accounts(admin)) // 3)
    synced(admin)
    assert told(admin).refused is not None

    assert press(admin, request="accept_catalogue")["headers"]["Location"] == f"{PUBLIC_URL}/status"
    assert overview_of(admin).open_requests == {"accept_catalogue"}
    connection_id = admin.connection().connection_id
    assert admin.work() == [{"connection_id": connection_id, "requests": ["accept_catalogue"]}]

    assert (told(admin).refused, overview_of(admin).open_requests) == (None, frozenset())
    assert {key for key, row in accounts(admin).items() if row["archived"]} == set(gone)


def test_pressed_again_within_a_minute_it_is_confirmed_once(admin: Linked) -> None:
    removed_by_the_dozen(admin, len(accounts(admin)) // 3)
    synced(admin)

    press(admin, request="accept_catalogue")
    press(admin, request="accept_catalogue")

    assert len(admin.cloud.messages("SyncQueue")) == 1


def test_nothing_is_confirmed_that_was_not_refused(admin: Linked) -> None:
    press(admin, request="accept_catalogue")

    assert admin.cloud.messages("SyncQueue") == []
    assert not overview_of(admin).open_requests


def test_an_empty_list_can_be_confirmed_by_nobody(admin: Linked) -> None:
    before = chart(admin)
    category(admin, action="empty")
    synced(admin)

    press(admin, request="accept_catalogue")

    assert admin.cloud.messages("SyncQueue") == []
    assert chart(admin) == before


def test_a_sync_that_is_refused_answers_the_question_too(admin: Linked) -> None:
    category(admin, action="empty")
    press(admin)

    admin.work()

    assert not overview_of(admin).open_requests


def test_without_the_sessions_own_form_nothing_is_asked_for(admin: Linked) -> None:
    assert admin.visit("POST", "/status/request", body=form(csrf="guessed"))["statusCode"] == 403
    assert admin.cloud.messages("SyncQueue") == []


def test_whoever_is_not_signed_in_asks_for_nothing(company: Linked) -> None:
    assert company.visit("POST", "/status/request", body=form(csrf=""))["statusCode"] == 403
    assert company.cloud.messages("SyncQueue") == []


# --- one duty among others -------------------------------------------------------------------------------------------


def test_lists_that_cannot_be_read_keep_no_payment_from_the_ledger_and_the_other_way_round(company: Linked) -> None:
    spend(company, OFFICE_SUPPLIES)
    add(company, "Drohnenbedarf")
    company.control_pleo("/faults", {"route": "accounting-entries:search", "status": 503, "times": 5})

    synced(company)

    assert ("created", "Drohnenbedarf") in told_changes(company)
    company.pleo.delete("/control/faults")
    company.control_lexoffice("faults", route="posting-categories", status=503, times=9)
    synced(company)
    assert len(company.rows()) == 1
